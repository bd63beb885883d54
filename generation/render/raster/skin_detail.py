"""What both renderers paint on skin and eyes, at one point: pixel by pixel in `shading`, at vertices in `cycles.paint`.

Points, normals and linear colours are tuples of three numbers. `detail` is the `SkinDetail` of the person, `tile` the
noise.
"""

import numpy as np

from ...geometry.noise import sample, smooth
from ...geometry.vectors import added, difference, dot, scaled, unit_vector
from ...kernels import kernel
from .grooves import wrinkle_relief

BULGE, CORNEA_INDEX = 0.45, 1.336
"""How much further than the ball the cornea turns its normal, and its index of refraction."""
UPPER_MM = (8.6, 6.7, 7.7, 7.0, 6.8, 10.0, 10.0, 99.0)
LOWER_MM = (5.4, 5.9, 6.9, 7.0, 7.1, 11.0, 10.5, 99.0)
"""Widths of the teeth from the middle outwards (Wheeler's averages)."""
CORRIDOR_FROM_MM, CORRIDOR_TO_MM = 15.0, 34.0
"""Along the row from the middle, where teeth begin to lie in the shade of the cheeks, and where they are dark."""


@kernel(inline="early")
def dimmed(albedo, amount, red, green, blue):
    """Albedo with the share `amount` times `red`, `green`, `blue` of it taken away."""
    return albedo[0] * (1 - red * amount), albedo[1] * (1 - green * amount), albedo[2] * (1 - blue * amount)


@kernel(inline="early")
def blemishes(albedo, at, porous, detail, tile):
    """Albedo with uneven pigment and blood, freckles, age spots and moles at the canonical point `at`, mm.

    `porous` 0-1 stands for how much sun the place gets.
    """
    x, y, z = at
    ox, oy, oz = detail.place[0], detail.place[1], detail.place[2]
    grain = sample(tile, 1.25 * x + oz, 1.25 * y + ox, 1.25 * z + oy)
    melanin = detail.melanin * (
        sample(tile, 0.13 * x + ox, 0.13 * y + oy, 0.13 * z + oz)
        + 0.7 * sample(tile, 0.47 * x + oy, 0.47 * y + oz, 0.47 * z + ox)
        + 0.5 * porous * grain
    )
    blood = detail.blood * (
        sample(tile, 0.21 * x + oz, 0.21 * y + oy, 0.21 * z + ox)
        + 0.6 * sample(tile, 0.83 * x + ox, 0.83 * y + oz, 0.83 * z + oy)
    )
    mottled = (
        albedo[0] * (1 - 0.78 * melanin - 0.10 * blood),
        albedo[1] * (1 - 1.05 * melanin - 0.95 * blood),
        albedo[2] * (1 - 1.28 * melanin - 0.80 * blood),
    )
    spots = grain + 0.35 * sample(tile, 0.09 * x + oy, 0.09 * y + ox, 0.09 * z + oz)
    freckle = detail.freckles * smooth(0.45, 0.95, porous) * smooth(1.3, 3.0, spots)
    if detail.age_spots > 0.02:
        wide = sample(tile, 0.45 * x + oz, 0.45 * y + ox, 0.45 * z + ox)  # single soft spots, some 4 mm wide
        freckle += 0.8 * detail.age_spots * (0.4 + 0.6 * porous) * smooth(1.7, 3.0, wide)
    mole = smooth(3.40, 3.7, sample(tile, 0.75 * x + oy, 0.75 * y + oz, 0.75 * z + oy))
    return dimmed(dimmed(mottled, freckle, 0.28, 0.42, 0.50), mole, 0.58, 0.64, 0.67)


@kernel(inline="early")
def texture(at, porous, lips, detail, tile):
    """Pores, the fine lines of old skin and the upright lines of lips: their height (about -2 to 2) and gradient.

    `porous` 0-1 scales pores by zone, `lips` 0-1 is how far on the lips.
    """
    x, y, z = at
    here = sample(tile, 2.3 * x, 2.3 * y, 2.3 * z)
    bump = detail.pores * porous * (1 - lips)
    gx = bump * (sample(tile, 2.3 * x + 0.5, 2.3 * y, 2.3 * z) - here)
    gy = bump * (sample(tile, 2.3 * x, 2.3 * y + 0.5, 2.3 * z) - here)
    gz = bump * (sample(tile, 2.3 * x, 2.3 * y, 2.3 * z + 0.5) - here)
    crepe = detail.crepe * (1 - lips)
    if crepe > 0.01:  # level rings on the neck, lines down and outwards on the cheeks
        neck = smooth(-100.0, -116.0, y)
        across, along = (0.75 - 0.45 * neck) * y + 0.65 * (1 - neck) * abs(x), 0.75 * abs(x) - 0.65 * (1 - neck) * y
        rate = 1.5 - 0.75 * neck
        line = sample(tile, rate * across, 0.22 * along, 0.22 * z)
        rise = crepe * (1 + 0.8 * neck) * (sample(tile, rate * across + 0.5, 0.22 * along, 0.22 * z) - line)
        gx += 0.65 * (1 - neck) * rise * (1.0 if x >= 0 else -1.0)
        gy += (0.75 + 0.25 * neck) * rise
    if lips > 0.05:
        line = sample(tile, 2.1 * x, 0.3 * y, 0.3 * z)
        gx += 0.11 * lips * (sample(tile, 2.1 * x + 0.5, 0.3 * y, 0.3 * z) - line)
        here = here * (1 - lips) + lips * line
    return here, (gx, gy, gz)


