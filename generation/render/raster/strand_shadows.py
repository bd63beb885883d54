"""The shadow of hair: strands in the shadow maps of the lights, as one volume with a soft edge."""

import numpy as np

from ...geometry.vectors import transformed
from ...kernels import kernel

SHADOW_REACH = 6
"""Places of a shadow map over which hair counts as one volume, to each side."""
THIN, DENSE = 0.25, 0.80
"""Share of the places around one that hair covers: under the first nothing is in its shadow, over the second all is."""
SCREEN = np.array([[0.0, 7.0, 3.0], [6.0, 5.0, 2.0], [4.0, 1.0, 8.0]], np.float32)
"""Order in which thin hair darkens 3 x 3 places of a map; a soft shadow is the mean of as many, hence even."""


@kernel(inline="early")
def _in_map(frame, point):
    """Column, row and depth of a point in a light's map, in float64."""
    return transformed(frame, (np.float64(point[0]), np.float64(point[1]), np.float64(point[2])))


@kernel
def shadow_strands(points, frame, shadow, every):
    """Lets every `every`-th strand (S, P, 3) cast its shadow into the map (M, M) of the light `frame` (3, 4).

    Hair is a volume: what counts is how much of the places around one it covers. Gaps between strands close, single
    strands cast nothing, and its edge is soft; drawn as they are, strands would streak and dot the forehead.
    """
    side = shadow.shape[0]
    near = np.full((side, side), np.inf, np.float32)
    for s in range(0, points.shape[0], every):
        x1, y1, z1 = _in_map(frame, points[s, 0])
        for p in range(points.shape[1] - 1):
            x0, y0, z0 = x1, y1, z1
            x1, y1, z1 = _in_map(frame, points[s, p + 1])
            steps = int(np.ceil(max(abs(x1 - x0), abs(y1 - y0), 1.0)))
            if steps > side:
                continue
            for k in range(steps):
                w = (k + 0.5) / steps
                x, y = int(x0 + (x1 - x0) * w), int(y0 + (y1 - y0) * w)
                if 0 <= x < side and 0 <= y < side:
                    z = z0 + (z1 - z0) * w
                    if z < near[y, x]:
                        near[y, x] = z
    _thicken(near, shadow)


@kernel
def _thicken(near, shadow):
    """Lowers `shadow` (M, M) to the mean of `near` (M, M) around every place whose surroundings hair covers.

    Sums over squares, a row and a column at a time.
    """
    side, reach = near.shape[0], SHADOW_REACH
    whole = (2 * reach + 1) ** 2
    covered, total = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    for y in range(side):
        count, depth = 0, 0.0
        for x in range(side + reach):
            if x < side and near[y, x] < np.inf:
                count, depth = count + 1, depth + near[y, x]
            gone = x - 2 * reach - 1
            if gone >= 0 and near[y, gone] < np.inf:
                count, depth = count - 1, depth - near[y, gone]
            if x >= reach:
                covered[y, x - reach], total[y, x - reach] = count, depth
    count_here, depth_here = np.zeros(side), np.zeros(side)
    for y in range(side + reach):
        gone = y - 2 * reach - 1
        for x in range(side):
            if y < side:
                count_here[x] += covered[y, x]
                depth_here[x] += total[y, x]
            if gone >= 0:
                count_here[x] -= covered[gone, x]
                depth_here[x] -= total[gone, x]
        row = y - reach
        if row < 0:
            continue
        for x in range(side):
            share = (count_here[x] / whole - THIN) / (DENSE - THIN)
            if 9 * share > SCREEN[row % 3, x % 3] + 0.5 and depth_here[x] < count_here[x] * shadow[row, x]:
                shadow[row, x] = depth_here[x] / count_here[x]
