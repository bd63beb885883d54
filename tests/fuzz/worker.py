"""Reads damaged inputs of one parser, in a process of its own with bounded memory.

    worker.py NAME SEED FIRST END FOLDER

Prints a line of JSON for each input that the parser did not take as it should, and `{"done": N}` as it goes, so that
whoever started it knows which input killed it, or took too long.
"""

import contextlib
import json
import os
import random
import resource
import sys
import time
import traceback
from pathlib import Path

from mutations import mutated
from parser import Parser
from parsers import parser_of

ROOT = Path(__file__).parents[2]
MEMORY = 1 << 30
"""Bytes that an input may take beyond what the process has before."""
SECONDS = 2.0
"""Of one core that an input may take."""


def main(name: str, seed: str, first: int, end: int, folder: Path) -> None:
    parser = parser_of(name)
    whole = folder / "whole"
    if not whole.is_dir():
        whole.mkdir(parents=True)
        parser.write(whole)
    inputs = [_Input(path, parser) for path in sorted(whole.iterdir())]
    out = os.fdopen(os.dup(1), "w")  # what libraries print is not for the reader of this
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for each in inputs:  # a whole input must be read; also, what is loaded once is loaded now
        parser.read(each.path)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEMORY,) * 2)
    for number in range(first, end):
        print(json.dumps({"begin": number}), file=out, flush=True)
        chance = random.Random(f"{seed} {name} {number}")
        with chance.choice(inputs).damaged(chance) as path:
            if problem := _problem(parser, path):
                print(json.dumps({"number": number, **problem}), file=out, flush=True)
    print(json.dumps({"end": end}), file=out, flush=True)


class _Input:
    """A whole input and the contents of its files, one of which is damaged at a time."""

    def __init__(self, path: Path, parser: Parser) -> None:
        self.path = path
        files = [path] if path.is_file() else [f for p in parser.damaged for f in sorted(path.rglob(p)) if f.is_file()]
        self.contents = {file: file.read_bytes() for file in dict.fromkeys(files)}
        beside = [f for f in path.parent.iterdir() if f.is_file() and f.suffix == path.suffix] if path.is_file() else []
        self.others = [file.read_bytes() for file in beside]

    @contextlib.contextmanager
    def damaged(self, chance: random.Random):
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
            frames = [f for f in traceback.extract_tb(error.__traceback__) if str(ROOT) in f.filename]
            ours = next((f for f in reversed(frames) if "/tests/" not in f.filename), frames[-1])
            where = f"{Path(ours.filename).relative_to(ROOT)}:{ours.lineno}"
            return {"what": f"{type(error).__name__} at {where}", "says": str(error)[:200]}
    if (taken := time.process_time() - began) > SECONDS:
        return {"what": "slow", "says": f"{taken:.1f} s"}
    return None


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(arguments[0], arguments[1], int(arguments[2]), int(arguments[3]), Path(arguments[4]))