@kernel(inline="early")
def bend(normal, gradient):
    """The unit normal of a surface whose height has this gradient."""
    along = dot(gradient, normal)
    return unit_vector(
        (
            normal[0] - (gradient[0] - along * normal[0]),
            normal[1] - (gradient[1] - along * normal[1]),
            normal[2] - (gradient[2] - along * normal[2]),
        )
    )


@kernel(inline="early")
def furrow(normal, folds, at, detail, tile):
    """The unit normal in wrinkles `folds` (6,) deep, how deep in a crease it lies (0-1.5), and the slope squared."""
    x, y, inside = wrinkle_relief(folds, at[0], at[1], detail.place[0], tile)
    return bend(normal, (x, y, 0.0)), min(inside, 1.5), x * x + y * y


@kernel(inline="early")
def creased(albedo, crease):
    """Albedo in a crease. Light is lost there in all colours alike; as occlusion it would look like a pink stripe, for
    red comes back through the skin. The walls of pale creases light each other, those of dark ones hardly."""
    lost = crease * min(1.45 - 1.3 * (albedo[0] + albedo[1] + albedo[2]) / 3, 1.35)
    return dimmed(albedo, lost, 0.26, 0.275, 0.275)


@kernel(inline="early")
def inner_mouth(albedo, mouth, z):
    """Albedo into the red inside of the mouth (`mouth` 0-1), and how far inside the point is."""
    inside = mouth * smooth(34.0, 16.0, z)
    red = albedo[0] * (1 - inside) + 0.20 * inside
    green, blue = albedo[1] * (1 - inside) + 0.045 * inside, albedo[2] * (1 - inside) + 0.04 * inside
    return (red, green, blue), inside


@kernel(inline="early")
def tooth(at, pixel_mm, detail, tile):
    """Albedo of teeth and gums at a canonical point, and how far across its tooth the point lies, -1 to 1.

    The mesh is two unbroken rows: single teeth are boundaries along the arch, rounded corners and uneven edges, as wide
    as `pixel_mm` can show them.
    """
    x, y, z = at
    place, yellow = detail.place[0], detail.tooth_yellow
    bite = -64.9 - (0.33 if z > 10 else 0.195) * (z - 10)  # the height at which the rows meet
    upper = y > bite
    from_edge = max(y - bite - 0.5 if upper else bite - 0.5 - y, 0.0)
    along = abs(x) + 0.8 * max(20.0 - z, 0.0)
    start, end, index = 0.0, 0.0, 0
    while index < 7:
        start, end = end, end + (UPPER_MM[index] if upper else LOWER_MM[index])
        if along < end:
            break
        index += 1
    across = min(max(2 * (along - start) / (end - start) - 1, -1.0), 1.0)
    to_gap = 0.5 * (1 - abs(across)) * (end - start)
    which = (8 if upper else 0) + index + (16 if x > 0 else 0)
    own = sample(tile, 5.3 * which + place, 0.5, place)  # no two teeth are alike
    short = max(0.35 * own, 0.0) + (0.9 if upper and index == 1 else 0.2)
    gap = smooth(0.25 + 0.4 * pixel_mm, 0.0, to_gap)
    corner = smooth(2.1, 0.3, from_edge + 1.6 * to_gap)
    dark = min(max(0.32 * gap, corner) + smooth(short + 0.5 * pixel_mm, short, from_edge), 0.95)
    deep = smooth(27.0, -6.0, z)
    cheek = smooth(CORRIDOR_FROM_MM, CORRIDOR_TO_MM, along)
    shade = (1 - 0.72 * deep) * (1 - dark) * (1 + 0.06 * own) * (1 - 0.16 * across**4) * (1 - 0.85 * cheek)
    height = (9.6 if upper else 8.4) - 2.4 * across * across
    clear = 1 - 0.10 * smooth(3.0, 0.0, from_edge)  # edges let light through
    neck = smooth(4.0, 8.0, from_edge)
    r = shade * clear * (0.66 - 0.05 * yellow - 0.03 * neck) * (1 + 0.10 * dark)
    g = shade * clear * (0.575 - 0.085 * yellow - 0.07 * neck) * (1 - 0.10 * dark)
    b = shade * (0.44 - 0.15 * yellow - 0.11 * neck) * (1 - 0.25 * dark)
    gum = smooth(height - 0.4, height + 0.4, from_edge)
    wet = 0.8 * (1 - 0.7 * deep) * (1 - 0.2 * across * across) * (1 - 0.85 * cheek) * gum
    albedo = r * (1 - gum) + 0.46 * wet, g * (1 - gum) + 0.15 * wet, b * (1 - gum) + 0.13 * wet
    return albedo, across * (1 - gum)


