"""Expression wrinkles: grooves that deepen where the moving mesh compresses the skin across them.

Six families of lines are drawn on the canonical face (`render/raster/grooves.py` has their shapes). How deep each is at
a vertex depends on the strain across its lines between the neutral and the posed mesh, so wrinkles are absent at
neutral, continuous in intensity, and come with whatever causes the compression. Age adds lines at rest and deepens all.
"""

from typing import NamedTuple

import numpy as np

from ..heads.base import SKIN, Topology
from ..kernels import kernel
from ..plan import IdentityPlan
from ..populations import FOLD_YEARS, LINE_YEARS, Ageing
from ..streams import stream

FAMILIES = ("glabella", "forehead", "crows_feet", "lower_lid", "nose_root", "nasolabial")
LOWER_LID = FAMILIES.index("lower_lid")
FULL_COMPRESSION = np.array([0.20, 0.16, 0.20, 0.20, 0.19, 0.14])
"""Compression across the lines at which a family reaches its full depth."""
YOUNG_FOLD = np.array([0.60, 0.45, 0.95, 1.05, 0.55, 0.85])
"""How easily each family folds at least: a raised cheek folds at any age, a forehead hardly when young."""
TENSED = 0.7
"""A lower lid folds where its tarsus is pulled up off the cheek (AU7), too: this share of the stretch counts."""


class RestWrinkles(NamedTuple):
    """Wrinkles of a neutral face.

    Attributes:
        depth: (6,) or, of each vertex, (V, 6), of each of `FAMILIES`, as a share of the full depth.
        ease: how easily the skin folds, about 0.4 to 1.3.
    """

    depth: np.ndarray
    ease: float


class Wrinkles:
    """Where the families lie on a head, and their depth under an expression."""

    def __init__(self, topology: Topology) -> None:
        reference = topology.reference.astype(np.float64)
        self._windows, self._across = place_families(reference)
        skin = np.zeros(len(reference), bool)
        skin[topology.triangles[topology.part == SKIN]] = True
        self._windows *= skin[:, None]
        triangles = topology.triangles[topology.part == SKIN]
        edges = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
        self._edges = edges[(self._windows[edges].max(axis=(1, 2))) > 0.02]

    def rest(self, plan: IdentityPlan, seed: int) -> RestWrinkles:
        """Those of a planned person's neutral face."""
        rng = stream(seed, "look.wrinkles", plan.identity_id)
        elapsed = LINE_YEARS.share(plan.age) ** 1.4
        depth = np.array(Ageing.lines.value) * elapsed * np.exp(0.35 * rng.standard_normal(len(FAMILIES)))
        ease = 0.45 + Ageing.folding.value * FOLD_YEARS.share(plan.age)
        return RestWrinkles(depth, float(ease * np.exp(0.15 * rng.standard_normal())))

    def depth(self, rest: RestWrinkles, neutral: np.ndarray, posed: np.ndarray) -> np.ndarray:
        """(V, 6) float32, 0 none to about 1.5 deep. `neutral`, `posed` (V, 3) render vertices, mm."""
        compression = _compression(neutral, posed, self._edges, self._across)
        compression[:, LOWER_LID] = np.maximum(compression[:, LOWER_LID], -TENSED * compression[:, LOWER_LID])
        active = np.clip(compression / FULL_COMPRESSION, 0, 1.2)
        return ((rest.depth + np.maximum(rest.ease, YOUNG_FOLD) * active) * self._windows).astype(np.float32)


def place_families(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows (V, 6) 0-1 and the unit direction across the lines (V, 6, 3) on canonical `points` (V, 3) mm."""
    x, y, z = points.T
    side, ax = np.sign(x + 1e-9), np.abs(x)
    front = np.clip((z + 45) / 25, 0, 1)

    def box(value: np.ndarray, low: float, high: float, soft: float) -> np.ndarray:
        return np.clip((value - low) / soft + 0.5, 0, 1) * np.clip((high - value) / soft + 0.5, 0, 1)

    around_eye = np.hypot(ax - 31, 1.25 * (y - 1))
    from_corner = np.hypot(ax - 40, y)
    turn = np.arctan2(y, ax - 40)
    windows = np.stack([
        box(ax, -1, 14, 8) * box(y, 2, 34, 10),
        box(ax, -1, 50, 14) * box(y, 30, 66, 8),
        box(from_corner, 6, 27, 8) * box(turn, -0.95, 0.85, 0.5),
        box(around_eye, 7.5, 22, 4) * box(y, -24, -4, 3),
        box(ax, -1, 15, 6) * box(y, -16, 11, 6),
        box(y, -72, -32, 9) * box(ax, 12, 42, 8),
    ], axis=1) * front[:, None]  # fmt: skip
    zero = np.zeros_like(x)
    r = np.maximum(from_corner, 1e-6)
    e = np.maximum(around_eye, 1e-6)
    across = np.stack([
        np.stack([1 + zero, zero, zero], axis=1),
        np.stack([zero, 1 + zero, zero], axis=1),
        np.stack([-side * y / r, (ax - 40) / r, zero], axis=1),
        np.stack([side * (ax - 31) / e, (y - 1) / e, zero], axis=1),
        np.stack([zero, 1 + zero, zero], axis=1),
        np.stack([0.80 * side, 0.45 + zero, -0.40 + zero], axis=1),
    ], axis=1)  # fmt: skip
    return windows, across / np.linalg.norm(across, axis=2, keepdims=True)


@kernel
def _compression(neutral, posed, edges, across):
    """Relative shortening (V, K) along `across` (V, K, 3), from the edges at each vertex; negative where stretched."""
    families = across.shape[1]
    lost = np.zeros((neutral.shape[0], families))
    total = np.full((neutral.shape[0], families), 1e-9)
    for e in range(edges.shape[0]):
        i, j = edges[e, 0], edges[e, 1]
        nx, ny, nz = neutral[j, 0] - neutral[i, 0], neutral[j, 1] - neutral[i, 1], neutral[j, 2] - neutral[i, 2]
        px, py, pz = posed[j, 0] - posed[i, 0], posed[j, 1] - posed[i, 1], posed[j, 2] - posed[i, 2]
        before, after = np.sqrt(nx * nx + ny * ny + nz * nz), np.sqrt(px * px + py * py + pz * pz)
        if before < 1e-6:
            continue
        for k in range(families):
            for v in (i, j):
                along = (nx * across[v, k, 0] + ny * across[v, k, 1] + nz * across[v, k, 2]) / before
                weight = along**4
                lost[v, k] += weight * (before - after)
                total[v, k] += weight * before
    return lost / total
