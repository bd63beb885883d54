"""Imported data is trained on and scored like our own."""

import json
from pathlib import Path

import numpy as np
import pytest
from release_layout import write_release
from small_faces import processor, small_model, write_world
from unbc_layout import png, shots, write, write_unbc

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.importers.importing import import_dataset
from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.dataset import PainFrames, open_split
from modeling_vitpain.frames.neutral_frames import NeutralFrames
from modeling_vitpain.prediction.splits import predict_dataset
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.run import train


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    """What `load_dataset` prepares here goes away with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets-cache"))
        yield


@pytest.mark.parametrize("copy", [False, True])
def test_a_model_trains_on_unbc_and_is_scored_on_other_subjects(tmp_path, world, copy):
    import_dataset(write_unbc(tmp_path / "UNBC"), tmp_path / "data", copy=copy)
    options = RunOptions(data=str(tmp_path / "data"), start=str(world / "teacher"), batch_size=6, epochs=1)
    train(options, tmp_path / "model")
    found = predict_dataset(tmp_path / "model", tmp_path / "data", "test")
    held_out = {shot.key: shot for shot in shots() if shot.key in found["frame_id"]}
    assert len(found["labels"]) == len(held_out) == 16
    assert found["labels"].tolist() == [held_out[key].pspi for key in found["frame_id"]]
    assert np.isfinite(found["pspi"]).all()
    folds = json.loads((tmp_path / "data" / "folds.json").read_text())["folds"]
    assert {shot.subject for shot in held_out.values()} == {*folds[0]["validation_subjects"]}


def test_the_command_line_goes_from_the_archive_to_scores(tmp_path, world, capsys):
    write_unbc(tmp_path / "UNBC")
    data, model = str(tmp_path / "data"), str(tmp_path / "model")
    assert pain3d_cli.main(["import", str(tmp_path / "UNBC"), data]) == 0
    assert pain3d_cli.main(["train", data, "--start", str(world / "teacher"), "--out", model, "--epochs", "1"]) == 0
    assert pain3d_cli.main(["evaluate", model, "--data", data, "--resamples", "50"]) == 0
    assert json.loads((tmp_path / "model" / "metrics.json").read_text())["context"]["frames"] == 16


def test_references_are_found_in_3dpain(tmp_path, world):
    """Neutral frames are in every split, and each frame's reference is the neutral one of its own person and view."""
    import_dataset(write_release(tmp_path / "release"), tmp_path / "data", check_images=True)
    rows = open_split(tmp_path / "data", "test")
    frames = PainFrames(rows, processor(), reference=NeutralFrames())
    assert all(bool(frames[k]["reference_mask"].all()) for k in range(len(frames)))
    place = frames.references.fixed(next(k for k, e in enumerate(rows["expression_id"]) if e))
    assert rows["expression_id"][place] == 0
    small_model(reference="neutral").save_pretrained(tmp_path / "model")
    processor().save_pretrained(tmp_path / "model")
    assert len(predict_dataset(tmp_path / "model", tmp_path / "data", "test")["pspi"]) == 9


def test_without_a_face_box_the_whole_picture_is_seen(tmp_path):
    pixels = np.full((20, 40, 3), 200, np.uint8)
    for k in range(3):
        write(tmp_path / f"{k}.png", png(pixels))
    rows = [f"{k}.png,s{k},{','.join('0' * 6)},{split}" for k, split in enumerate(("train", "validation", "test"))]
    write(tmp_path / "labels.csv", "\n".join(["path,subject,au4,au6,au7,au9,au10,au43,split", *rows]))
    import_dataset(tmp_path / "labels.csv", tmp_path / "data")
    cropping = ViTPainImageProcessor(size={"height": 32, "width": 32}, face_crop=1.1)
    seen = PainFrames(open_split(tmp_path / "data", "train"), cropping)[0]["pixel_values"][0]
    bright = (seen > seen.min() + 0.5).float().mean(dim=1)
    assert bright[16] == 1 and bright[2] == bright[-3] == 0  # black above and below, nothing cut off


def test_data_without_units_trains_for_pspi_and_is_scored_without_units(tmp_path, world, capsys):
    rows = [f"{person}-{k}.png,s{person},{k}" for person in range(6) for k in (0, 1, 4)]
    for row in rows:
        write(tmp_path / row.partition(",")[0], png(np.full((8, 8, 3), 99, np.uint8)))
    write(tmp_path / "labels.csv", "\n".join(["path,subject,pspi", *rows]))
    import_dataset(tmp_path / "labels.csv", tmp_path / "data")
    data, model = str(tmp_path / "data"), str(tmp_path / "model")
    assert pain3d_cli.main(["train", data, "--start", str(world / "teacher"), "--out", model, "--epochs", "1"]) == 0
    printed = capsys.readouterr()
    assert "AU MAE" not in printed.err and "nothing taught this model its AU outputs" in printed.out
    assert pain3d_cli.main(["evaluate", model, "--data", data, "--resamples", "20", "--fairness"]) == 0
    metrics = json.loads((tmp_path / "model" / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert metrics["au"] == {} and metrics["pspi"]["mae"]["value"] > 0
    assert "PSPI alone" in (tmp_path / "model" / "metrics.md").read_text()
    assert pain3d_cli.main(["card", model]) == 0


def test_what_needs_heatmaps_is_refused_on_data_that_has_none(tmp_path, world):
    import_dataset(write_unbc(tmp_path / "UNBC"), tmp_path / "data")
    with pytest.raises(InvalidInput, match="20 frames without a heatmap"):
        train(RunOptions(data=str(tmp_path / "data"), config=str(world / "config"), epochs=1), tmp_path / "model")
    with pytest.raises(InvalidInput, match="without a heatmap"):
        PainFrames(open_split(tmp_path / "data", "test"), processor(), input="heatmap")
