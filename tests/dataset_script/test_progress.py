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


def test_time_in_which_the_work_waits_does_not_count(monkeypatch):
    """A minute of compiling would make the rest look like days."""
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    stream = io.StringIO()
    with Progress("frames", stream) as report:
        for seconds, done, waiting in (
            (0, 0, "starting"),
            (5, 0, "compiling"),
            (65, 0, ""),
            (70, 10, ""),
            (71, 12, "compiling"),  # one worker; what the other finishes meanwhile does not count either
            (75, 14, "compiling"),
            (80, 14, ""),
            (81, 16, ""),
            (86, 26, ""),
        ):
            now = seconds
            report(done, 100, waiting)
    assert stream.getvalue().splitlines() == [
        "0 of 100 frames, starting",
        "0 of 100 frames, compiling",
        "0 of 100 frames",
        "14 of 100 frames, compiling",
        "26 of 100 frames, 2.0 a second, 0:00:37 left",
    ]


def test_a_terminal_shows_at_once_what_the_work_waits_for(monkeypatch):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    stream = Terminal()
    with Progress("frames", stream) as report:
        report(0, 10, "starting")
        report(0, 10, "compiling kernels")
        assert "compiling kernels" in stream.getvalue()
        now = 60.0
        report(0, 10)
        now = 62.0
        report(4, 10)
        report(4, 10)
    last = stream.getvalue().rstrip().rpartition("\r")[2]
    assert "4/10 frames, 2.0 a second, 0:00:03 left" in last
    assert stream.getvalue().count("\n") == 1  # one line, updated


def test_a_bar_on_a_terminal():
    stream = Terminal()
    with Progress("rows", stream) as report:
        report(5, 10)
        report(10, 10)
    assert "10/10" in stream.getvalue()
    assert stream.getvalue().endswith("\n")
    assert " rows" in stream.getvalue()


def test_a_bar_goes_on_when_the_clock_of_the_machine_is_set_back(monkeypatch):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    stream = Terminal()
    with Progress("frames", stream) as report:
        report(0, 100)
        monkeypatch.setattr("tqdm.std.time", lambda: -1e6)
        monkeypatch.setattr(progress.time, "time", lambda: -1e6)
        for now in range(1, 5):
            report(10 * now, 100)
        assert "30/100 frames, 10.0 a second, 0:00:07 left" in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (3661, "1:01:01"), (90_000, "25:00:00")]
)
def test_time_left_is_hours_minutes_seconds(seconds, text):
    assert progress.clock(seconds) == text
