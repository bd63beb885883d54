"""Colour of every visible sample under three shadowed lights and its surroundings.

Visibility is sampled 2 x 2 a pixel, shading once per pixel and surface: the samples of a pixel that see the same
material at about the same depth share one colour.
"""

from ...appearance.texture import texel
from ...geometry.vectors import added, difference, scaled, unit_vector
from ...heads.base import EYE, SKIN, TEETH
from ...kernels import kernel
from .lighting import lit
from .materials import Point, skin_or_cloth, teeth, tongue, wet_eye

SAME_SURFACE_MM = 6.0


@kernel(allocates=False)
def shade(samples, mesh, materials, light, shadows, viewpoint, out):
    """Fills `out`, a `Shaded`, where the `Samples` (2S, 2S) see a triangle of the `PaintedMesh`.

    `materials`: `Materials`; `light`: a `Light`; `shadows`: its `ShadowMaps`; `viewpoint`: a `Viewpoint`.
    """
    colour, skin_light = out
    half = samples.ids.shape[0] // 2
    for row in range(half):
        for column in range(half):
            done = 0  # bit k: the sample k of the pixel has its colour
            for first in range(4):
                r, c = 2 * row + first // 2, 2 * column + first % 2
                seen = samples.ids[r, c]
                if done >> first & 1 or seen < 0:
                    continue
                members, count, point = share_point(samples, mesh, materials.texels, (row, column), first, done)
                done |= members
                part = mesh.part[seen]
                viewer = unit_vector(difference(viewpoint.position, point.at))
                if part == SKIN:
                    material = skin_or_cloth(point, materials, viewpoint.pixel_mm)
                elif part == EYE:
                    material = wet_eye(point, mesh.eye[seen], materials, viewer)
                elif part == TEETH:
                    material = teeth(point, materials, viewpoint.pixel_mm)
                else:
                    material = tongue(point, materials)
                entering, mirrored = lit(material, point.at, viewer, light, shadows, materials.detail.place[0])
                scatters = material.wrap[0] > 0
                if scatters:
                    add_skin(skin_light, (row, column), count, samples.depth[r, c], entering, material.albedo)
                    # what the top layer sends back has passed some of it
                    seen_colour = mirrored[0], 0.95 * mirrored[1], 0.89 * mirrored[2]
                else:
                    seen_colour = (
                        material.albedo[0] * entering[0] + mirrored[0],
                        material.albedo[1] * entering[1] + mirrored[1],
                        material.albedo[2] * entering[2] + mirrored[2],
                    )
                for k in range(first, 4):
                    if members >> k & 1:
                        r, c = 2 * row + k // 2, 2 * column + k % 2
                        colour[r, c, 0], colour[r, c, 1], colour[r, c, 2] = seen_colour
                        skin_light.samples[r, c] = scatters


@kernel(inline="early")
def share_point(samples, mesh, texels, pixel, first, done):
    """Groups the samples of a pixel that show the same surface as its sample `first`, without those that are `done`.

    Returns which they are (bits), how many, and the `Point` that is their mean.
    """
    row, column = pixel
    r, c = 2 * row + first // 2, 2 * column + first % 2
    part, depth = mesh.part[samples.ids[r, c]], samples.depth[r, c]
    at = normal = canonical = albedo = (0.0, 0.0, 0.0)
    occlusion = specular = rough = mouth = porous = lips = 0.0
    w0 = w1 = w2 = w3 = w4 = w5 = 0.0
    red = green = blue = hides = 0.0
    textured = part == SKIN and texels.shape[0] > 1
    members, count = 0, 0.0
    surface, wrinkles = mesh.surface, mesh.wrinkles
    for k in range(first, 4):
        r, c = 2 * row + k // 2, 2 * column + k % 2
        t = samples.ids[r, c]
        if done >> k & 1 or t < 0 or mesh.part[t] != part or abs(samples.depth[r, c] - depth) > SAME_SURFACE_MM:
            continue
        members |= 1 << k
        count += 1
        for corner in range(3):
            v = mesh.triangles[t, corner]
            w = samples.weights[r, c, corner] if corner < 2 else 1 - samples.weights[r, c, 0] - samples.weights[r, c, 1]
            at, normal = added(at, mesh.position[v], w), added(normal, mesh.normal[v], w)
            canonical, albedo = added(canonical, mesh.canonical[v], w), added(albedo, mesh.albedo[v], w)
            occlusion += w * surface.occlusion[v]
            specular += w * surface.specular[v]
            rough += w * surface.roughness[v]
            mouth += w * surface.mouth[v]
            porous += w * surface.porous[v]
            lips += w * surface.lips[v]
            if part == SKIN:
                w0 += w * wrinkles[v, 0]
                w1 += w * wrinkles[v, 1]
                w2 += w * wrinkles[v, 2]
                w3 += w * wrinkles[v, 3]
                w4 += w * wrinkles[v, 4]
                w5 += w * wrinkles[v, 5]
        if textured and mesh.uv[t, 0, 0] >= 0:
            a, b = samples.weights[r, c, 0], samples.weights[r, c, 1]
            x = a * mesh.uv[t, 0, 0] + b * mesh.uv[t, 1, 0] + (1 - a - b) * mesh.uv[t, 2, 0]
            y = a * mesh.uv[t, 0, 1] + b * mesh.uv[t, 1, 1] + (1 - a - b) * mesh.uv[t, 2, 1]
            here = texel(texels, x, y)
            red, green, blue, hides = red + here[0], green + here[1], blue + here[2], hides + here[3]
    s = 1 / count
    point = Point(
        at=scaled(at, s),
        normal=unit_vector(normal),
        canonical=scaled(canonical, s),
        albedo=scaled(albedo, s),
        occlusion=occlusion * s,
        specular=specular * s,
        roughness=rough * s,
        mouth=mouth * s,
        porous=porous * s,
        lips=lips * s,
        wrinkles=(w0 * s, w1 * s, w2 * s, w3 * s, w4 * s, w5 * s),
        picture=(red * s, green * s, blue * s, hides * s),
    )
    return members, count, point


@kernel(inline="early")
def add_skin(skin_light, pixel, count, depth, entering, albedo):
    """Takes `count` more samples of skin into the means of a pixel of the `SkinLight`."""
    row, column = pixel
    whole = skin_light.share[row, column] + count
    w = count / whole
    for k in range(3):
        skin_light.light[row, column, k] += w * (entering[k] - skin_light.light[row, column, k])
        skin_light.albedo[row, column, k] += w * (albedo[k] - skin_light.albedo[row, column, k])
    skin_light.depth[row, column] += w * (depth - skin_light.depth[row, column])
    skin_light.share[row, column] = whole
