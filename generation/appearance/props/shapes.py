"""Meshes that things are made of: tubes, slabs, balls. Lengths in mm, triangles counter-clockwise from outside."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from ...geometry.mesh import uv_sphere
from ...geometry.surface import unit
from .base import Finish, Prop


class Shape(NamedTuple):
    """Points (P, 3) float64 and triangles (Q, 3) int32 between them."""

    points: np.ndarray
    triangles: np.ndarray


def joined(*shapes: Shape) -> Shape:
    """Several shapes as one."""
    first = np.cumsum([0, *(len(shape.points) for shape in shapes)])
    triangles = [shape.triangles + start for shape, start in zip(shapes, first[:-1], strict=True)]
    return Shape(np.concatenate([shape.points for shape in shapes]), np.concatenate(triangles).astype(np.int32))


def cleaned(shape: Shape) -> Shape:
    """A shape without the points that no triangle uses."""
    used, triangles = np.unique(shape.triangles, return_inverse=True)
    return Shape(shape.points[used], triangles.reshape(shape.triangles.shape).astype(np.int32))


def ball(centre: np.ndarray, radii: np.ndarray | float, axes: np.ndarray | None = None) -> Shape:
    """An ellipsoid with `radii` (3,) along `axes` (3, 3), one a row."""
    points, triangles = uv_sphere(10, 14)
    points = points * np.broadcast_to(radii, 3)
    return Shape(np.asarray(centre) + (points if axes is None else points @ axes), triangles)


def smooth_path(places: np.ndarray, step: float, closed: bool = False) -> np.ndarray:
    """A Catmull-Rom curve through `places` (N, 3), sampled about every `step` mm: (M, 3)."""
    places = np.asarray(places, float)
    before = np.roll(places, 1, axis=0) if closed else np.vstack([2 * places[0] - places[1], places[:-1]])
    last = np.roll(places, -1, axis=0) if closed else np.vstack([places[1:], 2 * places[-1] - places[-2]])
    after = np.roll(last, -1, axis=0) if closed else np.vstack([last[1:], 2 * last[-1] - last[-2]])
    out = []
    for k in range(len(places) if closed else len(places) - 1):
        p0, p1, p2, p3 = before[k], places[k], last[k], after[k]
        t = np.linspace(0, 1, max(2, int(np.linalg.norm(p2 - p1) / step) + 1), endpoint=False)[:, None]
        middle = (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        out.append(0.5 * (2 * p1 + (p2 - p0) * t + middle + (3 * p1 - p0 - 3 * p2 + p3) * t**3))
    return np.concatenate(out if closed else [*out, places[-1:]])


def tube(
    path: np.ndarray, across: tuple | np.ndarray, closed: bool = False, sides: int = 8, up: np.ndarray | None = None
) -> Shape:
    """A tube along `path` (N, 3).

    Args:
        across: half axes of its section, a pair (towards `up`, sideways) or an array (N, 2) of pairs.
        closed: the path comes back to its start; else its ends are capped.
        up: (3,) or (N, 3), what the first axis of the section points to, about.
    """
    path = np.asarray(path, float)
    count = len(path)
    along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0) if closed else np.gradient(path, axis=0)
    along = unit(along)
    first = np.broadcast_to([0.0, 1.0, 0.001] if up is None else up, path.shape)
    second = unit(np.cross(along, first))
    first = np.cross(second, along)
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    size = np.broadcast_to(np.asarray(across, float), (count, 2))
    ring = np.cos(turn)[None, :, None] * (size[:, :1] * first)[:, None]
    ring = ring + np.sin(turn)[None, :, None] * (size[:, 1:] * second)[:, None]
    points = (path[:, None] + ring).reshape(-1, 3)
    triangles = grid_triangles(count, sides, closed, True)
    if not closed:
        ends = []
        for start, flip in ((0, 1), ((count - 1) * sides, -1)):
            fan = np.stack([np.full(sides - 2, start), start + np.arange(2, sides), start + np.arange(1, sides - 1)], 1)
            ends.append(fan[:, ::flip] if flip > 0 else fan[:, [0, 2, 1]])
        triangles = np.concatenate([triangles, *ends])
    return Shape(points, triangles.astype(np.int32))


def grid_triangles(rows: int, columns: int, rows_close: bool = False, columns_close: bool = False) -> np.ndarray:
    """Triangles of a grid of points in rows; front is where rows run up and columns to the right."""
    r = np.arange(rows if rows_close else rows - 1)[:, None]
    c = np.arange(columns if columns_close else columns - 1)[None]
    a, b = r * columns + c, r * columns + (c + 1) % columns
    d, e = (r + 1) % rows * columns + c, (r + 1) % rows * columns + (c + 1) % columns
    return np.stack([np.stack([a, b, e], -1), np.stack([a, e, d], -1)], axis=2).reshape(-1, 3).astype(np.int32)


def slab(outer: np.ndarray, inner: np.ndarray, columns_close: bool = False) -> Shape:
    """What lies between two grids of points (R, C, 3), closed at the edges. The outer one is seen with rows running up
    and columns to the right."""
    rows, columns = outer.shape[:2]
    front = grid_triangles(rows, columns, False, columns_close)
    count = rows * columns
    shapes = [Shape(outer.reshape(-1, 3), front), Shape(inner.reshape(-1, 3), front[:, ::-1])]
    edges = [(outer[0], inner[0], True), (outer[-1], inner[-1], False)]
    if not columns_close:
        edges += [(outer[:, 0], inner[:, 0], False), (outer[:, -1], inner[:, -1], True)]
    assert count == len(shapes[0].points)
    for out, into, flip in edges:
        rim = grid_triangles(2, len(out), False, columns_close and len(out) == columns)
        shapes.append(Shape(np.concatenate([out, into]), rim[:, ::-1] if flip else rim))
    return joined(*shapes)


def mirrored(places: tuple, side: float) -> np.ndarray:
    """Canonical places of the left half (N, 3), on the left (1) or the right (-1)."""
    return np.array(places, float) * [side, 1, 1]


def outward(shape: Shape, inside: np.ndarray) -> Shape:
    """`shape` with its triangles turned so that, on the whole, they face away from `inside` (3,)."""
    a, b, c = np.moveaxis(shape.points[shape.triangles], 1, 0)
    facing = (np.cross(b - a, c - a) * ((a + b + c) / 3 - inside)).sum()
    return shape if facing > 0 else Shape(shape.points, np.ascontiguousarray(shape.triangles[:, ::-1]))


def prop(name: str, shape: Shape, colour: np.ndarray, finish: Finish, carrier: sparse.csr_matrix | None = None) -> Prop:
    """A thing of one colour."""
    colours = np.tile(np.float32(colour), (len(shape.points), 1))
    return Prop(name, shape.points.astype(np.float32), shape.triangles, colours, finish, carrier)
