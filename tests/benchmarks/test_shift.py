"""The command `benchmarks.shift` on small sets: every row, what is stored, and calls that are wrong."""

import json

import numpy as np
import pytest
import stand_in_judges
import torch
from PIL import Image
from small_vitpain import BACKBONES, small_model
from transformers import AutoModel

from benchmarks.judges import client
from benchmarks.shift import __main__ as command
from benchmarks.shift import photographs, rows
from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.prediction.faces import NoFace


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A ViTPain with a neutral reference and nothing learned."""
    directory = tmp_path_factory.mktemp("model")
    small_model(variant="neutral").save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 32, "width": 32}, face_crop=1.2).save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    directory = tmp_path_factory.mktemp("backbone")
    AutoModel.from_config(BACKBONES["dinov2_with_registers"]()).save_pretrained(directory)
    return directory


@pytest.fixture
def judges_python(tmp_path, monkeypatch):
    monkeypatch.setenv(client.PYTHON_VARIABLE, str(stand_in_judges.install(tmp_path)))


@pytest.mark.slow
def test_every_row_stands_on_every_set_and_is_computed_once(
    shift_sets, dataset, model, backbone, judges_python, monkeypatch, tmp_path, capsys
):
    arguments = [str(model), "--sets", str(shift_sets), "--training", str(dataset), "--backbone", str(backbone)]
    arguments += ["--only", "clinical", "half", "others", "--out", str(tmp_path)]
    assert command.main(arguments) == 0
    printed = capsys.readouterr().out
    found = json.loads((tmp_path / "shift.json").read_text())
    assert printed == (tmp_path / "shift.md").read_text()
    assert list(found["measured"]) == ["home", "clinical", "others", "half"]
    for name, measured in found["measured"].items():
        assert list(measured) == [
            "model, with neutral",
            "model, without",
            "training mean",
            "HOG + ridge",
            "HOG + ridge, with neutral",
            "frozen + ridge",
            "frozen + ridge, 10 times stronger",
            "frozen + ridge, with neutral",
            "MediaPipe",
            "MediaPipe, less neutral",
        ]
        assert ("smiles" in measured["MediaPipe"]) == (name in ("clinical", "others"))
        for row, values in measured.items():
            assert ("mae" in values) != row.startswith("MediaPipe")
            assert ("kept" in values) == (name in ("clinical", "half") and "mae" in values)
            assert f"| {row} |" in printed
    assert found["command"].startswith("python -m benchmarks.shift ") and found["commit"] and found["hardware"]
    assert "oxygen_mask" in found["held_out"]

    def refuse(*given):
        raise AssertionError("computed again")

    for name in ("hog_features", "fit_ridge", "Judges"):
        monkeypatch.setattr(rows, name, refuse)
    monkeypatch.setattr("modeling_vitpain.prediction.splits.predict_frames", refuse)
    assert command.main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["measured"] == found["measured"]


def test_other_weights_are_scored_anew(shift_sets, dataset, tmp_path, capsys):
    areas = []
    for name, variant in (("one", {}), ("two", {"au_hidden_size": 8})):
        directory = tmp_path / name
        small_model(**variant).save_pretrained(directory)
        ViTPainImageProcessor(size={"height": 32, "width": 32}, face_crop=1.2).save_pretrained(directory)
        words = [str(directory), "--sets", str(shift_sets), "--training", str(dataset), "--only", "home", "--json"]
        assert command.main([*words, "--rows", "mean"]) == 0
        found = json.loads(capsys.readouterr().out)
        areas.append(found["measured"]["home"]["model"]["mae"])
    assert areas[0] != areas[1]


def test_models_share_the_tokens_of_their_frozen_backbone(shift_sets, dataset, model, tmp_path, capsys):
    other = small_model(variant="neutral")
    torch.nn.init.normal_(other.pspi_head[-1].bias)
    other.save_pretrained(tmp_path / "other")
    ViTPainImageProcessor.from_pretrained(model).save_pretrained(tmp_path / "other")
    errors, written = [], []
    for directory, more in ((model, []), (model, ["--features"]), (tmp_path / "other", ["--features"])):
        more += [str(tmp_path / "features")] if more else []
        words = [str(directory), "--sets", str(shift_sets), "--training", str(dataset), "--only", "home", "half"]
        assert command.main([*words, "--rows", "--json", *more]) == 0
        measured = json.loads(capsys.readouterr().out)["measured"]
        errors.append([measured[name]["model, with neutral"]["mae"][0] for name in ("home", "half")])
        written.append({path: path.stat().st_mtime_ns for path in tmp_path.glob("features/*.f16")})
    assert errors[1] == pytest.approx(errors[0], abs=0.02)
    assert errors[1] != errors[0]
    assert abs(errors[2][0] - errors[0][0]) > 0.02
    assert len(written[1]) == 2
    assert written[2] == written[1]


def test_photographs_are_cut_out_alike_for_all(tmp_path, monkeypatch):
    class Middle:
        """The middle third of a picture as wide as high is a face, of another picture there is none."""

        def __call__(self, picture, face_crop):
            if picture.width != picture.height:
                raise NoFace("none")
            third = picture.width / 3
            return picture, (third, third, 2 * third, 2 * third)

    monkeypatch.setattr(photographs, "MainFace", Middle)
    rng = np.random.default_rng(0)
    for name, size in (("a.jpg", (90, 90)), ("b.png", (30, 30)), ("c.jpg", (90, 60)), ("d.jpeg", (1800, 1800))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    frames = photographs.open_photographs(tmp_path)
    assert frames.rows["frame_id"][:] == ["a.jpg", "b.png", "d.jpeg"]
    for row, side in zip(frames.rows, (51, 17, 512), strict=True):
        x0, y0, x1, y1 = row["face_box"]
        assert row["image"].size == (side, side)
        assert (x1 - x0, y1 - y0) == pytest.approx((side / 1.7,) * 2, rel=0.01)
        assert (x0 + x1) / 2 == pytest.approx(side / 2, abs=0.6)
    assert frames.key == photographs.open_photographs(tmp_path).key


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{model}", "--only", "fog"], "--only names 'fog'; allowed: home, cycles"),
        (["{model}", "--only", "cycles"], "has no whole set 'cycles'; to draw it: python -m benchmarks.shift make"),
        (["{sets}"], "allowed is a directory of `pain3d train`"),
        (["{model}", "--training-frames", "0"], "--training-frames is 0; allowed is 1 and more"),
        (["{model}", "--backbone", "{backbone}", "--layers", "9"], "--layers is 9; allowed: 1 to 2"),
    ],
)
def test_a_wrong_call_is_one_line(arguments, words, shift_sets, dataset, model, backbone, capsys):
    filled = [word.format(model=model, sets=shift_sets, backbone=backbone) for word in arguments]
    more = ["--sets", str(shift_sets), "--training", str(dataset), "--rows", "frozen"]
    assert command.main([*filled, *more]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("benchmarks.shift: ")]
    assert len(lines) == 1 and words in lines[0]
