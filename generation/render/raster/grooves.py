"""The lines of the wrinkle families on the canonical face: height and slope of the skin, evaluated per pixel.

Order of the families: glabella, forehead, crow's feet, lower lid, nose root, nasolabial (`appearance/wrinkles.py`).
"""

import numpy as np

from ...geometry.noise import sample
from ...kernels import kernel

DEPTH_MM = (0.95, 0.60, 0.55, 0.75, 0.80, 1.10)


@kernel(inline="early")
def groove(distance, width):
    """A groove with soft shoulders: height, -1 to 0.25, and slope per mm at a signed `distance` (mm) from its line."""
    t = distance / width
    e = np.exp(-t * t)
    wide = np.exp(-t * t / 6)
    return 0.25 * wide - 1.25 * e, (2.5 * t * e - 0.5 * t / 6 * wide) / width


@kernel(inline="early")
def own(row, kind, place, tile):
    """What sets one line of a person apart from the next, about -1.5 to 1.5."""
    return min(max(sample(tile, 3.7 * row + place, 0.5, place + 5.3 * kind), -1.5), 1.5)


@kernel(inline="early")
def uneven(row, along, place, tile):
    """How deep a line is `along` mm of it, 0.15 to 1.3: lines fade and come back, and no two alike."""
    return min(max(0.85 + 0.45 * sample(tile, 0.09 * along + place, 5.1 * row + 0.5, 2.3 * row), 0.15), 1.3)


@kernel(allocates=False)
def wrinkle_relief(depth, x, y, place, tile):
    """Slope along x and y at canonical (x, y) mm, and how far into grooves the point lies (0-1), for occlusion.

    `depth` (6,) is how deep each family is, 0-1.5; `place` where in the noise the person lies, so that no two have the
    same lines.
    """
    slope_x = slope_y = inside = 0.0
    ax, side = abs(x), (1.0 if x >= 0 else -1.0)
    wave = sample(tile, 0.11 * x + place, 0.11 * y, place) + 0.35 * sample(tile, 0.37 * x, 0.37 * y + place, place)
    for k in range(6):
        if depth[k] < 0.02:
            continue
        if k == 0:  # two upright lines between the brows, leaning outwards, each in its own way
            lean = 0.10 + 0.08 * own(side, 1.0, place, tile)
            d = ax - 6.2 - 1.3 * own(side, 0.0, place, tile) - lean * (y - 12) - 0.9 * wave
            gx, gy, width = side, -lean, 1.3 + 0.2 * own(side, 2.0, place, tile)
            deep = uneven(side, y, place, tile)
        elif k == 1:  # long level lines, following the brows
            u = y - 0.0030 * x * x - 1.6 * wave - 44.0
            row = np.round(u / 7.6)
            d = u - 7.6 * row - 1.1 * own(row, 3.0, place, tile)
            gx, gy, width, deep = -0.0060 * x, 1.0, 1.2, uneven(row, x, place, tile)
        elif k == 2:  # a fan from the outer corner of the eye
            rx, ry = ax - 40.0, y
            r = max(np.sqrt(rx * rx + ry * ry), 3.0)
            u = np.arctan2(ry, rx) + 0.10 * wave + 0.12
            row = np.round(u / 0.36)
            d = (u - 0.36 * row - 0.05 * own(row + 9 * side, 4.0, place, tile)) * r
            gx, gy, width, deep = -side * ry / r, rx / r, 0.9, uneven(row + 9 * side, r, place, tile)
        elif k == 3:  # arcs under the eye
            ex, ey = ax - 31.0, 1.25 * (y - 1)
            e = max(np.sqrt(ex * ex + ey * ey), 1.0)
            u = e - 0.7 * wave - 12.6
            row = np.round(u / 4.2)
            d = u - 4.2 * row - 0.5 * own(row, 5.0, place, tile)
            gx, gy, width, deep = side * ex / e, 1.25 * ey / e, 1.2, uneven(row, x, place, tile)
        elif k == 4:  # level lines over the root of the nose, running down beside it
            u = y + 0.35 * ax - 0.8 * wave - 1.0
            row = np.round(u / 4.6)
            d = u - 4.6 * row - 0.8 * own(row, 6.0, place, tile)
            gx, gy, width, deep = 0.35 * side, 1.0, 1.0, uneven(row, x, place, tile)
        else:  # one fold from the wing of the nose to beside the mouth
            t = min(max((-36.0 - y) / 34.0, 0.0), 1.0)
            d = (ax - (19.5 + 16.5 * t - 3.0 * t * t) - 0.4 * wave) * 0.91
            gx, gy, width, deep = 0.91 * side, 0.91 * (16.5 - 6.0 * t) / 34.0, 1.7, 1.0
        height, slope = groove(d, width)
        amount = deep * depth[k] * DEPTH_MM[k]
        slope_x += amount * slope * gx
        slope_y += amount * slope * gy
        inside += deep * depth[k] * max(-height, 0.0)
    return slope_x, slope_y, inside
