"""A head that is bowed, bent back, looks aside or leans: how far, and the turn that makes it upright."""

import numpy as np
from scipy.spatial.transform import Rotation

from ...geometry.similarity import Similarity
from .face_fit import ALIKE_MM, best_fit
from .template import Template
from .turns import nearest_turn

MOST_LEVELLED_DEGREES = 65.0
"""Largest turn that is made. Heads that lie need more, and to them it is said which axes are up and to the front."""
SLIGHT_DEGREES, SLIGHT_NOD_DEGREES = 3.0, 6.0
"""Turns that are left as they are: to a side, and up or down, where the shape of the face alone makes some 5 degrees
(a face is symmetric from side to side, but not from top to bottom)."""
SLIGHT_NOD_OF_LANDMARKS_DEGREES = 10.0
"""The same where the turn is that of landmarks: 8 degrees by the shape of the face alone."""


def turned_fit(
    template: Template, vertices: np.ndarray, triangles: np.ndarray
) -> tuple[float, Similarity | None, np.ndarray | None]:
    """As `best_fit`, of a skin that may be turned by up to MOST_LEVELLED_DEGREES.

    Returns:
        millimetres, the map, and the rotation (3, 3) that a skin needs which is turned further; else None.
    """
    off, found = best_fit(template, vertices, triangles)
    if off <= ALIKE_MM and found.degrees > SLIGHT_NOD_DEGREES:  # closest points come nearer from there
        off, found = min((off, found), _fit_from(template, vertices, triangles, found.rotation), key=lambda fit: fit[0])
    turn = nearest_turn(template, vertices, triangles, off)
    if turn is None:
        return off, found, None
    last_off, last = _fit_from(template, vertices, triangles, turn)
    if last is None or last_off > off:
        return off, found, None
    if last.degrees > MOST_LEVELLED_DEGREES:
        return off, found, last.rotation
    return last_off, last, None


def _fit_from(
    template: Template, vertices: np.ndarray, triangles: np.ndarray, turn: np.ndarray
) -> tuple[float, Similarity | None]:
    """`best_fit` that begins with a turn (3, 3)."""
    off, found = best_fit(template, vertices @ turn.T, triangles)
    return off, found and Similarity(found.scale, found.rotation @ turn, found.shift)


def upright_turn(rotation: np.ndarray, slight_nod: float = SLIGHT_NOD_DEGREES) -> np.ndarray:
    """(3, 3) the turn that makes a head upright, from the `rotation` that lays it onto the canonical face.

    The identity where it is upright but for slight turns. A nod of up to `slight_nod` degrees is left as it is, as it
    may be the face's shape.
    """
    x, _, _, w = Rotation.from_matrix(rotation).as_quat()
    nod = 2 * np.arctan2(x, w)
    nod = (nod + np.pi) % (2 * np.pi) - np.pi
    turn = Rotation.from_matrix(rotation)
    if abs(np.degrees(nod)) <= slight_nod:
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
