"""Action units as weighted MakeHuman face units ("fu") and expression units ("xu"), graded linearly over levels 1-5.

The map was chosen by looking at renders. What the targets lack is sculpted as smooth offset fields over the canonical
face: AU4 (the brows come together), AU6 (the cheek lifts into the infraorbital triangle and bulges) and AU9 (the skin
beside the nose goes up to the root, the alae lift, the inner brow comes down). Offsets add up, except around the eye:
the more the lids close, the less the units that raise the lower lid may add, or the lids would cross.
"""

import functools

import numpy as np

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES, check_aus, check_extra_aus

from ..heads.base import Head, HeadShape
from ..populations import ANCESTRY_AXES
from .base import check_asymmetry, left_half
from .lid_contact import LID_GUARD, LidContact

SIDES = ("Left", "Right")
UNIT_SHAPES: dict[str, dict[str, float]] = {
    "AU4": {"ict/browDown": 1.20, "fu/browDown*": 0.20, "sculpt/AU4": 1.3},
    "AU6": {"ict/cheekRaiser": 0.80, "fu/cheekSquint*": 0.60, "sculpt/AU6": 1.50},
    "AU7": {"ict/eyeSquint": 0.60, "fu/eyeSquint*": 0.90, "fu/eyeBlink*": 0.20},
    "AU9": {"ict/noseSneer": 0.80, "sculpt/AU9": 1.0},
    "AU10": {"ict/mouthUpperUp": 0.80},
    "AU43": {"xu/eye-*-closure": 1.0},
    "AU1": {"ict/browInnerUp": 1.0},
    "AU2": {"ict/browOuterUp": 0.90},
    "AU12": {"ict/mouthSmile": 0.90},
    "AU20": {"ict/mouthStretch": 1.0},
    "AU25": {"ict/mouthLowerDown": 0.60, "ict/mouthUpperUp": 0.25},
    "AU26": {"fu/jawOpen": 0.35},
    "AU27": {"fu/jawOpen": 1.0},
}
"""Weights at full intensity; * stands for both sides; xu targets are blended by the person's ancestry."""

GUARDED_SHAPES = {
    "fu/eyeBlink*": 1.0,
    "fu/eyeSquint*": LID_GUARD["AU7"],
    "fu/cheekSquint*": LID_GUARD["AU6"],
    "sculpt/AU6": LID_GUARD["AU6"],
    "ict/eyeSquint": LID_GUARD["AU7"],
    "ict/cheekRaiser": LID_GUARD["AU6"],
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
    "AU9": (((11.0, 13.0), (9.0, 7.0), (-1.6, -2.6, 0.6)),),
}


class BlendshapeRig:
    """Weighted sums of shapes, a `rigs.base.Rig`."""

    name = "blendshapes"

    def __init__(self, head: Head) -> None:
        self._names = sorted({shape for unit in UNIT_SHAPES.values() for shape in unit})
        offsets = []
        for name in self._names:
            if name.startswith("sculpt/"):
                offsets.append(sculpted(head, SCULPT[name.removeprefix("sculpt/")]))
            elif name.startswith("xu/"):
                offsets += [_both_sides(head, name.replace("xu/", f"xu/{axis}/")) for axis in ANCESTRY_AXES]
            else:
                offsets.append(_both_sides(head, name))
        self._lids = LidContact(head)
        self._left = left_half(head.canonical)
        self._offsets = np.stack(offsets).reshape(len(offsets), -1)

    def pose(self, shape: HeadShape, au: np.ndarray, extra_au: dict[str, float], asymmetry: float = 0.0) -> np.ndarray:
        check_asymmetry(asymmetry)
        weights = self.weights(au, extra_au)
        if not any(weights.values()):
            return shape.control
        closing = dict.fromkeys(weights, 0.0) | {name: weights[name] for name in UNIT_SHAPES["AU43"]}
        moving = weights | dict.fromkeys(UNIT_SHAPES["AU43"], 0.0)
        moved = self._offset(moving, shape) * (1 + np.float32(asymmetry) * self._left) + self._offset(closing, shape)
        return self._lids.resolve(shape.control + moved, shape, float(au[AU_NAMES.index("AU43")]))

    def _offset(self, weights: dict[str, float], shape: HeadShape) -> np.ndarray:
        """Sum of the weighted shapes, (W, 3) float32."""
        row = []
        for name in self._names:
            if name.startswith("xu/"):
                row += [weights[name] * shape.ancestry[axis] for axis in ANCESTRY_AXES]
            else:
                row.append(weights[name])
        return (np.asarray(row, np.float32) @ self._offsets).reshape(shape.control.shape)

    def weights(self, au: np.ndarray, extra_au: dict[str, float]) -> dict[str, float]:
        """Weight of every shape, after the lid guard."""
        levels = dict(zip(AU_NAMES, check_aus(au) / AU_MAX, strict=True))
        levels |= {name: check_extra_aus(extra_au)[name] / EXTRA_AU_MAX for name in EXTRA_AU_NAMES}
        weights = dict.fromkeys(self._names, 0.0)
        for unit, level in levels.items():
            for name, full in UNIT_SHAPES[unit].items():
                weights[name] += full * float(level)
        for name, share in GUARDED_SHAPES.items():
            weights[name] *= 1 - share * float(levels["AU43"])
        return weights


def _both_sides(head: Head, pattern: str) -> np.ndarray:
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


@functools.cache
def load(head: Head) -> BlendshapeRig:
    """The rig of a head, built once a process."""
    return BlendshapeRig(head)