@kernel(inline="early")
def through_cornea(ball, eye, eyes, viewer):
    """Where a line of sight from the direction `viewer`, refracted by the cornea at the unit direction `ball` from the
    middle of the eye, meets the iris, which is flat: a unit direction, too. Beside the cornea, `ball`."""
    gaze, radius = eyes.gaze[eye], eyes.radius[eye]
    ahead = dot(ball, gaze)
    if ahead < np.cos(1.08 * radius):
        return ball
    surface = cornea(ball, ball, gaze, BULGE * smooth(1.0, 0.7, np.arccos(min(ahead, 1.0)) / radius))
    facing = dot(surface, viewer)
    bent = facing / CORNEA_INDEX - np.sqrt(1 - (1 - facing * facing) / CORNEA_INDEX**2)
    inwards = (
        bent * surface[0] - viewer[0] / CORNEA_INDEX,
        bent * surface[1] - viewer[1] / CORNEA_INDEX,
        bent * surface[2] - viewer[2] / CORNEA_INDEX,
    )
    far = max(ahead - np.cos(radius), 0.0) / max(-dot(inwards, gaze), 0.2)
    met = added(ball, inwards, far)
    beside = difference(met, scaled(gaze, dot(met, gaze)))
    return added(beside, gaze, np.sqrt(max(1 - dot(beside, beside), 0.05)))


@kernel(inline="early")
def eyeball(ball, behind, eye, eyes, detail, tile):
    """Albedo of an eye (0 left, 1 right) in the unit direction `ball` from its middle, that direction's angle with the
    gaze (rad), and how far the cornea bulges there. `behind`: where the iris is seen through the cornea, the unit
    direction of `through_cornea`, or `ball`; `eyes`: the person's `EyePaint`."""
    x, y, z = ball
    facing = min(max(dot(ball, eyes.gaze[eye]), -1.0), 1.0)
    angle = np.arccos(facing)
    radius, pupil = eyes.radius[eye], eyes.pupil[eye]
    # the sclera: off-white, pinker towards the corners, with faint veins
    veins = sample(tile, 7 * x + 31, 13 * y, 7 * z) * smooth(radius, 1.2, angle) * detail.veins
    pink = smooth(0.45, 1.0, angle)
    yellow = detail.eye_yellow
    r = (0.45 - 0.10 * pink) * (1 - 0.14 * yellow)
    g = (0.41 - 0.17 * pink - 0.05 * max(veins, 0.0)) * (1 - 0.20 * yellow)
    b = (0.38 - 0.17 * pink - 0.05 * max(veins, 0.0)) * (1 - 0.32 * yellow)
    bulge = 0.0
    if angle < radius * 1.08:
        aside, height = behind[0] - eyes.gaze[eye, 0], behind[1] - eyes.gaze[eye, 1]
        around = np.arctan2(height, aside)
        out = np.arccos(min(max(dot(behind, eyes.gaze[eye]), -1.0), 1.0))
        deep = out / radius
        fibre = sample(tile, 5.2 * np.cos(around) + 20 * eye, 5.2 * np.sin(around), 2.2 * deep) + 0.7 * sample(
            tile, 11 * np.cos(around), 11 * np.sin(around) + 20 * eye, 1.5 * deep
        )
        inner = smooth(0.75, 0.35, deep)
        # light comes from above, crosses the iris and brightens its lower half
        shine = max(1 + 0.34 * fibre, 0.1) * (1 - 0.42 * height / radius)
        ring = 1 - 0.45 * smooth(0.70, 0.92, deep) - 0.35 * smooth(0.82, 1.0, angle / radius)
        hole = smooth(pupil * 0.92, pupil * 1.08, out)
        blend = smooth(1.08, 0.92, angle / radius)
        ir = (eyes.outer[0] * (1 - inner) + eyes.ring[0] * inner) * shine
        ig = (eyes.outer[1] * (1 - inner) + eyes.ring[1] * inner) * shine
        ib = (eyes.outer[2] * (1 - inner) + eyes.ring[2] * inner) * shine
        r = r * (1 - blend) + blend * (ir * ring * hole + 0.002)
        g = g * (1 - blend) + blend * (ig * ring * hole + 0.002)
        b = b * (1 - blend) + blend * (ib * ring * hole + 0.002)
        # the cornea bulges: its normal tilts further than the ball's
        bulge = BULGE * smooth(1.0, 0.7, angle / radius)
    return (r, g, b), angle, bulge


@kernel(inline="early")
def cornea(normal, ball, gaze, bulge):
    """The unit normal of an eyeball with unit `normal` that bulges by `bulge` around the direction of the gaze."""
    off = scaled(difference(ball, gaze), bulge)
    return unit_vector((normal[0] + off[0], normal[1] + off[1], normal[2] + off[2]))
