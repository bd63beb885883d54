"""The shipped weights themselves: what they say of a committed picture, by every way in, and what lies beside them."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open
from transformers import pipeline

import modeling_vitpain
import pain3d_cli
from modeling_vitpain import shipped

DATA = Path(__file__).parent / "data"
FACE, NEUTRAL = DATA / "face.jpg", DATA / "neutral.jpg"
"""A rendered man of 55 with AU4 4, AU7 4, AU9 3 and closed eyes, PSPI 12; and at rest."""
GOLDEN = {
    **{"pspi": 10.4797, "AU4": 2.3606, "AU6": 1.8292, "AU7": 3.0711, "AU9": 2.533, "AU10": 1.8027, "AU43": 1.0},
    **{"AU4_low": 0.0552, "AU4_high": 4.6659, "AU20": 0.1214, "AU25": 3.3246, "pain_probability": 0.9998},
    **{"pspi_low": 7, "pspi_high": 14},
}
WITH_NEUTRAL = {"pspi": 9.7411, "AU4": 2.2816, "pspi_low": 6, "pspi_high": 13, "pain_probability": 0.9999}


def rows(capsys, *words):
    assert pain3d_cli.main(["predict", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def assert_golden(row, golden=GOLDEN):
    assert {name: row[name] for name in golden} == pytest.approx(golden, abs=2e-3)


def test_predictions_of_a_picture_are_those_that_were_committed(capsys):
    (row,) = rows(capsys, FACE)
    assert_golden(row)
    assert row["error"] in (None, "") and row["warning"] in (None, "")


def test_one_at_a_time_equals_a_batch(capsys, tmp_path):
    copies = [tmp_path / f"{k}.jpg" for k in range(3)]
    for path in copies:
        path.write_bytes(FACE.read_bytes())
    for row in rows(capsys, *copies, "--batch-size", 2):
        assert_golden(row)


def test_a_neutral_picture_of_the_person_is_used(capsys):
    moved, rest = rows(capsys, FACE, NEUTRAL, "--reference", NEUTRAL)
    assert_golden(moved, WITH_NEUTRAL)
    assert rest["pspi"] < 1.5 and rest["pspi_low"] == 0 and rest["AU43"] < 0.2


def test_the_pipeline_says_the_same():
    found = pipeline("pain-assessment")(str(FACE), boxes="whole")
    assert found["pspi"] == pytest.approx(GOLDEN["pspi"], abs=2e-3)


def test_the_directory_loads_as_remote_code():
    """Its code files are those of the package: links to them in a checkout, copies in an installation."""
    directory, package = Path(shipped()), Path(modeling_vitpain.__file__).parent
    code = {path.name for path in package.glob("*_vitpain.py")}
    assert {path.name for path in directory.glob("*.py")} == code
    for name in code:
        assert (directory / name).read_bytes() == (package / name).read_bytes(), name


def test_weights_are_float16_in_small_files_that_load_as_float32():
    directory, size = Path(shipped()), 0
    for path in directory.glob("*.safetensors"):
        size += path.stat().st_size
        assert path.stat().st_size < 20e6
        with safe_open(path, "pt") as held:
            assert {held.get_slice(name).get_dtype() for name in held.keys()} == {"F16"}  # noqa: SIM118 - not a dict
    assert 0 < size < 40e6
    assert json.loads((directory / "config.json").read_text())["dtype"] == "float32"
    assert {"README.md", "training.json"} <= {path.name for path in directory.iterdir()}
