"""Similarity transforms: least squares over pairs, and closest points."""

from dataclasses import dataclass

import numpy as np

from .surface import Surface


@dataclass(frozen=True)
class Similarity:
    """x -> scale R x + shift. `rotation` (3, 3), `shift` (3,)."""

    scale: float
    rotation: np.ndarray
    shift: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The images of `points` (..., 3)."""
        return self.scale * points @ self.rotation.T + self.shift

    def turn(self, normals: np.ndarray) -> np.ndarray:
        """The images of directions (..., 3)."""
        return normals @ self.rotation.T

    @property
    def degrees(self) -> float:
        """How far it turns."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.rotation) - 1) / 2, -1, 1))))


def fit_similarity(
    source: np.ndarray, target: np.ndarray, weight: np.ndarray | None = None, scale: float | None = None
) -> Similarity:
    """The best map of `source` (P, 3) to `target` (P, 3) under `weight` (P,) (Umeyama 1991).

    `scale`: of the map; None to fit it, too.
    """
    weight = np.ones(len(source)) if weight is None else weight
    share = (weight / weight.sum())[:, None]
    a, b = (share * source).sum(axis=0), (share * target).sum(axis=0)
    left, spread, right = np.linalg.svd((target - b).T @ (share * (source - a)))
    sign = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(sign) @ right
    if scale is None:
        scale = (spread * sign).sum() / (share * (source - a) ** 2).sum()
    return Similarity(float(scale), rotation, b - scale * rotation @ a)


def closest_points(
    points: np.ndarray,
    normals: np.ndarray,
    surface: Surface,
    start: Similarity,
    reach: tuple[float, float],
    rounds: int,
    resize: bool = True,
) -> tuple[Similarity, np.ndarray]:
    """Iterated closest points: the map of `points` (P, 3) with unit `normals` onto `surface`, and distances (P,) in mm.

    Without `resize` the scale of `start` stays. `reach`: the distance (mm) at which a pair counts a quarter, in the
    first and the last round. Points without a counterpart do not count; their distances are infinite.
    """
    present = start
    for k in range(rounds + 1):
        late = min(k / max(rounds - 1, 1), 1)
        pairs = surface.nearest(present(points), present.turn(normals))
        if k == rounds:
            break
        scale = reach[0] ** (1 - late) * reach[1] ** late
        weight = pairs.usable / (1 + (pairs.distance / scale) ** 2) ** 2
        if weight.sum() < 10:
            break
        present = fit_similarity(points, pairs.point, weight, None if resize else start.scale)
    return present, np.where(pairs.usable, pairs.distance, np.inf)
