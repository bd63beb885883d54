"""Hair, brows and lashes: strands drawn as lines into the sample buffer, tested against its depth."""

import numpy as np

from ...kernels import kernel

FINE_POINTS = 20
"""Strands of more points bend little from one to the next: every second segment is shaded like the one before it."""
ENOUGH_AROUND = 6
"""A sample is a pinhole where this many of the eight around it are hair."""
SHADOW_REACH = 6
"""Places of a shadow map over which hair counts as one volume, to each side."""
THIN, DENSE = 0.25, 0.80
"""Share of the places around one that hair covers: under the first nothing is in its shadow, over the second all is."""
SCREEN = np.array([[0.0, 7.0, 3.0], [6.0, 5.0, 2.0], [4.0, 1.0, 8.0]], np.float32)
"""Order in which thin hair darkens 3 x 3 places of a map; a soft shadow is the mean of as many, hence even."""
ANY_WAY = 0.75
"""Mean sine of the angle between light and strands that turn every way, about."""
SINK_MM, SHADE_MM, SHADED = 3.0, 14.0, 0.15
"""Hair this far under the surface of the hair begins to lose light, and over as many mm goes down to this share."""


@kernel(inline="always")
def _project(projection, point):
    """Sample coordinates and depth (mm) of a world point."""
    x, y, z = point[0], point[1], point[2]
    depth = projection[2, 0] * x + projection[2, 1] * y + projection[2, 2] * z + projection[2, 3]
    column = projection[0, 0] * x + projection[0, 1] * y + projection[0, 2] * z + projection[0, 3]
    row = projection[1, 0] * x + projection[1, 1] * y + projection[1, 2] * z + projection[1, 3]
    return column / depth, row / depth, depth


@kernel(inline="always")
def _hidden(depth, x, y, z):
    """Whether something nearer than `z` covers the sample; outside the picture nothing does."""
    side = depth.shape[0]
    return 0 <= x < side and 0 <= y < side and depth[int(y), int(x)] < z


@kernel
def close_gaps(colour, depth, cover, code):
    """Fills the single samples that strands of `code` left between them with what is around: hair has no pinholes."""
    side = cover.shape[0]
    filled = np.empty((side * side, 2), np.int16)
    total = 0
    for y in range(1, side - 1):
        for x in range(1, side - 1):
            if cover[y, x] == code or (cover[y, x - 1] != code and cover[y - 1, x] != code):
                continue
            count = 0
            red = green = blue = far = 0.0
            for j in range(y - 1, y + 2):
                for i in range(x - 1, x + 2):
                    if cover[j, i] == code:
                        count += 1
                        red, green, blue = red + colour[j, i, 0], green + colour[j, i, 1], blue + colour[j, i, 2]
                        far = max(far, depth[j, i])
            if count >= ENOUGH_AROUND and far < depth[y, x]:
                colour[y, x, 0], colour[y, x, 1], colour[y, x, 2] = red / count, green / count, blue / count
                depth[y, x] = far
                filled[total, 0], filled[total, 1] = y, x
                total += 1
    for k in range(total):  # not before: what is filled must not grow
        cover[filled[k, 0], filled[k, 1]] = code


