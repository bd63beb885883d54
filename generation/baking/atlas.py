"""Which point of the head each texel of its texture shows."""

import functools
from dataclasses import dataclass

import numpy as np

from ..geometry.visibility import rasterize
from ..heads.base import Topology
from ..kernels import kernel


@dataclass(frozen=True)
class Atlas:
    """The texels that lie on the head, P of them.

    Attributes:
        side: texels along each side of the texture.
        row, column: (P,) where they are; triangle: (P,) int32; weights: (P, 3) float32, of its corners.
    """

    side: int
    row: np.ndarray
    column: np.ndarray
    triangle: np.ndarray
    weights: np.ndarray

    def spread(self, triangles: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values at vertices (V, K) at the texels: (P, K) float32."""
        return _spread(self.triangle, self.weights, triangles, np.ascontiguousarray(values, np.float32))

    def gather(self, triangles: np.ndarray, values: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
        """The mean of `values` (P, K) around each of `count` vertices, times (P,) `weights`, and the sum of these:
        (V, K + 1) float64."""
        total = np.zeros((count, values.shape[1] + 1))
        corners = triangles[self.triangle]
        for k in range(3):
            share = self.weights[:, k] * weights
            total[:, -1] += np.bincount(corners[:, k], share, count)
            for channel in range(values.shape[1]):
                total[:, channel] += np.bincount(corners[:, k], share * values[:, channel], count)
        total[:, :-1] /= np.maximum(total[:, -1:], 1e-9)
        return total

    def picture(self, values: np.ndarray) -> np.ndarray:
        """Values at the texels (P, K) as a picture (side, side, K) float32, 0 off the head."""
        out = np.zeros((self.side, self.side, values.shape[1]), np.float32)
        out[self.row, self.column] = values
        return out


@functools.lru_cache(maxsize=2)
def _of(uv: bytes, side: int) -> Atlas:
    corners = np.frombuffer(uv, np.float32).reshape(-1, 2)
    points = np.column_stack([corners[:, 0] * side, (1 - corners[:, 1]) * side, np.ones(len(corners))])
    points[corners[:, 0] < 0, 2] = 0  # `rasterize` leaves out what is not in front of the camera
    triangles = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    samples = rasterize(points.astype(np.float32), triangles, 1, side, False)
    row, column = np.nonzero(samples.ids >= 0)
    two = samples.weights[row, column]
    weights = np.column_stack([two, 1 - two.sum(axis=1)]).astype(np.float32)
    return Atlas(side, row, column, samples.ids[row, column], weights)


def atlas_of(topology: Topology, side: int) -> Atlas:
    """The atlas of a head's chart, `side` texels wide."""
    return _of(np.ascontiguousarray(topology.uv, np.float32).tobytes(), side)


@kernel
def _spread(triangle, weights, triangles, values):
    out = np.zeros((triangle.shape[0], values.shape[1]), np.float32)
    for p in range(triangle.shape[0]):
        for corner in range(3):
            v, w = triangles[triangle[p], corner], weights[p, corner]
            for k in range(values.shape[1]):
                out[p, k] += w * values[v, k]
    return out


@kernel
def sample(picture, places):
    """`picture` (H, W, K) float32 at `places` (P, 2), x and y in pixels with centres at .5, bilinear: (P, K)."""
    height, width = picture.shape[0], picture.shape[1]
    out = np.empty((places.shape[0], picture.shape[2]), np.float32)
    for p in range(places.shape[0]):
        x = min(max(places[p, 0] - 0.5, 0.0), width - 1.001)
        y = min(max(places[p, 1] - 0.5, 0.0), height - 1.001)
        i, j = int(x), int(y)
        u, v = x - i, y - j
        for k in range(picture.shape[2]):
            top = (1 - u) * picture[j, i, k] + u * picture[j, i + 1, k]
            bottom = (1 - u) * picture[j + 1, i, k] + u * picture[j + 1, i + 1, k]
            out[p, k] = (1 - v) * top + v * bottom
    return out
