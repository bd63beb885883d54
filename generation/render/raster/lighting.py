"""Light that a point sends to the camera: sky and ground, and lights with shadow maps."""

import numpy as np

from ...geometry.noise import smooth
from ...geometry.vectors import dot, transformed
from ...kernels import kernel

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


@kernel(inline="early")
def ambient(material, viewer, light):
    """Light from sky and ground, (entering, mirrored) colours."""
    sky, ground = light.sky, light.ground
    normal, occlusion = material.normal, material.occlusion
    up = 0.5 + 0.5 * dot(normal, light.up)
    nv = max(dot(normal, viewer), 0.04)
    # what occlusion takes away from red comes back from the flesh
    red = occlusion * (1.33 - 0.33 * occlusion) if material.wrap[0] > 0 else occlusion
    entering = (
        red * (sky[0] * up + ground[0] * (1 - up)),
        occlusion * (sky[1] * up + ground[1] * (1 - up)),
        occlusion * (sky[2] * up + ground[2] * (1 - up)),
    )
    mirror = 0.5 + 0.5 * (2 * nv * dot(normal, light.up) - dot(viewer, light.up))
    grazing = max(1 - material.roughness, material.f0)
    if material.wrap[0] > 0:  # down and flakes break the mirror at the rim of a face, which shows on dark skin
        grazing *= 0.5
    fresnel = material.f0 + (grazing - material.f0) * (1 - nv) ** 5
    gloss = material.specular * fresnel * occlusion * occlusion
    if material.coat > 0:  # most of what eyes mirror of the sky is lids
        gloss *= 0.18
    mirrored = (
        gloss * (sky[0] * mirror + ground[0] * (1 - mirror)),
        gloss * (sky[1] * mirror + ground[1] * (1 - mirror)),
        gloss * (sky[2] * mirror + ground[2] * (1 - mirror)),
    )
    return entering, mirrored


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
        if nl <= -wrap_r:
            continue
        x, y, z = transformed(shadows.frame[k], at)
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
