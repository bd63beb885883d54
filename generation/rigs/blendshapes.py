"""Action units as weighted MakeHuman face units ("fu") and expression units ("xu"), graded linearly over levels 1-5.

The map was chosen by looking at renders. What the targets lack is sculpted as smooth offset fields over the canonical
face: AU4 (the brows come together), AU6 (the cheek lifts into the infraorbital triangle and bulges) and AU9 (the skin
beside the nose goes up to the root, the alae lift, the inner brow comes down). Offsets add up, except around the eye:
the more the lids close, the less the units that raise the lower lid may add, or the lids would cross.
"""

import functools
from collections.abc import Iterable

import numpy as np

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES, check_aus, check_extra_aus

from ..heads.base import Head, HeadShape
from ..populations import ANCESTRY_AXES
from .base import check_asymmetry, left_half
from .lid_contact import LID_GUARD, LidContact
from .lip_contact import LipContact

SIDES = ("Left", "Right")
UNIT_SHAPES: dict[str, dict[str, float]] = {
    "AU4": {"ict/browDown": 1.10, "fu/browDown*": 0.40, "sculpt/AU4": 1.2},
    "AU6": {"ict/cheekRaiser": 0.80, "fu/cheekSquint*": 0.60, "sculpt/AU6": 1.50},
    "AU7": {"ict/eyeSquint": 1.10, "fu/eyeSquint*": 0.60, "fu/eyeBlink*": 0.12},
    "AU9": {"ict/noseSneer": 0.90, "ict/mouthUpperUp": 0.10, "sculpt/AU9": 1.0},
    "AU10": {"ict/mouthUpperUp": 0.88, "sculpt/AU10": 1.0},
    "AU43": {"xu/eye-*-closure": 1.0},
    "AU1": {"ict/browInnerUp": 1.30},
    "AU2": {"ict/browOuterUp": 0.90},
    "AU12": {"ict/mouthSmile": 0.80},
    "AU20": {"ict/mouthStretch": 1.0},
    "AU25": {"ict/mouthLowerDown": 0.80, "ict/mouthUpperUp": 0.30},
    "AU26": {"fu/jawOpen": 0.45},
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

SHARED_SKIN = (("AU6", "AU7"), ("AU9", "AU10"))
"""Pairs of units that pull the same skin: together they go little beyond the stronger one, as in PSPI's maxima."""

LIFTS_LIP, NOSE_TO_LIP, LIP_SIZES = ("AU9", "AU10"), (33, 51), (0.8, 1.4)
"""Units that shorten the skin between nose and lip (landmarks) by a share of its height, so more where it is high."""
UPPER_LIP = ((0.0, -62.0), (30.0, 11.0))
"""Centre and radii of that skin, mm on the canonical face."""

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
        self._lids, self._lips = LidContact(head), LipContact(head)
        self._left, self._canonical = left_half(head.canonical), head.canonical
        self._nose_to_lip = head.topology.refine[head.topology.landmarks[list(NOSE_TO_LIP)]]
        self._brow = head.topology.refine[head.topology.landmarks[[21,22,39,42]]]
        (cx, cy), (rx, ry) = UPPER_LIP
        x, y, _ = head.canonical.T
        self._on_upper_lip = np.exp(-0.5 * (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2))[:, None].astype(np.float32)
        self._offsets = np.stack(offsets).reshape(len(offsets), -1)

    def pose(self, shape: HeadShape, au: np.ndarray, extra_au: dict[str, float], asymmetry: float = 0.0) -> np.ndarray:
        check_asymmetry(asymmetry)
        levels = _shares(au, extra_au)
        if not any(levels.values()):
            return shape.control
        alone = {unit: self._offset([unit], levels, shape) for unit in sum(SHARED_SKIN, ())}
        alone["AU4"] = self._offset(["AU4"], levels, shape) * self._brow_size(shape)
        lift = 1 + (self._upper_lip_size(shape) - 1) * self._on_upper_lip
        alone |= {unit: alone[unit] * lift for unit in LIFTS_LIP}
        moved = self._offset([unit for unit in levels if unit not in {"AU43", *alone}], levels, shape)
        moved = moved + alone["AU4"]
        for one, other in SHARED_SKIN:
            moved = moved + pulled_together(alone[one], alone[other])
        moved *= 1 + np.float32(asymmetry) * self._left
        moved += self._offset(["AU43"], levels, shape)
        parted = self._lips.resolve(shape.control + moved, shape)
        return self._lids.resolve(parted, shape, levels["AU43"])

    def _upper_lip_size(self, shape: HeadShape) -> float:
        """Height of the skin between nose and lip, relative to the canonical one."""
        heights = [np.linalg.norm(np.subtract(*(self._nose_to_lip @ v))) for v in (shape.control, self._canonical)]
        return float(np.clip(heights[0] / heights[1], *LIP_SIZES))

    def _brow_size(self, shape):
        h=[(self._brow @ v)[:, 1] for v in (shape.control, self._canonical)]
        h=[x[:2].mean()-x[2:].mean() for x in h]
        return np.float32(np.clip(h[0]/h[1], .85, 1.3))

    def _offset(self, units: Iterable[str], levels: dict[str, float], shape: HeadShape) -> np.ndarray:
        """Sum of the weighted shapes of some units, (W, 3) float32 mm."""
        weights = dict.fromkeys(self._names, 0.0)
        for unit in units:
            for name, full in UNIT_SHAPES[unit].items():
                weights[name] += full * levels[unit] * (1 - GUARDED_SHAPES.get(name, 0.0) * levels["AU43"])
        row = []
        for name in self._names:
            if name.startswith("xu/"):
                row += [weights[name] * shape.ancestry[axis] for axis in ANCESTRY_AXES]
            else:
                row.append(weights[name])
        return (np.asarray(row, np.float32) @ self._offsets).reshape(shape.control.shape)


def _shares(au: np.ndarray, extra_au: dict[str, float]) -> dict[str, float]:
    """Unit -> share of its full intensity, 0-1."""
    shares = check_aus(au) / AU_MAX
    extra = check_extra_aus(extra_au)
    return {name: float(share) for name, share in zip(AU_NAMES, shares, strict=True)} | {
        name: float(extra[name] / EXTRA_AU_MAX) for name in EXTRA_AU_NAMES
    }


def pulled_together(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Offsets (W, 3) mm of skin that two units pull, from those of each alone.

    Where only one acts it moves as that one alone; where both pull alike, by the cubic mean of the two sums of cubes:
    the fourth level of one adds little where the other has already brought the skin to its end.
    """
    a, b = (np.linalg.norm(offsets, axis=1, keepdims=True) for offsets in (one, other))
    together = np.cbrt(a**3 + b**3) / np.maximum(a + b, 1e-9)
    return (one + other) * together


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
