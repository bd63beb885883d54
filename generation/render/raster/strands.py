"""Hair, brows and lashes: strands drawn as lines into the sample buffer, tested against its depth."""

from typing import NamedTuple

import numpy as np

from ...geometry.sphere import received, rotated
from ...geometry.vectors import difference, dot, transformed, unit_vector
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


class Strands(NamedTuple):
    """Hairs of one kind, S of P points each.

    Attributes:
        points: (S, P, 3) float32, world mm, from the root.
        tint: (S, 3) float32 linear colour.
        buried: (S,) float32, 0 at the surface of the hair, 1 at the scalp; darkens.
        root, tip: np.float32, opacity there, 0-1. Opaque samples also enter the depth. Strands with opaque roots stay
            opaque and thin out instead: the share `tip` of them reaches their ends. Thus it does not matter which of
            them is drawn first.
        middle: (3,) float32, world mm, of the hair; the direction away from it stands in for a normal.
        shine: strength of the highlight; under 0.25 strands turn every way within a pixel and have no grain.
        bias: mm that a strand may lie behind the surface it grows on and still be seen.
        code: index into `SEGMENTS`.
    """

    points: np.ndarray
    tint: np.ndarray
    buried: np.ndarray
    root: np.float32
    tip: np.float32
    middle: np.ndarray
    shine: float
    bias: float
    code: int


class SampleBuffer(NamedTuple):
    """What strands are drawn on, with 2 x 2 samples a pixel.

    Attributes:
        colour: (2S, 2S, 3) float32 linear; depth: (2S, 2S) float32 mm.
        cover: (2S, 2S) uint8, the code of the strands that cover more than half of a sample, else 0.
    """

    colour: np.ndarray
    depth: np.ndarray
    cover: np.ndarray


@kernel(inline="early")
def _project(projection, point):
    """Sample coordinates and depth (mm) of a world point."""
    column, row, depth = transformed(projection, point)
    return column / depth, row / depth, depth


@kernel(inline="early")
def _hidden(depth, at, bias):
    """Whether something more than `bias` nearer than `at` covers the sample; outside the picture nothing does."""
    side = depth.shape[0]
    x, y, z = at
    return 0 <= x < side and 0 <= y < side and depth[int(y), int(x)] < z - bias


@kernel(inline="early")
def _outside(a, b, side):
    """Whether the line from `a` to `b` cannot touch the picture."""
    return max(a[0], b[0]) < 0 or max(a[1], b[1]) < 0 or min(a[0], b[0]) >= side or min(a[1], b[1]) >= side


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


@kernel(allocates=False)
def draw_strands(strands, light, shadows, viewpoint, buffer):
    """Draws the `Strands` on the `SampleBuffer`, one sample wide. `light`: a `Light`; `shadows`: its `ShadowMaps`;
    `viewpoint`: a `Viewpoint`."""
    side = buffer.colour.shape[0]
    points, projection = strands.points, viewpoint.projection
    every = 2 if points.shape[1] > FINE_POINTS else 1
    for s in range(points.shape[0]):
        shaded = -every
        colour = (0.0, 0.0, 0.0)
        end = _project(projection, points[s, 0])
        for p in range(points.shape[1] - 1):
            start, end = end, _project(projection, points[s, p + 1])
            steps = int(np.ceil(max(abs(end[0] - start[0]), abs(end[1] - start[1]))))
            if steps == 0 or steps > 4 * side or _outside(start, end, side):
                continue
            if _hidden(buffer.depth, start, strands.bias) and _hidden(buffer.depth, end, strands.bias):
                continue  # behind the head, as half of all hair is: not worth shading
            if p - shaded >= every:
                shaded = p
                colour = strand_colour(strands, s, p, light, shadows, viewpoint.position)
            draw_line(buffer, strands, (s, p), start, end, steps, colour)
    if strands.root == 1:
        close_gaps(buffer.colour, buffer.depth, buffer.cover, strands.code)


