"""Decoding every picture, to find those that are damaged or black."""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from ..rows import DAMAGED_PICTURE, bounded, why_damaged
from .frame import Source, SourceFrame
from .report import ImportReport, Unusable

_BLACK_LEVEL = 16
_BLACK_SHARE = 0.99
"""A picture is black if this share of its pixels is no brighter than the level (of 255), whatever timestamp it has."""

_SEQUENCES = frozenset({"GIF", "PNG", "WEBP", "AVIF", "TIFF"})
"""Formats whose files may hold several pictures that are no sizes or layers of one."""

_BATCH = 64


def picture_problem(content: bytes) -> Unusable | None:
    """What is wrong with an encoded picture, if anything."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            grey = np.asarray(bounded(image).convert("L"))
    except DAMAGED_PICTURE as error:
        return Unusable("unreadable picture", f"it cannot be decoded: {why_damaged(error)}")
    if np.quantile(grey, _BLACK_SHARE) <= _BLACK_LEVEL:
        return Unusable("black", f"{_BLACK_SHARE:.0%} of its pixels are at most {_BLACK_LEVEL} of 255")
    return None


def holds_several(content: bytes) -> bool:
    """Whether a sound picture is the first of an animation or of several pages, as GIF, TIFF and others hold."""
    with Image.open(io.BytesIO(content)) as image:
        return image.format in _SEQUENCES and image.is_animated


def check_pictures(
    source: Source,
    frames: Sequence[SourceFrame],
    report: ImportReport,
    progress: Callable[[int, int], None] | None = None,
) -> list[SourceFrame]:
    """The frames whose pictures are sound; the others are named in the report."""
    sound, several = [], []
    with ThreadPoolExecutor() as pool:
        for first in range(0, len(frames), _BATCH):
            batch = frames[first : first + _BATCH]
            for frame, found in zip(batch, pool.map(_checked, list(_contents(source, batch))), strict=True):
                if isinstance(found, Unusable):
                    report.leave_out(frame.frame_id, found.kind, str(found))
                    continue
                sound.append(frame)
                if found:
                    several.append(frame.frame_id)
            if progress is not None:
                progress(first + len(batch), len(frames))
    if several:
        files = "1 file holds" if len(several) == 1 else f"{len(several):,} files hold"
        report.notes.append(f"{files} several pictures, of which the first is taken: {', '.join(several[:3])}")
    return sound


def _checked(content: bytes | Unusable) -> Unusable | bool:
    """What is wrong with a picture; if nothing, whether its file holds several."""
    if isinstance(content, Unusable):
        return content
    return picture_problem(content) or holds_several(content)


def _contents(source: Source, frames: Sequence[SourceFrame]) -> Iterator[bytes | Unusable]:
    for frame in frames:
        try:
            yield source.read(frame)
        except OSError as error:
            yield Unusable("unreadable picture", f"it cannot be read: {error.strerror or error}")
