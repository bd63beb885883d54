"""Frames of a video as a player shows them: upright, mirrored where the file says so, with square pixels. By PyAV.

A video is decoded as it is read and never held whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

from PIL import Image

from .errors import InvalidInput, WorkFailed
from .media_files import MAX_PIXELS, PICTURE_SUFFIXES, is_jpeg_file, is_raw_stream
from .video_clock import Clock, declared_seconds, stamped_seconds
from .video_pictures import shown_frame, square_pixels

_NO_VIDEOS = ("image2", "tty", "ansi", "bin", "xbin", "adf", "idf", "rawvideo", "gif", "apng", "webp", "ico")
"""Formats that FFmpeg also opens, or takes for one that it opens: pictures, and texts of terminals."""

_OTHER_FILES = frozenset(
    {"concat", "hls", "dash", "webm_dash_manifest", "imf", "sdp", "rtsp", "rtp", "sap", "vobsub", "avisynth", "lavfi"}
    | {"vapoursynth", "image2", "image2pipe", "segment", "tee"}
)
"""Formats that name other files, addresses or devices, which FFmpeg would open: a video of others reads no such."""

_RAW_STREAMS = frozenset({"h264", "hevc", "vvc", "m4v", "mpegvideo", "cavsvideo"})
"""Formats that FFmpeg finds anywhere in a file: in another file's bytes by luck."""


@dataclass(frozen=True)
class Sampling:
    """Which frames of a video are used; default all.

    Attributes:
        every: each such frame, from the first on.
        fps: at most so many a second.
        numbers: those, from 0; nothing after the last of them is decoded.
    """

    every: int | None = None
    fps: float | None = None
    numbers: frozenset[int] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("every", "fps", "numbers") if getattr(self, name) is not None]
        if len(given) > 1:
            raise InvalidInput(f"{' and '.join(given)} were both given; allowed is one of them")
        if self.every is not None and self.every < 1:
            raise InvalidInput(f"every is {self.every}; allowed is 1 or more frames")
        if self.fps is not None and not 0 < self.fps < float("inf"):
            raise InvalidInput(f"fps is {self.fps}; allowed is above 0 frames a second")


@dataclass(frozen=True)
class VideoFrame:
    """A frame, or what is wrong with it.

    Attributes:
        image: RGB as a player shows it; None where `error` says why.
        number: from 0; None where the error is not of one frame.
        time_s: seconds since the start of the file, as a player counts them: above 0 in the first frame where the
            picture begins after the sound.
        error: None, or one line.
    """

    image: Image.Image | None = None
    number: int | None = None
    time_s: float | None = None
    error: str | None = None


def read_frames(path: Path, sampling: Sampling, max_pixels: int = MAX_PIXELS) -> Iterator[VideoFrame]:
    """The sampled frames of a video, as they are decoded.

    A frame that the decoder marks as damaged, or that is shown at more than `max_pixels`, holds an error itself, and
    the frames after it are read. Where the file is damaged, or ends before the length that it declares, the last one
    holds the error.
    """
    number, due, clock = -1, 0.0, None
    try:
        with open_video(path) as container:
            stream = shown_stream(container)
            if stream is None:
                yield VideoFrame(error="the file holds no video stream")
                return
            stream.thread_type = "AUTO"
            clock = Clock(container, stream)
            packets = _Packets(container, stream, clock)
            for number, frame in enumerate(packets.decoded()):
                time = clock.tick(frame)
                if not is_sampled(number, time, due, sampling):
                    continue
                due = time if sampling.fps is None else next_tick(time, sampling.fps)
                yield _read_frame(frame, stream, number, time, max_pixels)
                if sampling.numbers is not None and number >= max(sampling.numbers):
                    return
            short = _what_is_missing(container, stream, clock, packets)
    except _decoding_errors() as error:
        where = "not a readable video" if number < 0 else f"damaged after frame {number} at {clock.time:.2f} s"
        unfinished = "; its index (moov) is missing, as where a recording was not finished or a copy not whole"
        yield VideoFrame(error=f"{where}: {_in_one_line(error)}{unfinished * _lacks_index(path)}")
        return
    if short is not None:
        yield VideoFrame(error=short)
    elif number < 0:
        yield VideoFrame(error="the video holds no frame")


def _decoding_errors() -> tuple[type[Exception], ...]:
    """What PyAV raises on damaged and on unusual files. Other errors, such as TypeError, are those of a program."""
    from av.error import FFmpegError

    return (FFmpegError, OSError, ValueError, LookupError, ArithmeticError, MemoryError, EOFError, RuntimeError)


def _in_one_line(error: Exception) -> str:
    """What FFmpeg or the system says; of other errors also the name, which their texts may need."""
    if text := getattr(error, "strerror", None):
        return text
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])


def _lacks_index(path: Path) -> bool:
    """Whether it is an MP4 or QuickTime file without `moov`, which is written last."""
    try:
        with path.open("rb") as file:
            kinds = set(_kinds_of_boxes(file))
    except OSError:
        return False
    return "ftyp" in kinds and "moov" not in kinds


def _kinds_of_boxes(file: BinaryIO) -> Iterator[str]:
    """Of the outermost boxes of an MP4 file (ISO/IEC 14496-12, 4.2), as far as they follow each other."""
    start = 0
    while len(head := file.read(16)) >= 8:
        size = int.from_bytes(head[8:16] if head[:4] == b"\0\0\0\1" else head[:4], "big")
        yield head[4:8].decode("latin-1")
        if size < 8:  # 0: to the end of the file
            return
        start += size
        file.seek(start)


