"""Picture files, folders and videos as one stream of pictures, one in memory at a time.

- What cannot be read is part of the stream, as an `InputImage` that holds an error in place of an image.
- A video is decoded as it is read and never held whole. PyAV does it, the extra `pain3d[video]`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from dataset_script.errors import InvalidInput

from ..image_processing_vitpain import open_picture, to_rgb

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"})

_SHORT_BY = 1.0
"""Seconds by which a video may end before the length that it declares; players and cameras round."""


@dataclass(frozen=True)
class MediaFile:
    """A file to be scored.

    Attributes:
        path: the file.
        name: its path below the folder that was named, or its file name.
    """

    path: Path
    name: str

    @property
    def is_video(self) -> bool:
        return self.path.suffix.lower() in VIDEO_SUFFIXES

    @property
    def group(self) -> Path:
        """What is taken to show one person: a video, or the folder of a picture."""
        return self.path if self.is_video else self.path.absolute().parent

    @property
    def person(self) -> str:
        """The person's name: that of a video without suffix, or of a picture's folder."""
        return self.group.stem if self.is_video else self.group.name


@dataclass(frozen=True)
class InputImage:
    """One picture, or why there is none.

    Attributes:
        source: the file it is from.
        image: upright RGB; None where `error` says why.
        frame, time_s: of a video, the frame's number from 0 and its time in seconds; else None.
        scale: pixels of `image` for each of the file's: below 1 for a JPEG too large to be decoded whole.
        error: None, or one line.
    """

    source: MediaFile
    image: Image.Image | None = None
    frame: int | None = None
    time_s: float | None = None
    scale: float = 1.0
    error: str | None = None


def find_media(path: Path) -> list[MediaFile]:
    """The pictures and videos of a folder, folder by folder and by name, sub-folders included; or the file itself.

    Raises:
        InvalidInput: nothing is there.
    """
    if path.is_dir():
        allowed = PICTURE_SUFFIXES | VIDEO_SUFFIXES
        found = [p for p in path.rglob("*") if p.suffix.lower() in allowed and p.is_file()]
        if not found:
            raise InvalidInput(f"{path} holds no picture and no video; looked for {', '.join(sorted(allowed))}")
        return [MediaFile(p, str(p.relative_to(path))) for p in sorted(found, key=lambda p: (p.parent, p.name))]
    if not path.is_file():
        raise InvalidInput(f"{path} does not exist; allowed are pictures, videos and folders of them")
    return [MediaFile(path, path.name)]


@dataclass(frozen=True)
class Sampling:
    """Which frames of a video are used: each `every`-th, from the first on, or at most `fps` a second; default all."""

    every: int | None = None
    fps: float | None = None

    def __post_init__(self) -> None:
        if self.every is not None and self.fps is not None:
            raise InvalidInput("every and fps were both given; allowed is one of them")
        if self.every is not None and self.every < 1:
            raise InvalidInput(f"every is {self.every}; allowed is 1 or more frames")
        if self.fps is not None and not 0 < self.fps < float("inf"):
            raise InvalidInput(f"fps is {self.fps}; allowed is above 0 frames a second")


def read_pictures(source: MediaFile, sampling: Sampling | None = None) -> Iterator[InputImage]:
    """The picture of a file, or the frames of a video."""
    if source.is_video:
        yield from read_video(source, sampling or Sampling())
    else:
        yield read_picture(source)


def read_picture(source: MediaFile) -> InputImage:
    """A picture file; of an animation the first frame."""
    try:
        with open_picture(source.path) as image:
            stored = max(image.size)
            rgb = to_rgb(image)
            return InputImage(source, rgb, scale=max(rgb.size) / stored)
    except UnidentifiedImageError:
        return InputImage(source, error="not a picture")
    except (OSError, SyntaxError, ValueError) as error:  # PIL reports damage as any of these
        return InputImage(source, error=f"unreadable: {_first_line(error)}")


def read_video(source: MediaFile, sampling: Sampling) -> Iterator[InputImage]:
    """The sampled frames of a video, as they are decoded, turned upright.

    Where the file is damaged, or ends before the length that it declares, the last picture holds the error. A frame
    that the decoder marks as damaged holds an error itself, and the frames after it are read.
    """
    import av

    number, time, due = -1, 0.0, 0.0
    try:
        with av.open(str(source.path)) as container:
            if not container.streams.video:
                yield InputImage(source, error="the file holds no video stream")
                return
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for number, frame in enumerate(container.decode(stream)):
                time = number / float(stream.average_rate or 25) if frame.time is None else frame.time
                if not _is_sampled(number, time, due, sampling):
                    continue
                due = time if sampling.fps is None else _next_tick(time, sampling.fps)
                if frame.is_corrupt:
                    yield InputImage(source, None, number, time, error="the frame is damaged")
                else:
                    yield InputImage(source, _upright(frame), number, time)
            declared = _declared_seconds(container, stream)
            start = 0.0 if stream.start_time is None else float(stream.start_time * stream.time_base)
    except (av.error.FFmpegError, OSError) as error:
        where = "not a readable video" if number < 0 else f"damaged after frame {number} at {time:.2f} s"
        yield InputImage(source, error=f"{where}: {error.strerror or _first_line(error)}")
        return
    if number < 0:
        yield InputImage(source, error="the video holds no frame")
    elif declared is not None and time - start < declared - max(_SHORT_BY, 0.02 * declared):
        yield InputImage(
            source, error=f"the video ends at {time - start:.2f} s of the {declared:.2f} s that it declares"
        )


def _is_sampled(number: int, time: float, due: float, sampling: Sampling) -> bool:
    if sampling.fps is not None:
        return number == 0 or time >= due
    return number % (sampling.every or 1) == 0


def _next_tick(time: float, fps: float) -> float:
    """The first multiple of 1/fps after `time`, a little early: container times are rounded."""
    return (int(time * fps + 1e-3) + 1 - 1e-3) / fps


def _upright(frame) -> Image.Image:
    """A decoded frame as RGB, with the rotation that phones write beside the pixels."""
    image = frame.to_image()
    return image.rotate(frame.rotation, expand=True) if frame.rotation % 360 else image


def _declared_seconds(container, stream) -> float | None:
    """The length that the file declares for its video; None where it declares none."""
    if container.duration is not None and len(container.streams) == 1:
        return container.duration / 1e6  # microseconds
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
