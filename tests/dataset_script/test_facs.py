import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_NAMES, PSPI_MAX, check_aus, check_extra_aus, pspi

aus = st.tuples(*(st.integers(0, top) for top in AU_MAX))


def test_order_and_ranges():
    assert AU_NAMES == ("AU4", "AU6", "AU7", "AU9", "AU10", "AU43")
    assert AU_MAX == (5, 5, 5, 5, 5, 1)


@pytest.mark.parametrize(
    ("au", "level"),
    [
        ((0, 0, 0, 0, 0, 0), 0),
        ((5, 5, 5, 5, 5, 1), 16),
        ((3, 2, 4, 1, 0, 1), 9),  # 3 + max(2, 4) + max(1, 0) + 1
        ((0, 5, 1, 0, 2, 0), 7),
        ((0.5, 1.5, 0, 0, 0, 0), 2),
    ],
)
def test_pspi_by_hand(au, level):
    assert pspi(au) == level


@given(aus)
def test_pspi_is_equation_1_and_stays_in_range(au):
    a4, a6, a7, a9, a10, a43 = au
    assert pspi(au) == a4 + max(a6, a7) + max(a9, a10) + a43
    assert 0 <= pspi(au) <= PSPI_MAX


@given(st.lists(aus, min_size=1, max_size=20))
def test_pspi_of_a_batch_is_that_of_each(batch):
    np.testing.assert_array_equal(pspi(batch), [pspi(au) for au in batch])
    assert pspi(np.array(batch)[:, None]).shape == (len(batch), 1)


@given(aus, st.integers(0, 5))
def test_more_of_a_unit_is_never_less_pain(au, k):
    more = list(au)
    more[k] = AU_MAX[k]
    assert pspi(more) >= pspi(au)


@pytest.mark.parametrize(("k", "value"), [(0, 7), (1, -1), (4, 5.1), (5, 2), (2, float("nan")), (3, float("inf"))])
def test_a_unit_out_of_range_is_refused_by_name(k, value):
    au = [0.0] * 6
    au[k] = value
    with pytest.raises(InvalidInput, match=f"{AU_NAMES[k]} is .*0 to {AU_MAX[k]}"):
        pspi(au)
    with pytest.raises(InvalidInput, match=AU_NAMES[k]):
        check_aus([[0] * 6, au])


@pytest.mark.parametrize("au", [3, [], [1, 2, 3], [[0] * 7]])
def test_a_wrong_number_of_units_is_refused(au):
    with pytest.raises(InvalidInput, match="must hold 6"):
        pspi(au)


def test_extra_units_are_filled_in_and_checked():
    assert check_extra_aus({"AU12": 3}) == dict.fromkeys(EXTRA_AU_NAMES, 0.0) | {"AU12": 3.0}
    with pytest.raises(InvalidInput, match="AU4"):
        check_extra_aus({"AU4": 1})
    for value in (6, -1, float("nan")):
        with pytest.raises(InvalidInput, match="AU25"):
            check_extra_aus({"AU25": value})
    assert not set(itertools.chain(EXTRA_AU_NAMES)) & set(AU_NAMES)
