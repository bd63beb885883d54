"""What is seen of clothes at one point: colour and pattern, weave, hems, the edges of collars, and drapery."""

from typing import NamedTuple

import numpy as np

from ..geometry.noise import sample, smooth
from ..geometry.vectors import unit_vector
from ..kernels import kernel
from .clothes import CHECKS, FLAPS, GOWN, HOOD, PINSTRIPES, PLAIN, POINTED, ROLL, ROUND, SHIRT, STRIPES
from .garment import below_flap, down_the_body

LEVEL = 0.25
"""How much a millimetre away from the ridge of the shoulders counts beside one down the body for where a band lies."""


class Fabric(NamedTuple):
    """A place on a garment: linear albedo, unit normal, share of the ambient light that reaches it."""

    albedo: tuple[float, float, float]
    normal: tuple[float, float, float]
    ambient: float


class _Finish(NamedTuple):
    """What edges and seams add to plain cloth.

    Attributes:
        mark: how much of the second colour shows, 0-1.
        light: factor of the albedo; ambient: share of the ambient light.
        bend: slope towards the rim, positive turns up.
    """

    mark: float
    light: float
    bend: float
    ambient: float


@kernel(allocates=False)
def fabric(garment, under, at, world, normal, tile, pixel_mm):
    """The `Fabric` at the canonical point `at` with unit `normal`, `under` mm inside the rim.

    `pixel_mm`: what a pixel covers, which edges are softened by. Patterns are cut from straight cloth: they follow the
    place in the `world` (mm) on this body, on which canonical heights would wander.
    """
    flap = below_flap(garment, at) if garment.style in FLAPS else 0.0
    band = smooth(-pixel_mm, pixel_mm, garment.hem - under) if garment.hem > 0 else 0.0
    finish = _rim(garment, under, band, _pattern(garment, world, flap, pixel_mm), pixel_mm)
    if garment.style in FLAPS:
        finish = _flap(garment, at, flap, finish, pixel_mm)
    elif garment.style == GOWN and at[2] > -75 and under > 0:
        finish = _wrap(garment, at, finish, pixel_mm)
    ribbed = band > 0.5 or (garment.style == ROLL and flap < 0)
    weave = _weave(garment, at, ribbed, tile, pixel_mm)
    mark, light, bend, ambient = finish
    first, second = garment.colour, garment.second_colour
    albedo = (
        (first[0] + mark * (second[0] - first[0])) * light * weave,
        (first[1] + mark * (second[1] - first[1])) * light * weave,
        (first[2] + mark * (second[2] - first[2])) * light * weave,
    )
    # drapery: long folds that hang, and the roll of rims and seams
    x, y, z = at
    fx, fy, fz = 0.040 * x + 7 * garment.phase, 0.017 * y, 0.040 * z
    here = sample(tile, fx, fy, fz)
    tip = garment.folds * smooth(2.0, 30.0, under)
    gx, gy = (sample(tile, fx + 0.3, fy, fz) - here) * tip, (sample(tile, fx, fy + 0.3, fz) - here) * 0.5 * tip
    reach = np.sqrt(x * x + (z + 100) * (z + 100)) + 1e-3
    bent = (
        normal[0] - gx - 0.6 * bend * x / reach,
        normal[1] - gy + 0.8 * bend,
        normal[2] - 0.6 * bend * (z + 100) / reach,
    )
    return Fabric(albedo, unit_vector(bent), ambient * (1 + 0.10 * min(here, 0.0) * (garment.folds > 0)))


@kernel(allocates=False)
def _pattern(garment, world, flap, pixel_mm):
    """How much of the second colour the pattern shows, 0-1."""
    # bands lie level around the body; on the shoulders, which are nearly level themselves, depth counts a little
    x, y, z = world
    run = -y + LEVEL * np.sqrt((z + 108) * (z + 108) + 400)
    if garment.style == SHIRT and flap < 0:
        return _mark(garment, run, x, pixel_mm)  # a collar is cut across the cloth
    return _mark(garment, x, run, pixel_mm)


@kernel(allocates=False)
def _rim(garment, under, band, mark, pixel_mm):
    """The hem with its seam (`band` 1 within it), and the rim, which is as thick as cloth: it turns over and away."""
    light, bend, ambient = 1.0, 0.0, 1.0
    if garment.hem > 0:
        seam = abs(garment.hem - under) / 1.4
        if seam < 1:
            light *= 1 - 0.16 * (1 - seam)
            bend += 0.35 * (1 - seam)
    if garment.style in (GOWN, POINTED, ROUND):
        mark += band * ((1.0 if garment.style == GOWN else 0.0) - mark)
    if under < 2.4:
        lip = 1 - max(under, 0.0) / 2.4
        bend += 0.9 * lip * lip
        ambient *= 1 - 0.25 * lip
    return _Finish(mark, light, bend, ambient)


