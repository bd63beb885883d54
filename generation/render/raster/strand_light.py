"""Light that a hair sends to the camera: what it scatters, two highlights along it, and what comes through it.

The scales of a hair lift towards its tip. So the light that its surface mirrors, which keeps the colour of the lamp, is
seen nearer to the tip than on a smooth cylinder, and the light that has crossed the hair and is mirrored at its far
side, which has the colour of the hair, nearer to the root (Marschner et al. 2003).
"""

import numpy as np

from ...geometry.sphere import received, rotated
from ...geometry.vectors import difference, dot, scaled, transformed, unit_vector
from ...kernels import kernel

FIRST_SHIFT, SECOND_SHIFT = 0.09, -0.15
"""How far the highlights are from where a smooth cylinder has them, as a slope of the hair; above 0 towards the tip."""
SHIFT_SPREAD = 0.16
"""By how much the first shift differs from hair to hair: a highlight is made of streaks and is no band."""
FIRST_STRENGTH, SECOND_STRENGTH, SKY_STRENGTH = 0.075, 1.25, 0.030
"""Of the highlights of lamps, and of that of the sky, relative to the shine of the hair."""
THROUGH = 0.55
"""Strength of the light that comes through hair towards a camera that looks at the lamp."""
ANY_WAY = 0.75
"""Mean sine of the angle between light and strands that turn every way, about."""
BURIED = 0.62
"""Share of the light that is missing on the scalp under hair; half of it at the tips."""
SINK_MM, SHADE_MM, SHADED = 2.0, 18.0, 0.15
"""Hair this far under the surface of the hair begins to lose light, and over as many mm goes down to this share."""


@kernel(inline="early")
def strand_colour(strands, s, p, light, shadows, camera):
    """Linear colour of the strand `s` at its point `p`, seen from `camera` (3,) mm."""
    last = strands.points.shape[1] - 1
    at, tint, shine = strands.points[s, p], strands.tint[s], strands.shine
    fuzzy = max(1 - 4 * shine, 0.0)
    along = unit_vector(difference(strands.points[s, min(p + 1, last)], strands.points[s, max(p - 1, 0)]))
    ox, oy, oz = difference(at, strands.middle)
    # under the head hair hangs around the neck: it faces sideways
    outward = unit_vector((ox, oy if oy > 0 else 0.3 * oy, oz))
    lean = dot(outward, along)
    normal = unit_vector(difference(outward, scaled(along, lean)))
    viewer = unit_vector(difference(camera, at))
    own = FIRST_SHIFT + SHIFT_SPREAD * ((0.61803 * s) % 1.0 - 0.5)
    around = surroundings(light, outward)
    sheen = SKY_STRENGTH * shine * lobe(along, normal, (viewer[0], viewer[1] + 1.0, viewer[2]), own) ** 6
    red, green, blue = around[0] * (tint[0] + sheen), around[1] * (tint[1] + sheen), around[2] * (tint[2] + sheen)
    thin = 1 - strands.buried[s]
    for k in range(light.direction.shape[0]):
        towards = light.direction[k]
        facing = min(max((dot(outward, towards) + 0.35) / 1.35, 0.0), 1.0)
        behind = max(-dot(viewer, towards), 0.0)
        if facing == 0 and behind * thin == 0:
            continue
        arrived = reached(shadows.depth[k], shadows.frame[k], at)
        across = dot(along, towards)
        diffuse = np.sqrt(max(1 - across * across, 0.0))
        diffuse = (diffuse + fuzzy * (ANY_WAY - diffuse)) * facing
        half = towards[0] + viewer[0], towards[1] + viewer[1], towards[2] + viewer[2]
        first = lobe(along, normal, half, own) ** 40
        second = lobe(along, normal, half, SECOND_SHIFT) ** 7
        body = facing * (diffuse + SECOND_STRENGTH * shine * second) + THROUGH * thin * behind**3
        gloss = facing * FIRST_STRENGTH * shine * first
        red += arrived * light.colour[k, 0] * (tint[0] * body + gloss)
        green += arrived * light.colour[k, 1] * (tint[1] * body + gloss)
        blue += arrived * light.colour[k, 2] * (tint[2] * body + gloss)
    inside = 1 - BURIED * strands.buried[s] * (1 - 0.5 * p / last)
    return red * inside, green * inside, blue * inside


@kernel(inline="early")
def surroundings(light, outward):
    """What hair that faces `outward` receives from all around; hair hangs over hair."""
    return scaled(received(light.harmonics, rotated(light.axes, outward)), 0.65 + 0.35 * outward[1])


@kernel(inline="early")
def lobe(along, normal, half, shift):
    """Squared sine, 0-1, of the angle between `half` (3,), of any length, and the hair `along` (3,), whose surface
    leans outwards, along the unit `normal` (3,), by the slope `shift`."""
    length = max(np.sqrt(dot(half, half) * (1 + shift * shift)), 1e-6)
    mirrored = (dot(along, half) + shift * dot(normal, half)) / length
    return max(1 - mirrored * mirrored, 0.0)


@kernel(inline="early")
def reached(shadow, frame, at):
    """Share of a light that reaches `at`, by how far it lies under the surface of the hair in the light's map: the mean
    of four places, since the edges of soft shadows are screened."""
    x, y, z = transformed(frame, at)
    i, j = int(x), int(y)
    if i < 1 or j < 1 or i >= shadow.shape[1] - 1 or j >= shadow.shape[0] - 1:
        return 1.0
    sunk = 0.0
    for k in range(4):
        here = (z - shadow[j - 1 + 2 * (k // 2), i - 1 + 2 * (k % 2)] - SINK_MM) / SHADE_MM
        sunk += 0.25 * min(max(here, 0.0), 1.0)
    return 1 - (1 - SHADED) * sunk
