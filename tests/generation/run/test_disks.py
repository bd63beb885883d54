"""Disks that are full or read-only, two runs at once, and clocks that jump: with the system's own errors."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from directories import contents
from fake_maker import FakeMaker

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from generation.run.generate import generate

PROGRAM = Path(__file__).parents[2] / "support/fake_maker.py"
SPEC = Spec(identities=9, size=64)
OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-euc"]


def can_mount() -> bool:
    script = [*OWN_MOUNTS, "mount -t tmpfs -o size=1m tmpfs /mnt"]
    return sys.platform == "linux" and subprocess.run(script, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="this system lets nobody mount a small disk in a namespace of its own")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_full_and_a_read_only_disk_say_so_and_the_run_goes_on_when_they_no_longer_are(tmp_path, workers):
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    make = f"{sys.executable} {PROGRAM} {disk}/out '{SPEC.to_json()}' {workers}"
    script = f"""
        mount -t tmpfs -o size=200k tmpfs {disk}
        if {make} 2> {tmp_path}/full; then exit 3; fi
        ls -A {disk}/out {disk}/out/* | grep tmp- && exit 4
        mount -o remount,ro {disk}
        if {make} 2> {tmp_path}/read_only; then exit 5; fi
        mount -o remount,rw,size=50m {disk}
        {make}
        cp -r {disk}/out {kept}
    """
    subprocess.run([*OWN_MOUNTS, script], check=True, stdout=subprocess.DEVNULL)
    full, read_only = ((tmp_path / name).read_text() for name in ("full", "read_only"))
    assert "WorkFailed: cannot write" in full
    assert "No space left on device; free some space and run the same command again" in full
    assert "WorkFailed: cannot write" in read_only and "Read-only file system" in read_only
    assert "Traceback" not in full + read_only
    generate(tmp_path / "whole", SPEC, maker_factory=FakeMaker)
    assert contents(kept) == contents(tmp_path / "whole")


def test_a_second_run_is_refused_while_the_first_goes_on(tmp_path):
    out = tmp_path / "out"
    spec = Spec(identities=60, size=64)
    command = [sys.executable, str(PROGRAM), str(out), spec.to_json(), "1"]
    first = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
    try:
        while not list(out.glob("data/*")):
            assert first.poll() is None
            time.sleep(0.02)
        with pytest.raises(InvalidInput, match="is being written by another run; wait for it or stop it"):
            generate(out, spec, maker_factory=FakeMaker)
        assert first.poll() is None
    finally:
        first.kill()
        first.wait()


def test_a_clock_that_jumps_changes_no_file_and_no_count(tmp_path, monkeypatch):
    """Days back and forth at every look at it, as when a machine finds its time server."""
    rng, real, calls = random.Random(0), time.time(), []
    monkeypatch.setattr(time, "time", lambda: real + rng.uniform(-1e6, 1e6))
    generate(tmp_path / "out", SPEC, maker_factory=FakeMaker, progress=lambda *call: calls.append(call))
    assert [done for done, _, _ in calls] == sorted(done for done, _, _ in calls)
    monkeypatch.undo()
    generate(tmp_path / "whole", SPEC, maker_factory=FakeMaker)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
