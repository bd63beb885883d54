"""Which triangle each sample sees: the one rasteriser behind the picture, the shadows and every annotation."""

import numpy as np

from ..kernels import kernel


@kernel
def rasterize(points: np.ndarray, triangles: np.ndarray, scale: int, size: int, cull: bool):
    """Visible triangles of a square picture.

    Args:
        points: (V, 3) float32, x and y in pixels, depth in mm (perspective) along the optical axis.
        triangles: (T, 3) int32; front faces are counter-clockwise seen from the camera.
        scale: samples per pixel and axis; 1 samples at pixel centres.
        size: pixels.
        cull: leave back faces out.
    Returns:
        triangle (S, S) int32 with -1 where nothing is, depth (S, S) float32 mm (infinite there), and the
        perspective-correct weights of the triangle's first two corners (S, S, 2) float32; S = size x scale.
    """
    side = size * scale
    ids = np.full((side, side), -1, np.int32)
    depth = np.full((side, side), np.inf, np.float32)
    weights = np.zeros((side, side, 2), np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, z0 = points[a, 0] * scale, points[a, 1] * scale, points[a, 2]
        x1, y1, z1 = points[b, 0] * scale, points[b, 1] * scale, points[b, 2]
        x2, y2, z2 = points[c, 0] * scale, points[c, 1] * scale, points[c, 2]
        if z0 < 1 or z1 < 1 or z2 < 1:
            continue
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)  # negative for front faces: y runs down
        if area == 0 or (cull and area > 0):
            continue
        left = max(int(np.ceil(min(x0, x1, x2) - 0.5)), 0)
        right = min(int(np.floor(max(x0, x1, x2) - 0.5)), side - 1)
        top = max(int(np.ceil(min(y0, y1, y2) - 0.5)), 0)
        bottom = min(int(np.floor(max(y0, y1, y2) - 0.5)), side - 1)
        inverse = 1 / area
        for row in range(top, bottom + 1):
            py = row + 0.5
            for column in range(left, right + 1):
                px = column + 0.5
                w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
                w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
                w2 = 1 - w0 - w1
                if w0 < 0 or w1 < 0 or w2 < 0:
                    continue
                q0, q1, q2 = w0 / z0, w1 / z1, w2 / z2
                z = 1 / (q0 + q1 + q2)
                if z < depth[row, column]:
                    depth[row, column] = z
                    ids[row, column] = t
                    weights[row, column, 0] = q0 * z
                    weights[row, column, 1] = q1 * z
    return ids, depth, weights


@kernel
def shadow_map(points: np.ndarray, triangles: np.ndarray, side: int) -> np.ndarray:
    """Depth (side, side) float32 of the nearest surface along an orthographic light.

    `points` (V, 3) float32: x and y in map pixels, z the distance from the light (any origin).
    """
    depth = np.full((side, side), np.inf, np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, z0 = points[a, 0], points[a, 1], points[a, 2]
        x1, y1, z1 = points[b, 0], points[b, 1], points[b, 2]
        x2, y2, z2 = points[c, 0], points[c, 1], points[c, 2]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0:
            continue
        left = max(int(np.ceil(min(x0, x1, x2) - 0.5)), 0)
        right = min(int(np.floor(max(x0, x1, x2) - 0.5)), side - 1)
        top = max(int(np.ceil(min(y0, y1, y2) - 0.5)), 0)
        bottom = min(int(np.floor(max(y0, y1, y2) - 0.5)), side - 1)
        inverse = 1 / area
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                px, py = column + 0.5, row + 0.5
                w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
                w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
                w2 = 1 - w0 - w1
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    z = w0 * z0 + w1 * z1 + w2 * z2
                    if z < depth[row, column]:
                        depth[row, column] = z
    return depth


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
