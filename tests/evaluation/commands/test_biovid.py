"""BioVid from videos to accuracies: import, load, evaluate; and what cannot be done with its labels."""

import json

import numpy as np
import pytest

pytest.importorskip("av")

from biovid_layout import LEVELS, samples, write_biovid
from small_faces import processor, small_model, write_faces
from typed_dicts import mismatches

import pain3d_cli
from dataset_script.importers.importing import import_dataset
from dataset_script.importers.layouts import LayoutOptions
from evaluation.stimulus.results import StimulusEvaluation

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def biovid(tmp_path_factory):
    source = write_biovid(tmp_path_factory.mktemp("source") / "BioVid", each=2)
    out = tmp_path_factory.mktemp("data") / "biovid"
    import_dataset(source, out, copy=True, options=LayoutOptions(clip_frames=4))
    return out


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model") / "vitpain"
    small_model().save_pretrained(directory)
    processor().save_pretrained(directory)
    return directory


def evaluate(model, data, *options) -> int:
    call = ["evaluate", str(model), "--data", str(data), "--protocol", "biovid", "--resamples", "50"]
    return pain3d_cli.main([*call, *map(str, options)])


def test_from_videos_to_accuracy(biovid, model, tmp_path, capsys):
    assert evaluate(model, biovid, "--out", tmp_path) == 0
    text = capsys.readouterr().out
    assert "| highest frame |" in text and "| a fair coin | 0.500 | 0.500 |" in text
    assert "what was done to a subject" in text and "published accuracies" in text
    found = json.loads((tmp_path / "biovid.json").read_text())
    assert not mismatches(found, StimulusEvaluation)
    assert found["context"]["clips"] == {"BL1": 10, "PA4": 10} and found["context"]["frames"] == 80
    assert found["context"]["subjects"] == 5 and found["context"]["subjects_left_out"] == []
    assert "No subject of the data is left out." in (tmp_path / "biovid.md").read_text()
    assert (tmp_path / "biovid.md").read_text() == text


def test_a_model_that_comes_along_is_known_by_its_name(biovid, model, tmp_path, monkeypatch):
    monkeypatch.setattr("modeling_vitpain.prediction.load.shipped", lambda name: str(model))
    assert evaluate("vitpain-small", biovid, "--out", tmp_path) == 0
    context = json.loads((tmp_path / "biovid.json").read_text())["context"]
    assert context["model"] == "vitpain-small" and set(context["weights"]) == {"model.safetensors"}


def test_a_reference_is_a_frame_without_stimulus_and_the_report_says_so(biovid, tmp_path):
    small_model(reference="neutral").save_pretrained(tmp_path / "vitpain")
    processor().save_pretrained(tmp_path / "vitpain")
    assert evaluate(tmp_path / "vitpain", biovid) == 0
    assert "one of a BL1 clip of the same subject" in (tmp_path / "vitpain" / "biovid.md").read_text()


def test_a_model_that_sees_the_stimulus_is_right(biovid, model, tmp_path, monkeypatch):
    """What is scored are the frames of BL1 and PA4 alone, each with the prediction that the model made of it."""

    def told(_, rows, __):
        levels = np.array(rows["stimulus"][:])
        assert {*levels.tolist()} == {0, 4}
        return {"pspi": levels + np.arange(len(levels)) % 3}

    monkeypatch.setattr("modeling_vitpain.prediction.splits.predict_rows", told)
    assert evaluate(model, biovid, "--out", tmp_path) == 0
    found = json.loads((tmp_path / "biovid.json").read_text())
    assert found["scores"]["max"]["accuracy"]["value"] == found["scores"]["mean"]["auroc"]["value"] == 1


def test_the_published_list_is_left_out(biovid, model, tmp_path, capsys):
    assert evaluate(model, biovid, "--out", tmp_path, "--subjects", 67, "--json") == 0
    context = json.loads(capsys.readouterr().out)["context"]
    assert context["subjects"] == 3 and context["subjects_left_out"] == ["082315_w_60", "100914_m_39"]
    assert (
        "Left out (`--subjects 67`): 2 of the 20 subjects whose faces hardly react."
        in (tmp_path / "biovid.md").read_text()
    )


