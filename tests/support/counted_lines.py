"""Work is counted in lines of Python, which are the same on every machine, where seconds are not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def at_most(lines: int) -> Iterator[None]:
    """Fails as soon as what the block calls has run more lines than that."""
    run, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, argument: object):
        nonlocal run
        run += event == "line"
        assert run <= lines, f"more than {lines:,} lines were run"
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
    assert run <= lines, f"more than {lines:,} lines were run"
