"""Frames that a run takes: those that move without pain or not, all of a person or some."""

import numpy as np
import pytest
from datasets import concatenate_datasets

from dataset_script.errors import InvalidInput
from dataset_script.vocabulary import EXPRESSION_KINDS
from modeling_vitpain.frames.dataset import open_split
from modeling_vitpain.frames.selection import pain_and_neutral, some_of_each_person
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.run import _rows


def test_others_can_be_left_out(faces):
    rows = open_split(faces, "train")
    assert pain_and_neutral(rows) is rows
    other = rows.map(lambda _: {"expression_kind": EXPRESSION_KINDS.index("other"), "expression": "yawn"})
    both = concatenate_datasets([rows, other])
    assert pain_and_neutral(both)["frame_id"][:] == rows["frame_id"][:]
    assert len(pain_and_neutral(rows.remove_columns("expression_kind"))) == len(rows)  # as of earlier versions


def test_a_run_leaves_them_out_where_it_is_asked_to(faces, monkeypatch):
    def with_others(data, split):
        rows = open_split(data, split)
        return rows.map(
            lambda row, k: {"expression_kind": 2 if k % 5 == 4 else row["expression_kind"]}, with_indices=True
        )

    monkeypatch.setattr("modeling_vitpain.training.run.open_split", with_others)
    whole = _rows(RunOptions(data=str(faces)), None)
    fewer = _rows(RunOptions(data=str(faces), without_others=True), None)
    assert {name: len(rows) for name, rows in whole.items()} == {"train": 30, "validation": 10}
    assert {name: len(rows) for name, rows in fewer.items()} == {"train": 24, "validation": 8}


@pytest.mark.parametrize("count", [1, 2, 4])
def test_of_each_person_a_neutral_frame_and_some_others_are_taken(faces, count):
    rows = open_split(faces, "train")
    some = some_of_each_person(rows, count)
    people, counts = np.unique(some["identity_id"][:], return_counts=True)
    assert set(people) == set(rows["identity_id"][:]) and set(counts) == {count}
    neutral = [row["identity_id"] for row in some if row["frame_id"] == row["neutral_frame_id"]]
    assert set(neutral) == set(people)
    places = [rows["frame_id"][:].index(frame_id) for frame_id in some["frame_id"][:]]
    assert places == sorted(places)
    assert {*some["frame_id"][:]} < {*some_of_each_person(rows, count + 1)["frame_id"][:]}


def test_a_run_validates_on_all_frames_whatever_it_trains_on(faces):
    found = _rows(RunOptions(data=str(faces), pictures=2), None)
    people = {name: len(set(rows["identity_id"][:])) for name, rows in _rows(RunOptions(data=str(faces)), None).items()}
    assert len(found["train"]) == 2 * people["train"]
    assert len(found["validation"]) == 10
    with pytest.raises(InvalidInput, match="pictures is 0; allowed is above 0"):
        RunOptions(data=str(faces), pictures=0)
