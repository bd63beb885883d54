"""Which shapes make an action unit, at full intensity.

Three kinds of shapes: "ict/" are ICT-FaceKit's expressions, carried over to this head once (MIT; how and from where is
in `heads/wrapping/build_expressions.py`), "fu/" and "xu/" are MakeHuman's face and expression units (CC0), "sculpt/"
are smooth fields of our own. Their mixture was chosen by FACS' descriptions, front and side views of many people, and
the response of models of real faces to each unit alone (docs/rig.md): AU4 lowers the whole brow and draws it together;
AU6 lifts and bulges the cheek; AU7 lifts the lower lid; AU9 lifts the alae and the lip but neither the tip of the nose
nor the corners of the mouth; AU10 lifts the lip squarely; AU20 stretches; AU25 parts the lips without the jaw.
"""

import numpy as np

from ..heads.base import Head
from .lid_contact import LID_GUARD

SIDES = ("Left", "Right")
UNIT_SHAPES: dict[str, dict[str, float]] = {
    "AU4": {"ict/browDown": 1.10, "fu/browDown*": 0.40, "sculpt/AU4": 1.20},
    "AU6": {"ict/cheekRaiser": 1.00, "fu/cheekSquint*": 0.30, "sculpt/AU6": 1.50},
    "AU7": {"ict/eyeSquint": 1.60, "fu/eyeSquint*": 0.50},
    "AU9": {"ict/noseSneer": 0.90, "ict/mouthUpperUp": 0.10, "sculpt/AU9": 1.0},
    "AU10": {"ict/mouthUpperUp": 0.88, "sculpt/AU10": 1.0},
    "AU43": {"xu/eye-*-closure": 1.0},
    "AU1": {"ict/browInnerUp": 1.30},
    "AU2": {"ict/browOuterUp": 0.90},
    "AU12": {"ict/mouthSmile": 1.00},
    "AU20": {"ict/mouthStretch": 1.0},
    "AU25": {"ict/mouthLowerDown": 0.80, "ict/mouthUpperUp": 0.30},
    "AU26": {"fu/jawOpen": 0.45},
    "AU27": {"fu/jawOpen": 1.0},
}
"""Weights at full intensity; * stands for both sides; xu targets are blended by the person's ancestry."""

CHEEK_GUARD = 0.50
"""Share of AU6 that closed eyes take away: more than in the learned rig, whose shapes are smaller."""
GUARDED_SHAPES = {
    "fu/eyeSquint*": LID_GUARD["AU7"],
    "ict/eyeSquint": LID_GUARD["AU7"],
    "fu/cheekSquint*": CHEEK_GUARD,
    "ict/cheekRaiser": CHEEK_GUARD,
    "sculpt/AU6": CHEEK_GUARD,
}
"""Share of a shape that closed eyes (AU43) take away."""

SCULPT: dict[str, tuple[tuple[tuple[float, float], tuple[float, float], tuple[float, float, float]], ...]] = {
    # ((x, y) centre, (x, y) radius, (x, y, z) offset), mm, on the subject's left; the right mirrors it
    "AU4": (((13.0, 17.0), (9.0, 8.0), (-1.8, -1.8, 0.8)),),
    "AU6": (
        ((40.0, -20.0), (15.0, 9.0), (-1.0, 3.2, 2.2)),
        ((33.0, -8.5), (13.0, 4.0), (0.0, 1.3, 0.8)),
        ((57.0, -3.0), (8.0, 9.0), (-1.6, -0.6, 0.6)),
    ),
    "AU9": (((0.0, -37.0), (8.0, 9.0), (0.0, -1.1, 0.0)), ((28.0, -68.0), (9.0, 9.0), (0.6, -2.8, 0.0))),
    "AU10": (((28.0, -68.0), (8.0, 8.0), (0.3, -1.8, 0.0)),),
}


def both_sides(head: Head, pattern: str) -> np.ndarray:
    """Offsets (W, 3) mm of a target, or of those of both sides where `pattern` has a *."""
    sides = [s.lower() for s in SIDES] if pattern.startswith("xu/") else SIDES
    names = [pattern.replace("*", side) for side in sides] if "*" in pattern else [pattern]
    return sum(head.targets(name) for name in names)


def sculpted(head: Head, bumps: tuple) -> np.ndarray:
    """Sum of Gaussian offset fields over the front of the canonical face, (W, 3) float32 mm."""
    points = head.canonical
    front = np.clip((points[:, 2] + 20) / 20, 0, 1)[:, None]  # nothing behind the temples moves
    offsets = np.zeros_like(points)
    for (cx, cy), (rx, ry), move in bumps:
        for side in (1, -1):
            weight = np.exp(-0.5 * (((points[:, 0] - side * cx) / rx) ** 2 + ((points[:, 1] - cy) / ry) ** 2))
            offsets += weight[:, None] * front * (np.array(move) * (side, 1, 1))
    return (offsets * head.skin_control[:, None]).astype(np.float32)
