"""Which checkpoints a run may go on from, and what is said of the others."""

import json
from pathlib import Path

import pytest

from modeling_vitpain.training.checkpoints import LIST, last_complete, mark_complete, remove_incomplete


def write_checkpoint(directory: Path, steps: int, best: int) -> Path:
    """A checkpoint whose state names that of `best` steps as the best."""
    checkpoint = directory / f"checkpoint-{steps}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(bytes(100))
    state = {"global_step": steps, "best_model_checkpoint": f"/elsewhere/checkpoint-{best}"}
    (checkpoint / "trainer_state.json").write_text(json.dumps(state))
    mark_complete(checkpoint)
    return checkpoint


@pytest.fixture
def checkpoints(tmp_path) -> list[Path]:
    return [write_checkpoint(tmp_path, steps, best) for steps, best in ((10, 10), (20, 20), (30, 20))]


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_whole_checkpoints_stay_and_nothing_is_said(checkpoints, tmp_path, capsys):
    remove_incomplete(tmp_path)
    assert last_complete(tmp_path) == checkpoints[2] and len(names(tmp_path)) == 3
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("trainer_state.json", b'{"global_step"', "checkpoint-30/trainer_state.json has 14 of"),
        ("trainer_state.json", None, "checkpoint-30/trainer_state.json cannot be read: "),  # of the same size
        (LIST, b"[1, 2", "checkpoint-30/files.json cannot be read: "),
        (LIST, b"[1, 2]", "checkpoint-30/files.json does not hold an object"),
        (LIST, b"\xff\xfe", "checkpoint-30/files.json cannot be read: "),
        ("model.safetensors", b"", "checkpoint-30/model.safetensors has 0 of 100 bytes"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_run_goes_on_from_the_one_before(
    checkpoints, tmp_path, capsys, name, content, words
):
    path = checkpoints[2] / name
    path.write_bytes(bytes(path.stat().st_size) if content is None else content)
    assert last_complete(tmp_path) == checkpoints[1]
    remove_incomplete(tmp_path)
    assert names(tmp_path) == {"checkpoint-10", "checkpoint-20"}
    error = capsys.readouterr().err
    assert f"{checkpoints[2]} is damaged, and removed: {words}" in error and error.count("\n") == 1


def test_a_run_whose_best_epoch_is_damaged_goes_on_from_before_it(checkpoints, tmp_path, capsys):
    (checkpoints[1] / "model.safetensors").unlink()
    assert last_complete(tmp_path) == checkpoints[0]
    remove_incomplete(tmp_path)
    assert names(tmp_path) == {"checkpoint-10"}
    assert capsys.readouterr().err.count("checkpoint-20/model.safetensors is missing") == 2


def test_a_checkpoint_that_was_never_finished_goes_without_a_word(checkpoints, tmp_path, capsys):
    (checkpoints[2] / LIST).unlink()
    remove_incomplete(tmp_path)
    assert names(tmp_path) == {"checkpoint-10", "checkpoint-20"}
    assert capsys.readouterr().err == ""
