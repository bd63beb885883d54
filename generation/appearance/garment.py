"""Clothes as the shader sees them: a neckline, hems and collars, fabric and its pattern, on the skin of the torso.

The torso's triangles are a centimetre wide, so everything finer is a function of the canonical position (mm), evaluated
per pixel. `COLUMNS` names the numbers that describe a garment; `appearance.clothes` chooses them.
"""

import numpy as np

from ..geometry.noise import sample, smooth
from ..kernels import kernel

COLUMNS: tuple[str, ...] = (
    "red", "green", "blue", "height", "front", "side", "weave", "roughness", "back", "depth", "width", "style",
    "pattern", "red2", "green2", "blue2", "period", "hem", "knit", "folds", "phase",
)  # fmt: skip
"""red, green, blue: linear albedo; red2, green2, blue2: of the pattern and the trimming.
height: canonical y (mm) of the base of the neck, which everything else is measured from.
front, side, back: mm of surface from there down to the rim; depth, width: of the opening in front, mm.
weave: contrast of the threads; roughness; knit: contrast of ribs; folds: slope of the drapery.
style, pattern: index into `STYLES` and `PATTERNS`; period: of the pattern, mm, and phase (0-1) of its place.
hem: width of the trimming or the ribbed band along the rim, mm.
"""
STYLES: tuple[str, ...] = ("round", "pointed", "shirt", "gown", "roll", "hood")
PATTERNS: tuple[str, ...] = ("plain", "stripes", "pinstripes", "checks", "print")
ROUND, POINTED, SHIRT, GOWN, ROLL, HOOD = range(6)
PLAIN, STRIPES, PINSTRIPES, CHECKS, PRINT = range(5)
TOP_MM = -96.0
"""Canonical height that no garment reaches."""
CONTACT_MM = 11.0
"""How far up the skin the shadow of a rim reaches."""
LEVEL = 0.25
"""How much a millimetre away from the ridge of the shoulders counts beside one down the body for where a band lies."""
CORNER_MM = 16.0
"""How far before it the rim of the neck bends into the opening in front."""


@kernel
def down_the_body(height, x, y, z):
    """About how far (mm) a point lies down the surface from the base of the neck: outwards on shoulders, down elsewhere.

    Under the chin, which is not of the torso, it is far above.
    """
    ahead = 1.1 * (min(z, 0.25 * z - 46.0) + 100)  # the chest's relief in front counts a quarter
    out = np.sqrt(x * x + ahead * ahead) - 55
    torso = smooth(-118.0, -146.0, y)
    chin = max(z + 43, 0.0) * smooth(-152.0, -132.0, y)
    return 0.6 * torso * out + 0.8 * (height - y) - 2 * chin


@kernel
def under_rim(cloth, x, y, z):
    """How far (mm) a canonical point lies inside the clothes, negative on bare skin."""
    if y > TOP_MM:
        return -100.0
    ahead = 1.1 * (z + 100)
    facing = ahead / np.sqrt(x * x + ahead * ahead + 1)
    front, back = 0.5 + 0.5 * facing, 0.5 - 0.5 * facing
    rim = cloth[4] * front + cloth[8] * back + cloth[5] * (1 - facing * facing)
    under = down_the_body(cloth[3], x, y, z) - rim
    if cloth[9] > 0 and facing > 0:
        beside = beside_opening(cloth, x, y) + 300 * (1 - smooth(0.0, 0.3, facing))
        corner = max(CORNER_MM - abs(under - beside), 0.0)  # where the two rims meet, one round line
        under = min(under, beside) - corner * corner / (4 * CORNER_MM)
    return under


@kernel
def beside_opening(cloth, x, y):
    """How far (mm) a point lies outside the v or the scoop in front, seen from the front, so that its edges are straight
    whatever the collar bones below.
    """
    depth, width = cloth[9], cloth[10]
    down = cloth[3] - cloth[4] - y
    if cloth[11] == ROUND:
        reach = np.sqrt((x / width) ** 2 + (max(down, 0.0) / depth) ** 2)
        return 0.5 * (depth + width) * (reach - 1)
    side = np.sqrt(x * x + 9.0)  # the tip is a little round
    return (side * depth - width * (depth - down)) / np.sqrt(depth * depth + width * width)


