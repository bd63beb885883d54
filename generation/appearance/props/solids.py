"""Closed meshes of rigid things: boxes and tubes."""

import numpy as np

from .base import Finish, Prop
from .heights import Rest

SIDES = 10
"""Of a tube."""


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (24, 3), so that edges are sharp, and triangles (12, 3) int32, counter-clockwise from outside."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    points, triangles = [], []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for at, turn in ((low, -1), (high, 1)):
            corners = np.empty((4, 3))
            corners[:, axis] = at[axis]
            corners[:, u] = [low[u], high[u], high[u], low[u]]
            corners[:, v] = [low[v], low[v], high[v], high[v]]
            first = 4 * len(points)
            points.append(corners)
            faces = np.array([[0, 1, 2], [0, 2, 3]]) + first
            triangles.append(faces[:, ::turn])
    return np.concatenate(points), np.concatenate(triangles).astype(np.int32)


def tubes(ways: list[np.ndarray], radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Tubes along lines `ways` (N, 3) mm, closed at their ends, as vertices (P, 3) and triangles (Q, 3) int32."""
    points, triangles, first = [], [], 0
    turn = 2 * np.pi * np.arange(SIDES) / SIDES
    k = np.arange(SIDES)
    after = (k + 1) % SIDES
    for way in ways:
        along = np.gradient(way, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        helper = np.eye(3)[np.argmin(np.abs(along).max(axis=0))]
        side = np.cross(helper, along)
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        other = np.cross(along, side)
        around = np.cos(turn)[:, None] * side[:, None] + np.sin(turn)[:, None] * other[:, None]
        points += [(way[:, None] + radius * around).reshape(-1, 3), way[[0, -1]]]
        count = len(way) * SIDES
        for start in range(first, first + count - SIDES, SIDES):
            a, b = start + k, start + after
            triangles += [np.stack([a, b, b + SIDES], 1), np.stack([a, b + SIDES, a + SIDES], 1)]
        begin, last = np.full(SIDES, first + count), first + count - SIDES
        triangles += [np.stack([begin, first + after, first + k], 1), np.stack([begin + 1, last + k, last + after], 1)]
        first += count + 2
    return np.concatenate(points), np.concatenate(triangles).astype(np.int32)


def rigid(name: str, rest: Rest, mesh: tuple[np.ndarray, np.ndarray], tint: np.ndarray, finish: Finish) -> Prop:
    """A mesh (vertices (P, 3) mm by across, along and height over `rest`, triangles) of one colour (3,) as a prop."""
    points, triangles = mesh
    albedo = np.broadcast_to(np.float32(tint), (len(points), 3)).copy()
    return Prop(name, rest.world(*points.T), triangles, albedo, finish, code="bedding")
