"""Going on from a trained model: by default with its own preset, at rates that suit fine-tuning."""

import json
from pathlib import Path

import pytest
from small_faces import processor, small_model

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain import shipped
from modeling_vitpain.training.fine_tuning import with_recipe_of_start
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.recipes import PRESETS


@pytest.fixture
def start(tmp_path):
    """A model directory with the record of a run by the preset `small`."""
    directory = tmp_path / "start"
    small_model(reference="neutral", reference_fusion="difference").save_pretrained(directory)
    processor().save_pretrained(directory)
    (directory / "training.json").write_text(json.dumps({"preset": "small", "curve": [{"train_loss": float("nan")}]}))
    return directory


def settled(start, **given) -> RunOptions:
    return with_recipe_of_start(RunOptions("data", start=str(start), **given))


def test_the_preset_of_the_model_with_its_fine_tuning(start, capsys):
    found, own = settled(start), PRESETS["small"].fine_tuning
    assert (found.preset, found.epochs, found.lr) == ("small", own["epochs"], own["lr"])
    assert found.tuned_layers == 0 and found.caches_features
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"pain3d: preset small, which {start} was trained with: "
        f"the heads alone, {own['epochs']} epochs at a rate of {own['lr']:g}"
    ]
    assert with_recipe_of_start(found) == found and not capsys.readouterr().err


def test_fine_tuning_is_gentler_than_training():
    small = PRESETS["small"]
    assert small.fine_tuning["lr"] < small.training["learning_rate"]
    assert small.fine_tuning["epochs"] < small.training["num_train_epochs"]


def test_what_is_given_stays(start, capsys):
    found = settled(start, epochs=2, lr=0.01, tune=1)
    assert (found.preset, found.epochs, found.lr, found.tuned_layers) == ("small", 2, 0.01, 1)
    assert "heads and backbone, 2 epochs at a rate of 0.01" in capsys.readouterr().err
    settled(start, max_steps=7)
    assert "7 steps at" in capsys.readouterr().err


def test_a_preset_that_is_named_is_taken_whole(start, capsys):
    given = RunOptions("data", start=str(start), preset="small")
    assert with_recipe_of_start(given) == given and given.epochs is None and not capsys.readouterr().err
    from_random = RunOptions("data")
    assert with_recipe_of_start(from_random) == from_random


def test_a_model_without_a_record_or_of_a_preset_unknown_here(start, capsys):
    (start / "training.json").write_text('{"preset": "v9"}')
    assert settled(start).preset == "paper"
    assert f"preset paper, as {start} has no preset known here but 'v9'" in capsys.readouterr().err
    (start / "training.json").unlink()
    assert settled(start).preset == "paper"
    assert f"preset paper, as {start} has no record of its training: heads and" in capsys.readouterr().err


def test_a_small_model_of_the_preset_scratch_needs_no_heatmaps(start):
    (start / "training.json").write_text('{"preset": "scratch"}')
    found = settled(start)
    assert (found.preset, found.heatmap_weight) == ("scratch", 0.0)


@pytest.mark.parametrize("text", ["{", "[1]", "{}", '{"preset": ["small"]}'])
def test_a_damaged_record(start, text):
    (start / "training.json").write_text(text)
    with pytest.raises(WorkFailed, match=r"training.json is damaged"):
        settled(start)


def test_no_such_model(tmp_path):
    with pytest.raises(InvalidInput, match="allowed is a model directory"):
        settled(tmp_path / "nowhere")


def test_features_of_a_backbone_that_learns_are_refused_once_the_preset_is_known(start):
    assert settled(start, features="somewhere").features == "somewhere"
    (start / "training.json").unlink()
    with pytest.raises(InvalidInput, match="features is given with a backbone that learns"):
        settled(start, features="somewhere")


def test_the_shipped_model_is_fine_tuned_by_its_own_preset():
    record = json.loads((Path(shipped()) / "training.json").read_text())
    assert settled("vitpain-small").preset == record["preset"] == "small"


def test_the_record_of_a_run_names_what_was_taken(start, faces, tmp_path, capsys):
    call = ["train", str(faces), "--start", str(start), "--max-steps", "2", "--out", str(tmp_path / "tuned")]
    assert pain3d_cli.main(call) == 0
    record = json.loads((tmp_path / "tuned" / "training.json").read_text())
    assert record["preset"] == record["options"]["preset"] == "small" and record["recipe"]["tune"] == 0
    assert record["recipe"]["learning_rate"] == PRESETS["small"].fine_tuning["lr"]
    assert capsys.readouterr().err.count("pain3d: preset small") == 1
    assert pain3d_cli.main([*call, "--resume"]) == 0
