"""How a mesh lies: which of the 24 ways to put y up and z to the front makes it an upright face."""

import numpy as np

from .face_fit import ALIKE_MM, QUICK, best_fit
from .template import Template

USUAL_TURNS = [
    ((0, 0, 1), (0, -1, 0)), ((0, 0, 1), (0, 1, 0)), ((0, 1, 0), (1, 0, 0)), ((0, 1, 0), (-1, 0, 0)),
    ((0, 1, 0), (0, 0, -1)), ((0, -1, 0), (0, 0, -1)), ((0, -1, 0), (0, 0, 1)),
]  # fmt: skip
"""Up and front of meshes that are not as they must be, the usual ones first: z up as in Blender, looking aside or back,
upside down as in the frame of a camera."""
SURE_MM = 3.5
"""A face is as near as this to an upright face. Shoulders and napes that are taken for one are further away."""
CLEARLY = 0.75
"""Another turn is the right one where the face is nearer than this share of the distance as the mesh lies."""
CELLS = 20_000
"""About as many vertices are left of a mesh that is turned: the 24 ways take 15 seconds."""

Direction = tuple[int, int, int]


def right_turn(template: Template, vertices: np.ndarray, triangles: np.ndarray, off: float = np.inf) -> str | None:
    """Which axes of a skin (N, 3) with triangles (T, 3) are up and to the front, in words.

    Args:
        off: mm between the skin as it lies and a face (`best_fit`).

    Returns:
        None where no turn makes it a face, or none a clearly better one.
    """
    if off <= SURE_MM:
        return None
    vertices, triangles = coarse(vertices, triangles)
    best_off, best = min(ALIKE_MM, CLEARLY * off), None
    for up, front in _turns():
        rows = np.stack([np.cross(up, front), up, front]).astype(float)
        turned_off, _ = best_fit(template, vertices @ rows.T, triangles, QUICK)
        if turned_off < best_off:
            best_off, best = turned_off, (up, front)
            if best_off <= SURE_MM:
                break
    return None if best is None else f"{_axis(best[0])} up and {_axis(best[1])} to the front"


def coarse(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A mesh with about CELLS vertices: those that share a cell of a grid are joined in their middle."""
    if len(vertices) <= CELLS:
        return vertices, triangles
    corners = vertices[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    cell = np.floor((vertices - vertices.min(axis=0)) / np.sqrt(area / CELLS)).astype(np.int64)
    _, cell = np.unique(np.ravel_multi_index(cell.T, cell.max(axis=0) + 1), return_inverse=True)
    middle = np.stack([np.bincount(cell, axis) for axis in vertices.T], axis=1) / np.bincount(cell)[:, None]
    joined = cell[triangles]
    return middle, joined[(joined != np.roll(joined, 1, axis=1)).all(axis=1)]


def _turns() -> list[tuple[Direction, Direction]]:
    """Up and front of all ways to lie but the upright one, USUAL_TURNS first."""
    axes = [tuple((sign * row).tolist()) for row in np.eye(3, dtype=int) for sign in (1, -1)]
    every = [(up, front) for up in axes for front in axes if np.dot(up, front) == 0]
    upright = ((0, 1, 0), (0, 0, 1))
    return USUAL_TURNS + [turn for turn in every if turn not in USUAL_TURNS and turn != upright]


def _axis(direction: Direction) -> str:
    k = int(np.argmax(np.abs(direction)))
    return f"{'-' if direction[k] < 0 else ''}{'xyz'[k]}"
