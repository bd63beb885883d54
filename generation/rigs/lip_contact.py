"""Lips that part: what was pressed together at rest comes apart before anything else shows.

Mixed face shapes press the lips of most people into each other by 1 to 3 mm (a closed mouth is neither ajar nor gapes
beside the teeth). A rig that raises the upper lip by 3 mm would show an open mouth on one person and none on another.
So as soon as lips move apart they also lose what they were pressed in, and openings are alike for all.
"""

import numpy as np

from ..heads.base import SKIN, Head, HeadShape
from ..heads.makehuman import LIP_LINE

SLIT_Y = LIP_LINE - 0.35
"""Height of the slit at the surface of the canonical lips: vertices of the red above belong to the upper lip."""
COLUMNS_MM = np.arange(-16.0, 17.0, 4.0)
"""Where the slit of the mouth is measured, canonical x."""
COLUMN_HALF_MM = 2.0
EDGE_MM = 10.0
"""How far from the line between the lips their edges are looked for."""
SIDE_MM, HEIGHT_MM = 22.0, 8.0
"""How far from the middle, and above and below the line, the skin goes along with the edges."""
FREED_MM = 0.8
"""Lips that have moved apart by this much have lost two thirds of what they were pressed in."""


class LipContact:
    """Parts the lips of a head of the MakeHuman topology."""

    def __init__(self, head: Head) -> None:
        topology, reference = head.topology, head.topology.reference
        skin = np.unique(topology.triangles[topology.part == SKIN])
        red = skin[topology.masks["lips"][skin] > 0.5]
        x, y, _ = reference[red].T
        edges = []
        for at in COLUMNS_MM:
            column = red[(np.abs(x - at) < COLUMN_HALF_MM) & (np.abs(y - LIP_LINE) < EDGE_MM)]
            above = reference[column, 1] > SLIT_Y
            edges.append((topology.refine[column[above]], topology.refine[column[~above]]))
        self._edges = edges
        x, y, z = head.canonical.astype(np.float64).T
        near = np.exp(-((x / SIDE_MM) ** 4) - ((y - LIP_LINE) / HEIGHT_MM) ** 2) * head.skin_control * (z > 0)
        self._moved = np.flatnonzero(near > 1e-3)
        self._near, self._x = near[self._moved], x[self._moved]
        self._upper = (y > LIP_LINE)[self._moved]

    def resolve(self, control: np.ndarray, shape: HeadShape) -> np.ndarray:
        """Posed control vertices (W, 3) float32 mm of `shape`, with lips that move apart free of each other."""
        rest, now = self._heights(shape.control), self._heights(control)
        pressed = np.maximum(rest[1] - rest[0], 0)
        up, down = np.maximum(now[0] - rest[0], 0), np.maximum(rest[1] - now[1], 0)
        apart = np.maximum((now[0] - now[1]) - (rest[0] - rest[1]), 0)
        freed = pressed * (1 - np.exp(-apart / FREED_MM)) / np.maximum(up + down, 1e-6)
        rise, fall = (np.interp(self._x, COLUMNS_MM, freed * way) for way in (up, down))
        resolved = control.copy()
        resolved[self._moved, 1] += self._near * np.where(self._upper, rise, -fall)
        return resolved

    def _heights(self, control: np.ndarray) -> np.ndarray:
        """(2, C) mm: the lowest point of the upper lip and the highest one of the lower lip in every column."""
        y = control[:, 1]
        return np.array([[(upper @ y).min(), (lower @ y).max()] for upper, lower in self._edges]).T
