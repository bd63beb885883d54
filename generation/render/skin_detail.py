"""What both renderers paint on skin and eyes, at one point: pixel by pixel in `shading`, at vertices in `cycles_paint`.

Functions take and return plain numbers, so that the compiler can put them in place of their calls. Colours are linear.
`place` is where in the noise the person lies: x, y, z (mm scaled to cells).
"""

import numpy as np
from numba import njit

from ..noise import sample
from .grooves import wrinkle_relief


@njit(cache=True, inline="always")
def smooth(low, high, x):
    """0 below `low`, 1 above `high` (or the other way round), with a soft step between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@njit(cache=True, inline="always")
def blemishes(r, g, b, x, y, z, detail, tile):
    """Albedo (r, g, b) with mottle, freckles and moles at canonical (x, y, z) mm; `detail`: see `Skin`."""
    ox, oy, oz = detail[4], detail[5], detail[6]
    mottle = detail[0] * (
        sample(tile, 0.13 * x + ox, 0.13 * y + oy, 0.13 * z + oz)
        + 0.6 * sample(tile, 0.47 * x + oy, 0.47 * y + oz, 0.47 * z + ox)
    )
    r, g, b = r * (1 + 0.6 * mottle), g * (1 + 1.1 * mottle), b * (1 + 1.1 * mottle)
    spots = sample(tile, 1.25 * x + oz, 1.25 * y + ox, 1.25 * z + oy) + 0.8 * sample(
        tile, 0.09 * x + oy, 0.09 * y + ox, 0.09 * z + oz
    )
    freckle = detail[2] * smooth(1.6, 2.9, spots)
    r, g, b = r * (1 - 0.28 * freckle), g * (1 - 0.42 * freckle), b * (1 - 0.50 * freckle)
    mole = smooth(3.35, 3.6, sample(tile, 0.62 * x + oy, 0.62 * y + oz, 0.62 * z + oy))
    return r * (1 - 0.62 * mole), g * (1 - 0.72 * mole), b * (1 - 0.76 * mole)


@njit(cache=True, inline="always")
def pores(x, y, z, tile):
    """Height of the pores at canonical (x, y, z) mm and how it changes along each axis."""
    here = sample(tile, 1.9 * x, 1.9 * y, 1.9 * z)
    return (
        here,
        sample(tile, 1.9 * x + 0.5, 1.9 * y, 1.9 * z) - here,
        sample(tile, 1.9 * x, 1.9 * y + 0.5, 1.9 * z) - here,
        sample(tile, 1.9 * x, 1.9 * y, 1.9 * z + 0.5) - here,
    )


@njit(cache=True, inline="always")
def bend(nx, ny, nz, gx, gy, gz, along, amount):
    """The unit normal of a surface whose height changes by `amount` times the gradient (gx, gy, gz), of which `along`
    points out of the surface."""
    nx, ny, nz = nx - amount * (gx - along * nx), ny - amount * (gy - along * ny), nz - amount * (gz - along * nz)
    n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * n, ny * n, nz * n


@njit(cache=True, inline="always")
def furrow(nx, ny, nz, folds, x, y, tile, place, relief):
    """The unit normal in the wrinkles `folds` (6,) and how deep in a crease the point lies; `relief` (3,) is scratch."""
    wrinkle_relief(folds, x, y, tile, place, relief)
    across = relief[0] * nx + relief[1] * ny
    nx, ny, nz = nx - (relief[0] - across * nx), ny - (relief[1] - across * ny), nz + across * nz
    n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * n, ny * n, nz * n, min(relief[2], 1.5)


@njit(cache=True, inline="always")
def inner_mouth(r, g, b, mouth, z):
    """Albedo into the red inside of the mouth (`mouth` 0-1), and how far inside the point is."""
    inside = mouth * smooth(34.0, 16.0, z)
    return (
        r * (1 - inside) + 0.16 * inside,
        g * (1 - inside) + 0.035 * inside,
        b * (1 - inside) + 0.035 * inside,
        inside,
    )


@njit(cache=True, inline="always")
def eyeball(x, y, z, e, iris, gaze, veins_share, tile):
    """Albedo of eye `e` (0 or 1) in the unit direction (x, y, z) from its middle, and how far the cornea bulges there.

    `iris` (2, 8), `gaze` (2, 3): see `eyes.paint_eyes`.
    """
    facing = min(max(x * gaze[e, 0] + y * gaze[e, 1] + z * gaze[e, 2], -1.0), 1.0)
    angle = np.arccos(facing)
    radius, pupil = iris[e, 6], iris[e, 7]
    # the sclera: off-white, pinker towards the corners, with faint veins
    veins = sample(tile, 7 * x + 31, 13 * y, 7 * z) * smooth(radius, 1.2, angle) * veins_share
    pink = smooth(0.5, 1.1, angle)
    r, g = 0.56 - 0.04 * pink, 0.51 - 0.11 * pink - 0.05 * max(veins, 0.0)
    b = 0.47 - 0.12 * pink - 0.05 * max(veins, 0.0)
    bulge = 0.0
    if angle < radius * 1.08:
        around = np.arctan2(y - gaze[e, 1], x - gaze[e, 0])
        fibre = sample(tile, 5.2 * np.cos(around) + 20 * e, 5.2 * np.sin(around), 2.2 * angle / radius) + 0.7 * sample(
            tile, 11 * np.cos(around), 11 * np.sin(around) + 20 * e, 1.5 * angle / radius
        )
        inner = smooth(0.75, 0.35, angle / radius)
        shine = 1 + 0.28 * fibre
        ring = 1 - 0.75 * smooth(0.78, 1.0, angle / radius)
        hole = smooth(pupil * 0.92, pupil * 1.08, angle)
        blend = smooth(1.06, 0.94, angle / radius)
        ir = (iris[e, 0] * (1 - inner) + iris[e, 3] * inner) * shine
        ig = (iris[e, 1] * (1 - inner) + iris[e, 4] * inner) * shine
        ib = (iris[e, 2] * (1 - inner) + iris[e, 5] * inner) * shine
        r = r * (1 - blend) + blend * (ir * ring * hole + 0.002)
        g = g * (1 - blend) + blend * (ig * ring * hole + 0.002)
        b = b * (1 - blend) + blend * (ib * ring * hole + 0.002)
        # the cornea bulges: its normal tilts further than the ball's
        bulge = 0.45 * smooth(1.0, 0.7, angle / radius)
    return r, g, b, angle, bulge
