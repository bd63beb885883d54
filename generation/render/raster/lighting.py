"""Light that a point sends to the camera: that of the surroundings, and that of lights with shadow maps."""

import numpy as np

from ...appearance.places.environments import ROUGHNESS_STEP
from ...geometry.noise import smooth
from ...geometry.sphere import mirrored_from, received, rotated
from ...geometry.vectors import difference, dot, scaled, transformed
from ...kernels import kernel

BOUNCED = 0.7
"""How much of the light of hidden surroundings skin sends on in their place, of white skin."""
THROUGH, THROUGH_MM = 0.75, (3.4, 1.3, 0.9)
"""How much light of each colour comes through flesh: at all, and over how many mm it falls to a third."""
THINNEST_MM, THICKEST_MM = 1.5, 12.0
RIM = 2
"""Index of the rim light, which is small and behind: eyes do not mirror it."""


@kernel(inline="early")
def _ggx(nh, nv, nl, roughness, f0, vh):
    """GGX specular times n.l, Schlick Fresnel, Smith-Schlick visibility."""
    a2 = roughness**4
    d = a2 / (np.pi * ((nh * nh * (a2 - 1)) + 1) ** 2)
    k = roughness * roughness / 2
    visibility = 0.25 / ((nv * (1 - k) + k) * (nl * (1 - k) + k))
    fresnel = f0 + (1 - f0) * (1 - vh) ** 5
    return d * visibility * fresnel * nl


@kernel(inline="early")
def catchlight(normal, viewer, light, k, place):
    """The mirror image of the light `k`, in the direction `light`, in the cornea seen from the direction `viewer`: a
    soft upright window, a wide panel or a round lamp.

    `place` (any number, the person's own) decides shape and size, and where in the room the lamp is.
    """
    if k == RIM:
        return 0.0
    lx, ly, lz = light
    twice = 2 * dot(normal, viewer)
    rx, ry, rz = twice * normal[0] - viewer[0], twice * normal[1] - viewer[1], twice * normal[2] - viewer[2]
    if rx * lx + ry * ly + rz * lz < 0.5:
        return 0.0
    n = 1 / max(np.sqrt(lx * lx + lz * lz), 1e-6)
    own = place + 0.37 * k
    wide, high = 0.06 + 0.05 * (3.1 * own - np.floor(3.1 * own)), 0.06 + 0.07 * (7.3 * own - np.floor(7.3 * own))
    beside = abs((rx * lz - rz * lx) * n) / wide
    above = abs(ry - ly * (rx * lx + ry * ly + rz * lz)) / max(np.sqrt(1 - ly * ly), 0.3) / high
    square = 11.7 * own - np.floor(11.7 * own) > 0.4
    off = max(beside, above) if square else np.sqrt(beside * beside + above * above)
    return (0.34 if k == 0 else 0.09) * smooth(1.35, 0.65, off)


@kernel(allocates=False)
def lit_fraction(shadow, x, y, z, bias):
    """Share of a 4 x 4 neighbourhood of the map (M, M) that does not hide a point at depth z, bilinear at the rim."""
    side = shadow.shape[0]
    fx, fy = x - 0.5, y - 0.5
    i0, j0 = int(np.floor(fx)) - 1, int(np.floor(fy)) - 1
    u, v = fx - np.floor(fx), fy - np.floor(fy)
    total = 0.0
    for dj in range(4):
        wj = (1 - v) if dj == 0 else (v if dj == 3 else 1.0)
        j = min(max(j0 + dj, 0), side - 1)
        for di in range(4):
            wi = (1 - u) if di == 0 else (u if di == 3 else 1.0)
            i = min(max(i0 + di, 0), side - 1)
            if shadow[j, i] > z - bias:
                total += wi * wj
    return total / 9.0


@kernel(allocates=False)
def passed(shadow, x, y, z):
    """Share of red, green and blue light that comes through the flesh from where the map (M, M) of a light first meets
    it to a point at depth z, mm (Jimenez et al. 2010): little but through ears and the wings of the nose."""
    side = shadow.shape[0]
    i, j = min(max(int(x), 0), side - 1), min(max(int(y), 0), side - 1)
    thick = max(z - shadow[j, i], THINNEST_MM)
    if thick > THICKEST_MM:
        return 0.0, 0.0, 0.0
    fade = smooth(THICKEST_MM, 0.6 * THICKEST_MM, thick)
    return (
        THROUGH * fade * np.exp(-thick / THROUGH_MM[0]),
        THROUGH * fade * np.exp(-thick / THROUGH_MM[1]),
        THROUGH * fade * np.exp(-thick / THROUGH_MM[2]),
    )


@kernel(inline="early")
def surface_mirror(f0, nv, roughness, grazing):
    """Share of uniform light that a rough surface mirrors (Karis 2014, after Lazarov 2013). `grazing` 0-1: how much
    better it mirrors at its rim."""
    rim = min((1 - roughness) ** 2, 2.0 ** (-9.28 * nv)) * (1 - roughness) + 0.0425 * roughness - 0.0275
    share = -1.04 * rim + 1.04 - 0.572 * roughness
    return f0 * share + grazing * max(1.04 * rim + 0.022 - 0.04 * roughness, 0.0)


