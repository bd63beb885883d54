"""Hair, brows and lashes drawn over a shaded picture, with the share of every sample that each strand covers.

Segments are drawn from front to back, so that what lies behind full cover costs nothing, and every strand takes its
share of what those before it left open: a sample is never covered by more than 1. The order depends on nothing but
depth and the number of the strand.
"""

from typing import NamedTuple

import numpy as np

from ...geometry.vectors import transformed
from ...kernels import kernel
from .strand_light import strand_colour

FULL = 0.90
"""Where this much is covered everything is: what lies behind is not drawn."""
LOOKS = 6
"""At so many places of a segment it is looked whether there is anything left to cover."""
BINS = 128
"""Steps of depth by which segments are put in order."""
FRONT, COVERED, DEPTH = 0, 3, 4
"""Places in a layer: colour from the first on, the share that is covered, depth of what covers half (mm)."""


WIDE_ENOUGH, ENOUGH = 1.25, 6000
"""Where so many strands or more are narrower than so many samples, fewer and wider ones are drawn."""
FINE_POINTS = 12
"""Strands of more points bend little from one to the next: every second one has the mean colour of its neighbours."""


class Strands(NamedTuple):
    """Hairs of one kind, S of P points each.

    Attributes:
        points: (S, P, 3) float32, world mm, from the root.
        tint: (S, 3) float32 linear colour.
        buried: (S,) float32, 0 at the surface of the hair, 1 at the scalp; darkens.
        width: (S,) float32 mm at the root. A strand may stand for several hairs.
        tip: np.float32, width at the tip relative to the root: ends fade out.
        middle: (3,) float32, world mm, of the hair; the direction away from it stands in for a normal.
        shine: strength of the highlights; under 0.25 strands turn every way within a pixel and have no grain.
        bias: mm that a strand may lie behind the surface it grows on and still be seen.
        code: index into `SEGMENTS`.
    """

    points: np.ndarray
    tint: np.ndarray
    buried: np.ndarray
    width: np.ndarray
    tip: np.float32
    middle: np.ndarray
    shine: float
    bias: float
    code: int


class SampleBuffer(NamedTuple):
    """What strands are drawn on, with 2 x 2 samples a pixel.

    Attributes:
        colour: (2S, 2S, 3) float32 linear; depth: (2S, 2S) float32 mm.
        cover: (2S, 2S) uint8, the code of the strands that cover at least half of a pixel, on its four samples, else 0.
    """

    colour: np.ndarray
    depth: np.ndarray
    cover: np.ndarray


class Layer(NamedTuple):
    """Strands of one kind by themselves.

    Attributes:
        values: (H, W, 5) float32, see FRONT, COVERED and DEPTH.
        full: (H, W) bool, where `values` are covered by FULL or more.
        row, column: sample of the picture that is its first.
    """

    values: np.ndarray
    full: np.ndarray
    row: int
    column: int


def draw_strands(strands, light, shadows, viewpoint, buffer) -> None:
    """Draws the `Strands` on the `SampleBuffer`. `light`: a `Light`; `shadows`: its `ShadowMaps`; `viewpoint`: a
    `Viewpoint`."""
    samples_per_mm = np.float32(2 / viewpoint.pixel_mm)
    strands = _fewer(strands, samples_per_mm)
    ends = _projected(strands.points, viewpoint.projection)
    order = _front_to_back(ends, buffer.depth, strands.bias)
    if not len(order):
        return
    row, column, height, width = _box(ends, order, len(buffer.depth))
    layer = Layer(np.zeros((height, width, 5), np.float32), np.zeros((height, width), np.bool_), row, column)
    colours = np.full(strands.points.shape, np.nan, np.float32)
    draw_kernel(order, ends, strands, samples_per_mm, light, shadows, viewpoint.position, colours, buffer.depth, layer)
    _blend(layer, strands.code, buffer)


def _fewer(strands: Strands, samples_per_mm: float) -> Strands:
    """As many strands as a picture of this size can show, as wide together as all of them."""
    count = len(strands.width)
    if count <= ENOUGH:  # also where a cap or a scarf hides all of them
        return strands
    needed = int(count * samples_per_mm * float(strands.width[:ENOUGH].mean()) / WIDE_ENOUGH)
    needed = max(needed, ENOUGH)
    if needed >= count:
        return strands
    points, tint, buried, width = (
        values[:needed] for values in (strands.points, strands.tint, strands.buried, strands.width)
    )
    return strands._replace(points=points, tint=tint, buried=buried, width=width * np.float32(count / needed))


