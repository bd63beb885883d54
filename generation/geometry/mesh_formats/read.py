"""A mesh file of any format that is read, with one clear line for each file that cannot be."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput

from . import MESH_SUFFIXES
from .glb import read_glb
from .obj import read_obj
from .ply import read_ply
from .signatures import Kind, holds_zeros, kind_of
from .stl import read_stl

READERS: dict[str, Callable[[bytes], tuple[np.ndarray, np.ndarray]]] = {
    ".obj": read_obj,
    ".ply": read_ply,
    ".stl": read_stl,
    ".glb": read_glb,
}
MOST_TRIANGLES = 2_000_000
"""Largest mesh that is read: 1.5 million triangles take 70 seconds of one core and 1.2 GB."""
_DAMAGED = (ValueError, LookupError, TypeError, AttributeError, EOFError, ArithmeticError, struct.error)
"""What readers raise on files in which numbers, names or sizes are not what they should be."""
LARGEST = 1e50
"""Largest coordinate: areas and volumes of larger ones are beyond what float64 holds."""


def read_mesh(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) float64 in the file's order and units, and triangles (T, 3) int64; polygons become fans.

    STL has no vertex numbers: every triangle brings three vertices of its own. A polygon without three different
    corners is a triangle with one of them twice.

    Raises:
        InvalidInput: no such file, another format, cut short, compressed, no triangles, too many, or too large
            numbers.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise InvalidInput(f"head is {path}; a mesh must end in {', '.join(MESH_SUFFIXES)}: export it as one of them")
    if not path.is_file():
        raise InvalidInput(f"head is {path}, which does not exist")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"head is {path}, which cannot be read: {error.strerror}") from None
    _check_format(path, content)
    try:
        vertices, triangles = READERS[suffix](content)
    except InvalidInput as error:
        raise InvalidInput(f"head is {path}, which {error}") from None
    except _DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInput(f"head is {path}, which cannot be read as {suffix[1:]}: {reason}") from error
    if not len(triangles):
        raise InvalidInput(f"head is {path}, which has no triangles; a surface is needed, not points or lines")
    if len(triangles) > MOST_TRIANGLES:
        raise InvalidInput(
            f"head is {path}, which has {len(triangles):,} triangles; allowed are {MOST_TRIANGLES:,}: decimate it to "
            "some 200,000, which keeps all that is used of it"
        )
    outside = triangles[(triangles < 0) | (triangles >= len(vertices))]
    if len(outside):
        raise InvalidInput(
            f"head is {path}, which has indices out of range: vertex {outside[0]} (from 0), of {len(vertices)}"
        )
    used = np.zeros(len(vertices), bool)
    used[triangles.ravel()] = True
    sizes = np.abs(vertices[used])
    largest = sizes[np.isfinite(sizes)].max(initial=0)
    if largest > LARGEST:
        raise InvalidInput(f"head is {path}, which has a coordinate of {largest:.3g}; allowed are up to {LARGEST:g}")
    return vertices, triangles


def _check_format(path: Path, content: bytes) -> None:
    """Raises InvalidInput for an empty file, and for one that is of another format than its suffix says."""
    suffix = path.suffix.lower()
    if not content.strip():
        raise InvalidInput(f"head is {path}, which is empty: it has no triangles")
    kind = kind_of(content)
    if kind is None and suffix == ".obj" and holds_zeros(content):
        kind = Kind("a binary file of an unknown format")
    if kind is not None and kind.suffix != suffix:
        raise InvalidInput(f"head is {path}, which cannot be read as {suffix[1:]}: it is {kind.what}; {kind.cure}")