@kernel(inline="early")
def mirror_seen(nv, occlusion, roughness):
    """Share of what a surface mirrors that is not hidden by what hides the share 1 - `occlusion` of the sky (Lagarde &
    de Rousiers 2014): 0-1."""
    return min(max((nv + occlusion) ** (2.0 ** (-16 * roughness - 1)) - 1 + occlusion, 0.0), 1.0)


@kernel(inline="early")
def ambient(material, viewer, light):
    """Light from the surroundings, (entering, mirrored) colours."""
    normal, occlusion = material.normal, material.occlusion
    skin = material.wrap[0] > 0
    nv = max(dot(normal, viewer), 0.04)
    received_red, received_green, received_blue = received(light.harmonics, rotated(light.axes, normal))
    # what hides the surroundings is skin, too: it sends some of its light on, and red comes through the flesh
    red = green = blue = occlusion
    if skin:
        hidden = 1 - occlusion
        red *= 1 + hidden * (0.25 + BOUNCED * material.albedo[0])
        green *= 1 + hidden * BOUNCED * material.albedo[1]
        blue *= 1 + hidden * BOUNCED * material.albedo[2]
    entering = red * received_red, green * received_green, blue * received_blue
    reflected = difference(scaled(normal, 2 * nv), viewer)
    gloss = material.specular * mirror_seen(nv, occlusion, material.roughness)
    # down and flakes break the mirror at the rim of a face, which shows on dark skin
    gloss *= surface_mirror(material.f0, nv, material.roughness, 0.5 if skin else 1.0)
    if material.coat > 0:  # above and below, what eyes mirror is lids and cheeks
        gloss *= 0.42 * smooth(0.75, 0.30, reflected[1]) * smooth(-0.70, -0.25, reflected[1])
    level = material.roughness / ROUGHNESS_STEP
    return entering, scaled(mirrored_from(light.mirrored, rotated(light.axes, reflected), level), gloss)


@kernel(inline="early")
def highlight(material, viewer, towards, k, place):
    """Strength of the mirror image of light `k`, in the direction `towards`."""
    normal, rough, f0 = material.normal, material.roughness, material.f0
    nl, nv = dot(normal, towards), max(dot(normal, viewer), 0.04)
    half = towards[0] + viewer[0], towards[1] + viewer[1], towards[2] + viewer[2]
    n = 1 / max(np.sqrt(dot(half, half)), 1e-6)
    nh, vh = max(dot(normal, half) * n, 0.0), max(dot(viewer, half) * n, 0.0)
    if material.coat > 0:
        lobe = 0.25 * _ggx(nh, nv, nl, 0.16, f0, vh) + catchlight(normal, viewer, towards, k, place)
    else:
        lobe = 0.78 * _ggx(nh, nv, nl, rough, f0, vh) + 0.22 * _ggx(nh, nv, nl, 0.66 * rough, f0, vh)
    brightest = material.brightest
    if material.wrap[0] > 0:
        brightest *= 0.4 + 0.6 * smooth(0.0, 0.4, nv)
    return min(lobe, brightest) * material.specular


@kernel(inline="early")
def lit(material, at, viewer, light, shadows, place):
    """All light at the point `at`, seen from the direction `viewer`: what enters the surface and what it mirrors."""
    (dr, dg, db), (sr, sg, sb) = ambient(material, viewer, light)
    wrap_r, wrap_g, wrap_b = material.wrap
    for k in range(light.direction.shape[0]):
        towards = light.direction[k, 0], light.direction[k, 1], light.direction[k, 2]
        nl = dot(material.normal, towards)
        if nl <= -wrap_r and wrap_r == 0:
            continue
        x, y, z = transformed(shadows.frame[k], at)
        if nl <= -wrap_r:
            through = (-nl - wrap_r) / (1 - wrap_r)
            red, green, blue = passed(shadows.depth[k], x, y, z)
            dr += through * red * light.colour[k, 0]
            dg += through * green * light.colour[k, 1]
            db += through * blue * light.colour[k, 2]
            continue
        seen = lit_fraction(shadows.depth[k], x, y, z, 1.2 + 2.0 * (1 - max(nl, 0.0)))
        red = seen * (1.25 - 0.25 * seen) if wrap_r > 0 else seen  # red bleeds into the shadow's rim
        # softened terminators, red most; x (1 - a + a x) stands in for powers a little above 1
        xr = max((nl + wrap_r) / (1 + wrap_r), 0.0)
        xg = max((nl + wrap_g) / (1 + wrap_g), 0.0)
        xb = max((nl + wrap_b) / (1 + wrap_b), 0.0)
        dr += red * light.colour[k, 0] * xr * (0.60 + 0.40 * xr) / (1 + 0.5 * wrap_r)
        dg += seen * light.colour[k, 1] * xg * (0.80 + 0.20 * xg)
        db += seen * light.colour[k, 2] * xb * (0.86 + 0.14 * xb)
        if nl > 0 and seen > 0:
            strength = highlight(material, viewer, towards, k, place) * seen * np.pi
            sr += strength * light.colour[k, 0]
            sg += strength * light.colour[k, 1]
            sb += strength * light.colour[k, 2]
    return (dr, dg, db), (sr, sg, sb)
