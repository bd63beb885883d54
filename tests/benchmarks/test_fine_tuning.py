"""The benchmark of fine-tuning: all people are scored once by a model that has not seen them, and by the unchanged."""

import json

import pytest
from small_faces import processor, small_model, write_faces
from small_vitpain import MORE

from benchmarks import fine_tuning


@pytest.fixture
def call(tmp_path):
    start = tmp_path / "start"
    small_model(reference="neutral", reference_fusion="difference", **MORE).save_pretrained(start)
    processor().save_pretrained(start)
    data = write_faces(tmp_path / "faces", {"train": 5, "validation": 2, "test": 2})
    return [str(data), "--start", str(start), "--folds", "3", "--features", str(tmp_path / "features")]


@pytest.mark.slow
def test_a_model_that_has_learned_nothing_is_helped(call, capsys):
    fine_tuning.main([*call, "--rates", "1e-9", "3e-2", "--epochs", "8"])
    found = json.loads(capsys.readouterr().out)
    still, moved = (found[json.dumps({"lr": rate, "epochs": 8})] for rate in (1e-9, 3e-2))
    assert still["mae"] == pytest.approx(found["unchanged"]["mae"], abs=1e-3) and abs(still["change"]) < 1e-3
    assert moved["change"] < -0.5 and moved["interval"][1] < 0 and moved["people_helped"] > 0.6
    assert moved["change"] == pytest.approx(moved["mae"] - found["unchanged"]["mae"], abs=2e-3)