@kernel(inline="early")
def draw_line(buffer, strands, which, start, end, steps, colour):
    """Draws the segment `which` (strand, point) from `start` to `end` (column, row, depth) in so many `steps`."""
    side, (s, p) = buffer.colour.shape[0], which
    for k in range(steps):
        w = (k + 0.5) / steps
        x, y = int(start[0] + (end[0] - start[0]) * w), int(start[1] + (end[1] - start[1]) * w)
        if x < 0 or y < 0 or x >= side or y >= side:
            continue
        z = start[2] + (end[2] - start[2]) * w
        if z - strands.bias > buffer.depth[y, x]:
            continue
        share = (p + w) / (strands.points.shape[1] - 1)
        alpha = strands.root * (1 - share) + strands.tip * share
        if strands.root == 1:
            if 128 * alpha <= (83 * s) % 128:
                break
            alpha = 1.0
        for c in range(3):
            buffer.colour[y, x, c] += alpha * (colour[c] - buffer.colour[y, x, c])
        if alpha > 0.5:
            buffer.cover[y, x] = strands.code
            if z < buffer.depth[y, x]:
                buffer.depth[y, x] = z


@kernel(inline="early")
def strand_colour(strands, s, p, light, shadows, camera):
    """Linear colour of the strand `s` from its point `p` on, seen from `camera` (3,) mm."""
    at, tint, shine = strands.points[s, p], strands.tint[s], strands.shine
    fuzzy = max(1 - 4 * shine, 0.0)
    along = unit_vector(difference(strands.points[s, p + 1], at))
    ox, oy, oz = difference(at, strands.middle)
    # under the head hair hangs around the neck: it faces sideways
    outward = unit_vector((ox, oy if oy > 0 else 0.3 * oy, oz))
    viewer = unit_vector(difference(camera, at))
    open_to_it = 0.65 + 0.35 * outward[1]  # hair hangs over hair
    red, green, blue = received(light.harmonics, rotated(light.axes, outward))
    red, green, blue = tint[0] * red * open_to_it, tint[1] * green * open_to_it, tint[2] * blue * open_to_it
    for k in range(light.direction.shape[0]):
        towards = light.direction[k]
        facing = min(max((dot(outward, towards) + 0.35) / 1.35, 0.0), 1.0)
        if facing == 0:
            continue
        facing *= reached(shadows.depth[k], shadows.frame[k], at)
        across = dot(along, towards)
        diffuse = np.sqrt(max(1 - across * across, 0.0))
        diffuse = (diffuse + fuzzy * (ANY_WAY - diffuse)) * facing
        half = towards[0] + viewer[0], towards[1] + viewer[1], towards[2] + viewer[2]
        n = 1 / max(np.sqrt(dot(half, half)), 1e-6)
        mirrored = dot(along, half) * n
        sin2 = max(1 - mirrored * mirrored, 0.0)
        first, second = sin2**60, sin2**12
        body, gloss = diffuse + shine * 1.2 * second, 0.05 * shine * first
        red += light.colour[k, 0] * facing * (tint[0] * body + gloss)
        green += light.colour[k, 1] * facing * (tint[1] * body + gloss)
        blue += light.colour[k, 2] * facing * (tint[2] * body + gloss)
    inside = 1 - 0.72 * strands.buried[s] * (1 - 0.5 * p / strands.points.shape[1])
    return red * inside, green * inside, blue * inside


@kernel(inline="early")
def reached(shadow, frame, at):
    """Share of a light that reaches `at`, by how far it lies under the surface of the hair in the light's map."""
    x, y, z = transformed(frame, at)
    i, j = int(x), int(y)
    if i < 0 or j < 0 or i >= shadow.shape[1] or j >= shadow.shape[0]:
        return 1.0
    sunk = (z - shadow[j, i] - SINK_MM) / SHADE_MM
    return 1 - (1 - SHADED) * min(max(sunk, 0.0), 1.0)


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
