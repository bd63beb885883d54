"""Runs the workers: one process at a time, started again behind an input that killed it or took too long."""

import collections
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 30.0
"""Seconds after which a process is stopped. Slow machines: an input is called slow by the time of its core."""
START = 300.0
"""Seconds for a process to write its inputs and read them whole."""


@dataclass
class Outcome:
    """Of one parser: how many inputs it read; kind of failure -> numbers of the inputs and what was said."""

    inputs: int = 0
    seconds: float = 0.0
    failures: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: collections.defaultdict(list))


def fuzzed(name: str, inputs: int, seed: str = "0", first: int = 0, worker: Path = HERE / "worker.py") -> Outcome:
    """Has the parser `name` read the damaged inputs from number `first` on; the same seed gives the same inputs."""
    found, began = Outcome(), time.monotonic()
    number, end = first, first + inputs
    while number < end:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            number = _one_process(found, [str(worker), name, seed, str(number), str(end), folder])
    found.inputs, found.seconds = inputs, time.monotonic() - began
    return found


def _one_process(found: Outcome, words: list[str]) -> int:
    """Runs a process to its end, or until it must be stopped. Returns the number of the input to go on with."""
    command = [sys.executable, *words]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment())
        number, finished, buffer, patience = int(words[3]) - 1, False, b"", START
        while select.select([process.stdout], [], [], patience)[0]:
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                break
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in map(json.loads, lines):
                number, finished = line.get("begin", number), "end" in line
                if "what" in line:
                    found.failures[line["what"]].append((line["number"], line["says"]))
            patience = PATIENCE
        else:
            process.kill()
        code = process.wait()
        if finished:
            return int(words[4])
        if number < int(words[3]):
            errors.seek(0)
            raise RuntimeError(f"{words[1]}: the worker did not begin: {errors.read()[-2000:]}")
        what = "hangs" if code == -9 else f"killed by signal {-code}" if code < 0 else f"ended with {code}"
        errors.seek(0)
        found.failures[what].append((number, errors.read()[-300:].strip()))
        return number + 1


def environment() -> dict[str, str]:
    """Of processes that import the parsers. Threads must not reserve memory, of which little is allowed."""
    paths = [HERE.parents[1], HERE.parent / "support", HERE, os.environ.get("PYTHONPATH", "")]
    settings = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return os.environ | settings | {"PYTHONPATH": os.pathsep.join(map(str, paths))}


def _memory() -> str | None:
    """A folder in memory, where there is one: files are written a hundred thousand times."""
    return "/dev/shm" if Path("/dev/shm").is_dir() and shutil.disk_usage("/dev/shm").free > 1 << 28 else None
