"""Seconds of the frames of a video, and whether a file ends before it says."""

import re
from collections import deque

_FROM_THE_LAST_STAMP = frozenset({"mpegts", "mpeg"})
"""Formats that declare no length: FFmpeg takes the last time stamp, which is wrong where files were joined or cut."""

_FROM_ZERO = frozenset({"matroska", "nut"})
"""Formats whose declared length counts from the time stamp 0, not from the first frame."""

_WITHOUT_STAMPS = frozenset({"avi", "mpegvideo", "m4v"})
"""Formats that hold no times at which frames are shown. FFmpeg guesses them, which is wrong where frames are stored in
another order than they are shown in, and late by one where they could be."""

_AT_LEAST, _DRIFT = 0.2, 0.002
"""Seconds, and part of the declared length, by which a video may end early: headers round, and so do frame rates."""


class Clock:
    """Times of frames in the order in which they are shown; no frame is before the end of another.

    Time stamps that go back, as in joined recordings, that stay the same, or that are missing, go on from the end of
    the frame before.

    Attributes:
        time: seconds of the last frame since the start of the file; below 0 before the first.
        end: seconds at which the last frame ends.
        interval: the longest time between two frames, or the duration of the last; in seconds.
    """

    def __init__(self, container, stream) -> None:
        self._opening = _opening_seconds(container, stream)
        start = self._opening if stream.start_time is None else float(stream.start_time * stream.time_base)
        self._late = start - self._opening
        self._usual = 1 / float(stream.average_rate or 25)
        self._own = self._shift = -self._opening
        self.time, self.end, self.interval = -1.0, self._late, self._usual
        self._guessed = None if _is_one_of(container.format.name, _WITHOUT_STAMPS) else False
        self._places: deque[float] = deque()  # in seconds, of the packets whose frames have not come yet

    def expect(self, packet) -> None:
        """Takes note of a packet that will be decoded: where its format holds no times of frames, of its place."""
        if self._guessed is None:
            self._guessed = packet.pts != packet.dts
        if self._guessed and packet.size and packet.dts is not None:
            self._places.append(float(packet.dts * packet.time_base))

    def tick(self, frame) -> float:
        """The time of the next frame, a decoded one of PyAV."""
        before, self.time = self.time, self._time_of(self._places.popleft() if self._places else frame.time)
        duration = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else self._usual
        self.end = self.time + duration
        self.interval = max(self.interval, duration, self.time - before if before >= 0 else 0.0)
        return self.time

    def ends_before(self, declared: float | None, container_format: str) -> bool:
        """Whether the last frame ended, by more than an interval, before the declared length in seconds."""
        if declared is None:
            return False
        tolerance = max(1.5 * self.interval, _AT_LEAST, _DRIFT * declared)
        return self.shown_seconds(container_format) < declared - tolerance

    def shown_seconds(self, container_format: str) -> float:
        """The end as the format counts it where it declares a length."""
        shown = self.end - self._late
        return max(shown, self.end + self._opening) if _is_one_of(container_format, _FROM_ZERO) else shown

    def _time_of(self, stamp: float | None) -> float:
        if stamp is None:
            return self.end
        for shift in (self._own, self._shift):  # a single wrong time stamp does not move those after it
            if stamp + shift > self.time:
                return stamp + shift
        self._shift = self.end - stamp
        return self.end


def declared_seconds(container, stream) -> float | None:
    """The length that the file declares for its video; None where it declares none."""
    if _is_one_of(container.format.name, _FROM_THE_LAST_STAMP):
        return None
    return stamped_seconds(container, stream)


def stamped_seconds(container, stream) -> float | None:
    """The length of the video as the file's header, or the last of its time stamps, says; None where neither does."""
    if container.duration is not None and len(container.streams) == 1:
        return container.duration / 1e6
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    tag = next((value for name, value in stream.metadata.items() if name.upper().startswith("DURATION")), "")
    hours = re.match(r"(\d+):(\d+):(\d+(?:\.\d+)?)", tag)  # of Matroska
    return None if hours is None else int(hours[1]) * 3600 + int(hours[2]) * 60 + float(hours[3])


def _is_one_of(container_format: str, names: frozenset[str]) -> bool:
    return not names.isdisjoint(container_format.split(","))


def _opening_seconds(container, stream) -> float:
    """The time stamp at which the file begins: of the earliest of its streams."""
    if container.start_time is not None:
        return container.start_time / 1e6  # microseconds
    return 0.0 if stream.start_time is None else float(stream.start_time * stream.time_base)
