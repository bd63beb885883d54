"""A decoded frame as a player shows it: upright, mirrored where the file says so, with square pixels."""

import itertools
import math
from fractions import Fraction

import numpy as np
from PIL import Image, ImageOps

from . import hdr

_RESIZED = {"interpolation": "BICUBIC"}

_MOST_TYPES = 64
"""FFmpeg numbers the kinds of data beside a frame from 0; it has about half as many."""


def shown_frame(frame, size: tuple[int, int]) -> Image.Image:
    """RGB of a decoded frame of PyAV. `size`: width and height in square pixels, before the frame is turned."""
    resized = {} if size == (frame.width, frame.height) else dict(_RESIZED, width=size[0], height=size[1])
    if frame.color_trc in (hdr.PQ, hdr.HLG):
        levels = frame.to_ndarray(format="rgb48le", **resized)
        stored = Image.fromarray(hdr.to_standard_range(levels, frame.color_trc, frame.color_primaries))
    else:
        stored = frame.to_image(**resized)
    return as_shown(stored, display_matrix(frame))


def as_shown(image: Image.Image, display_matrix: np.ndarray | None) -> Image.Image:
    """A stored frame as its display matrix shows it, mirrored first where the matrix mirrors.

    Args:
        image: the frame.
        display_matrix: (9,) int32, as FFmpeg stores it: a stored point (x, y), y downwards, is shown at
            (a x + c y, b x + d y), with a, b in places 0, 1 and c, d in places 3, 4. Scale and shift are left out.
            None, or a matrix that maps the frame onto a line: as stored.
    """
    if display_matrix is None:
        return image
    a, b, c, d = (float(display_matrix[k]) for k in (0, 1, 3, 4))
    determinant = a * d - b * c
    if determinant == 0:
        return image
    if determinant < 0:
        image, a, b = ImageOps.mirror(image), -a, -b
    clockwise = math.degrees(math.atan2(b, a))
    quarter = round(clockwise / 90) * 90
    turn = quarter if abs(clockwise - quarter) < 1 else clockwise  # players leave out less than a degree
    return image.rotate(-turn, expand=True) if turn else image


def square_pixels(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Width and height at which a frame of non-square pixels is shown; the shorter side of the pixel is drawn out.

    `aspect` is the width of a pixel in units of its height; None, 0 or below, as some files hold: 1.
    """
    if aspect is None or aspect <= 0:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def display_matrix(frame) -> np.ndarray | None:
    """(9,) int32, see `as_shown`: the matrix of the container, or of the EXIF data of a JPEG picture; None: neither."""
    from av.sidedata.sidedata import Type

    try:
        data = frame.side_data.get(Type.DISPLAYMATRIX)
    except ValueError:  # beside it are data that PyAV has no name for, such as EXIF
        data = _without_unnamed_data(frame).side_data.get(Type.DISPLAYMATRIX)
    return None if data is None else np.frombuffer(bytes(data), dtype=np.int32)


def _without_unnamed_data(frame):
    """The frame, with those of the data beside it alone that PyAV has a name for."""
    from av.filter import Graph
    from av.sidedata.sidedata import Type

    graph, named = Graph(), {kind.value for kind in Type}
    nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))]
    nodes += [graph.add("sidedata", f"mode=delete:type={k}") for k in range(_MOST_TYPES) if k not in named]
    nodes.append(graph.add("buffersink"))
    for source, target in itertools.pairwise(nodes):
        source.link_to(target)
    graph.configure()
    graph.push(frame)
    return graph.pull()
