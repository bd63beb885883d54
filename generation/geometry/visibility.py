"""Which triangle each sample sees: the one rasteriser behind the picture, the shadows and every annotation."""

from typing import NamedTuple

import numpy as np

from ..kernels import kernel


class Samples(NamedTuple):
    """What the samples of a square picture see, S x S of them.

    Attributes:
        ids: (S, S) int32, the triangle, -1 where nothing is.
        depth: (S, S) float32, mm along the optical axis, infinite where nothing is.
        weights: (S, S, 2) float32, perspective-correct, of the triangle's first two corners.
    """

    ids: np.ndarray
    depth: np.ndarray
    weights: np.ndarray


@kernel(inline="early")
def _span(a, b, c, axis, side):
    """First and last of `side` samples along an axis whose centres lie in the bounding box of three points."""
    low, high = min(a[axis], b[axis], c[axis]), max(a[axis], b[axis], c[axis])
    return max(int(np.ceil(low - 0.5)), 0), min(int(np.floor(high - 0.5)), side - 1)


@kernel(inline="early")
def _weights(a, b, c, x, y, inverse):
    """Barycentric weights of the place (x, y) in a triangle with corners a, b, c; `inverse`: of twice its area."""
    w0 = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) * inverse
    w1 = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) * inverse
    return w0, w1, 1 - w0 - w1


@kernel(inline="early")
def _twice_area(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])


@kernel
def rasterize(points: np.ndarray, triangles: np.ndarray, scale: int, size: int, cull: bool) -> Samples:
    """Visible triangles of a square picture.

    Args:
        points: (V, 3) float32, x and y in pixels, depth in mm (perspective) along the optical axis.
        triangles: (T, 3) int32; front faces are counter-clockwise seen from the camera.
        scale: samples per pixel and axis; 1 samples at pixel centres.
        size: pixels.
        cull: leave back faces out.
    Returns:
        `size` x `scale` samples along each side.
    """
    side = size * scale
    ids = np.full((side, side), -1, np.int32)
    depth = np.full((side, side), np.inf, np.float32)
    weights = np.zeros((side, side, 2), np.float32)
    samples = Samples(ids, depth, weights)
    for t in range(triangles.shape[0]):
        _draw(points, triangles, t, scale, cull, samples)
    return samples


@kernel
def rasterize_before(
    points: np.ndarray, triangles: np.ndarray, chosen: np.ndarray, scale: int, depth: np.ndarray
) -> Samples:
    """What the `chosen` triangles (R,) int32 show in front of what is already there, whose `depth` (S, S) they change.

    Other arguments and the result as in `rasterize`; back faces are left out.
    """
    ids = np.full(depth.shape, -1, np.int32)
    samples = Samples(ids, depth, np.zeros((*depth.shape, 2), np.float32))
    for n in range(chosen.shape[0]):
        _draw(points, triangles, chosen[n], scale, True, samples)
    return samples


@kernel(inline="early")
def _draw(points, triangles, t, scale, cull, samples):
    """Draws the triangle `t` where it is the nearest."""
    side = samples.depth.shape[0]
    i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    a = points[i, 0] * scale, points[i, 1] * scale, points[i, 2]
    b = points[j, 0] * scale, points[j, 1] * scale, points[j, 2]
    c = points[k, 0] * scale, points[k, 1] * scale, points[k, 2]
    area = _twice_area(a, b, c)  # negative for front faces: y runs down
    if a[2] >= 1 and b[2] >= 1 and c[2] >= 1 and area != 0 and not (cull and area > 0):
        inverse, (left, right), (top, bottom) = 1 / area, _span(a, b, c, 0, side), _span(a, b, c, 1, side)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                w0, w1, w2 = _weights(a, b, c, column + 0.5, row + 0.5, inverse)
                if w0 < 0 or w1 < 0 or w2 < 0:
                    continue
                q0, q1, q2 = w0 / a[2], w1 / b[2], w2 / c[2]
                z = 1 / (q0 + q1 + q2)
                if z < samples.depth[row, column]:
                    samples.depth[row, column] = z
                    samples.ids[row, column] = t
                    samples.weights[row, column, 0] = q0 * z
                    samples.weights[row, column, 1] = q1 * z


@kernel
def shadow_map(points: np.ndarray, triangles: np.ndarray, side: int) -> np.ndarray:
    """Depth (side, side) float32 of the nearest surface along an orthographic light.

    `points` (V, 3) float32: x and y in map pixels, z the distance from the light (any origin).
    """
    depth = np.full((side, side), np.inf, np.float32)
    lower_shadow_map(points, triangles, depth)
    return depth


@kernel(allocates=False)
def lower_shadow_map(points: np.ndarray, triangles: np.ndarray, depth: np.ndarray) -> None:
    """Adds a mesh to a `shadow_map`, `depth` (side, side), in place."""
    side = depth.shape[0]
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        a = points[i, 0], points[i, 1], points[i, 2]
        b = points[j, 0], points[j, 1], points[j, 2]
        c = points[k, 0], points[k, 1], points[k, 2]
        area = _twice_area(a, b, c)
        if area == 0:
            continue
        inverse, (left, right), (top, bottom) = 1 / area, _span(a, b, c, 0, side), _span(a, b, c, 1, side)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                w0, w1, w2 = _weights(a, b, c, column + 0.5, row + 0.5, inverse)
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    z = w0 * a[2] + w1 * b[2] + w2 * c[2]
                    if z < depth[row, column]:
                        depth[row, column] = z


@kernel
def interpolate(ids: np.ndarray, weights: np.ndarray, triangles: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Per-vertex `values` (V,) float32 at every sample: (S, S) float32, 0 where nothing is seen."""
    out = np.zeros(ids.shape, np.float32)
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            t = ids[row, column]
            if t >= 0:
                w0, w1 = weights[row, column, 0], weights[row, column, 1]
                out[row, column] = (
                    w0 * values[triangles[t, 0]]
                    + w1 * values[triangles[t, 1]]
                    + (1 - w0 - w1) * values[triangles[t, 2]]
                )
    return out
