"""`pain3d predict --reference-dir`: of people whose neutral picture is missing, unusable, or in other letter case."""

import csv

import numpy as np
import pytest
from assessing_models import save_assessing_model
from PIL import Image

import pain3d_cli


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_assessing_model(tmp_path_factory.mktemp("model") / "model", reference="neutral")


@pytest.fixture
def study(tmp_path):
    """A picture of each of three people, `study`, and neutral ones in `neutral`, of s3 none."""
    random = np.random.default_rng(0)
    for name in ("study/s1/a.png", "study/s2/a.png", "study/s3/a.png", "neutral/s1.png", "neutral/s2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (60, 60, 3), dtype=np.uint8)).save(tmp_path / name)
    return tmp_path


def predict(study, model, *more, code=0):
    """Rows of `study`, each with the name of its person as `person`."""
    out = study / "new" / "scores.csv"
    words = ["predict", study / "study", "--model", model, *more, "--out", out, "--overwrite"]
    assert pain3d_cli.main([*map(str, words)]) == code
    with open(out, newline="") as file:
        return {row["path"].split("/")[-2]: row for row in csv.DictReader(file)}


def test_who_has_none_has_error_rows_and_the_others_their_scores(study, model, capsys):
    rows = predict(study, model, "--reference-dir", study / "neutral", code=1)
    assert rows["s3"]["error"] == f"reference-dir {study}/neutral holds neither a picture s3.* nor a folder s3"
    said = capsys.readouterr().err
    assert "no neutral reference of s3: their pictures have an error row each" in said
    assert "2 of 3 pictures scored" in said
    Image.new("RGB", (60, 60)).save(study / "neutral" / "s3.png")
    assert [rows[name] for name in ("s1", "s2")] == [
        row for name, row in predict(study, model, "--reference-dir", study / "neutral").items() if name != "s3"
    ]


def test_a_neutral_picture_that_cannot_be_read_costs_its_own_person_alone(study, model):
    (study / "neutral" / "s1.png").write_bytes(b"no picture")
    rows = predict(study, model, "--reference-dir", study / "neutral", code=1)
    assert "s1.png: neither a picture nor a video" in rows["s1"]["error"]
    assert [name for name, row in rows.items() if not row["error"]] == ["s2"]


def test_letter_case(study, model, capsys):
    plain = predict(study, model, "--reference-dir", study / "neutral", code=1)
    (study / "neutral" / "s1.png").rename(study / "neutral" / "S1.png")
    assert predict(study, model, "--reference-dir", study / "neutral", code=1) == plain
    (study / "study" / "s1").rename(study / "study" / "ß")
    for name in ("SS.png", "ss.png"):
        Image.new("RGB", (60, 60)).save(study / "neutral" / name)
    rows = predict(study, model, "--reference-dir", study / "neutral", code=1)
    assert rows["ß"]["error"].endswith("holds SS and ss, which may be ß; rename one")


def test_nobody_has_one(study, model, capsys):
    words = ["predict", study / "study", "--model", model, "--reference-dir", study / "study" / "s1"]
    assert pain3d_cli.main([*map(str, words)]) == 2
    assert "holds neither a picture s3.* nor a folder s3" in capsys.readouterr().err


def test_one_person_for_all_faces_is_said(study, model, capsys):
    boxes = study / "boxes.csv"
    rows = ["s1/a.png,0,0,30,30", "s1/a.png,30,30,60,60", "neutral/s1.png,0,0,60,60"]
    boxes.write_text("\n".join(["path,x0,y0,x1,y1", *rows]) + "\n")
    more = ("--boxes", boxes, "--face-crop", "1", "--all-faces", "--reference", study / "neutral" / "s1.png")
    predict(study, model, *more, code=1)
    assert "every face is compared with the one person that --reference shows" in capsys.readouterr().err
