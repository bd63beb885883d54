"""Picture files, folders and videos as one stream of pictures, one in memory at a time.

- What cannot be read is part of the stream, as an `InputImage` that holds an error in place of an image.
- A video is decoded as it is read and never held whole (`video.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from dataset_script.errors import InvalidInput

from ..image_processing_vitpain import open_picture, to_rgb
from .video import VIDEO_SUFFIXES, Sampling, read_frames

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True)
class MediaFile:
    """A file to be scored.

    Attributes:
        path: the file.
        name: its path below the folder that was named, or its file name.
        error: why nothing can be read there, in one line; None: not known to be so.
    """

    path: Path
    name: str
    error: str | None = None

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
        image: upright RGB with square pixels; None where `error` says why.
        frame, time_s: of a video, the frame's number from 0 and its seconds since the start of the file; else None.
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


def read_pictures(source: MediaFile, sampling: Sampling | None = None) -> Iterator[InputImage]:
    """The picture of a file, or the frames of a video."""
    if source.error is not None:
        yield InputImage(source, error=source.error)
    elif source.is_video:
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
    """The sampled frames of a video as they are decoded; where the file is damaged, the last one holds the error."""
    for frame in read_frames(source.path, sampling):
        yield InputImage(source, frame.image, frame.number, frame.time_s, error=frame.error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
