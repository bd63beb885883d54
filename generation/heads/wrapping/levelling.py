"""A head that is bowed, bent back, looks aside or leans: how far, and the turn that makes it upright."""

import numpy as np
from scipy.spatial.transform import Rotation

from ...geometry.similarity import Similarity
from .face_fit import ALIKE_MM, QUICK, best_fit
from .template import Template
from .turns import CLEARLY, SURE_MM, coarse

TILTS_DEGREES = [
    (-30, 0, 0), (45, 0, 0), (0, 45, 0), (0, -45, 0), (0, 0, 45), (0, 0, -45), (30, 45, 0), (30, -45, 0), (-30, 45, 0),
    (-30, -45, 0), (15, 20, 0), (15, -20, 0), (-20, 20, 0), (-20, -20, 0),
]  # fmt: skip
"""How a head may be posed: bowed, turned to its left, leaning to its right; the usual ones first."""
MOST_LEVELLED_DEGREES = 65.0
"""Largest turn that is made. Heads that lie need more, and to them it is said which axes are up and to the front."""
SLIGHT_DEGREES, SLIGHT_NOD_DEGREES = 3.0, 6.0
"""Turns that are left as they are: to a side, and up or down, where the shape of the face alone makes some 5 degrees
(a face is symmetric from side to side, but not from top to bottom)."""


def tilted_fit(
    template: Template, vertices: np.ndarray, triangles: np.ndarray, off: float, found: Similarity | None
) -> tuple[float, Similarity | None]:
    """As `best_fit`, of a skin that may be turned by up to MOST_LEVELLED_DEGREES.

    Args:
        off, found: those of `best_fit`, which are returned where they are sure and all but upright, or where no turn is
            nearer.
    """
    turn = None
    if off > SURE_MM:
        turn = _nearest_tilt(template, *coarse(vertices, triangles), min(ALIKE_MM, CLEARLY * off))
    elif found.degrees > SLIGHT_NOD_DEGREES:
        turn = found.rotation
    if turn is None:
        return off, found
    last_off, last = best_fit(template, vertices @ turn.T, triangles)
    if last is None or last_off > off:
        return off, found
    last = Similarity(last.scale, last.rotation @ turn, last.shift)
    return (last_off, last) if last.degrees <= MOST_LEVELLED_DEGREES else (off, found)


def _nearest_tilt(template: Template, vertices: np.ndarray, triangles: np.ndarray, off: float) -> np.ndarray | None:
    """(3, 3) the turn, from one of TILTS_DEGREES, that brings a skin nearer to a face than `off` mm; None if none."""
    nearest = None
    for bowed, aside, leaning in TILTS_DEGREES:
        tilt = Rotation.from_euler("YXZ", (aside, bowed, leaning), degrees=True).as_matrix().T
        quick_off, quick = best_fit(template, vertices @ tilt.T, triangles, QUICK)
        if quick_off < off:
            off, nearest = quick_off, quick.rotation @ tilt
            if off <= SURE_MM:
                break
    return nearest


def upright_turn(rotation: np.ndarray) -> np.ndarray:
    """(3, 3) the turn that makes a head upright, from the `rotation` that lays it onto the canonical face.

    The identity where it is upright but for slight turns. A slight nod is left as it is, as it may be the face's shape.
    """
    x, _, _, w = Rotation.from_matrix(rotation).as_quat()
    nod = 2 * np.arctan2(x, w)
    nod = (nod + np.pi) % (2 * np.pi) - np.pi
    turn = Rotation.from_matrix(rotation)
    if abs(np.degrees(nod)) <= SLIGHT_NOD_DEGREES:
        turn = Rotation.from_rotvec([-nod, 0, 0]) * turn
        if np.degrees(turn.magnitude()) <= SLIGHT_DEGREES:
            return np.eye(3)
    return turn.as_matrix()


def about_turn(turn: np.ndarray) -> str | None:
    """In words, what a head was turned by, from the (3, 3) `turn` that made it upright; None if it was not."""
    degrees = np.degrees(Rotation.from_matrix(turn).magnitude())
    if degrees < 0.5:
        return None
    aside, nod, lean = Rotation.from_matrix(turn.T).as_euler("YXZ", degrees=True)
    named = [
        (nod, "bowed", "bent back"),
        (aside, "looking to its left", "looking to its right"),
        (lean, "leaning to its right", "leaning to its left"),
    ]
    poses = [f"{first if angle > 0 else second} {abs(angle):.0f}" for angle, first, second in named if abs(angle) > 2]
    return f"turned upright by {degrees:.0f} degrees (it was {', '.join(poses)})"
