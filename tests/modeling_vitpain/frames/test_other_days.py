"""Neutral pictures of other days, with which a model with a reference is trained."""

import json

import numpy as np
import pytest
import torch
from datasets import Dataset
from fake_maker import FakeMaker
from small_faces import png, processor, rows_of

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.features import FEATURES
from dataset_script.spec import Spec
from dataset_script.vocabulary import format_frame_id
from generation.run.generate import generate
from modeling_vitpain.frames.dataset import PainFrames, open_other_days, open_split
from modeling_vitpain.frames.neutral_frames import NeutralFrames
from modeling_vitpain.training.options import RunOptions

KEY = "reference_pixel_values"


@pytest.fixture(scope="module")
def rows():
    return rows_of(range(3), 4)


@pytest.fixture(scope="module")
def days(rows):
    """Two pictures of persons 0 and 1, none of person 2; each of one grey level of its own."""
    made = []
    for row in rows.select([k for k, i in enumerate(rows["identity_id"]) if i < 2 and rows["expression_id"][k] == 0]):
        number = 1 + row["view_id"]
        level = 60 * (1 + row["identity_id"]) + 30 * number
        values = {name: row[name] for name in FEATURES["references"] if name in row}
        values |= {"frame_id": format_frame_id(row["identity_id"], 0, 0, number), "reference_id": number, "view_id": 0}
        values["image"] = {"bytes": png(np.full((32, 32), level, np.uint8)), "path": None}
        made.append(values)
    return Dataset.from_list(made, features=FEATURES["references"])


def frames_with(rows, days, share):
    reference = NeutralFrames(other_days=days, other_day_share=share)
    return PainFrames(rows, processor(), augment_seed=5, reference=reference)


def test_a_share_of_training_frames_is_compared_with_a_picture_of_another_day(rows, days):
    frames = frames_with(rows, days, 0.5)
    of_person = {0: [], 1: [], 2: []}
    for epoch in range(30):
        frames.set_epoch(epoch)
        for k, identity in enumerate(rows["identity_id"]):
            place = frames.other_days.drawn(k, np.random.default_rng([epoch, k]))
            of_person[identity].append(place)
    for identity, places in of_person.items():
        share = np.mean([place is not None for place in places])
        assert share == (0 if identity == 2 else pytest.approx(0.5, abs=0.1))
        assert {days[place]["identity_id"] for place in places if place is not None} <= {identity}


def test_the_pictures_are_theirs_and_depend_on_seed_epoch_and_draw_alone(rows, days):
    always, twin = (frames_with(rows, days, 1.0) for _ in range(2))
    _ = [always[k] for k in range(3)]
    assert torch.equal(always[9][KEY], twin[9][KEY])
    twin.set_epoch(1)
    assert not torch.equal(always[9][KEY], twin[9][KEY])
    session = frames_with(rows, days, 0.0)
    for k, identity in enumerate(rows["identity_id"]):
        assert torch.equal(always[k][KEY], session[k][KEY]) == (identity == 2)


def test_data_without_them_give_what_they_gave(rows, days):
    plain = PainFrames(rows, processor(), augment_seed=5, reference=NeutralFrames())
    never = frames_with(rows, days, 0.0)
    half = frames_with(rows, days, 0.5)
    for k, identity in enumerate(rows["identity_id"]):
        assert torch.equal(plain[k][KEY], never[k][KEY])
        assert torch.equal(plain[k]["pixel_values"], half[k]["pixel_values"])
        if identity == 2:  # of whom there is no other picture
            assert torch.equal(plain[k][KEY], half[k][KEY])


def test_evaluation_compares_with_the_session_alone(rows, days):
    with_ = PainFrames(rows, processor(), reference=NeutralFrames(other_days=days, other_day_share=1.0))
    without = PainFrames(rows, processor(), reference=NeutralFrames())
    assert all(torch.equal(with_[k][KEY], without[k][KEY]) for k in range(len(rows)))


def test_shares_out_of_range_are_refused(rows):
    with pytest.raises(InvalidInput, match=r"other_day_share is 1\.5; allowed is 0 to 1"):
        NeutralFrames(other_day_share=1.5)
    with pytest.raises(InvalidInput, match=r"same_view_share is 2; allowed is 0 to 1"):
        NeutralFrames(same_view_share=2)
    with pytest.raises(InvalidInput, match="other_day_share is -1"):
        RunOptions(data="pain3d", other_day_share=-1)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("days") / "pain3d"
    generate(out, Spec(identities=5, size=64, references=2, others=2), maker_factory=FakeMaker)
    return out


def test_they_are_opened_for_the_people_that_are_asked_for(dataset, faces):
    train = set(open_split(dataset, "train")["identity_id"][:])
    found = open_other_days(dataset, train)
    assert set(found["identity_id"][:]) == train and len(found) == 2 * len(train)
    assert open_other_days(dataset, {4711}) is None
    assert open_other_days(faces, {0, 1}) is None


def test_a_reference_model_trains_on_a_dataset_with_others_and_references(dataset, tmp_path, capsys):
    out = tmp_path / "model"
    words = [
        "train",
        str(dataset),
        "--out",
        str(out),
        "--reference",
        "neutral",
        "--max-steps",
        "2",
        "--batch-size",
        "4",
    ]
    assert pain3d_cli.main(words) == 0
    record = json.loads((out / "training.json").read_text())
    assert record["data"]["frames"] == {"train": 3 * 39, "validation": 39}
    evaluated = ["evaluate", str(out), "--data", str(dataset), "--resamples", "20"]
    assert pain3d_cli.main(evaluated) == 0
    assert "## By expression" in (out / "metrics.md").read_text()
