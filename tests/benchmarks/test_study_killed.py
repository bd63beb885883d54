"""A study that is killed, and one that several processes share, ends with the records of a straight one."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_vitpain import BACKBONES
from transformers import Dinov2Model

from benchmarks.study.pieces import pieces
from benchmarks.study.record_files import read_predictions, read_record
from benchmarks.study.run import running
from benchmarks.study.scale import Scale
from benchmarks.study.work import Study

ROOT = Path(__file__).parents[2]
SCALE = {
    "people": 12,
    "size": 64,
    "pixels": 32,
    "layers": 1,
    "steps": 6,
    "seeds": 1,
    "test_frames": 20,
    "resamples": 20,
}
GROUP = "table2"
KILLS = 10
RUNNER = """import sys
from pathlib import Path
from benchmarks.study.pieces import pieces
from benchmarks.study.run import run_pieces, run_program
from benchmarks.study.scale import Scale
from benchmarks.study.work import Study
study = Study(Path(sys.argv[1]), Scale())
two = pieces(study.scale, ["table2"], False)[:2]
run_pieces(two, study, lambda piece: run_program([sys.executable, "-c", sys.argv[2]]))
"""
"""Runs the code given as the first piece, which the second needs."""
LONG = "import time; time.sleep(600)"
WITH_COMMAND = f"from benchmarks.study.work import _run; _run(['-c', {LONG!r}])"


def started(said: Path, *words: object) -> subprocess.Popen:
    """A program of Python; what it says goes to the end of a file."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    with said.open("a") as lines:
        return subprocess.Popen([sys.executable, *map(str, words)], cwd=ROOT, env=environment, stderr=lines)


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def wait(what: Callable[[], object]) -> None:
    until = time.monotonic() + 600
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def wait_for_child(process: int) -> int:
    wait(lambda: children(process))
    (child,) = children(process)
    return child


def test_a_piece_that_goes_on_after_its_runner_was_killed_is_held_until_it_ends(tmp_path):
    study = Study(tmp_path, Scale())
    runner = started(tmp_path / "said", "-c", RUNNER, tmp_path, LONG)
    piece = wait_for_child(runner.pid)
    try:
        runner.kill()
        runner.wait()
        assert [each.name for each in running(study)] == ["data-study"]
    finally:
        os.kill(piece, signal.SIGKILL)
    wait(lambda: not running(study))


def test_a_command_that_goes_on_after_its_piece_was_killed_holds_it(tmp_path):
    study = Study(tmp_path, Scale())
    runner = started(tmp_path / "said", "-c", RUNNER, tmp_path, WITH_COMMAND)
    piece = wait_for_child(runner.pid)
    command = wait_for_child(piece)
    try:
        os.kill(piece, signal.SIGKILL)
        runner.wait()
        assert "data-study failed with status -9" in (tmp_path / "said").read_text()
        assert [each.name for each in running(study)] == ["data-study"]
    finally:
        os.kill(command, signal.SIGKILL)
    wait(lambda: not running(study))


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> list[object]:
    """Of a study of table 2 on a backbone of random weights; --out is to follow."""
    backbone = tmp_path_factory.mktemp("backbone")
    Dinov2Model(BACKBONES["dinov2"]()).save_pretrained(backbone)
    scale = {**SCALE, "backbone": backbone}
    options = [word for name, value in scale.items() for word in (f"--{name.replace('_', '-')}", value)]
    return ["-m", "benchmarks.study", "--only", GROUP, "--without-shift", *options, "--out"]


@pytest.fixture(scope="module")
def straight(words, tmp_path_factory) -> dict[str, tuple]:
    folder = tmp_path_factory.mktemp("straight")
    assert started(folder / "said", *words, folder / "study").wait() == 0, (folder / "said").read_text()
    return results(folder / "study")


def results(folder: Path) -> dict[str, tuple]:
    """Of each piece its record, but for times and the folder, and its predictions."""
    study, found = Study(folder, Scale(**SCALE)), {}
    for piece in pieces(study.scale, [GROUP], with_sets=False):
        record = read_record(study.record(piece.name))
        del record["seconds"]
        record.pop("seconds_of", None)
        record.get("training", {}).pop("seconds", None)
        text = repr(record).replace(str(folder), "OUT")
        predictions = read_predictions(study.record(piece.name)) if piece.row is not None else {}
        found[piece.name] = text, {name: values.tobytes() for name, values in predictions.items()}
    return found


@pytest.mark.slow
def test_a_study_killed_at_random_ends_with_the_records_of_a_straight_one(words, straight, tmp_path):
    """Killed are the runner alone, whose piece goes on beside the next runner, or its piece before it."""
    out, said, moments = tmp_path / "study", tmp_path / "said", random.Random(0)
    killed = 0
    for k in range(KILLS):
        run = started(said, *words, out)
        wait(lambda run=run: run.poll() is not None or children(run.pid))
        time.sleep(moments.uniform(0, 12))
        if k % 2 and run.poll() is None:
            for piece in children(run.pid):
                os.kill(piece, signal.SIGKILL)
        run.kill()
        killed += run.wait() == -signal.SIGKILL
    assert killed >= KILLS // 2  # the others had come to the end
    assert started(said, *words, out).wait() == 0, said.read_text()
    assert results(out) == straight


@pytest.mark.slow
def test_two_processes_share_a_study(words, straight, tmp_path):
    out, paths = tmp_path / "study", [tmp_path / "first", tmp_path / "second"]
    runs = [started(path, *words, out) for path in paths]
    codes, said = [run.wait() for run in runs], [path.read_text() for path in paths]
    assert codes == [0, 0], said
    assert results(out) == straight
    made = [{name for name in straight if f"] {name}: " in text} for text in said]
    assert made[0] | made[1] == {*straight} and not made[0] & made[1]
