"""Frames that move without pain: taken as they are, or left out."""

from datasets import concatenate_datasets

from dataset_script.vocabulary import EXPRESSION_KINDS
from modeling_vitpain.frames.dataset import open_split, pain_and_neutral
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
