"""Decoding every picture, to find those that are damaged or black."""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from ..rows import DAMAGED_PICTURE, why_damaged
from .frame import Source, SourceFrame
from .report import ImportReport, Unusable

_BLACK_LEVEL = 16
_BLACK_SHARE = 0.99
"""A picture is black if this share of its pixels is no brighter than the level (of 255), whatever timestamp it has."""

_BATCH = 64


def picture_problem(content: bytes) -> Unusable | None:
    """What is wrong with an encoded picture, if anything."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            grey = np.asarray(image.convert("L"))
    except DAMAGED_PICTURE as error:
        return Unusable("unreadable picture", f"it cannot be decoded: {why_damaged(error)}")
    if np.quantile(grey, _BLACK_SHARE) <= _BLACK_LEVEL:
        return Unusable("black", f"{_BLACK_SHARE:.0%} of its pixels are at most {_BLACK_LEVEL} of 255")
    return None


def check_pictures(
    source: Source,
    frames: Sequence[SourceFrame],
    report: ImportReport,
    progress: Callable[[int, int], None] | None = None,
) -> list[SourceFrame]:
    """The frames whose pictures are sound; the others are named in the report."""
    sound = []
    with ThreadPoolExecutor() as pool:
        for first in range(0, len(frames), _BATCH):
            batch = frames[first : first + _BATCH]
            for frame, problem in zip(batch, pool.map(_problem, list(_contents(source, batch))), strict=True):
                if problem is None:
                    sound.append(frame)
                else:
                    report.leave_out(frame.frame_id, problem.kind, str(problem))
            if progress is not None:
                progress(first + len(batch), len(frames))
    return sound


def _problem(content: bytes | Unusable) -> Unusable | None:
    return content if isinstance(content, Unusable) else picture_problem(content)


def _contents(source: Source, frames: Sequence[SourceFrame]) -> Iterator[bytes | Unusable]:
    for frame in frames:
        try:
            yield source.read(frame)
        except OSError as error:
            yield Unusable("unreadable picture", f"it cannot be read: {error.strerror or error}")
