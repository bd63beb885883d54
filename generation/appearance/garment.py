"""The shape of clothes on the skin of the torso: neckline, opening, collars, hoods.

The torso's triangles are a centimetre wide, so everything finer is a function of the canonical position (mm), evaluated
per pixel. `clothes` chooses what a person wears; `fabric` is what is seen of it.
"""

import numpy as np

from ..geometry.noise import smooth
from ..heads.base import Topology
from ..kernels import kernel
from .clothes import FLAPS, HOOD, ROLL, ROUND, SHIRT, Garment

TOP_MM = -96.0
"""Canonical height that no garment reaches."""
CONTACT_MM = 11.0
"""How far up the skin the shadow of a rim reaches."""
RIM_MM = 14.0
"""Over how much of the cloth inside its rim a garment rises from the skin to its thickness."""
CORNER_MM = 16.0
"""How far before it the rim of the neck bends into the opening in front."""


@kernel(allocates=False)
def down_the_body(neck, at):
    """Millimetres down the surface from the base of the neck, roughly: outwards on shoulders, down elsewhere.

    Under the chin, which is not of the torso, it is far above.
    """
    x, y, z = at
    ahead = 1.1 * (min(z, 0.25 * z - 46.0) + 100)  # the chest's relief in front counts a quarter
    out = np.sqrt(x * x + ahead * ahead) - 55
    torso = smooth(-118.0, -146.0, y)
    chin = max(z + 43, 0.0) * smooth(-152.0, -132.0, y)
    return 0.6 * torso * out + 0.8 * (neck - y) - 2 * chin


@kernel(allocates=False)
def under_rim(garment, at):
    """How far (mm) a canonical point lies inside the clothes, negative on bare skin."""
    x, y, z = at
    if y > TOP_MM:
        return -100.0
    ahead = 1.1 * (z + 100)
    facing = ahead / np.sqrt(x * x + ahead * ahead + 1)
    front, back = 0.5 + 0.5 * facing, 0.5 - 0.5 * facing
    rim = garment.front * front + garment.back * back + garment.side * (1 - facing * facing)
    under = down_the_body(garment.neck, at) - rim
    if garment.depth > 0 and facing > 0:
        beside = beside_opening(garment, x, y) + 300 * (1 - smooth(0.0, 0.3, facing))
        corner = max(CORNER_MM - abs(under - beside), 0.0)  # where the two rims meet, one round line
        under = min(under, beside) - corner * corner / (4 * CORNER_MM)
    return under


@kernel(allocates=False)
def beside_opening(garment, x, y):
    """How far (mm) a point lies outside the v or the scoop in front.

    Seen from the front, so that its edges are straight whatever the collar bones below.
    """
    depth, width = garment.depth, garment.width
    down = garment.neck - garment.front - y
    if garment.style == ROUND:
        reach = np.sqrt((x / width) ** 2 + (max(down, 0.0) / depth) ** 2)
        return 0.5 * (depth + width) * (reach - 1)
    side = np.sqrt(x * x + 9.0)  # the tip is a little round
    return (side * depth - width * (depth - down)) / np.sqrt(depth * depth + width * width)


@kernel(allocates=False)
def below_flap(garment, at):
    """How far (mm) a point lies below the lower edge of a shirt's collar, a hood or a folded roll; negative on it."""
    x, _, z = at
    down = down_the_body(garment.neck, at)
    side = abs(x)
    front = smooth(-90.0, -62.0, z)
    if garment.style == SHIRT:  # the points of the collar, left and right of the buttons
        point = min(smooth(4.0, 36.0, side), 1.0) * (1 - smooth(34.0, 82.0, side))
        return down - (14 + 20 * point * front)
    if garment.style == HOOD:
        return down - (34 - 6 * front)
    return down - (2 + 3 * front)  # a roll


@kernel(allocates=False)
def contact(under):
    """Share of the light that skin keeps `under` (negative) mm away from a rim."""
    return 1 - 0.50 * np.exp(under / 3.0)


def cloth_thickness(garment: Garment, topology: Topology) -> np.ndarray:
    """(V,) float32 mm, how far clothes stand off the skin: a few mm, more under a collar, a hood or a roll."""
    thickness = np.zeros(len(topology.reference), np.float32)
    _stand_off(garment, topology.reference[: topology.eyeballs[0].start].astype(np.float64), thickness)
    return thickness


@kernel(allocates=False)
def _stand_off(garment, points, thickness):
    for v in range(points.shape[0]):
        at = points[v, 0], points[v, 1], points[v, 2]
        under = under_rim(garment, at)
        if under <= 0:
            continue
        ramp = min(under / RIM_MM, 1.0)  # over more than a triangle, or the rim would be a row of bumps
        thickness[v] = 3.2 * ramp
        if garment.style in FLAPS:
            on = min(max((9 - below_flap(garment, at)) / 18, 0.0), 1.0)
            bulge = 2.6
            if garment.style == ROLL:
                bulge = 3.0
            if garment.style == HOOD:
                bulge = 11.0 * min(max((under + 4) / 22, 0.0), 1.0)
            thickness[v] += bulge * on * ramp
