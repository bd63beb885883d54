"""Measures of a rig: distances to a known truth, lids that meet, skin that folds over, vertices that move wrongly."""

import numpy as np

from dataset_script.facs import AU_NAMES
from generation.rigs.neural.channels import UNIT_MAX, UNITS
from generation.rigs.neural.rig import BoundFace
from generation.rigs.neural.rims import find_rims

MOVES_MM = 0.1
"""A vertex that moves by less in the truth should not move."""
SHARP = 0.1
"""Cosine between a triangle and those beside it below which they are an edge already at rest."""
MIDDLE = 0.15, 0.85
"""Shares of the width of an eye between which its slit is measured: the lids share the corners."""


def errors(found: BoundFace, truth: BoundFace, codes: np.ndarray) -> dict[str, float]:
    """Errors in mm under codes (B, 13): mean and 95th percentile of the distance to the truth, of `found` and of a face
    that does not move ("still"), and the mean movement of vertices that should not move ("leak")."""
    error, length, leaks = [], [], []
    for code in codes:
        au, extra = code[: len(AU_NAMES)], code[len(AU_NAMES) :]
        right, moved = (face.pose(au, extra) - truth.neutral for face in (truth, found))
        error.append(np.linalg.norm(moved - right, axis=1))
        length.append(np.linalg.norm(right, axis=1))
        leaks.append(np.linalg.norm(moved, axis=1)[length[-1] < MOVES_MM])
    error, length = np.concatenate(error), np.concatenate(length)
    return {
        "mean_mm": error.mean(),
        "p95_mm": np.quantile(error, 0.95),
        "still_mean_mm": length.mean(),
        "still_p95_mm": np.quantile(length, 0.95),
        "leak_mm": np.concatenate(leaks).mean(),
    }


def bend(found: BoundFace, codes: np.ndarray) -> float:
    """Largest distance (mm) of a vertex from the even motion along a straight line while one unit rises and the others
    stay, over all units and `codes` (C, 13). Zero means linear in every unit."""
    worst = 0.0
    for code in codes:
        for k, full in enumerate(UNIT_MAX):
            steps = np.repeat(code[None], 3, axis=0)
            steps[:, k] = np.linspace(0, full, 3)
            low, middle, high = found.pose(steps[:, : len(AU_NAMES)], steps[:, len(AU_NAMES) :])
            worst = max(worst, np.abs(middle - (low + high) / 2).max())
    return worst


class Folds:
    """Counts triangles that are turned over against their neighbours, and are not sharp on the neutral face."""

    def __init__(self, neutral: np.ndarray, faces: np.ndarray) -> None:
        edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        key = edges[:, 0] * len(neutral) + edges[:, 1]
        order = np.argsort(key, kind="stable")
        twin = np.flatnonzero(key[order][1:] == key[order][:-1])
        one, two = order[twin], order[twin + 1]
        beside = np.full(len(key), -1)
        beside[one], beside[two] = two // 3, one // 3
        self._faces, self._beside = faces, beside.reshape(-1, 3)
        self._smooth = self._cosines(neutral) >= SHARP

    def __call__(self, vertices: np.ndarray) -> int:
        return int(((self._cosines(vertices) < 0) & self._smooth).sum())

    def _cosines(self, vertices: np.ndarray) -> np.ndarray:
        """(F,) between each normal and the mean of those of the triangles beside it."""
        a, b, c = np.moveaxis(vertices[self._faces], 1, 0)
        normals = _unit(np.cross(b - a, c - a))
        around = np.where(self._beside[..., None] < 0, 0, normals[self._beside]).sum(axis=1)
        return np.einsum("fc,fc->f", normals, _unit(around))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


class Slits:
    """Heights in mm of the upper lid over the lower one along the middle of both eyes: a gap, or below 0 an overlap."""

    def __init__(self, landmarks: np.ndarray, neutral: np.ndarray, faces: np.ndarray) -> None:
        self._rims = []
        for upper, lower in find_rims(landmarks, neutral, faces):
            x = (upper @ neutral)[:, 0]
            share = (x - x.min()) / np.ptp(x)
            self._rims.append((upper[(share > MIDDLE[0]) & (share < MIDDLE[1])], lower))

    def __call__(self, vertices: np.ndarray) -> np.ndarray:
        heights = []
        for upper, lower in (tuple(rim @ vertices for rim in rims) for rims in self._rims):
            lower = lower[np.argsort(lower[:, 0])]
            heights.append(upper[:, 1] - np.interp(upper[:, 0], lower[:, 0], lower[:, 1]))
        return np.concatenate(heights)


def closed_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(C, 6) and (C, 7) intensities: codes (C, 13) with closed eyes; the first of AU43 alone."""
    shut = codes.copy()
    shut[0], shut[:, UNITS.index("AU43")] = 0, 1
    return shut[:, : len(AU_NAMES)], shut[:, len(AU_NAMES) :]
