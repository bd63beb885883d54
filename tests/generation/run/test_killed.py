"""Killed at any instant and run again, the directory ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from directories import contents
from fake_maker import FakeMaker
from killing import kill_at_random

from dataset_script.spec import Spec
from generation.run.generate import generate
from generation.run.local import Local

SUPPORT = Path(__file__).parents[2] / "support"
SMALL = Spec(identities=3, size=64)  # a shard for each split
LARGER = Spec(identities=16, size=64)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    directories = {}
    for spec in (SMALL, LARGER):
        directories[spec] = tmp_path_factory.mktemp("run") / "pain3d"
        generate(directories[spec], spec, maker_factory=FakeMaker)
    return {spec: contents(directory) for spec, directory in directories.items()}


def die_at(step: int) -> None:
    """From now on this process ends, without any cleaning up, at its `step`th sync or rename."""
    left = step

    def deadly(function):
        def call(*args):
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(9)
            return function(*args)

        return call

    os.fsync, os.replace = deadly(os.fsync), deadly(os.replace)


@pytest.mark.slow
def test_killed_at_every_step_to_the_disk(uninterrupted, tmp_path):
    step = 0
    survived = False
    while not survived:
        step += 1
        out = tmp_path / str(step)
        child = os.fork()
        if child == 0:
            die_at(step)
            generate(out, SMALL, maker_factory=FakeMaker)
            os._exit(0)
        survived = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        manifest = out / "manifest.jsonl"
        if step % 3 == 0 and manifest.exists():  # the last line had reached the disk in part
            manifest.write_bytes(manifest.read_bytes()[:-40])
        generate(out, SMALL, maker_factory=FakeMaker)
        assert contents(out) == uninterrupted[SMALL], f"killed at step {step}"
    assert step > 21  # 3 chunks x (2 shards x (sync, rename, sync of the folder) + a line of the manifest)


@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_killed_at_random_moments_with_two_workers(uninterrupted, tmp_path, seed):
    out, moments = tmp_path / "out", random.Random(seed)
    command = [sys.executable, str(SUPPORT / "fake_maker.py"), str(out), LARGER.to_json(), "2"]
    for _ in range(2):
        run = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
        while not (out / "spec.json").exists() and run.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0.5, 2.5))
        run.send_signal(signal.SIGKILL)
        run.wait()
    generate(out, LARGER, executor=Local(2), maker_factory=FakeMaker)
    assert contents(out) == uninterrupted[LARGER]


def test_workers_of_a_killed_run_end_with_it(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, str(SUPPORT / "fake_maker.py"), str(out), Spec(identities=400, size=64).to_json(), "2"]
    run = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
    try:
        while not list(out.glob("data/.tmp-*")):
            assert run.poll() is None
            time.sleep(0.02)
    finally:
        run.kill()
        run.wait()
    workers = {int(path.name.rpartition(".")[2]) for path in out.glob("data/.tmp-*")}
    deadline = time.monotonic() + 5
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    assert not any(map(alive, workers))


def alive(process: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_runs_that_are_killed_at_random_20_times_end_with_the_same_bytes(tmp_path):
    spec = Spec(identities=24, size=64, identities_per_shard=2)
    generate(tmp_path / "whole", spec, maker_factory=FakeMaker)
    command = [sys.executable, str(SUPPORT / "fake_maker.py"), "OUT", spec.to_json(), "2"]
    kill_at_random(command, tmp_path, contents(tmp_path / "whole"))
