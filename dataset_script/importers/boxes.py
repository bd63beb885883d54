"""Where the face is in a picture: boxes and landmarks, checked against the picture's true size."""

from pathlib import Path

import numpy as np
from PIL import Image

from ..rows import DAMAGED_PICTURE, why_damaged
from .report import Unusable

Box = tuple[float, float, float, float]
Size = tuple[int, int]

_FOREHEAD = 0.5
"""How far the face reaches above the brows, as a share of the landmarks' longer side; as in the model's own."""
_SMALLEST = 2
"""Pixels. What is no larger is no face: numbers from 0 to 1 that are no pixels, for example."""
_INSIDE = 0.5
"""Share of a face's box that must be in the picture."""
_ORIENTATION = 0x0112


def picture_size(path: str | Path) -> Size:
    """Width and height in pixels of the upright picture, read from its header. Raises Unusable."""
    try:
        with Image.open(path) as image:
            looked_for = image.format != "PNG" or "exif" in image.info  # of a PNG file, `getexif` decodes the pixels
            turned = looked_for and image.getexif().get(_ORIENTATION, 1) > 4
            return image.size[::-1] if turned else image.size
    except DAMAGED_PICTURE as error:
        raise Unusable("unreadable picture", f"it cannot be decoded: {why_damaged(error)}") from None


def checked_box(x0: float, y0: float, x1: float, y1: float) -> Box:
    """A box of finite numbers with an inside. Raises Unusable."""
    if not (np.isfinite((x0, y0, x1, y1)).all() and x0 < x1 and y0 < y1):
        raise Unusable("bad number", f"its box is {_shown((x0, y0, x1, y1))}; it must be finite x0 < x1 and y0 < y1")
    return x0, y0, x1, y1


def check_in_picture(what: str, box: Box, size: Size) -> None:
    """Raises Unusable unless `box` is larger than 2 pixels and at least half of it is in the picture.

    Args:
        what: "box", or what else has this extent, for people.
        box: x0 < x1 and y0 < y1, in pixels.
        size: width and height in pixels.
    """
    x0, y0, x1, y1 = box
    width, height = size
    picture = f"the picture of {width} x {height} pixels"
    if max(x1 - x0, y1 - y0) <= _SMALLEST:
        raise Unusable(
            "outside the picture",
            f"its {what} is {_shown(box)}, no face in {picture}; allowed are pixels (shares, from 0 to 1, in all rows "
            "or in none)",
        )
    inside = max(0.0, min(x1, width) - max(x0, 0)) * max(0.0, min(y1, height) - max(y0, 0))
    if inside < _INSIDE * (x1 - x0) * (y1 - y0):
        where = "mostly outside" if inside else "outside"
        raise Unusable("outside the picture", f"its {what} is {_shown(box)}, {where} of {picture}")


def landmarks_in_picture(points: np.ndarray, size: Size) -> tuple[np.ndarray, bool]:
    """Landmarks (n, 2) in pixels, and whether they were given as shares of the picture, from 0 to 1.

    Raises:
        Unusable: half of them or more are outside of the picture of `size` (width, height).
    """
    shares = bool(points.min() >= 0 and points.max() <= 1)
    pixels = points * np.float32(size) if shares else points
    check_in_picture("landmarks' extent", (*pixels.min(axis=0).tolist(), *pixels.max(axis=0).tolist()), size)
    return pixels, shares


def box_of_landmarks(points: np.ndarray) -> Box:
    """(66, 2) -> the face box (x0, y0, x1, y1): their extent, and the forehead above the brows."""
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x0, y0 - _FOREHEAD * max(x1 - x0, y1 - y0), x1, y1


def _shown(box: Box) -> str:
    return ", ".join(f"{value:.6g}" for value in box)
