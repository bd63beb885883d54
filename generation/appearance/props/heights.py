"""Soft things around a body, as heights over what it lies on: pillows with a dent, sheets, blankets.

Heights are measured along the normal of a `Rest`, over a square grid around the middle of the head.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...geometry.camera import PIVOT
from ...geometry.visibility import shadow_map

REACH_MM, CELL_MM = 640.0, 8.0
"""Half the width of the grid, and width of a cell."""
BEND_MM = 240.0
"""How long the bend of a bed at the hips is."""


@dataclass(frozen=True)
class Rest:
    """What a body rests on: a bed or the back of a chair.

    Attributes:
        axes: (3, 3) rows are across (to the person's left), along (to the crown) and the normal, in the head's axes.
        bend: angle in radians by which a bed whose back is raised is bent at the hips.
        hip: along and height (mm) of where it bends.
    """

    axes: np.ndarray
    bend: float = 0.0
    hip: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def facing(cls, normal: tuple[float, float, float]) -> "Rest":
        """The one with this normal (3,), in the axes of the head, along which the head's own height runs."""
        up = np.asarray(normal, float)
        along = np.array([0.0, 1.0, 0.0]) - up[1] * up
        along /= np.linalg.norm(along)
        return cls(np.stack([np.cross(along, up), along, up]))

    def local(self, points: np.ndarray) -> np.ndarray:
        """World mm (N, 3) as across, along and height (N, 3) mm from the middle of the head."""
        return (points - PIVOT) @ self.axes.T

    def world(self, across: np.ndarray, along: np.ndarray, height: np.ndarray) -> np.ndarray:
        """Points (N, 3) float32 in world mm."""
        if self.bend:
            along, height = self._bent(along, height)
        return (np.stack([across, along, height], axis=-1).reshape(-1, 3) @ self.axes + PIVOT).astype(np.float32)

    def _bent(self, along: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Along and height with what lies below the hips turned towards the level."""
        below = np.linspace(0, 3000.0, 301)
        turned = self.bend * np.clip(below / BEND_MM, 0, 1)
        back, up = (np.cumsum(below[1] * turn(turned)) - below[1] * turn(turned[0]) for turn in (np.cos, np.sin))
        under = np.maximum(self.hip[0] - along, 0)
        angle, over = self.bend * np.clip(under / BEND_MM, 0, 1), height - self.hip[1]
        above = np.maximum(along - self.hip[0], 0)
        return (
            self.hip[0] + above - np.interp(under, below, back) + over * np.sin(angle),
            self.hip[1] + np.interp(under, below, up) + over * np.cos(angle),
        )


@dataclass(frozen=True)
class BodyHeights:
    """Lowest and highest surface of a body over a `Rest`, (M, M) mm by along and across; not finite beside it."""

    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def of(cls, vertices: np.ndarray, triangles: np.ndarray, rest: Rest) -> "BodyHeights":
        """Of a mesh, `vertices` (V, 3) world mm and `triangles` (T, 3)."""
        points = rest.local(vertices)
        side = round(2 * REACH_MM / CELL_MM)
        places = (points[:, :2] + REACH_MM) / CELL_MM
        maps = []
        for sign in (1.0, -1.0):
            seen = np.column_stack([places, sign * points[:, 2]]).astype(np.float32)
            maps.append(sign * shadow_map(seen, triangles, side).astype(float))
        return cls(*maps)

    @staticmethod
    def middles() -> tuple[np.ndarray, np.ndarray]:
        """Across (1, M) and along (M, 1) of the cells' middles, mm."""
        at = (np.arange(round(2 * REACH_MM / CELL_MM)) + 0.5) * CELL_MM - REACH_MM
        return at[None], at[:, None]


def sampled(values: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """`values` (M, M) of the grid at places in mm, linear; beyond the grid those of its edge."""
    at = [(place + REACH_MM) / CELL_MM - 0.5 for place in (along, across)]
    return ndimage.map_coordinates(values, at, order=1, mode="nearest")


def blurred(values: np.ndarray, mm: float) -> np.ndarray:
    """`values` (M, M) of the grid under a Gaussian of that standard deviation."""
    return ndimage.gaussian_filter(values, mm / CELL_MM, mode="nearest")


def ruggedness(rng: np.random.Generator, along: np.ndarray, across: np.ndarray, wave_mm: float) -> np.ndarray:
    """Smooth noise of standard deviation about 1 at places in mm, its waves about `wave_mm` long."""
    out = np.zeros(np.broadcast(along, across).shape)
    for _ in range(7):
        way = rng.standard_normal(2)
        way *= 2 * np.pi / wave_mm * rng.uniform(0.6, 1.6) / np.linalg.norm(way)
        out = out + np.sin(way[0] * across + way[1] * along + rng.uniform(0, 2 * np.pi))
    return out / 1.9


def folds(rng: np.random.Generator, along: np.ndarray, across: np.ndarray, wave_mm: float) -> np.ndarray:
    """Creases of cloth, -1 to 1, at places in mm: narrow ridges that run on and die out, with flat cloth between."""
    out = np.zeros(np.broadcast(along, across).shape)
    for _ in range(5):
        way = rng.standard_normal(2)
        way /= np.linalg.norm(way)
        through = way[0] * across + way[1] * along + 0.35 * wave_mm * ruggedness(rng, along, across, 2.2 * wave_mm)
        ridge = 1 - np.abs(np.sin(np.pi * (through / (wave_mm * rng.uniform(0.8, 1.6)) + rng.uniform(0, 1))))
        fading = np.clip(ruggedness(rng, along, across, 2.5 * wave_mm), 0, 1.5)
        out = out + fading * ridge**3
    return out / 2.5


def sheet_triangles(rows: int, columns: int) -> np.ndarray:
    """(2 (rows - 1) (columns - 1), 3) int32, counter-clockwise from above: rows run along, columns across."""
    r, c = np.mgrid[: rows - 1, : columns - 1]
    a = (r * columns + c).ravel()
    b, d, e = a + 1, a + columns, a + columns + 1
    return np.concatenate([np.stack([a, b, e], 1), np.stack([a, e, d], 1)]).astype(np.int32)


def rounded_square(rows: int, columns: int, corner: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid (rows, columns) on a square with round corners: across and along, -1 to 1, and how near to the rim, 0-1.

    `corner`: exponent of the superellipse that it fills. Cells are narrower at the rim, where things are round.
    """
    y, x = (np.sin(np.pi / 2 * np.linspace(-1, 1, n)) * 0.55 + 0.45 * np.linspace(-1, 1, n) for n in (rows, columns))
    x, y = np.broadcast_arrays(x[None], y[:, None])
    rim = np.maximum(np.abs(x), np.abs(y))
    radius = (np.abs(x) ** corner + np.abs(y) ** corner) ** (1 / corner)
    share = np.where(radius > 0, rim / np.maximum(radius, 1e-9), 1.0)
    return x * share, y * share, rim
