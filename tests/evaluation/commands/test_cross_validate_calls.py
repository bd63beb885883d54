"""Calls of `pain3d cross-validate` that are wrong end before anything is written."""

import pytest
from cross_validation import TINY, cross_validate
from small_faces import rows_of

from evaluation.protocols.splits import Split, write_splits

pytestmark = pytest.mark.usefixtures("own_cache")

WRONG = {
    "no such protocol": (
        ["--protocol", "4fold", "{data}", "--out", "{out}"],
        "protocol is '4fold'; allowed are subject-",
    ),
    "no folds of its own": (["--protocol", "own-folds", "{data}", "--out", "{out}"], "no folds.json"),
    "too few people": (["--protocol", "subject-10fold", "{data}", "--out", "{out}"], "9 people"),
    "nobody selects": (["--protocol", "loso", "{data}", "--out", "{out}", "--validation", "0"], "validation is 0"),
    "nothing to shuffle": (["--protocol", "loso", "{data}", "--out", "{out}", "--split-seed", "1"], "split seed is 1"),
    "no resample": (["--protocol", "loso", "{data}", "--out", "{out}", "--resamples", "0"], "--resamples is 0"),
    "no plots": (["--protocol", "loso", "{data}", "--out", "{out}", "--plots"], "--fairness"),
    "in use": (["--protocol", "loso", "{data}", "--out", "{data}"], "is not empty and holds no protocol.json"),
    "not a run": (["--protocol", "loso", "{data}", "--out", "{out}", "--against", "{data}"], "holds no protocol run"),
    "strangers": (["--protocol", "{strangers}", "{data}", "--out", "{out}"], "has 99, who has no frame"),
    "unselected": (["--protocol", "{unselected}", "{data}", "--out", "{out}"], "nobody to select"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_call_is_one_line(case, people, config, tmp_path, capsys):
    words, message = WRONG[case]
    write_splits([Split("x", (0, 1), (2,), (99,))], tmp_path / "strangers.json")
    write_splits([Split("x", (0, 1), (), (2,))], tmp_path / "unselected.json")
    files = {name: tmp_path / f"{name}.json" for name in ("strangers", "unselected")}
    filled = [word.format(data=people, out=tmp_path / "out", model=config, **files) for word in words]
    assert cross_validate(*filled) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{data}", "--protocol", "loso"], "--out"),
        (["{data}", "--out", "{out}"], "--protocol"),
        (["{data}", "--protocol", "loso", "--out", "{out}", "--split", "test"], "--split"),
    ],
)
def test_a_call_without_protocol_or_place_is_wrong(words, message, people, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cross_validate(*(word.format(data=people, out=tmp_path / "out") for word in words))
    assert end.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_one_process_runs_a_protocol(people, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert cross_validate(people, "--protocol", "loso", "--out", tmp_path / "out") == 2
    assert "WORLD_SIZE is 2" in capsys.readouterr().err


def test_thresholds_that_cannot_be_set_are_known_before_training(config, tmp_path, capsys):
    directory = tmp_path / "data"
    (directory / "data").mkdir(parents=True)
    for split, (first, expressions) in {"train": (0, 4), "validation": (1, 1), "test": (2, 4)}.items():
        rows_of(range(first, first + 1), expressions).to_parquet(str(directory / "data" / f"{split}-00000.parquet"))
    assert (
        cross_validate("--protocol", "own-split", directory, "--config", config, *TINY, "--out", tmp_path / "out") == 2
    )
    assert "own-split sets its thresholds on 1 people whose PSPI reaches 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