@kernel
def _projected(points, projection):
    """Column, row and depth (mm), (S, P, 3) float32, of world points (S, P, 3) on the samples of a picture."""
    out = np.empty(points.shape, np.float32)
    for s in range(points.shape[0]):
        for p in range(points.shape[1]):
            column, row, depth = transformed(projection, points[s, p])
            out[s, p, 0], out[s, p, 1], out[s, p, 2] = column / depth, row / depth, depth
    return out


@kernel(inline="early")
def _hidden(depth, at, bias):
    """Whether something more than `bias` nearer than `at` covers the sample; outside the picture nothing does."""
    side = depth.shape[0]
    x, y, z = at[0], at[1], at[2]
    return 0 <= x < side and 0 <= y < side and depth[int(y), int(x)] < z - bias


@kernel(inline="early")
def _outside(a, b, side):
    """Whether the line from `a` to `b` cannot touch the picture, or is so long that a point is behind the camera."""
    return (
        max(a[0], b[0]) < 0
        or max(a[1], b[1]) < 0
        or min(a[0], b[0]) >= side
        or min(a[1], b[1]) >= side
        or not max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= 4 * side
    )


@kernel
def _front_to_back(ends, depth, bias):
    """The segments that may be seen, as numbers strand x (P - 1) + point, nearest first; those at one depth in the
    order of their strands. Those behind the head are left out, as half of all hair is."""
    strands, segments, side = ends.shape[0], ends.shape[1] - 1, depth.shape[0]
    kept, twice_depth = np.empty(strands * segments, np.int32), np.empty(strands * segments, np.float32)
    total = 0
    near, far = np.float32(np.inf), np.float32(-np.inf)
    for s in range(strands):
        covered = _hidden(depth, ends[s, 0], bias)
        for p in range(segments):
            before, covered = covered, _hidden(depth, ends[s, p + 1], bias)
            if (before and covered) or _outside(ends[s, p], ends[s, p + 1], side):
                continue
            z = ends[s, p, 2] + ends[s, p + 1, 2]
            kept[total], twice_depth[total] = s * segments + p, z
            total += 1
            near, far = min(near, z), max(far, z)
    scale = np.float32(BINS - 1) / max(far - near, np.float32(1e-3))
    first = np.zeros(BINS + 1, np.int32)
    for k in range(total):
        first[int((twice_depth[k] - near) * scale) + 1] += 1
    first = np.cumsum(first)
    order = np.empty(total, np.int32)
    for k in range(total):
        b = int((twice_depth[k] - near) * scale)
        order[first[b]] = kept[k]
        first[b] += 1
    return order