@kernel
def below_flap(cloth, x, y, z):
    """How far (mm) a point lies below the lower edge of a shirt's collar, a hood or a folded roll; negative on it."""
    down = down_the_body(cloth[3], x, y, z)
    side = abs(x)
    front = smooth(-90.0, -62.0, z)
    if cloth[11] == SHIRT:  # the points of the collar, left and right of the buttons
        point = min(smooth(4.0, 36.0, side), 1.0) * (1 - smooth(34.0, 82.0, side))
        return down - (14 + 20 * point * front)
    if cloth[11] == HOOD:
        return down - (34 - 6 * front)
    return down - (2 + 3 * front)  # a roll


@kernel
def fabric(cloth, under, x, y, z, px, py, pz, nx, ny, nz, tile, pixel, out):
    """Fills `out` (7,): linear albedo, unit normal, share of the ambient light; at the canonical point (x, y, z) with
    normal n, `under` mm inside the rim; `pixel`: mm a pixel covers, which edges are softened by. Patterns are cut from
    straight cloth: they follow the place p on this body (mm), on which canonical heights would wander.
    """
    red, green, blue = cloth[0], cloth[1], cloth[2]
    style = cloth[11]
    # bands lie level around the body; on the shoulders, which are nearly level themselves, depth counts a little
    run = -py + LEVEL * np.sqrt((pz + 108) * (pz + 108) + 400)
    if style == SHIRT and below_flap(cloth, x, y, z) < 0:
        mark = _mark(cloth, run, px, pixel)  # a collar is cut across the cloth
    else:
        mark = _mark(cloth, px, run, pixel)
    light, bend, sink = 1.0, 0.0, 1.0  # albedo, slope towards the rim (positive turns up), ambient light
    band = 0.0
    if cloth[17] > 0:
        edge = cloth[17] - under
        band = smooth(-pixel, pixel, edge)
        seam = abs(edge) / 1.4
        if seam < 1:
            light *= 1 - 0.16 * (1 - seam)
            bend += 0.35 * (1 - seam)
    if style in (GOWN, POINTED, ROUND):
        mark += band * ((1.0 if style == GOWN else 0.0) - mark)
    # the rim is as thick as cloth: it turns over and away
    if under < 2.4:
        lip = 1 - max(under, 0.0) / 2.4
        bend += 0.9 * lip * lip
        sink *= 1 - 0.25 * lip
    if style in (SHIRT, HOOD, ROLL):
        below = below_flap(cloth, x, y, z)
        if below > 0:  # shadow on what the collar lies on
            shadow = np.exp(-below / (3.2 if style == SHIRT else 6.5))
            sink *= 1 - 0.55 * shadow
            light *= 1 - 0.50 * shadow * smooth(-pixel, pixel, below)
        elif below > -3:
            bend -= 0.8 * (1 + below / 3)
            sink *= 1 - 0.1 * (1 + below / 3)
        if style == SHIRT:
            stitch = abs(below + 5.0) / 0.8
            if stitch < 1:
                light *= 1 - 0.10 * (1 - stitch)
            if below > 0 and z > -75:
                light *= _placket(x, y, pixel)
        elif style == HOOD and z > -75 and below > -30:
            mark = _strings(cloth, x, y, below, mark, pixel)
    elif style == GOWN and z > -75 and under > 0:
        # wrapped over: the upper panel's edge runs on from the point of the neck
        side = 1.0 if cloth[20] > 0.55 else -1.0
        wrap = side * x - 0.45 * (down_the_body(cloth[3], x, y, z) - 45)
        mark += (1 - smooth(3.2 - pixel, 3.2 + pixel, abs(wrap))) * (1 - mark) * smooth(40.0, 55.0, down_the_body(cloth[3], x, y, z))  # fmt: skip
        if 3.2 < wrap < 8:
            light *= 0.86
    red, green, blue = (
        red + mark * (cloth[13] - red),
        green + mark * (cloth[14] - green),
        blue + mark * (cloth[15] - blue),
    )
    weave = 1 + cloth[6] * sample(tile, 2.6 * x, 2.6 * y, 2.6 * z)
    if cloth[18] > 0:  # ribs run down the body; on a band or a roll they are coarser
        ribbed = band > 0.5 or (style == ROLL and below_flap(cloth, x, y, z) < 0)
        pitch = 3.6 if ribbed else 2.8
        around = 62 * np.arctan2(x, z + 100) if ribbed else x
        weave *= 1 + cloth[18] * min(1.0, 0.8 / pixel) * np.cos(2 * np.pi * around / pitch)
    out[0], out[1], out[2] = red * light * weave, green * light * weave, blue * light * weave
    # drapery: long folds that hang, and the roll of rims and seams
    fx, fy, fz = 0.040 * x + 7 * cloth[20], 0.017 * y, 0.040 * z
    here = sample(tile, fx, fy, fz)
    tip = cloth[19] * smooth(2.0, 30.0, under)
    gx, gy = (sample(tile, fx + 0.3, fy, fz) - here) * tip, (sample(tile, fx, fy + 0.3, fz) - here) * 0.5 * tip
    reach = np.sqrt(x * x + (z + 100) * (z + 100)) + 1e-3
    px, py, pz = nx - gx - 0.6 * bend * x / reach, ny - gy + 0.8 * bend, nz - 0.6 * bend * (z + 100) / reach
    n = 1 / np.sqrt(px * px + py * py + pz * pz)
    out[3], out[4], out[5] = px * n, py * n, pz * n
    out[6] = sink * (1 + 0.10 * min(here, 0.0) * (cloth[19] > 0))


