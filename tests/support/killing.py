"""Killing a run at random moments, again and again, and looking at what it leaves."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

from directories import contents

from dataset_script.manifest import read_manifest
from dataset_script.shards import file_sha256

KILLS = 20


def kill_at_random(command: list[str], folder: Path, whole: dict[str, bytes]) -> None:
    """Kills a run 20 times, each after a while that lets it get further or not; whenever one ends, begins anew.

    Args:
        command: with "OUT" where the dataset directory belongs.
        folder: where that is.
        whole: what the directory holds when a run has ended.
    """
    out, moments = folder / "killed", random.Random(0)
    program = [str(out) if word == "OUT" else word for word in command]
    for _ in range(KILLS):
        _kill(program, out, moments.uniform(0, 3))
        assert all(file_sha256(out / entry.path) == entry.sha256 for entry in read_manifest(out)), "a line is false"
        if (out / "README.md").exists():
            assert {name: content for name, content in contents(out).items() if ".tmp-" not in name} == whole
            shutil.rmtree(out)
    subprocess.run(program, check=True, env=_environment())
    assert contents(out) == whole


def _kill(program: list[str], out: Path, seconds: float) -> None:
    """Some time after the run has begun to work."""
    run = subprocess.Popen(program, env=_environment(), stderr=subprocess.DEVNULL)
    before = set(out.rglob("*"))
    while run.poll() is None and not set(out.rglob("*")) - before:
        time.sleep(0.01)
    time.sleep(seconds)
    run.kill()
    run.wait()


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}
