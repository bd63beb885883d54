"""The judges' process, the dataset that they read, and the command; a stand-in takes the place of their models."""

import json

import numpy as np
import pytest
import stand_in_judges

from benchmarks.judges import __main__ as command
from benchmarks.judges import client, dose
from benchmarks.judges.client import Judges, Picture
from dataset_script.errors import WorkFailed
from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES


@pytest.fixture
def judges_python(tmp_path, monkeypatch):
    monkeypatch.setenv(client.PYTHON_VARIABLE, str(stand_in_judges.install(tmp_path)))


def pixel(red: int, green: int = 0, blue: int = 0) -> np.ndarray:
    return np.full((8, 8, 3), (red, green, blue), np.uint8)


def test_answers_come_in_the_order_of_the_pictures(judges_python):
    pictures = [Picture.of(pixel(value, 255), embed=value == 51) for value in (51, 255, 102)] + [Picture.of(pixel(0))]
    seen = list(Judges(workers=2).read_all(pictures))
    assert [each.scores and each.scores["browDown"] for each in seen] == [0.2, 1.0, 0.4, None]
    assert [each.embedding is None for each in seen] == [False, True, True, True]
    assert seen[0].embedding == pytest.approx([np.cos(1), np.sin(1), *[0] * 126])


def test_left_and_right_are_averaged_and_add_up_to_the_proxy():
    raw = dict.fromkeys(stand_in_judges.NAMES, 0.0)
    raw |= {"browDownLeft": 0.2, "browDownRight": 0.4, "eyeSquintLeft": 1.0, "eyeBlinkRight": 0.5, "jawOpen": 0.7}
    scores = client.reading({"scores": raw, "embedding": None}).scores
    assert scores["browDown"] == pytest.approx(0.3) and scores["jawOpen"] == 0.7
    assert client.proxy_pspi(scores) == pytest.approx(5 * (0.3 + 0.5) + 0.25)


def test_a_missing_environment_is_named_with_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(client.PYTHON_VARIABLE, raising=False)
    with pytest.raises(WorkFailed, match=r"no .venv-judges/bin/python; to make it: sh benchmarks/judges/make_venv.sh"):
        client.find_python()
    monkeypatch.setenv(client.PYTHON_VARIABLE, "/nowhere/python")
    with pytest.raises(WorkFailed, match=r"PAIN3D_JUDGES_PYTHON is /nowhere/python; to make it"):
        client.find_python()


def test_a_process_that_ends_says_its_last_words(tmp_path, monkeypatch):
    broken = stand_in_judges.install(tmp_path, "echo started >&2; echo no module mediapipe >&2; exit 1")
    monkeypatch.setenv(client.PYTHON_VARIABLE, str(broken))
    with pytest.raises(WorkFailed, match=r"the judges ended: no module mediapipe; to make them: sh benchmarks"):
        Judges().read(Picture.of(pixel(1)))


def test_the_command_reads_a_dataset(judges_python, dataset, tmp_path, capsys):
    out = tmp_path / "judged.json"
    assert command.main([str(dataset), "--workers", "1", "--out", str(out), "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("6 people, 198 frames; 95 % intervals over people") and "| r(AU6/7) |" in printed
    found = json.loads(out.read_text())
    assert found["all"]["people"] == 6 and 0 <= found["all"]["found"]["value"] <= 1
    assert found["man"]["people"] + found["woman"]["people"] == 6


@pytest.mark.parametrize(
    "arguments", [[], ["data", "--dose"], ["--dose", "--people", "0"], ["data", "--workers", "-1"]]
)
def test_a_wrong_call_is_refused(arguments):
    with pytest.raises(SystemExit) as refused:
        command.main(arguments)
    assert refused.value.code == 2


def test_without_judges_the_command_fails_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(client.PYTHON_VARIABLE, str(tmp_path / "none"))
    assert command.main(["data"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "make_venv.sh" in said


def test_each_unit_is_shown_alone_at_every_level():
    named = dict(dose.expressions())
    assert len(named) == 1 + 12 * 3 + 1 + 1
    assert named["neutral"].pspi == 0 and named["all six"].pspi == 16 and named["AU43 1"].au == (0, 0, 0, 0, 0, 1)
    for name in (*AU_NAMES, *EXTRA_AU_NAMES):
        for level in (1, 3, 5) if name != "AU43" else (1,):
            shown = named[f"{name} {level}"]
            levels = dict(zip(AU_NAMES, shown.au, strict=True)) | shown.extra_au
            assert levels.pop(name) == level and not any(levels.values())


def test_a_dose_is_the_mean_over_people():
    rows = [np.full(len(dose.SCORES), value) for value in (0.2, 0.4)]
    found = dose.mean_response(rows)
    assert found["people"] == 2 and found["jawOpen"] == pytest.approx(0.3)
    assert np.isnan(dose.mean_response([])["jawOpen"])
