"""Reads damaged inputs of one parser, in a process of its own with bounded memory.

It writes a line of JSON when it begins an input, and one for each that the parser did not take as it should, so that
whoever started it knows which input killed it or takes too long.
"""

import contextlib
import ctypes
import json
import os
import random
import resource
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from mutations import mutated
from parser import Parser

ROOT = Path(__file__).parents[2]
MEMORY = 1 << 30
"""Bytes that an input may take beyond what the process has before."""
SECONDS = 20.0
"""Of one core that an input may take; what ends on any machine ends sooner."""
_ARENAS = -8
"""`M_ARENA_MAX` of malloc.h: each thread would reserve 64 MB of addresses."""


def work(parser: Parser, seed: str, numbers: range, folder: Path, tell: Callable[[dict], None]) -> None:
    """Reads the inputs of these numbers. The process cannot be used for anything else afterwards."""
    ctypes.CDLL(None).mallopt(_ARENAS, 2)
    whole = folder / "whole"
    whole.mkdir()
    parser.write(whole)
    inputs = [_Input(path, parser) for path in sorted(whole.iterdir())]
    for each in inputs:  # a whole input must be read; also, what is loaded once is loaded now
        parser.read(each.path)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEMORY,) * 2)
    for number in numbers:
        tell({"begin": number})
        chance = random.Random(f"{seed} {parser.name} {number}")
        with chance.choice(inputs).damaged(chance) as path:
            if problem := _problem(parser, path):
                tell({"number": number, **problem})
    tell({"end": numbers.stop})


class _Input:
    """A whole input and the contents of its files, one of which is damaged at a time."""

    def __init__(self, path: Path, parser: Parser) -> None:
        self.path = path
        files = [path] if path.is_file() else [f for p in parser.damaged for f in sorted(path.rglob(p)) if f.is_file()]
        self.contents = {file: file.read_bytes() for file in dict.fromkeys(files)}
        beside = [f for f in path.parent.iterdir() if f.is_file() and f.suffix == path.suffix] if path.is_file() else []
        self.others = [file.read_bytes() for file in beside]

    @contextlib.contextmanager
    def damaged(self, chance: random.Random) -> Iterator[Path]:
        """The path of the input with a damaged file; whole again afterwards."""
        file = chance.choice(list(self.contents))
        others = self.others or [c for f, c in self.contents.items() if f.suffix == file.suffix]
        file.write_bytes(mutated(self.contents[file], others, chance))
        try:
            yield self.path
        finally:
            file.write_bytes(self.contents[file])


def _problem(parser: Parser, path: Path) -> dict | None:
    """What is wrong with how an input was taken; None: nothing."""
    began = time.process_time()
    try:
        parser.read(path)
    except Exception as error:  # noqa: BLE001
        if not parser.may_raise(error):
            frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_ours(f.filename)]
            ours = next((f for f in reversed(frames) if "/tests/" not in f.filename), frames[-1])
            where = f"{Path(ours.filename).relative_to(ROOT)}:{ours.lineno}"
            return {"what": f"{type(error).__name__} at {where}", "says": str(error)[:200]}
    if (taken := time.process_time() - began) > SECONDS:
        return {"what": "slow", "says": f"{taken:.1f} s"}
    return None


def _is_ours(file: str) -> bool:
    """Whether a file is of this checkout, and not of an environment inside it."""
    return file.startswith(str(ROOT)) and "site-packages" not in file


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def in_pipe(pipe: int) -> Callable[[dict], None]:
    """Writes lines of JSON into a pipe. What libraries print goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for standard in (1, 2):
        os.dup2(nowhere, standard)

    def tell(line: dict) -> None:
        os.write(pipe, json.dumps(line).encode() + b"\n")

    return tell
