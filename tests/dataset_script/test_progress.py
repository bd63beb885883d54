import io

import pytest

from dataset_script import progress
from dataset_script.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_come_every_ten_seconds_with_rate_and_time_left(monkeypatch):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    stream = io.StringIO()
    with Progress("frames", stream) as report:
        for done in range(1000, 1500, 100):  # 1,000 had been made by an earlier run
            report(done, 2000)
            now += 5
    assert stream.getvalue().splitlines() == [
        "1,200 of 2,000 frames, 20.0 a second, 0:00:40 left",
        "1,400 of 2,000 frames, 20.0 a second, 0:00:30 left",
    ]


def test_a_bar_on_a_terminal():
    stream = Terminal()
    with Progress("rows", stream) as report:
        report(5, 10)
        report(10, 10)
    assert "10/10" in stream.getvalue()
    assert stream.getvalue().endswith("\n")
    assert " rows" in stream.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (3661, "1:01:01"), (90_000, "25:00:00")])  # fmt: skip
def test_time_left_is_hours_minutes_seconds(seconds, text):
    assert progress.clock(seconds) == text
