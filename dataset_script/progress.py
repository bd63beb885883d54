"""Progress of long work: a bar with the time left on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from typing import TextIO

from tqdm import tqdm

_LINE_SECONDS, _BAR_SECONDS = 10.0, 0.1
_BAR = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{unit}{postfix}"


class Progress:
    """Called with (done, total) as often as one likes; a context manager, so that the bar ends its line.

    Rate and time left are those of this run, without the time in which it waited.

    Args:
        unit: what is counted, in the plural.
        stream: default standard error.
    """

    def __init__(self, unit: str, stream: TextIO | None = None) -> None:
        self._unit, self._stream = unit, stream or sys.stderr
        self._bar: tqdm | None = None
        self._printed = self._last = time.monotonic()
        self._done: int | None = None
        self._waiting = ""
        self._worked_seconds, self._worked = 0.0, 0
        self._said: set[str] = set()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done: int, total: int, waiting: str = "") -> None:
        """Shows how far the work is.

        Args:
            done, total: units. What an earlier run had done is `done` of the first call. The total may change.
            waiting: what the work waits for until the next call, in a few words; empty: nothing.
        """
        self._count(done)
        self._waiting = waiting
        if self._stream.isatty():
            self._show(done, total)
        elif (waiting and waiting not in self._said) or time.monotonic() - self._printed >= _LINE_SECONDS:
            self._said.add(waiting)
            self._printed = time.monotonic()
            state = f"{done:,} of {total:,} {self._unit}"
            print(", ".join(filter(None, (state, self._pace(done, total)))), file=self._stream, flush=True)

    def _count(self, done: int) -> None:
        now = time.monotonic()
        if self._done is not None and not self._waiting:
            self._worked += done - self._done
            self._worked_seconds += now - self._last
        self._done, self._last = done, now

    def _show(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = tqdm(
                total=total, initial=done, unit=f" {self._unit}", file=self._stream, bar_format=_BAR, dynamic_ncols=True
            )
        if self._waiting and self._waiting not in self._said:
            self._said.add(self._waiting)
            self._bar.set_postfix_str(self._pace(done, total))  # at once: the next call may be a minute away
        self._bar.set_postfix_str(self._pace(done, total), refresh=False)
        self._bar.total, self._bar.n = total, done
        if time.monotonic() - self._printed >= _BAR_SECONDS:  # tqdm's own clock stands still when a clock is set back
            self._printed = time.monotonic()
            self._bar.refresh()

    def _pace(self, done: int, total: int) -> str:
        """What it waits for, or its rate and the time left; nothing before there is a rate."""
        if self._waiting:
            return self._waiting
        rate = self._worked / max(self._worked_seconds, 1e-9)
        return f"{rate:.1f} a second, {clock((total - done) / rate)} left" if rate > 0 else ""


def clock(seconds: float) -> str:
    """Seconds as 1:02:03."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