@kernel
def _box(ends, order, side):
    """First row, first column, height and width of whole pixels, in samples, that hold the segments `order`."""
    segments = ends.shape[1] - 1
    left = top = np.float32(side)
    right = bottom = np.float32(0)
    for k in range(order.shape[0]):
        s, p = order[k] // segments, order[k] % segments
        for e in range(2):
            x, y = ends[s, p + e, 0], ends[s, p + e, 1]
            left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
    column, row = max(int(left) // 2 * 2 - 4, 0), max(int(top) // 2 * 2 - 4, 0)
    last_column, last_row = min(int(right) // 2 * 2 + 6, side), min(int(bottom) // 2 * 2 + 6, side)
    return row, column, max(last_row - row, 0), max(last_column - column, 0)


@kernel(allocates=False)
def draw_kernel(order, ends, strands, samples_per_mm, light, shadows, camera, colours, depth, layer):
    """Draws the segments `order` into the `layer`; `colours` (S, P, 3), NaN, takes those of the points that are
    needed."""
    segments = ends.shape[1] - 1
    for k in range(order.shape[0]):
        s, p = order[k] // segments, order[k] % segments
        start, end = ends[s, p], ends[s, p + 1]
        if _full(layer, start, end):
            continue
        a, b = (p - p % 2, min(p - p % 2 + 2, segments)) if segments >= FINE_POINTS else (p, p + 1)
        for e in (a, b):
            if np.isnan(colours[s, e, 0]):
                red, green, blue = strand_colour(strands, s, e, light, shadows, camera)
                colours[s, e, 0], colours[s, e, 1], colours[s, e, 2] = red, green, blue
        if b - a == 2 and np.isnan(colours[s, a + 1, 0]):
            for c in range(3):
                colours[s, a + 1, c] = 0.5 * (colours[s, a, c] + colours[s, b, c])
        whole = strands.width[s] * samples_per_mm
        fade = (1 - strands.tip) / np.float32(segments * segments)
        widths = whole * (1 - fade * np.float32(p * p)), whole * (1 - fade * np.float32((p + 1) * (p + 1)))
        draw_segment(layer, depth, start, end, widths, colours[s, p], colours[s, p + 1], strands.bias)


@kernel(inline="early")
def _full(layer, start, end):
    """Whether nothing is left to cover at a few places along a segment."""
    height, width = layer.full.shape
    for k in range(LOOKS):
        w = np.float32(k / (LOOKS - 1))
        x = int(start[0] + w * (end[0] - start[0])) - layer.column
        y = int(start[1] + w * (end[1] - start[1])) - layer.row
        if 0 <= y < height and 0 <= x < width and not layer.full[y, x]:
            return False
    return True


@kernel(allocates=False)
def draw_segment(layer, depth, start, end, widths, first, last, bias):
    """Draws a line from `start` to `end` (column, row, depth), of the `widths` (2) in samples and the colours `first`
    and `last` (3,) there, into the `layer` where nothing in `depth` (2S, 2S) is more than `bias` nearer.

    Every sample is covered by the share of it that lies inside of the line, which is taken straight across rows or
    columns, whichever it crosses more of. So a line covers its length times its width wherever it lies.
    """
    values = layer.values
    steep = abs(end[1] - start[1]) > abs(end[0] - start[0])
    m, n = (1, 0) if steep else (0, 1)
    wide, wider = widths
    if start[m] > end[m]:
        start, end, first, last = end, start, last, first
        wider, wide = widths
    origin = layer.row, layer.column
    m0, n0 = start[m] - np.float32(origin[1 - m]), start[n] - np.float32(origin[1 - n])
    run = end[m] - start[m]
    if run < np.float32(1e-3):
        return
    each = np.float32(1) / run
    slope = (end[n] - start[n]) * each
    stretch = np.float32(0.5) * np.sqrt(np.float32(1) + slope * slope)
    fall = end[2] - start[2]
    limit = np.float32(bias)
    for i in range(max(int(np.floor(m0)), 0), min(int(np.ceil(m0 + run)), values.shape[1 - m])):
        low, high = max(np.float32(i), m0), min(np.float32(i + 1), m0 + run)
        step = np.float32(0.5) * (low + high) - m0
        t = step * each
        half = stretch * (wide + (wider - wide) * t)
        upper = n0 + slope * step - half
        lower = upper + half + half
        z = start[2] + fall * t
        for j in range(max(int(np.floor(upper)), 0), min(int(np.ceil(lower)), values.shape[1 - n])):
            y, x = (i, j) if steep else (j, i)
            if layer.full[y, x] or z - limit > depth[y + layer.row, x + layer.column]:
                continue
            covered = values[y, x, COVERED]
            inside = min(np.float32(j + 1), lower) - max(np.float32(j), upper)
            share = (high - low) * inside * (np.float32(1) - covered)
            values[y, x, 0] += share * (first[0] + (last[0] - first[0]) * t)
            values[y, x, 1] += share * (first[1] + (last[1] - first[1]) * t)
            values[y, x, 2] += share * (first[2] + (last[2] - first[2]) * t)
            values[y, x, COVERED] = covered + share
            layer.full[y, x] = covered + share > np.float32(FULL)
            if covered < np.float32(0.5) <= covered + share:
                values[y, x, DEPTH] = z


@kernel(allocates=False)
def _blend(layer, code, buffer):
    """Puts the `layer` over the `SampleBuffer`; pixels that it covers at least half are `code`."""
    values = layer.values
    for row in range(0, values.shape[0], 2):
        for column in range(0, values.shape[1], 2):
            whole, nearest = 0.0, np.float32(np.inf)
            for k in range(4):
                j, i = row + k // 2, column + k % 2
                covered = values[j, i, COVERED]
                if covered == 0:
                    continue
                y, x = j + layer.row, i + layer.column
                share = 1.0 if covered >= FULL else covered
                whole += share
                for c in range(3):
                    drawn = values[j, i, c] / covered
                    buffer.colour[y, x, c] += share * (drawn - buffer.colour[y, x, c])
                if covered >= 0.5:
                    nearest = min(nearest, values[j, i, DEPTH])
            if whole >= 2:
                for k in range(4):
                    y, x = row + k // 2 + layer.row, column + k % 2 + layer.column
                    buffer.cover[y, x] = code
                    buffer.depth[y, x] = min(buffer.depth[y, x], nearest)
