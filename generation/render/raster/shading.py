"""Colour of every visible sample: skin, eyes, teeth, tongue and clothes under three shadowed lights and a sky.

Visibility is sampled 2 x 2 a pixel, shading once per pixel and surface: the samples of a pixel that see the same
material at about the same depth share one colour.
"""

import numpy as np

from ...appearance.garment import CONTACT_MM, contact, fabric, under_rim
from ...geometry.noise import sample, smooth
from ...kernels import kernel
from .skin_detail import bend, blemishes, creased, eyeball, furrow, inner_mouth, texture, tooth

SKIN, EYE, TEETH, TONGUE = 0, 1, 2, 3
SAME_SURFACE_MM = 6.0
F0_SKIN, F0_WET = 0.028, 0.04


@kernel(inline="always")
def _ggx(nh, nv, nl, roughness, f0, vh):
    """GGX specular times n.l, Schlick Fresnel, Smith-Schlick visibility."""
    a2 = roughness**4
    d = a2 / (np.pi * ((nh * nh * (a2 - 1)) + 1) ** 2)
    k = roughness * roughness / 2
    visibility = 0.25 / ((nv * (1 - k) + k) * (nl * (1 - k) + k))
    fresnel = f0 + (1 - f0) * (1 - vh) ** 5
    return d * visibility * fresnel * nl


@kernel(inline="always")
def catchlight(nx, ny, nz, vx, vy, vz, lx, ly, lz, k, place):
    """The mirror image of light `k` in the cornea: a soft upright window, a wide panel or a round lamp.

    `place` (any number, the person's own) decides shape and size, and where in the room the lamp is.
    """
    if k == 2:  # the rim light is small and behind
        return 0.0
    twice = 2 * (nx * vx + ny * vy + nz * vz)
    rx, ry, rz = twice * nx - vx, twice * ny - vy, twice * nz - vz
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


@kernel
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


