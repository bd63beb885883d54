"""Overlapping tiles of a large picture, in which faces are found that are too small in the whole one."""

import math
from dataclasses import dataclass

_LARGE = 1920
"""Pictures with a longer side up to this have none: what the whole picture does not show is too small to be scored."""

_TILE, _MOST = 1280, 6
"""Longest side of a tile in pixels; in larger pictures a sixth of theirs, which bounds what they cost."""

_OVERLAP = 4
"""Neighbours share at least this part of a tile's longest side: a quarter."""


@dataclass(frozen=True)
class Tile:
    """A part of a picture.

    Attributes:
        box: (x0, y0, x1, y1) in pixels of the picture.
        own: the same of the part that is no other tile's: half of what neighbours share.
        largest: side in pixels up to which a face with its middle in `own` is whole in `box`. Larger ones are large
            enough in the whole picture.
    """

    box: tuple[int, int, int, int]
    own: tuple[float, float, float, float]
    largest: float

    def holds(self, x: float, y: float, side: float) -> bool:
        """Whether a face with this middle and side, in pixels of the picture, is to be found in this tile."""
        x0, y0, x1, y1 = self.own
        return x0 <= x < x1 and y0 <= y < y1 and side <= self.largest


def tiles_of(size: tuple[int, int]) -> list[Tile]:
    """The tiles of a picture of `size` (width, height), row by row; none where it is not large."""
    if max(size) <= _LARGE:
        return []
    longest = max(_TILE, math.ceil(max(size) / _MOST))
    overlap = longest // _OVERLAP
    across, down = (_spans(length, longest, overlap) for length in size)
    return [
        Tile((x0, y0, x1, y1), (own_x0, own_y0, own_x1, own_y1), overlap)
        for y0, y1, own_y0, own_y1 in down
        for x0, x1, own_x0, own_x1 in across
    ]


def _spans(length: int, longest: int, overlap: int) -> list[tuple[int, int, float, float]]:
    """Begin and end of each tile along one side of the picture, and of its own part, which reaches over the edge."""
    count = max(1, math.ceil((length - overlap) / (longest - overlap)))
    step = (length - overlap) / count
    return [
        (
            math.floor(k * step),
            min(length, math.ceil((k + 1) * step + overlap)),
            k * step + overlap / 2 if k else -math.inf,
            (k + 1) * step + overlap / 2 if k < count - 1 else math.inf,
        )
        for k in range(count)
    ]
