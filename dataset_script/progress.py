"""Progress of long work: a bar with an ETA on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from typing import TextIO

from tqdm import tqdm

_LINE_SECONDS = 10.0


class Progress:
    """Called with (done, total) as often as one likes; a context manager, so that the bar ends its line.

    Args:
        unit: what is counted, in the plural.
        stream: default standard error.
    """

    def __init__(self, unit: str, stream: TextIO | None = None) -> None:
        self._unit, self._stream = unit, stream or sys.stderr
        self._bar: tqdm | None = None
        self._began = self._printed = time.monotonic()
        self._first: int | None = None  # what an earlier run had done; it says nothing about this one's speed

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done: int, total: int) -> None:
        if self._first is None:
            self._first = done
        if self._stream.isatty():
            if self._bar is None:
                self._bar = tqdm(total=total, initial=done, unit=f" {self._unit}", file=self._stream)
            self._bar.update(done - self._bar.n)
        elif time.monotonic() - self._printed >= _LINE_SECONDS:
            self._printed = time.monotonic()
            print(self._line(done, total), file=self._stream, flush=True)

    def _line(self, done: int, total: int) -> str:
        rate = (done - self._first) / max(time.monotonic() - self._began, 1e-9)
        text = f"{done:,} of {total:,} {self._unit}"
        return f"{text}, {rate:.1f} a second, {clock((total - done) / rate)} left" if rate > 0 else text


def clock(seconds: float) -> str:
    """Seconds as 1:02:03."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
