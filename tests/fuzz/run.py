"""Runs the workers: one process at a time, started again behind an input that killed it or took too long."""

import collections
import faulthandler
import json
import os
import select
import shutil
import signal
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from parser import Parser
from worker import in_pipe, work

PATIENCE, START = 20.0, 300.0
"""Seconds of a core after which a process is stopped: for an input; to write the whole inputs and read them."""


@dataclass
class Outcome:
    """Of one parser: how many inputs it read; kind of failure -> numbers of the inputs and what was said."""

    inputs: int = 0
    seconds: float = 0.0
    failures: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: collections.defaultdict(list))


def fuzzed(parser: Parser, inputs: int, seed: str = "0", first: int = 0) -> Outcome:
    """Has a parser read the damaged inputs from number `first` on; the same seed gives the same inputs."""
    found, began = Outcome(), time.monotonic()
    number, end = first, first + inputs
    while number < end:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            number = _one_process(found, parser, seed, range(number, end), Path(folder))
    found.inputs, found.seconds = inputs, time.monotonic() - began
    return found


def _one_process(found: Outcome, parser: Parser, seed: str, numbers: range, folder: Path) -> int:
    """Runs a process to its end, or until it must be stopped. Returns the number of the input to go on with."""
    lines, pipe = os.pipe()
    child = os.fork()
    if not child:
        _be_worker(pipe, lambda tell: work(parser, seed, numbers, folder, tell))
    os.close(pipe)
    number, allowed, buffer, said = None, START, b"", ""
    while True:
        ready = select.select([lines], [], [], 1.0)[0]
        if not ready:
            if _seconds(child) > allowed:
                os.kill(child, signal.SIGKILL)
            continue
        chunk = os.read(lines, 1 << 16)
        if not chunk:
            break
        *whole, buffer = (buffer + chunk).split(b"\n")
        for line in map(json.loads, whole):
            number, said = line.get("begin", number), line.get("error", said)
            if "what" in line:
                found.failures[line["what"]].append((line["number"], line["says"]))
            if "end" in line:
                number = line["end"]
        allowed = _seconds(child) + PATIENCE
    os.close(lines)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number is None:
        raise RuntimeError(f"{parser.name}: a whole input was not read ({code}): {said}")
    if number == numbers.stop:
        return number
    what = "hangs" if code == -signal.SIGKILL else f"killed by signal {-code}" if code < 0 else f"ended with {code}"
    found.failures[what].append((number, said[-300:]))
    return number + 1


def _be_worker(pipe: int, does) -> None:
    """Never returns: the rest of this process is the worker's."""
    faulthandler.disable()  # what it says of a signal, the run says itself
    tell, code = in_pipe(pipe), 1
    try:
        does(tell)
        code = 0
    except BaseException:  # noqa: BLE001
        tell({"error": traceback.format_exc()[-1500:]})
    finally:
        os._exit(code)


def _seconds(process: int) -> float:
    """Of a core, that a process has used; the time on the wall says little on a busy machine."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory() -> str | None:
    """A folder in memory, where there is one: files are written a hundred thousand times."""
    return "/dev/shm" if Path("/dev/shm").is_dir() and shutil.disk_usage("/dev/shm").free > 1 << 28 else None