class _Packets:
    """The packets of a stream as they are decoded, and how many of them the file does not hold.

    Only MP4 and QuickTime list every packet of the file, whether or not its bytes are there.
    """

    def __init__(self, container, stream, clock: Clock) -> None:
        self._container, self._stream, self._clock = container, stream, clock
        self._listed = "mp4" in container.format.name.split(",")
        self.whole = 0

    def decoded(self) -> Iterator:
        for packet in self._container.demux(self._stream):
            if self._listed and packet.is_corrupt:  # the file ends within it
                continue
            self.whole += bool(packet.size)
            self._clock.expect(packet)
            yield from packet.decode()

    @property
    def listed(self) -> int:
        """Packets of the stream by the file's own list; 0: it has none."""
        return len(self._stream.index_entries) if self._listed else 0


def _what_is_missing(container, stream, clock: Clock, packets: _Packets) -> str | None:
    if packets.whole < packets.listed:
        of = f"{packets.whole} of the {packets.listed} frames that it declares"
        return f"the video ends at {clock.end:.2f} s: the file holds {of}"
    if stream.frames and packets.listed:
        return None  # complete: its list is exact, its length may be that of an edit
    declared, name = declared_seconds(container, stream), container.format.name
    if clock.time >= 0 and clock.ends_before(declared, name):
        return f"the video ends at {clock.shown_seconds(name):.2f} s of the {declared:.2f} s that it declares"
    return None


@contextmanager
def open_video(path: Path):
    """The open container of PyAV. Raises OSError or FFmpegError where it is no video."""
    import av

    allowed = {"format_whitelist": ",".join(sorted(av.formats_available - _OTHER_FILES))}
    options = {"format": "mjpeg" if is_jpeg_file(path) else None, "metadata_errors": "replace", "options": allowed}
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        with av.open(str(path), **options) as container:
            yield container
        return
    with open(path, "rb") as file:  # by its name FFmpeg would take it for a picture
        nameless = SimpleNamespace(read=file.read, seek=file.seek, tell=file.tell)
        with av.open(nameless, **options) as container:
            yield container


def can_decode(path: Path) -> bool:
    """Whether a file of unknown kind holds a frame of a video. Raises ModuleNotFoundError without PyAV."""
    try:
        with open_video(path) as container:
            stream = shown_stream(container)
            names = container.format.name.split(",")
            if stream is None or any(name in _NO_VIDEOS or name.endswith("_pipe") for name in names):
                return False
            if "mjpeg" in names and not is_jpeg_file(path):  # some file that holds pictures
                return False
            if not _RAW_STREAMS.isdisjoint(names) and not is_raw_stream(path):
                return False
            return next(container.decode(stream), None) is not None
    except _decoding_errors():
        return False


def count_frames(path: Path) -> int:
    """Frames of a video, counted without decoding one. Raises WorkFailed where it is not a readable video."""
    try:
        with open_video(path) as container:
            stream = shown_stream(container)
            packets = () if stream is None else container.demux(stream)
            count = sum(1 for packet in packets if packet.size and not packet.is_discard)
    except _decoding_errors() as error:
        raise WorkFailed(f"{path} is not a readable video: {_in_one_line(error)}") from None
    if not count:
        raise WorkFailed(f"{path} holds no frame of a video")
    return count


_MOST_RATE = 1000
"""Frames a second. A rate above is that of a clock, as a file has it for a stream of few pictures."""


def expected_frames(path: Path, sampling: Sampling) -> int:
    """About how many frames `read_frames` will give, as the file's header says; 1 where it cannot be read."""
    try:
        with open_video(path) as container:
            stream = shown_stream(container)
            if stream is None:
                return 1
            rate = float(stream.average_rate or 0)
            rate = rate if 0 < rate <= _MOST_RATE else 25.0
            seconds = stamped_seconds(container, stream) or stream.frames / rate
            frames = stream.frames or seconds * rate
    except _decoding_errors():
        return 1
    wanted = frames / (sampling.every or 1) if sampling.fps is None else min(frames, seconds * sampling.fps)
    return max(1, round(wanted))


def shown_stream(container):
    """The video stream that players show: never cover art, the default one before others, then the largest picture.

    Where none is the default, or several are, one in colour comes before grey ones: recordings of depth cameras may
    begin with the depth. None where the file has none. `container` is an open one of PyAV.
    """
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails
    moving = [stream for stream in container.streams.video if not stream.disposition & still]
    candidates = [stream for stream in moving if stream.codec_context is not None]  # None: of a codec it lacks

    def rank(stream) -> tuple[bool, bool, int]:
        is_default = bool(stream.disposition & Disposition.default)
        is_colour = not (stream.codec_context.pix_fmt or "").startswith("gray")
        return is_default, is_colour, (stream.width or 0) * (stream.height or 0)

    return max(candidates, key=rank, default=None)  # of equal ones the first


def _read_frame(frame, stream, number: int, time: float, max_pixels: int) -> VideoFrame:
    if frame.is_corrupt:
        return VideoFrame(None, number, time, "the frame is damaged")
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    width, height = square_pixels(frame.width, frame.height, aspect)
    if width * height > max_pixels:
        allowed = f"allowed are {max_pixels:,} pixels"
        return VideoFrame(None, number, time, f"the frame is shown at {width} x {height}: {allowed}")
    return VideoFrame(shown_frame(frame, (width, height)), number, time)


def is_sampled(number: int, time: float, due: float, sampling: Sampling) -> bool:
    """Whether a frame is used; `due`: seconds from which the next one is, of `next_tick`."""
    if sampling.numbers is not None:
        return number in sampling.numbers
    if sampling.fps is not None:
        return number == 0 or time >= due
    return number % (sampling.every or 1) == 0


def next_tick(time: float, fps: float) -> float:
    """The first multiple of 1/fps after `time`, a little early: container times are rounded."""
    return (int(time * fps + 1e-3) + 1 - 1e-3) / fps