@kernel(inline="always")
def _stripe(place, share, soft):
    """1 in the first `share` of each unit of `place`, 0 in the rest, softened by `soft` units."""
    t = place - np.floor(place + 0.5)
    return min(max(0.5 + (share / 2 - abs(t)) / max(soft, 1e-3), 0.0), 1.0)


@kernel
def _mark(cloth, x, run, pixel):
    """How much of the second colour the pattern shows, 0-1, `run` mm down the cloth."""
    pattern, period = cloth[12], cloth[16]
    if pattern == PLAIN:
        return 0.0
    soft, u, v = pixel / period, x / period + cloth[20], run / period + cloth[20]
    if pattern == STRIPES:
        return _stripe(v, 0.42, soft)
    if pattern == PINSTRIPES:
        return 0.6 * _stripe(u, 0.16, soft)
    if pattern == CHECKS:
        return 0.5 * _stripe(u, 0.45, soft) + 0.5 * _stripe(v, 0.45, soft)
    row = np.floor(v)
    a, b = u + 0.5 * (row % 2) - np.floor(u + 0.5 * (row % 2)) - 0.5, v - row - 0.5
    return 1 - smooth(0.17 - soft, 0.17 + soft, abs(a) + abs(b))  # lozenges in staggered rows


@kernel
def _placket(x, y, pixel):
    """Shade of the buttoned front of a shirt: an edge at each side and round buttons every 62 mm."""
    light = 1.0
    edge = abs(abs(x) - 15) / 1.1
    if edge < 1:
        light *= 1 - 0.22 * (1 - edge)
    t = (y + 196) / 62
    off = (t - np.floor(t + 0.5)) * 62
    radius = np.sqrt(x * x + off * off)
    if radius < 7:
        button = 1 - smooth(5.0 - pixel, 5.0 + pixel, radius)
        rim = 1 - smooth(0.0, 1.4, abs(radius - 5.2))
        light *= 1 + 0.22 * button - 0.30 * rim
    return light


@kernel
def _strings(cloth, x, y, below, mark, pixel):
    """Two drawstrings that hang from a hood."""
    sway = 19 + 1.5 * np.sin(y / 9 + 3 * cloth[20])
    on = 1 - smooth(2.2 - pixel, 2.2 + pixel, abs(abs(x) - sway))
    return mark + on * smooth(-22.0, -18.0, below) * (0.9 - mark)


@kernel
def contact(under):
    """Share of the light that skin keeps `under` (negative) mm away from a rim."""
    return 1 - 0.50 * np.exp(under / 3.0)
