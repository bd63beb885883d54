"""How far skin can go on one person: movements grow with the distance that they shorten.

A lip rises by a share of the skin between it and the nose, a brow comes down by a share of its height above the eye.
In millimetres alike for everyone, they would hardly show on a long upper lip or a high brow.
"""

import numpy as np

from ..heads.base import Head, HeadShape

NOSE_TO_LIP, BROWS, INNER_CORNERS = (33, 51), (21, 22), (39, 42)
"""Landmarks between which the heights are measured."""
LIP_SIZES, BROW_SIZES = (0.8, 1.4), (0.85, 1.3)
"""Least and greatest size relative to the canonical face that counts."""
UPPER_LIP_MM = ((0.0, -62.0), (30.0, 11.0))
"""Centre and radii of the skin that the size of the lip is for, on the canonical face."""
RAISES_LIP, LOWERS_BROW = ("AU9", "AU10"), ("AU4",)


class Proportions:
    """Sizes of the upper lip and of the brow of people, relative to the canonical face of a head."""

    def __init__(self, head: Head) -> None:
        landmarks = head.topology.landmarks
        self._lip, self._brow = (
            (head.topology.refine[landmarks[list(a)]], head.topology.refine[landmarks[list(b)]])
            for a, b in (((NOSE_TO_LIP[0],), (NOSE_TO_LIP[1],)), (BROWS, INNER_CORNERS))
        )
        self._canonical = head.canonical
        (cx, cy), (rx, ry) = UPPER_LIP_MM
        x, y, _ = head.canonical.T
        self._on_lip = np.exp(-0.5 * (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2))[:, None].astype(np.float32)

    def scale(self, shape: HeadShape) -> dict[str, np.ndarray | np.float32]:
        """Unit -> factor of its displacements, a number or (W, 1); units that are not named keep theirs."""
        lip = 1 + (self._size(self._lip, shape, LIP_SIZES) - 1) * self._on_lip
        return dict.fromkeys(RAISES_LIP, lip) | dict.fromkeys(LOWERS_BROW, self._size(self._brow, shape, BROW_SIZES))

    def _size(self, ends: tuple, shape: HeadShape, allowed: tuple[float, float]) -> np.float32:
        height, canonical = (
            np.linalg.norm((ends[0] @ control).mean(axis=0)[1:] - (ends[1] @ control).mean(axis=0)[1:])
            for control in (shape.control, self._canonical)
        )
        return np.float32(np.clip(height / canonical, *allowed))
