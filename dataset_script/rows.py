"""What must be true of a row: its labels agree with FACS and with the plan, its pictures are what they should be."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .errors import InvalidInput
from .facs import check_extra_aus, pspi
from .features import SEGMENTS

if TYPE_CHECKING:
    pass

Row = dict[str, Any]


def facs_problems(row: Row) -> Iterator[str]:
    try:
        if row["pspi"] != (expected := pspi(row["au"])):
            yield f"pspi is {row['pspi']}; its action units give {expected:g}"
        check_extra_aus(row["extra_au"])
    except InvalidInput as error:
        yield str(error)


def picture_problems(row: Row, size: int) -> Iterator[str]:
    """What is wrong with `image` and `heatmap` of a `default` row; `size` in pixels."""
    _, problem = _decode("image", row["image"], "RGB", size)
    yield from problem
    heatmap, problem = _decode("heatmap", row["heatmap"], "L", size)
    yield from problem
    if heatmap is not None and bool(heatmap.any()) != (row["expression_id"] > 0):
        yield f"heatmap is {'not ' if heatmap.any() else ''}all zero on a {'pain' if row['pspi'] else 'neutral'} frame"


def geometry_problems(row: Row, size: int) -> Iterator[str]:
    """What is wrong with the pictures of a `geometry` row."""
    depth, problem = _decode("depth", row["depth"], "I;16", size)
    yield from problem
    if depth is not None and not depth.any():
        yield "depth is empty"
    _, problem = _decode("normals", row["normals"], "RGB", size)
    yield from problem
    segments, problem = _decode("segments", row["segments"], "L", size)
    yield from problem
    if segments is not None and segments.max() >= len(SEGMENTS):
        yield f"segments holds {segments.max()}; allowed is 0 to {len(SEGMENTS) - 1}"
    for name, picture in row["au_heatmaps"].items():
        _, problem = _decode(f"au_heatmaps.{name}", picture, "L", size)
        yield from problem


def _decode(name: str, picture: Row, mode: str, size: int) -> tuple[np.ndarray | None, list[str]]:
    """The pixels, or None and why not."""
    try:
        with Image.open(io.BytesIO(picture["bytes"])) as image:
            pixels = np.asarray(image)
            if (image.mode, image.size) != (mode, (size, size)):
                shape = "{} x {}".format(*image.size)
                return None, [f"{name} is {image.mode}, {shape} pixels; it must be {mode}, {size} x {size}"]
            return pixels, []
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return None, [f"{name} cannot be decoded: {error}"]
