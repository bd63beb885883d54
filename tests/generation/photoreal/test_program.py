"""Programs of a user's: what they are given, how they may fail, and that nothing of them is left."""

import os
import stat
import sys
import time

import numpy as np
import pytest

from dataset_script.errors import InvalidInput, WorkFailed
from generation.photoreal.program import Program

PORTRAIT = np.full((8, 8, 4), 7, np.uint8)


@pytest.fixture
def program(tmp_path):
    """Of lines of Python that have `mesh`, `portrait` and `painted`, the paths."""

    def written(lines, seconds=60.0):
        path = tmp_path / "a program.py"
        path.write_text(f"import os, sys, time\nmesh, portrait, painted = sys.argv[1:]\n{lines}\n")
        return Program((sys.executable, str(path)), seconds)

    return written


def test_it_gets_both_files_and_its_answer_comes_back(program):
    lines = "\n".join(
        (
            "from PIL import Image",
            "assert Image.open(portrait).mode == 'RGBA' and Image.open(portrait).getpixel((3, 3)) == (7, 7, 7, 7)",
            "open(painted, 'wb').write(open(mesh, 'rb').read()[::-1])",
        )
    )
    assert program(lines).paint(b"mesh", PORTRAIT) == b"hsem"


def test_it_has_an_environment_of_its_own(program, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    told = "open(painted, 'w').write(str([os.environ.get(n) for n in ('PYTHONPATH', 'CUDA_VISIBLE_DEVICES')]))"
    assert program(told).paint(b"", PORTRAIT, "cuda:1") == b"[None, '6']"
    assert program(told).paint(b"", PORTRAIT) == b"[None, '4,6']"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert program(told).paint(b"", PORTRAIT, "cuda:3") == b"[None, '3']"


def test_a_failure_tells_what_it_said_last(program):
    lines = "print('Models Loaded.')\nfor k in range(99): print('line', k, file=sys.stderr)\nsys.exit('no CUDA here')"
    with pytest.raises(WorkFailed, match=r"ended with code 1; it said last: line 94 \| .* \| no CUDA here$"):
        program(lines).paint(b"", PORTRAIT)


def test_silence_and_missing_answers_are_told(program):
    with pytest.raises(WorkFailed, match="wrote no file; it said nothing"):
        program("").paint(b"", PORTRAIT)
    with pytest.raises(WorkFailed, match=r"killed by signal 9 \(out of memory\?\)"):
        program("os.kill(os.getpid(), 9)").paint(b"", PORTRAIT)


def test_what_hangs_is_stopped_with_all_that_it_has_started(program, tmp_path):
    note = f"open({str(tmp_path / 'child')!r}, 'w').write(str(os.getpid()))"
    lines = f"print('loading', flush=True)\nif os.fork() == 0: {note}"
    with pytest.raises(WorkFailed, match=r"took more than 2 s and was stopped; it said last: loading"):
        program(f"{lines}\ntime.sleep(600)", seconds=2).paint(b"", PORTRAIT)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _runs(child):
            break
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as told:
            return told.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_commands_that_are_none_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match="its first word must be a program"):
        Program(("/nowhere/hunyuan",))
    with pytest.raises(InvalidInput, match="its first word must be a program"):
        Program(())
    with pytest.raises(InvalidInput, match="seconds is 0; allowed: above 0"):
        Program((sys.executable,), 0)
    broken = tmp_path / "broken"
    broken.write_bytes(b"\0\1\2")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(WorkFailed, match="cannot be run"):
        Program((os.fspath(broken),)).paint(b"", PORTRAIT)
