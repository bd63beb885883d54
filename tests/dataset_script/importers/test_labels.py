"""Label files: what is written is read back, and what is wrong is refused with its reason."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.facs import AU_MAX, AU_NAMES, PSPI_MAX, pspi
from dataset_script.importers.labels import parse_facs, parse_landmarks, parse_single, split_named, whole_pspi
from dataset_script.importers.report import Unusable

INTENSITIES = st.tuples(*(st.integers(0, top) for top in AU_MAX))


def row(unit: float, intensity: float) -> str:
    return f"   {unit:.7e}   {intensity:.7e}   0.0000000e+00   0.0000000e+00\n"


def kind_of(call, *args) -> str:
    with pytest.raises(Unusable) as refused:
        call(*args)
    return refused.value.kind


@given(INTENSITIES, st.integers(0, 5), st.randoms(use_true_random=False))
def test_a_facs_file_is_read_back_whatever_the_order_of_its_rows(au, smile, random):
    rows = [row(int(name[2:]), value) for name, value in zip(AU_NAMES, au, strict=True) if value]
    rows += [row(12, smile)] if smile else []
    random.shuffle(rows)
    found, extra = parse_facs("".join(rows))
    assert found == tuple(map(float, au))
    assert extra == ({"AU12": float(smile)} if smile else {})
    assert whole_pspi(found, float(pspi(au))) == pspi(au)


@pytest.mark.parametrize("text", ["", "\n", "  \n\n"])
def test_an_empty_facs_file_means_no_unit(text):
    assert parse_facs(text) == ((0.0,) * 6, {})


@given(st.floats(0, 5))
def test_any_row_of_au43_counts_as_one(intensity):
    assert parse_facs(row(43, intensity) + row(43, 0))[0] == (0, 0, 0, 0, 0, 1)


@given(st.sampled_from(["AU4", "AU6", "AU7", "AU9", "AU10", "AU12"]), st.floats(allow_nan=False, allow_infinity=False))
def test_an_intensity_out_of_range_is_refused(name, value):
    text = f"{name[2:]} {value!r} 0 0"
    if 0 <= value <= 5:
        parse_facs(text)
    else:
        assert kind_of(parse_facs, text) == "AU out of range"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("4 2 0", "bad number"),
        ("4 2 0 0 0", "bad number"),
        ("4 two 0 0", "bad number"),
        ("4 0_1 0 0", "bad number"),
        ("4 nan 0 0", "bad number"),
        ("4 inf 0 0", "bad number"),
        ("4 2 0 x", "bad number"),
        ("50 2 0 0", "unknown AU"),
        ("4.5 2 0 0", "unknown AU"),
        ("-4 2 0 0", "unknown AU"),
        ("4 2 0 0\n4 3 0 0", "contradiction"),
    ],
)
def test_what_is_wrong_in_a_facs_file_is_named(text, kind):
    assert kind_of(parse_facs, text) == kind


def test_the_same_row_twice_is_no_contradiction():
    assert parse_facs("4 2 0 0\n4 2 0 0")[0][0] == 2


@given(st.text(max_size=60))
def test_no_text_breaks_a_parser(text):
    for parse in (parse_facs, parse_single, parse_landmarks):
        try:
            parse(text)
        except Unusable as problem:
            assert problem.kind and str(problem)


@given(INTENSITIES, st.integers(-3, PSPI_MAX + 3))
def test_pspi_of_the_file_must_be_that_of_the_units(au, given_level):
    if given_level == pspi(au):
        assert whole_pspi(tuple(map(float, au)), given_level) == given_level
    else:
        assert kind_of(whole_pspi, tuple(map(float, au)), given_level) == "PSPI disagrees"


def test_half_a_pspi_is_refused():
    assert kind_of(whole_pspi, (2.5, 0.0, 0.0, 0.0, 0.0, 0.0)) == "bad number"


@given(st.floats())
def test_a_single_number_must_be_finite(value):
    if math.isfinite(value):
        assert parse_single(f"  {value!r}\n") == value
    else:
        assert kind_of(parse_single, repr(value)) == "bad number"


@pytest.mark.parametrize("text", ["", "1 2", "1,5", "one"])
def test_anything_else_than_one_number_is_refused(text):
    assert kind_of(parse_single, text) == "bad number"


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=132, max_size=132))
def test_landmarks_are_read_back(values):
    points = np.array(values, dtype=np.float32).reshape(66, 2)
    text = "".join(f"   {x!r}   {y!r}\n" for x, y in points.tolist())
    assert np.array_equal(parse_landmarks(text), points)


def test_landmarks_must_be_66_rows_of_two_finite_numbers():
    rows = ["1 2"] * 66
    for text in ("\n".join(rows[:-1]), "\n".join([*rows, "1 2"]), " ".join(rows)):
        assert kind_of(parse_landmarks, text) == "bad number"
    for word in ("x", "nan", "inf"):
        assert kind_of(parse_landmarks, "\n".join([*rows[:-1], f"1 {word}"])) == "bad number"


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "validation"),
        ("VALID", "validation"),
        (" dev ", "validation"),
        ("Validation", "validation"),
        ("TEST", "test"),
        ("holdout", None),
        ("tra", None),
        ("", None),
        ("2", None),
    ],
)
def test_a_split_has_several_names(word, split):
    assert split_named(word) == split
