"""Nobody is in two parts, everybody is tested once, and what does not fit the people is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_script.errors import InvalidInput, WorkFailed
from evaluation.protocols.splits import (
    Population,
    Split,
    from_groups,
    identity_split,
    leave_one_subject_out,
    protocol_words,
    read_splits,
    splits_of,
    subject_kfold,
    write_splits,
)

CASES = settings(max_examples=200, deadline=None)
people = st.sets(st.integers(0, 10_000), min_size=8, max_size=60)
UNBC = [f"{k:03d}" for k in range(25)]


def everyone(split: Split) -> list:
    return sorted([*split.train, *split.validation, *split.test])


@CASES
@given(people, st.integers(0, 2**32 - 1))
def test_an_identity_split_holds_everybody_once(names, seed):
    split = identity_split(names, seed)
    assert everyone(split) == sorted(names)
    exact = np.array([1747, 497, 256]) / 2500 * len(names)
    sizes = [len(split.train), len(split.validation), len(split.test)]
    assert all(abs(size - share) < 1 for size, share in zip(sizes, exact, strict=True) if share >= 1)
    assert split == identity_split(reversed(sorted(names)), seed)  # the order they come in does not count


def test_2500_people_split_as_in_the_paper():
    split = identity_split(range(2500))
    assert [len(split.train), len(split.validation), len(split.test)] == [1747, 497, 256]
    assert identity_split(range(2500), seed=1) != split
    assert [len(part) for part in (identity_split("abc").train, identity_split("abc").test)] == [1, 1]


@CASES
@given(people, st.integers(2, 8), st.one_of(st.none(), st.integers(0, 2**32 - 1)), st.integers(0, 2))
def test_kfold_tests_everybody_once_and_mixes_nobody(names, folds, seed, validation):
    splits = subject_kfold(names, folds, validation, seed)
    assert len(splits) == folds
    assert sorted(person for split in splits for person in split.test) == sorted(names)
    for split in splits:
        assert everyone(split) == sorted(names)
        assert len(split.validation) == validation
        assert not set(split.test) & {*split.train, *split.validation}
        assert not set(split.train) & set(split.validation)
    sizes = {len(split.test) for split in splits}
    assert max(sizes) - min(sizes) <= 1


def test_the_papers_protocol_is_five_groups_of_five():
    splits = subject_kfold(UNBC)
    assert [(len(s.train), len(s.validation), len(s.test)) for s in splits] == [(15, 5, 5)] * 5
    assert splits[0].test == tuple(UNBC[:5])
    assert sorted(person for split in splits for person in split.validation) == UNBC  # everybody validates once


@CASES
@given(people, st.integers(0, 6))
def test_leave_one_out_tests_everybody_alone(names, validation):
    splits = leave_one_subject_out(names, validation)
    assert [split.test for split in splits] == [(name,) for name in sorted(names)]
    assert {len(split.validation) for split in splits} == {validation}
    assert all(everyone(split) == sorted(names) for split in splits)
    assert splits[0].name == f"without-{min(names)}"


def test_given_groups_are_kept():
    splits = from_groups([["d", "a"], ["b"], ["c", "e", "f"]], validation=1)
    assert [split.test for split in splits] == [("d", "a"), ("b",), ("c", "e", "f")]
    assert [split.validation for split in splits] == [("b",), ("c",), ("d",)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Split("x", ("a", "b"), ("b",), ("c",)), "b more than once"),
        (lambda: Split("x", (), (), ("c",)), "nobody to train"),
        (lambda: Split("x", ("a",), (), ()), "nobody to test"),
        (lambda: from_groups([["a", "b"], ["b", "c"]], validation=1), "more than once"),
        (lambda: from_groups([["a"], ["b"]], validation=1), "validation is 1 of 2 people, .* needed are 3 people"),
        (lambda: from_groups([["a"], ["b"], ["c"]], validation=2), "beside 1 tested; allowed is 0 to 1, so that"),
        (lambda: subject_kfold(UNBC, folds=1), "folds is 1"),
        (lambda: subject_kfold("ab", folds=3), "2 people"),
        (lambda: identity_split("ab"), "2 people"),
        (lambda: identity_split("abc", ratio=(1, 1, 0)), "ratio"),
    ],
)
def test_a_split_that_cannot_be_is_refused(wrong, message):
    with pytest.raises(InvalidInput, match=message):
        wrong()


POPULATION = Population(
    list(range(8)), {"train": [0, 1, 2, 3, 4], "validation": [5, 6], "test": [7]}, [[0, 2, 4, 6], [1, 3, 5, 7]]
)


def test_a_protocol_has_a_name(tmp_path):
    assert splits_of("subject-4fold", POPULATION, validation=1, seed=3) == subject_kfold(range(8), 4, 1, 3)
    assert splits_of("subject-4fold", POPULATION) == subject_kfold(range(8), 4)
    assert splits_of("loso", POPULATION) == leave_one_subject_out(range(8), 5)
    assert splits_of("loso", Population([1, 2, 3])) == leave_one_subject_out([1, 2, 3], 1)  # somebody must train
    assert splits_of("identity-split", POPULATION, seed=4) == [identity_split(range(8), 4)]
    assert splits_of("own-split", POPULATION) == [Split("own-split", (0, 1, 2, 3, 4), (5, 6), (7,))]
    assert splits_of("own-folds", POPULATION, 2)[0] == Split("fold-0", (5, 7), (1, 3), (0, 2, 4, 6))
    write_splits([Split("mine", (0,), (1,), (2,))], tmp_path / "mine.json")
    assert splits_of(str(tmp_path / "mine.json"), POPULATION) == [Split("mine", (0,), (1,), (2,))]


def test_a_protocol_says_what_it_is():
    assert protocol_words("subject-10fold") == "10 groups of people, each tested once"
    assert protocol_words("loso").startswith("leave one subject out")
    assert protocol_words("somewhere/mine.json") == "splits written by hand"


@pytest.mark.parametrize(
    ("protocol", "how", "message"),
    [
        ("kfold", {}, "protocol is 'kfold'"),
        ("subject-1fold", {}, "folds is 1"),
        ("subject-4fold", {"validation": 0}, "validation is 0 with subject-4fold"),
        ("own-split", {"validation": 1}, "validation is 1 with own-split"),
        ("loso", {"seed": 1}, "split seed is 1 with loso"),
        ("own-folds", {"population": Population(range(3))}, "no folds.json"),
        (
            "own-split",
            {"population": Population([1], {"train": [1]})},
            "nobody is in the data's validation, test split",
        ),
    ],
)
def test_a_protocol_that_cannot_be_is_refused(protocol, how, message):
    with pytest.raises(InvalidInput, match=message):
        splits_of(protocol, **{"population": POPULATION, **how})


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ([Split("a", (0,), (1,), (2,)), Split("a", (0,), (2,), (1,))], "2 splits have the name a"),
        ([Split("a", (0,), (1,), (2,)), Split("b", (0,), (1,), (2, 3))], "2 splits have to test 2"),
        ([Split("a", (0,), (1,), (8,))], "split a has 8, who has no frame"),
        ([Split("a", (0,), (), (2,))], "nobody to select"),
    ],
)
def test_splits_written_by_hand_are_checked(splits, message, tmp_path):
    write_splits(splits, tmp_path / "mine.json")
    with pytest.raises(InvalidInput, match=message):
        splits_of(str(tmp_path / "mine.json"), POPULATION)


def test_masks_part_the_frames():
    split = subject_kfold(UNBC)[2]
    identities = np.repeat(UNBC, 4)
    masks = split.masks(identities)
    np.testing.assert_array_equal(sum(mask.astype(int) for mask in masks.values()), 1)
    assert set(identities[masks["test"]]) == set(split.test)
    with pytest.raises(InvalidInput, match="lacks stranger"):
        split.masks(np.array(["000", "stranger"]))


def test_splits_are_kept_as_json(tmp_path):
    splits = leave_one_subject_out(range(9), validation=2)
    write_splits(splits, tmp_path / "splits.json")
    assert read_splits(tmp_path / "splits.json") == splits
    text = json.loads((tmp_path / "splits.json").read_text())
    text[0]["train"].append(text[0]["test"][0])
    (tmp_path / "splits.json").write_text(json.dumps(text))
    with pytest.raises(InvalidInput, match="more than once"):
        read_splits(tmp_path / "splits.json")
    (tmp_path / "splits.json").write_text('[{"name": "x"}]')
    with pytest.raises(WorkFailed, match=r"splits\.json"):
        read_splits(tmp_path / "splits.json")