@kernel(allocates=False)
def _flap(garment, at, flap, finish, pixel_mm):
    """The edge of a collar, a hood or a roll, the shadow below it, and what else such clothes have in front."""
    mark, light, bend, ambient = finish
    x, y, z = at
    if flap > 0:  # shadow on what the collar lies on
        shadow = np.exp(-flap / (3.2 if garment.style == SHIRT else 6.5))
        ambient *= 1 - 0.55 * shadow
        light *= 1 - 0.50 * shadow * smooth(-pixel_mm, pixel_mm, flap)
    elif flap > -3:
        bend -= 0.8 * (1 + flap / 3)
        ambient *= 1 - 0.1 * (1 + flap / 3)
    if garment.style == SHIRT:
        stitch = abs(flap + 5.0) / 0.8
        if stitch < 1:
            light *= 1 - 0.10 * (1 - stitch)
        if flap > 0 and z > -75:
            light *= _placket(x, y, pixel_mm)
    elif garment.style == HOOD and z > -75 and flap > -30:
        mark = _strings(garment, x, y, flap, mark, pixel_mm)
    return _Finish(mark, light, bend, ambient)


@kernel(allocates=False)
def _wrap(garment, at, finish, pixel_mm):
    """A gown wrapped over: the upper panel's edge runs on from the point of the neck."""
    side = 1.0 if garment.phase > 0.55 else -1.0
    down = down_the_body(garment.neck, at)
    wrap = side * at[0] - 0.45 * (down - 45)
    edge = 1 - smooth(3.2 - pixel_mm, 3.2 + pixel_mm, abs(wrap))
    mark = finish.mark + edge * (1 - finish.mark) * smooth(40.0, 55.0, down)
    return _Finish(mark, finish.light * (0.86 if 3.2 < wrap < 8 else 1.0), finish.bend, finish.ambient)


@kernel(allocates=False)
def _weave(garment, at, ribbed, tile, pixel_mm):
    """Factor of the albedo: threads, and ribs that run down the body; on a band or a roll they are coarser."""
    x, y, z = at
    weave = 1 + garment.weave * sample(tile, 2.6 * x, 2.6 * y, 2.6 * z)
    if garment.knit > 0:
        pitch = 3.6 if ribbed else 2.8
        around = 62 * np.arctan2(x, z + 100) if ribbed else x
        weave *= 1 + garment.knit * min(1.0, 0.8 / pixel_mm) * np.cos(2 * np.pi * around / pitch)
    return weave


@kernel(inline="early")
def _stripe(place, share, soft):
    """1 in the first `share` of each unit of `place`, 0 in the rest, softened by `soft` units."""
    t = place - np.floor(place + 0.5)
    return min(max(0.5 + (share / 2 - abs(t)) / max(soft, 1e-3), 0.0), 1.0)


@kernel(allocates=False)
def _mark(garment, x, run, pixel_mm):
    """How much of the second colour the pattern shows, 0-1, `run` mm down the cloth."""
    pattern, period = garment.pattern, garment.period
    if pattern == PLAIN:
        return 0.0
    soft, u, v = pixel_mm / period, x / period + garment.phase, run / period + garment.phase
    if pattern == STRIPES:
        return _stripe(v, 0.42, soft)
    if pattern == PINSTRIPES:
        return 0.6 * _stripe(u, 0.16, soft)
    if pattern == CHECKS:
        return 0.5 * _stripe(u, 0.45, soft) + 0.5 * _stripe(v, 0.45, soft)
    row = np.floor(v)
    a, b = u + 0.5 * (row % 2) - np.floor(u + 0.5 * (row % 2)) - 0.5, v - row - 0.5
    return 1 - smooth(0.17 - soft, 0.17 + soft, abs(a) + abs(b))  # lozenges in staggered rows


@kernel(allocates=False)
def _placket(x, y, pixel_mm):
    """Shade of the buttoned front of a shirt: an edge at each side and round buttons every 62 mm."""
    light = 1.0
    edge = abs(abs(x) - 15) / 1.1
    if edge < 1:
        light *= 1 - 0.22 * (1 - edge)
    t = (y + 196) / 62
    off = (t - np.floor(t + 0.5)) * 62
    radius = np.sqrt(x * x + off * off)
    if radius < 7:
        button = 1 - smooth(5.0 - pixel_mm, 5.0 + pixel_mm, radius)
        rim = 1 - smooth(0.0, 1.4, abs(radius - 5.2))
        light *= 1 + 0.22 * button - 0.30 * rim
    return light


@kernel(allocates=False)
def _strings(garment, x, y, below, mark, pixel_mm):
    """Two drawstrings that hang from a hood."""
    sway = 19 + 1.5 * np.sin(y / 9 + 3 * garment.phase)
    on = 1 - smooth(2.2 - pixel_mm, 2.2 + pixel_mm, abs(abs(x) - sway))
    return mark + on * smooth(-22.0, -18.0, below) * (0.9 - mark)
