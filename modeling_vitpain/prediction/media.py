"""Picture files, folders and videos as one stream of pictures, one in memory at a time.

- What cannot be read is part of the stream, as an `InputImage` that holds an error in place of an image.
- A video is decoded as it is read and never held whole (`dataset_script/video.py`).
"""

import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from PIL import Image, MpoImagePlugin, UnidentifiedImageError

from dataset_script.errors import InvalidInput
from dataset_script.media_files import (
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
    PassedOver,
    is_heif_file,
    is_motion_jpeg,
    is_picture_file,
    is_video_file,
    visible_files,
)
from dataset_script.packed_files import what_is_packed
from dataset_script.rows import DAMAGED_PICTURE
from dataset_script.video import Sampling, can_decode, read_frames

from ..pictures_vitpain import MAX_PIXELS, open_picture, to_rgb
from .overlay_files import is_overlay_file

_SUFFIXES = frozenset(PICTURE_SUFFIXES) | VIDEO_SUFFIXES
_WRITTEN = "of this command's own scores"
_SEQUENCES = frozenset({"GIF", "PNG", "WEBP", "AVIF", "TIFF", "FLI", "DCX", "HEIF"})
"""Formats whose files may hold several pictures that are no sizes or layers of one."""

_NEITHER = "neither a picture nor a video that can be read"


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

    @cached_property
    def is_video(self) -> bool:
        """By its content, or by its suffix where that says nothing; by what decodes it where neither does."""
        if is_video_file(self.path):
            return True
        if self.error is not None or is_picture_file(self.path) or not self.path.is_file():
            return False
        return not _is_picture(self.path) and _is_unnamed_video(self.path)

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
        note: None, or what of the file is not used.
    """

    source: MediaFile
    image: Image.Image | None = None
    frame: int | None = None
    time_s: float | None = None
    scale: float = 1.0
    error: str | None = None
    note: str | None = None


def find_media(
    path: Path, passed_over: PassedOver | None = None, overlays: Path | None = None, written: Collection[Path] = ()
) -> list[MediaFile]:
    """The pictures and videos of a folder, folder by folder and by name, sub-folders included; or the file itself.

    Attention overlays are left out of a folder wherever they are, and are an error where they are named.

    Args:
        path: a folder, or a file, whatever its name.
        passed_over: takes the number of the files that are left out.
        overlays: where this command writes overlays.
        written: other files that this command writes, as real paths; left out of a folder, and where they are named.

    Raises:
        InvalidInput: nothing is there.
    """
    if path.is_dir():
        left_out, found = PassedOver(), []
        for entry in visible_files(path, left_out):
            file = Path(entry.path)
            suffix = file.suffix.lower()
            if written and file.resolve() in written:
                left_out[_WRITTEN] += 1
            elif suffix == ".png" and is_overlay_file(file, _is_below(file, overlays)):
                left_out["overlay(s)"] += 1
            elif suffix in _SUFFIXES:
                found.append(file)
            else:
                left_out[suffix or "without suffix"] += 1
        if not found:
            raise InvalidInput(f"{path} holds no picture and no video" + (f": {left_out}" if left_out else ""))
        if passed_over is not None:
            passed_over.update(left_out)
        return [MediaFile(p, str(p.relative_to(path))) for p in sorted(found, key=lambda p: (p.parent, p.name))]
    if not path.is_file():
        if address := re.match(r"([a-z]+):/(?!/)", str(path)):  # of its slashes a path keeps one
            shown = f"{address[1]}://{str(path)[address.end() :]}"
            raise InvalidInput(f"{shown} is an address: download it; --camera scores the pictures of a stream")
        if path.exists():
            raise InvalidInput(f"{path} is a pipe or a device, from which nothing is read: save it as a file")
        raise InvalidInput(f"{path} does not exist; allowed are pictures, videos and folders of them")
    if path.resolve() in written:
        if passed_over is not None:
            passed_over[_WRITTEN] += 1
        return []
    is_overlay = is_overlay_file(path, _is_below(path, overlays))
    return [MediaFile(path, path.name, "an overlay that predict drew, not a picture of a face" if is_overlay else None)]


def _is_below(file: Path, folder: Path | None) -> bool:
    return folder is not None and file.resolve().is_relative_to(folder.resolve())


def read_pictures(source: MediaFile, sampling: Sampling | None = None) -> Iterator[InputImage]:
    """The picture of a file, or the frames of a video."""
    if source.error is not None:
        yield InputImage(source, error=source.error)
    elif source.is_video:
        yield from read_video(source, sampling or Sampling())
    else:
        yield read_picture(source)


def read_picture(source: MediaFile) -> InputImage:
    """A picture file; of an animation, or a file of several pages, the first, which `note` says."""
    _prepare_pil()
    try:
        if not source.path.stat().st_size:
            return InputImage(source, error="the file is empty")
        with open_picture(source.path) as image:
            stored = max(image.size)
            note = _note(image)
            rgb = to_rgb(image)
            return InputImage(source, rgb, scale=max(rgb.size) / stored, note=note)
    except UnidentifiedImageError:
        needed = "a HEIC picture, read after: pip install 'pain3d[heic]'"
        why = needed if is_heif_file(source.path) else what_is_packed(source.path) or _NEITHER
        return InputImage(source, error=why)
    except DAMAGED_PICTURE as error:
        return InputImage(source, error=f"unreadable: {_first_line(error)}")


def _is_picture(path: Path) -> bool:
    """Whether Pillow knows the format, even where the picture is damaged or too large."""
    _prepare_pil()
    try:
        with open_picture(path):
            return True
    except UnidentifiedImageError:
        return is_heif_file(path)
    except DAMAGED_PICTURE:
        return True


def _is_unnamed_video(path: Path) -> bool:
    try:
        return what_is_packed(path) is None and can_decode(path)
    except ModuleNotFoundError:
        return False  # without PyAV no file is a video by what decodes it


def _note(image: Image.Image) -> str | None:
    if image.format == "JPEG":
        several = _holds_full_pictures(image) if "mp" in image.info else is_motion_jpeg(Path(image.filename))
    else:
        several = image.format in _SEQUENCES and image.is_animated
    return "the first of several pictures" if several else None


def _holds_full_pictures(image: Image.Image) -> bool:
    """Whether an MPO file holds, beside its first picture, others as large in colours: no previews, no gain map."""
    if b"hdrgm" in image.info.get("xmp", b""):
        return False
    try:
        with MpoImagePlugin.MpoImageFile(image.filename) as pictures:
            for k in range(1, pictures.n_frames):
                pictures.seek(k)
                if pictures.size == image.size and pictures.mode != "L":
                    return True
    except DAMAGED_PICTURE:
        return False  # what follows the first picture is no picture
    return False


@cache
def _prepare_pil() -> None:
    """Has PIL read HEIC, where the extra `heic` is installed, and keep its warnings, which name no file, to itself."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        from pi_heif import register_heif_opener
    except ModuleNotFoundError:
        return
    register_heif_opener()


def read_video(source: MediaFile, sampling: Sampling) -> Iterator[InputImage]:
    """The sampled frames of a video as they are decoded; where the file is damaged, the last one holds the error."""
    for frame in read_frames(source.path, sampling, MAX_PIXELS):
        yield InputImage(source, frame.image, frame.number, frame.time_s, error=frame.error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