def test_faces_are_found_first(biovid, model, tmp_path, monkeypatch, capsys):
    """Where a picture has no face it is left out, and counted; the others are seen as the box says."""
    from modeling_vitpain.prediction.faces import Face, NoFace

    class Faces:
        def __init__(self, _):
            pass

        def find(self, picture):
            if picture.source.name.startswith(samples(2)[0].name):
                raise NoFace("no face found")
            return [Face((10.0, 5.0, 40.0, 45.0))]

    monkeypatch.setattr("modeling_vitpain.prediction.face_search.YuNetFaces", Faces)
    monkeypatch.setattr("modeling_vitpain.prediction.yunet.find_weights", lambda given: "weights")
    seen = {}

    def noted(_, rows, __):
        seen["boxes"] = rows["face_box"][:]
        return {"pspi": np.zeros(len(rows), dtype=np.float32)}

    monkeypatch.setattr("modeling_vitpain.prediction.splits.predict_rows", noted)
    assert evaluate(model, biovid, "--out", tmp_path, "--find-faces", "--json") == 0
    context = json.loads(capsys.readouterr().out)["context"]
    assert (context["frames"], context["without_face"], context["clips_without_face"]) == (76, 4, 1)
    assert seen["boxes"] == [[10.0, 5.0, 40.0, 45.0]] * 76


def test_found_boxes_reach_the_model(biovid, model, tmp_path, monkeypatch):
    from modeling_vitpain.prediction.faces import Face

    monkeypatch.setattr("modeling_vitpain.prediction.yunet.find_weights", lambda given: "weights")
    monkeypatch.setattr("modeling_vitpain.prediction.face_search.YuNetFaces.__init__", lambda self, weights: None)
    monkeypatch.setattr(
        "modeling_vitpain.prediction.face_search.YuNetFaces.find",
        lambda self, picture: [Face((10.0, 5.0, 40.0, 45.0))],
    )
    assert evaluate(model, biovid, "--out", tmp_path, "--find-faces") == 0
    assert "No face was found in 0 other frames" in (tmp_path / "biovid.md").read_text()


@pytest.mark.parametrize(
    "call",
    [
        "evaluate {model} --data {data} --out {out}",
        "cross-validate {data} --protocol loso --out {out} --config tiny",
        "train {data} --config tiny --out {out}",
        "explain {model} --data {data} --out {out}",
    ],
)
def test_what_needs_pspi_refuses_stimulus_levels_in_one_line(biovid, model, tmp_path, capsys, call):
    words = call.format(model=model, data=biovid, out=tmp_path / "out").split()
    assert pain3d_cli.main(words) == 2
    error = capsys.readouterr().err
    assert "labelled by stimulus levels, not PSPI" in error and "--protocol biovid" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fairness"], "--fairness is allowed not with --protocol biovid"),
        (["--split", "test"], "--split is allowed not with --protocol biovid"),
        (["--subjects", "66"], "subjects is 66; allowed are 87 and 67"),
        (["--face-model", "f.onnx"], "allowed is beside --find-faces"),
    ],
)
def test_options_that_do_not_fit(biovid, model, tmp_path, capsys, options, message):
    assert evaluate(model, biovid, "--out", tmp_path, *options) == 2
    assert message in capsys.readouterr().err


def test_the_protocol_and_its_options_are_for_stimulus_levels(model, tmp_path, capsys):
    data = write_faces(tmp_path / "faces", {"train": 2, "validation": 1, "test": 1})
    assert evaluate(model, data, "--out", tmp_path / "out") == 2
    assert "has no stimulus levels; allowed is what `pain3d import` makes of BioVid" in capsys.readouterr().err
    assert pain3d_cli.main(["evaluate", str(model), "--data", str(data), "--subjects", "67"]) == 2
    assert "--subjects is allowed only with --protocol biovid" in capsys.readouterr().err


def test_info_gallery_and_card_tell_the_levels(biovid, tmp_path, capsys):
    assert pain3d_cli.main(["info", str(biovid)]) == 0
    text = capsys.readouterr().out
    assert all(f"{name:<10}        40" in text for name in LEVELS) and "PSPI" not in text
    assert pain3d_cli.main(["gallery", str(biovid), "--out", str(tmp_path / "sheet.png")]) == 0
    from model_cards.imported_card import build_imported_card

    card = str(build_imported_card(biovid))
    assert "Frames, by stimulus." in card and "do not publish" in card
    assert "| PA4 |" in card and "PSPI =" not in card
