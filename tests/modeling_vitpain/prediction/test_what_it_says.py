"""Columns of what a model says of a face beside PSPI and its six units: companions, intervals, the pain in it."""

import csv
import json

import numpy as np
import pytest
from assessing_models import COMPANIONS, SIX, save_assessing_model
from PIL import Image
from transformers import pipeline

import pain3d_cli
from modeling_vitpain.prediction.score_file import record_path

BEFORE = ["path", "frame", "time_s", "pspi", "pspi_low", "pspi_high"]
AFTER = ["face", "faces", "x0", "y0", "x1", "y1", "yaw", "pitch", "roll", "warning", "error"]
ENDS = [f"{name}_{end}" for name in SIX + COMPANIONS for end in ("low", "high")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_assessing_model(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for k in range(5):
        coarse = Image.fromarray(random.integers(0, 255, (6, 6, 3), dtype=np.uint8))
        coarse.resize((120, 120)).save(directory / f"{k}.png")
    return directory


def predict(*words, out, code=0):
    assert pain3d_cli.main(["predict", *map(str, words), "--out", str(out)]) == code
    with open(out, newline="") as file:
        return list(csv.DictReader(file))


def test_each_unit_has_its_interval_and_the_face_its_pain(model, pictures, tmp_path):
    rows = predict(pictures, "--model", model, out=tmp_path / "out.csv")
    assert list(rows[0]) == [*BEFORE, *SIX, *COMPANIONS, *ENDS, "pain_probability", *AFTER]
    for row in rows:
        for name in SIX + COMPANIONS:
            low, value, high = (float(row[key]) for key in (f"{name}_low", name, f"{name}_high"))
            assert 0 <= low <= value <= high <= (1 if name == "AU43" else 5), name
        assert 0 < float(row["pain_probability"]) < 1
    for name in ("AU12_high", "pain_probability"):
        assert len({row[name] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ({"au_names": None, "au_spread": False, "expression_head": False}, []),
        ({"au_names": None, "expression_head": False}, ENDS[:12]),
        ({"au_names": [*SIX, "AU12"], "au_spread": False}, ["AU12", "pain_probability"]),
    ],
)
def test_what_a_model_does_not_say_has_no_column(settings, columns, pictures, tmp_path):
    small = save_assessing_model(tmp_path / "model", **settings)
    rows = predict(pictures, "--model", small, out=tmp_path / "out.csv")
    assert list(rows[0]) == [*BEFORE, *SIX, *columns, *AFTER]


def test_one_at_a_time_as_in_batches(model, pictures, tmp_path):
    numbers = []
    for size in (1, 3, 32):
        rows = predict(pictures, "--model", model, "--batch-size", size, out=tmp_path / f"{size}.csv")
        names = [*SIX, *COMPANIONS, *ENDS, "pain_probability", "pspi"]
        numbers.append([[float(row[name]) for name in names] for row in rows])
    np.testing.assert_allclose(numbers[0], numbers[1], atol=2e-4)
    np.testing.assert_allclose(numbers[0], numbers[2], atol=2e-4)


def test_rows_are_those_of_the_pipeline_and_json_has_their_names(model, pictures, capsys):
    picture = str(pictures / "0.png")
    assert pain3d_cli.main(["predict", picture, "--model", str(model), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    found = pipeline("pain-assessment", model=str(model))(picture)
    assert row["pain_probability"] == pytest.approx(found["pain_probability"], abs=1e-4)
    for name in SIX + COMPANIONS:
        assert row[name] == pytest.approx(found["au"][name], abs=1e-4)
        assert [row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx(found["au_interval"][name], abs=1e-4)


def test_a_picture_without_scores_leaves_all_of_them_empty(model, pictures, tmp_path):
    (tmp_path / "damaged.png").write_bytes(b"damaged")
    rows = predict(pictures / "0.png", tmp_path / "damaged.png", "--model", model, out=tmp_path / "out.csv", code=1)
    assert {rows[1][name] for name in [*SIX, *COMPANIONS, *ENDS, "pain_probability"]} == {""}


@pytest.mark.parametrize("text_format", [[], ["--json"]])
def test_rows_with_other_columns_are_refused_in_one_line(text_format, model, pictures, tmp_path, capsys):
    """As a model without companions writes them, and as all versions did before there were companions."""
    out = tmp_path / "scores"
    plain = save_assessing_model(tmp_path / "plain", au_names=None, au_spread=False, expression_head=False)
    call = ["predict", str(pictures), *text_format, "--out", str(out)]
    assert pain3d_cli.main([*call, "--model", str(plain)]) == 0
    before = out.read_bytes()
    capsys.readouterr()
    assert pain3d_cli.main([*call, "--model", str(model)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "its columns are those of another model, or of another version of Pain3D; name another file" in line
    assert out.read_bytes() == before


def test_rows_of_a_version_that_recorded_no_format_are_refused(pictures, tmp_path, capsys):
    out = tmp_path / "scores.csv"
    plain = save_assessing_model(tmp_path / "plain", au_names=None, au_spread=False, expression_head=False)
    predict(pictures, "--model", plain, out=out)
    record = json.loads(record_path(out).read_text())
    del record["settings"]["format"]
    record_path(out).write_text(json.dumps(record))
    predict(pictures, "--model", plain, out=out, code=2)
    assert "holds rows of another run: format was None and is 3; name another file" in capsys.readouterr().err


def test_a_run_that_was_stopped_goes_on_with_all_columns(model, pictures, tmp_path):
    out = tmp_path / "scores.csv"
    whole = predict(pictures, "--model", model, out=out)
    content = out.read_bytes()
    record = record_path(out).read_text().replace('"finished": true', '"finished": false')
    for end in (0, 10, content.index(b"\n") - 3, content.index(b"\n") + 1, content.index(b"2.png") + 40):
        out.write_bytes(content[:end])
        record_path(out).write_text(record)
        assert predict(pictures, "--model", model, out=out) == whole
        assert out.read_bytes() == content
