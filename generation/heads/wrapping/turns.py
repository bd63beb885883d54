"""How a mesh lies: which turn makes it an upright face."""

import numpy as np
from scipy.spatial.transform import Rotation

from .face_fit import ALIKE_MM, QUICK, best_fit
from .template import Template

USUAL_TURNS = [
    ((0, 0, 1), (0, -1, 0)), ((0, 0, 1), (0, 1, 0)), ((0, 1, 0), (1, 0, 0)), ((0, 1, 0), (-1, 0, 0)),
    ((0, 1, 0), (0, 0, -1)), ((0, -1, 0), (0, 0, -1)), ((0, -1, 0), (0, 0, 1)),
]  # fmt: skip
"""Up and front of meshes that are not as they must be, the usual ones first: z up as in Blender, looking aside or back,
upside down as in the frame of a camera."""
TILTS_DEGREES = [
    (-30, 0, 0), (45, 0, 0), (0, 45, 0), (0, -45, 0), (0, 0, 45), (0, 0, -45), (30, 45, 0), (30, -45, 0), (-30, 45, 0),
    (-30, -45, 0), (15, 20, 0), (15, -20, 0), (-20, 20, 0), (-20, -20, 0),
]  # fmt: skip
"""How the head may be posed in an upright mesh: bowed, turned to its left, leaning to its right. The first is the
most frequent: closest points find the other small ones from an upright head."""
SURE_MM = 3.5
"""A face is as near as this to an upright face. Shoulders and napes that are taken for one are further away."""
CLEARLY = 0.75
"""Another turn is the right one where the face is nearer than this share of the distance as the mesh lies."""
CELLS = 20_000
"""About as many vertices are left of a mesh that is turned: all ways take 25 seconds."""

Direction = tuple[int, int, int]


def nearest_turn(
    template: Template, vertices: np.ndarray, triangles: np.ndarray, off: float = np.inf
) -> np.ndarray | None:
    """(3, 3) the rotation that makes a skin (N, 3) with triangles (T, 3) an upright face.

    Args:
        off: mm between the skin as it lies and a face (`best_fit`).

    Returns:
        None where no turn makes it a face, or none a clearly better one.
    """
    if off <= SURE_MM:
        return None
    vertices, triangles = coarse(vertices, triangles)
    best_off, best = min(ALIKE_MM, CLEARLY * off), None
    for start in _starts():
        turned_off, turned = best_fit(template, vertices @ start.T, triangles, QUICK)
        if turned_off < best_off:
            best_off, best = turned_off, turned.rotation @ start
            if best_off <= SURE_MM:
                break
    return best


def axes_in_words(rotation: np.ndarray) -> str:
    """Which axes of a mesh are up and to the front, from the `rotation` (3, 3) that makes it upright."""
    turns = [*_axis_turns(), ((0, 1, 0), (0, 0, 1))]
    up, front = max(turns, key=lambda turn: np.dot(turn[0], rotation[1]) + np.dot(turn[1], rotation[2]))
    return f"{_axis(up)} up and {_axis(front)} to the front"


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


def _starts() -> list[np.ndarray]:
    """Rotations (3, 3) to begin with, the usual ones first."""
    turns = [np.stack([np.cross(up, front), up, front]).astype(float) for up, front in _axis_turns()]
    tilts = [
        Rotation.from_euler("YXZ", (aside, bowed, leaning), degrees=True).as_matrix().T
        for bowed, aside, leaning in TILTS_DEGREES
    ]
    usual = len(USUAL_TURNS)
    return tilts[:1] + turns[:usual] + tilts[1:] + turns[usual:]


def _axis_turns() -> list[tuple[Direction, Direction]]:
    """Up and front of all ways to lie but the upright one, USUAL_TURNS first."""
    axes = [tuple((sign * row).tolist()) for row in np.eye(3, dtype=int) for sign in (1, -1)]
    every = [(up, front) for up in axes for front in axes if np.dot(up, front) == 0]
    upright = ((0, 1, 0), (0, 0, 1))
    return USUAL_TURNS + [turn for turn in every if turn not in USUAL_TURNS and turn != upright]


def _axis(direction: Direction) -> str:
    k = int(np.argmax(np.abs(direction)))
    return f"{'-' if direction[k] < 0 else ''}{'xyz'[k]}"