@kernel
def shade(
    ids, depth, weights, triangles, part, position, normal, paint, albedo, surface, wrinkles, eye_of_triangle,
    camera, pixel_mm, light_direction, light_colour, shadows, shadow_frame, sky, ground, iris, gaze, cloth, detail, tile,
    colour, soft, soft_albedo, soft_share, soft_depth, scatters,
):  # fmt: skip
    """Fills `colour` (2S, 2S, 3) float32 linear where `ids` (2S, 2S) sees a triangle. The light that enters skin goes to
    `soft` (S, S, 3) instead, with its `soft_albedo`, samples a pixel `soft_share` (S, S), depth `soft_depth` and
    `scatters` (2S, 2S), for `scattering.scatter`.

    Args:
        position, normal: (V, 3) world mm; paint: (V, 3) canonical mm on skin, ball direction on eyes;
        albedo: (V, 3) linear; surface: (V, 6), detail: (12,) see `Skin`. pixel_mm: what a pixel covers of the face.
        wrinkles: (V, 6) depth of the wrinkle families.
        light_direction, light_colour: (L, 3), towards the light; shadows: (L, M, M); shadow_frame: (L, 3, 4).
        sky, ground: (3,) radiance from above and below. iris: (2, 8) colour, ring colour, radius, pupil radius (rad).
        gaze: (2, 3) unit. cloth: (21,) see `Look`.
    """
    half = ids.shape[0] // 2
    folds, relief, worn = np.zeros(6), np.zeros(3), np.zeros(7)
    group = np.zeros(4, np.int8)  # which sample of the pixel each sample is shaded with
    for row in range(half):
        for column in range(half):
            group[:] = -1
            for first in range(4):
                r0, c0 = 2 * row + first // 2, 2 * column + first % 2
                if group[first] >= 0 or ids[r0, c0] < 0:
                    continue
                material, z0 = part[ids[r0, c0]], depth[r0, c0]
                px = py = pz = nx = ny = nz = qx = qy = qz = 0.0
                ar = ag = ab = occlusion = strength = rough = mouth = porous = lips = 0.0
                count = 0.0
                folds[:] = 0.0
                for k in range(first, 4):
                    r, c = 2 * row + k // 2, 2 * column + k % 2
                    t = ids[r, c]
                    if group[k] >= 0 or t < 0 or part[t] != material or abs(depth[r, c] - z0) > SAME_SURFACE_MM:
                        continue
                    group[k] = first
                    count += 1
                    for corner in range(3):
                        v = triangles[t, corner]
                        w = weights[r, c, corner] if corner < 2 else 1 - weights[r, c, 0] - weights[r, c, 1]
                        px += w * position[v, 0]
                        py += w * position[v, 1]
                        pz += w * position[v, 2]
                        nx += w * normal[v, 0]
                        ny += w * normal[v, 1]
                        nz += w * normal[v, 2]
                        qx += w * paint[v, 0]
                        qy += w * paint[v, 1]
                        qz += w * paint[v, 2]
                        ar += w * albedo[v, 0]
                        ag += w * albedo[v, 1]
                        ab += w * albedo[v, 2]
                        occlusion += w * surface[v, 0]
                        strength += w * surface[v, 1]
                        rough += w * surface[v, 2]
                        mouth += w * surface[v, 3]
                        porous += w * surface[v, 4]
                        lips += w * surface[v, 5]
                        if material == SKIN:
                            for f in range(6):
                                folds[f] += w * wrinkles[v, f]
                s = 1 / count
                px, py, pz, qx, qy, qz = px * s, py * s, pz * s, qx * s, qy * s, qz * s
                ar, ag, ab = ar * s, ag * s, ab * s
                occlusion, strength, rough, mouth = occlusion * s, strength * s, rough * s, mouth * s
                n = 1 / max(np.sqrt(nx * nx + ny * ny + nz * nz), 1e-6)
                nx, ny, nz = nx * n, ny * n, nz * n
                vx, vy, vz = camera[0] - px, camera[1] - py, camera[2] - pz
                n = 1 / np.sqrt(vx * vx + vy * vy + vz * vz)
                vx, vy, vz = vx * n, vy * n, vz * n

                f0, wrap_r, wrap_g, wrap_b, coat, top = F0_SKIN, 0.0, 0.0, 0.0, 0.0, 1.5
                if material == SKIN:
                    under = under_rim(cloth, qx, qy, qz)
                    if under > -0.5 * pixel_mm:
                        fabric(cloth, under, qx, qy, qz, px, py, pz, nx, ny, nz, tile, pixel_mm, worn)
                        cover = min(0.5 + under / pixel_mm, 1.0)  # shaded skin shows through in the pixels of the rim
                        ar, ag, ab = (
                            0.6 * ar * (1 - cover) + cover * worn[0],
                            0.5 * ag * (1 - cover) + cover * worn[1],
                            0.5 * ab * (1 - cover) + cover * worn[2],
                        )
                        nx, ny, nz = worn[3], worn[4], worn[5]
                        occlusion *= worn[6]
                        rough, strength = cloth[7], 0.4
                    else:
                        wrap_r, wrap_g, wrap_b = 0.26, 0.12, 0.08
                        ar, ag, ab = blemishes(ar, ag, ab, qx, qy, qz, s * porous, detail, tile)
                        if under > -CONTACT_MM:
                            kept = contact(under)
                            ar, ag, ab = ar * (0.1 + 0.9 * kept), ag * kept, ab * kept
                            occlusion *= kept
                        folded, uneven = 0.0, 0.0
                        for f in range(6):
                            folds[f] *= s
                            folded += folds[f]
                        if folded > 0.02 and qz > -45:
                            nx, ny, nz, crease, uneven = furrow(nx, ny, nz, folds, qx, qy, tile, detail[4], relief)
                            occlusion *= 1 - 0.14 * crease
                            ar, ag, ab = creased(ar, ag, ab, crease)
                        here, gx, gy, gz = texture(qx, qy, qz, s * porous * (1 - mouth), s * lips, detail, tile)
                        nx, ny, nz = bend(nx, ny, nz, gx, gy, gz)
                        grain = 1 + 0.045 * s * porous * here
                        ar, ag, ab = ar * grain, ag * grain, ab * grain
                        strength *= max(1 + 0.16 * here, 0.0)
                        # slopes that a pixel does not resolve widen the highlight instead (Toksvig 2005)
                        uneven = min(0.25 * uneven, 0.03) + 0.5 * (gx * gx + gy * gy + gz * gz) * min(pixel_mm, 2.0)
                        rough = np.sqrt(np.sqrt(rough**4 + 2 * uneven))
                        if mouth > 0.02:  # into the dark, red inside of the mouth
                            ar, ag, ab, inside = inner_mouth(ar, ag, ab, mouth, qz)
                            occlusion *= 1 - 0.80 * inside
                elif material == EYE:
                    e = eye_of_triangle[ids[r0, c0]]
                    n = 1 / np.sqrt(qx * qx + qy * qy + qz * qz)
                    qx, qy, qz = qx * n, qy * n, qz * n
                    ar, ag, ab, angle, bulge = eyeball(qx, qy, qz, e, iris, gaze, detail, tile)
                    if bulge > 0:
                        nx, ny, nz = (
                            nx + bulge * (qx - gaze[e, 0]),
                            ny + bulge * (qy - gaze[e, 1]),
                            nz + bulge * (qz - gaze[e, 2]),
                        )
                        n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
                        nx, ny, nz = nx * n, ny * n, nz * n
                    lid = 1 - 0.66 * smooth(0.00, 0.34, qy) - 0.26 * smooth(0.45, 0.92, angle)
                    occlusion *= lid
                    ar, ag, ab = ar * (0.35 + 0.65 * lid), ag * (0.35 + 0.65 * lid), ab * (0.35 + 0.65 * lid)
                    f0, rough, strength, coat, top = F0_WET, 0.12, 0.8, 1.0, 12.0
                elif material == TEETH:
                    deep = smooth(26.0, -8.0, qz)
                    ar, ag, ab, across = tooth(qx, qy, qz, pixel_mm, detail[10], detail[4], tile)
                    nx, nz = nx + 0.30 * across * (nz if qx > 0 else -nz), nz - 0.30 * across * (nx if qx > 0 else -nx)
                    n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
                    nx, ny, nz = nx * n, ny * n, nz * n
                    f0, rough, strength = F0_WET, 0.30, 0.8
                    # closed lips hide the teeth from the sky; open ones let some of it in
                    occlusion = max(occlusion, 0.9 - 0.86 * deep)
                else:
                    deep = smooth(28.0, 0.0, qz)
                    rugged = 1 + 0.10 * sample(tile, 1.4 * qx, 1.4 * qy, 1.4 * qz)
                    ar, ag, ab = 0.36 * (1 - 0.8 * deep), 0.125 * (1 - 0.85 * deep), 0.115 * (1 - 0.85 * deep)
                    ar, ag, ab = ar * rugged, ag * rugged, ab * rugged
                    f0, rough, strength = F0_WET, 0.34, 1.0
                    occlusion = max(occlusion, 0.3) * (1 - 0.75 * deep)

                up = 0.5 + 0.5 * ny
                nv = max(nx * vx + ny * vy + nz * vz, 0.04)
                # light from the sky and the ground; what occlusion takes away from red comes back from the flesh
                red_occlusion = occlusion * (1.33 - 0.33 * occlusion) if wrap_r > 0 else occlusion
                dr = red_occlusion * (sky[0] * up + ground[0] * (1 - up))
                dg = occlusion * (sky[1] * up + ground[1] * (1 - up))
                db = occlusion * (sky[2] * up + ground[2] * (1 - up))
                ry = 2 * nv * ny - vy
                mirror = 0.5 + 0.5 * ry
                grazing = max(1 - rough, f0)
                if wrap_r > 0:  # down and flakes break the mirror at the rim of a face, which shows on dark skin
                    grazing *= 0.5
                    top *= 0.4 + 0.6 * smooth(0.0, 0.4, nv)
                fresnel = f0 + (grazing - f0) * (1 - nv) ** 5
                gloss = strength * fresnel * occlusion * occlusion
                if coat > 0:  # most of what eyes mirror of the sky is lids
                    gloss *= 0.18
                sr = gloss * (sky[0] * mirror + ground[0] * (1 - mirror))
                sg = gloss * (sky[1] * mirror + ground[1] * (1 - mirror))
                sb = gloss * (sky[2] * mirror + ground[2] * (1 - mirror))
                for k in range(light_direction.shape[0]):
                    lx, ly, lz = light_direction[k, 0], light_direction[k, 1], light_direction[k, 2]
                    nl = nx * lx + ny * ly + nz * lz
                    if nl <= -wrap_r:
                        continue
                    f = shadow_frame[k]
                    sx = f[0, 0] * px + f[0, 1] * py + f[0, 2] * pz + f[0, 3]
                    sy = f[1, 0] * px + f[1, 1] * py + f[1, 2] * pz + f[1, 3]
                    sz = f[2, 0] * px + f[2, 1] * py + f[2, 2] * pz + f[2, 3]
                    lit = lit_fraction(shadows[k], sx, sy, sz, 1.2 + 2.0 * (1 - max(nl, 0.0)))
                    open_r = lit * (1.25 - 0.25 * lit) if wrap_r > 0 else lit  # red bleeds into the shadow's rim
                    # softened terminators, red most; x (1 - a + a x) stands in for powers a little above 1
                    xr = max((nl + wrap_r) / (1 + wrap_r), 0.0)
                    xg = max((nl + wrap_g) / (1 + wrap_g), 0.0)
                    xb = max((nl + wrap_b) / (1 + wrap_b), 0.0)
                    dr += open_r * light_colour[k, 0] * xr * (0.60 + 0.40 * xr) / (1 + 0.5 * wrap_r)
                    dg += lit * light_colour[k, 1] * xg * (0.80 + 0.20 * xg)
                    db += lit * light_colour[k, 2] * xb * (0.86 + 0.14 * xb)
                    if nl > 0 and lit > 0:
                        hx, hy, hz = lx + vx, ly + vy, lz + vz
                        n = 1 / max(np.sqrt(hx * hx + hy * hy + hz * hz), 1e-6)
                        nh = max((nx * hx + ny * hy + nz * hz) * n, 0.0)
                        vh = max((vx * hx + vy * hy + vz * hz) * n, 0.0)
                        if coat > 0:
                            lobe = 0.25 * _ggx(nh, nv, nl, 0.16, f0, vh) + catchlight(
                                nx, ny, nz, vx, vy, vz, lx, ly, lz, k, detail[4]
                            )
                        else:
                            lobe = 0.78 * _ggx(nh, nv, nl, rough, f0, vh) + 0.22 * _ggx(
                                nh, nv, nl, 0.66 * rough, f0, vh
                            )
                        lobe = min(lobe, top) * strength * lit * np.pi
                        sr += lobe * light_colour[k, 0]
                        sg += lobe * light_colour[k, 1]
                        sb += lobe * light_colour[k, 2]
                if wrap_r > 0:  # skin: the diffuse part scatters before it comes out
                    whole = soft_share[row, column] + count
                    w = count / whole
                    soft[row, column, 0] += w * (dr - soft[row, column, 0])
                    soft[row, column, 1] += w * (dg - soft[row, column, 1])
                    soft[row, column, 2] += w * (db - soft[row, column, 2])
                    soft_albedo[row, column, 0] += w * (ar - soft_albedo[row, column, 0])
                    soft_albedo[row, column, 1] += w * (ag - soft_albedo[row, column, 1])
                    soft_albedo[row, column, 2] += w * (ab - soft_albedo[row, column, 2])
                    soft_depth[row, column] += w * (z0 - soft_depth[row, column])
                    soft_share[row, column] = whole
                    cr, cg, cb = sr, 0.95 * sg, 0.89 * sb  # what the top layer sends back has passed some of it
                else:
                    cr, cg, cb = ar * dr + sr, ag * dg + sg, ab * db + sb
                for k in range(first, 4):
                    if group[k] == first:
                        r, c = 2 * row + k // 2, 2 * column + k % 2
                        colour[r, c, 0], colour[r, c, 1], colour[r, c, 2] = cr, cg, cb
                        scatters[r, c] = wrap_r > 0
