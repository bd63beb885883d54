"""The default rig: action units as weighted shapes (`unit_shapes`), graded linearly over levels 1-5.

Offsets add up, except where units pull the same skin (AU6 and AU7, AU9 and AU10) and around the eye: the more the lids
close, the less the units that raise the lower lid may add, or the lids would cross.
"""

import functools

import numpy as np

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES, check_aus, check_extra_aus

from ..heads.base import Head, HeadShape
from ..populations import ANCESTRY_AXES
from .base import check_asymmetry, left_half, parting_left
from .lid_contact import LidContact
from .lip_contact import LipContact
from .proportions import Proportions
from .unit_shapes import GUARDED_SHAPES, SCULPT, UNIT_SHAPES, both_sides, sculpted

SHARED_SKIN = (("AU6", "AU7"), ("AU9", "AU10"))
"""Pairs of units that pull the same skin: together they go little beyond the stronger one, as in PSPI's maxima."""


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
                offsets += [both_sides(head, name.replace("xu/", f"xu/{axis}/")) for axis in ANCESTRY_AXES]
            else:
                offsets.append(both_sides(head, name))
        self._offsets = np.stack(offsets).reshape(len(offsets), -1)
        self._lids, self._lips = LidContact(head), LipContact(head)
        self._proportions, self._left = Proportions(head), left_half(head.canonical)

    def pose(self, shape: HeadShape, au: np.ndarray, extra_au: dict[str, float], asymmetry: float = 0.0) -> np.ndarray:
        check_asymmetry(asymmetry)
        levels = _levels(au, extra_au)
        levels["AU25"] = parting_left(levels)
        active = [unit for unit, level in levels.items() if level]
        if not active:
            return shape.control
        moved = dict(zip(active, self._moved(active, levels, shape), strict=True))
        for unit, factor in self._proportions.scale(shape).items():
            if unit in moved:
                moved[unit] = moved[unit] * factor
        closing = moved.pop("AU43", np.float32(0))
        for pair in SHARED_SKIN:
            if all(unit in moved for unit in pair):
                moved[pair[0]] = pulled_together(*(moved.pop(unit) for unit in pair))
        total = sum(moved.values(), np.zeros_like(shape.control)) * (1 + np.float32(asymmetry) * self._left)
        parted = self._lips.resolve(shape.control + total + closing, shape)
        return self._lids.resolve(parted, shape, levels["AU43"])

    def _moved(self, units: list[str], levels: dict[str, float], shape: HeadShape) -> np.ndarray:
        """Offsets (len(units), W, 3) float32 mm of each unit."""
        rows = []
        for unit in units:
            row = []
            for name in self._names:
                open_share = 1 - GUARDED_SHAPES.get(name, 0.0) * levels["AU43"]
                weight = UNIT_SHAPES[unit].get(name, 0.0) * levels[unit] * open_share
                axes = [shape.ancestry[axis] for axis in ANCESTRY_AXES] if name.startswith("xu/") else [1.0]
                row += [weight * share for share in axes]
            rows.append(row)
        return (np.asarray(rows, np.float32) @ self._offsets).reshape(len(units), *shape.control.shape)


def _levels(au: np.ndarray, extra_au: dict[str, float]) -> dict[str, float]:
    """Unit -> share of its full intensity, 0-1. Raises InvalidInput on intensities out of range."""
    shares = dict(zip(AU_NAMES, (check_aus(au) / AU_MAX).tolist(), strict=True))
    extra = check_extra_aus(extra_au)
    return shares | {name: float(extra[name]) / EXTRA_AU_MAX for name in EXTRA_AU_NAMES}


def pulled_together(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Offsets (W, 3) mm of skin that two units pull, from those of each alone.

    Where one acts alone, skin moves as by that one; where both pull the same way, by the cube root of the sum of cubes:
    a quarter more than one of two equals, for skin that is already pulled to its end gives little more.
    """
    a, b = (np.linalg.norm(offsets, axis=1, keepdims=True) for offsets in (one, other))
    return (one + other) * (np.cbrt(a**3 + b**3) / np.maximum(a + b, np.float32(1e-9)))


@functools.cache
def load(head: Head) -> BlendshapeRig:
    """The rig of a head, built once a process."""
    return BlendshapeRig(head)