@kernel
def draw_strands(
    points, projection, tint, depth_in_hair, opacity, light_direction, light_colour, sky, camera, centre,
    shine, bias, shadows, shadow_frame, colour, depth, cover, code,
):  # fmt: skip
    """Draws strands (S, P) over `colour` (2S, 2S, 3), nearer than `depth` (2S, 2S), one sample wide.

    Args:
        points: (S, P, 3) world mm; projection: (3, 4) world to homogeneous sample coordinates and depth.
        tint: (S, 3) linear colour; depth_in_hair: (S,) 0 at the surface of the hair, 1 at the scalp, darkens.
        opacity: (2,) at root and tip; opaque samples also enter `depth`. Strands with opaque roots stay so and thin out
            instead: that share of them gets so far. Thus it does not matter which of them is drawn first.
        centre: (3,) middle of the hair volume, whose outward direction stands in for a normal.
        shine: strength of the highlight; under 0.25 strands turn every way within a pixel and have no grain; bias: mm a strand may lie behind the surface it grows on and still be seen.
        cover: (2S, 2S) uint8, set to `code` where a strand covers more than half.
    """
    side = colour.shape[0]
    every = 2 if points.shape[1] > FINE_POINTS else 1
    fuzzy = max(1 - 4 * shine, 0.0)
    whole = opacity[0] == 1
    for s in range(points.shape[0]):
        shaded = -every
        cr = cg = cb = 0.0
        for p in range(points.shape[1] - 1):
            if p == 0:
                x1, y1, z1 = _project(projection, points[s, 0])
            x0, y0, z0 = x1, y1, z1
            x1, y1, z1 = _project(projection, points[s, p + 1])
            steps = int(np.ceil(max(abs(x1 - x0), abs(y1 - y0))))
            if (
                steps == 0
                or steps > 4 * side
                or max(x0, x1) < 0
                or max(y0, y1) < 0
                or min(x0, x1) >= side
                or min(y0, y1) >= side
            ):
                continue
            if _hidden(depth, x0, y0, z0 - bias) and _hidden(depth, x1, y1, z1 - bias):
                continue  # behind the head, as half of all hair is: not worth shading
            if p - shaded >= every:
                shaded = p
                ax, ay, az = points[s, p, 0], points[s, p, 1], points[s, p, 2]
                tx, ty, tz = points[s, p + 1, 0] - ax, points[s, p + 1, 1] - ay, points[s, p + 1, 2] - az
                n = 1 / max(np.sqrt(tx * tx + ty * ty + tz * tz), 1e-6)
                tx, ty, tz = tx * n, ty * n, tz * n
                ox, oy, oz = ax - centre[0], ay - centre[1], az - centre[2]
                oy = oy if oy > 0 else 0.3 * oy  # under the head hair hangs around the neck: it faces sideways
                n = 1 / max(np.sqrt(ox * ox + oy * oy + oz * oz), 1e-6)
                ox, oy, oz = ox * n, oy * n, oz * n
                vx, vy, vz = camera[0] - ax, camera[1] - ay, camera[2] - az
                n = 1 / np.sqrt(vx * vx + vy * vy + vz * vz)
                vx, vy, vz = vx * n, vy * n, vz * n
                inside = 1 - 0.72 * depth_in_hair[s] * (1 - 0.5 * p / points.shape[1])
                up = 0.55 + 0.45 * oy
                cr, cg, cb = tint[s, 0] * sky[0] * up, tint[s, 1] * sky[1] * up, tint[s, 2] * sky[2] * up
                for k in range(light_direction.shape[0]):
                    lx, ly, lz = light_direction[k, 0], light_direction[k, 1], light_direction[k, 2]
                    facing = min(max((ox * lx + oy * ly + oz * lz + 0.35) / 1.35, 0.0), 1.0)
                    if facing == 0:
                        continue
                    f = shadow_frame[k]
                    i = int(f[0, 0] * ax + f[0, 1] * ay + f[0, 2] * az + f[0, 3])
                    j = int(f[1, 0] * ax + f[1, 1] * ay + f[1, 2] * az + f[1, 3])
                    z = f[2, 0] * ax + f[2, 1] * ay + f[2, 2] * az + f[2, 3]
                    if 0 <= i < shadows.shape[2] and 0 <= j < shadows.shape[1]:
                        sunk = (z - shadows[k, j, i] - SINK_MM) / SHADE_MM
                        facing *= 1 - (1 - SHADED) * min(max(sunk, 0.0), 1.0)
                    tl = tx * lx + ty * ly + tz * lz
                    diffuse = np.sqrt(max(1 - tl * tl, 0.0))
                    diffuse = (diffuse + fuzzy * (ANY_WAY - diffuse)) * facing
                    hx, hy, hz = lx + vx, ly + vy, lz + vz
                    n = 1 / max(np.sqrt(hx * hx + hy * hy + hz * hz), 1e-6)
                    th = (tx * hx + ty * hy + tz * hz) * n
                    sin2 = max(1 - th * th, 0.0)
                    first, second = sin2**60, sin2**12
                    cr += (
                        light_colour[k, 0]
                        * facing
                        * (tint[s, 0] * (diffuse + shine * 1.2 * second) + 0.05 * shine * first)
                    )
                    cg += (
                        light_colour[k, 1]
                        * facing
                        * (tint[s, 1] * (diffuse + shine * 1.2 * second) + 0.05 * shine * first)
                    )
                    cb += (
                        light_colour[k, 2]
                        * facing
                        * (tint[s, 2] * (diffuse + shine * 1.2 * second) + 0.05 * shine * first)
                    )
                cr, cg, cb = cr * inside, cg * inside, cb * inside
            for k in range(steps):
                w = (k + 0.5) / steps
                x, y = int(x0 + (x1 - x0) * w), int(y0 + (y1 - y0) * w)
                if x < 0 or y < 0 or x >= side or y >= side:
                    continue
                z = z0 + (z1 - z0) * w
                if z - bias > depth[y, x]:
                    continue
                share = (p + w) / (points.shape[1] - 1)
                alpha = opacity[0] * (1 - share) + opacity[1] * share
                if whole:
                    if 128 * alpha <= (83 * s) % 128:
                        break
                    alpha = 1.0
                colour[y, x, 0] += alpha * (cr - colour[y, x, 0])
                colour[y, x, 1] += alpha * (cg - colour[y, x, 1])
                colour[y, x, 2] += alpha * (cb - colour[y, x, 2])
                if alpha > 0.5:
                    cover[y, x] = code
                    if z < depth[y, x]:
                        depth[y, x] = z
    if whole:
        close_gaps(colour, depth, cover, code)


@kernel
def shadow_strands(points, frame, shadow, every):
    """Lets every `every`-th strand (S, P, 3) cast its shadow into the map (M, M) of the light `frame` (3, 4).

    Hair is a volume: what counts is how much of the places around one it covers. Gaps between strands close, single
    strands cast nothing, and its edge is soft; drawn as they are, strands would streak and dot the forehead.
    """
    side = shadow.shape[0]
    near = np.full((side, side), np.inf, np.float32)
    for s in range(0, points.shape[0], every):
        for p in range(points.shape[1] - 1):
            x0, y0, z0 = 0.0, 0.0, 0.0
            x1, y1, z1 = 0.0, 0.0, 0.0
            for c in range(4):
                a = points[s, p, c] if c < 3 else 1.0
                b = points[s, p + 1, c] if c < 3 else 1.0
                x0, y0, z0 = x0 + frame[0, c] * a, y0 + frame[1, c] * a, z0 + frame[2, c] * a
                x1, y1, z1 = x1 + frame[0, c] * b, y1 + frame[1, c] * b, z1 + frame[2, c] * b
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
