"""What light meets at one visible point: skin, clothes, eyes, teeth and tongue, a function each.

Points, normals and linear colours are tuples of three numbers.
"""

from typing import NamedTuple

import numpy as np

from ...appearance.fabric import fabric
from ...appearance.garment import CONTACT_MM, contact, under_rim
from ...appearance.texture import covered
from ...geometry.noise import sample, smooth
from ...geometry.vectors import dot, scaled, unit_vector
from ...kernels import kernel
from .skin_detail import (
    bend,
    blemishes,
    cornea,
    creased,
    eyeball,
    furrow,
    inner_mouth,
    texture,
    through_cornea,
    tooth,
)

F0_SKIN, F0_WET = 0.028, 0.04
SKIN_WRAP, NO_WRAP = (0.26, 0.12, 0.08), (0.0, 0.0, 0.0)
TEARS = 0.042
"""Height of the tears on the lower lid, in radii of the eye."""
DULL, DAZZLING = 1.5, 12.0
"""See `Material`."""
PORES_SHOWN = 0.7
"""How much of the relief of the skin a picture on it shows by itself."""
UNSEEN_IN_CREASES = 0.55
"""How much of what the bottom of a crease mirrors is its own walls."""
FOLDED = 0.02
"""Wrinkles together shallower than this are not drawn."""
FURROWS_FROM_MM = -45.0
"""Canonical depth behind which no skin wrinkles."""


class Point(NamedTuple):
    """A point of the mesh, the mean of the samples of a pixel that share it.

    Attributes:
        at: world mm; normal: unit; canonical: see `Look`; albedo: linear.
        occlusion, specular, roughness, mouth, porous, lips: see `SkinSurface`.
        wrinkles: how deep each of `wrinkles.FAMILIES` is; 0 where the point is not on skin.
        picture: of the texture, see `Texture.levels`; 0 where there is none.
    """

    at: tuple[float, float, float]
    normal: tuple[float, float, float]
    canonical: tuple[float, float, float]
    albedo: tuple[float, float, float]
    occlusion: float
    specular: float
    roughness: float
    mouth: float
    porous: float
    lips: float
    wrinkles: tuple[float, float, float, float, float, float]
    picture: tuple[float, float, float, float]


class Material(NamedTuple):
    """What light meets at a point.

    Attributes:
        albedo: linear; normal: unit.
        occlusion: share of the sky that is seen.
        specular: strength of the highlight; roughness, 0-1; f0: reflectance of light that falls straight in.
        wrap: how far light of each colour reaches around into the shade; above 0 only in skin, where it scatters.
        coat: 1 under a cornea, else 0.
        brightest: radiance that no highlight exceeds, times that of its light.
    """

    albedo: tuple[float, float, float]
    normal: tuple[float, float, float]
    occlusion: float
    specular: float
    roughness: float
    f0: float
    wrap: tuple[float, float, float]
    coat: float
    brightest: float


@kernel(inline="early")
def cloth(point, under, materials, pixel_mm):
    """A garment, `under` mm inside its rim; in the pixels of the rim shaded skin shows through."""
    worn = fabric(materials.garment, under, point.canonical, point.at, point.normal, materials.tile, pixel_mm)
    cover = min(0.5 + under / pixel_mm, 1.0)
    albedo = (
        0.6 * point.albedo[0] * (1 - cover) + cover * worn.albedo[0],
        0.5 * point.albedo[1] * (1 - cover) + cover * worn.albedo[1],
        0.5 * point.albedo[2] * (1 - cover) + cover * worn.albedo[2],
    )
    return Material(
        albedo=albedo,
        normal=worn.normal,
        occlusion=point.occlusion * worn.ambient,
        specular=0.4,
        roughness=np.float64(materials.garment.roughness),
        f0=F0_SKIN,
        wrap=NO_WRAP,
        coat=0.0,
        brightest=DULL,
    )


@kernel(inline="early")
def bare_skin(point, under, materials, pixel_mm):
    """Skin, `under` (negative) mm inside the rim of the clothes."""
    detail, tile, normal, occlusion = materials.detail, materials.tile, point.normal, point.occlusion
    albedo = blemishes(point.albedo, point.canonical, point.porous, detail, tile)
    if point.picture[3] > 0:
        albedo = covered(albedo, point.picture)
    if under > -CONTACT_MM:
        kept = contact(under)
        albedo = albedo[0] * (0.1 + 0.9 * kept), albedo[1] * kept, albedo[2] * kept
        occlusion *= kept
    steep, crease, folds = 0.0, 0.0, point.wrinkles
    folded = folds[0] + folds[1] + folds[2] + folds[3] + folds[4] + folds[5]
    if folded > FOLDED and point.canonical[2] > FURROWS_FROM_MM:
        normal, crease, steep = furrow(normal, folds, point.canonical, detail, tile)
        occlusion *= 1 - 0.14 * crease
        albedo = creased(albedo, crease)
    porous = point.porous * (1 - PORES_SHOWN * point.picture[3])
    here, gradient = texture(point.canonical, porous * (1 - point.mouth), point.lips, detail, tile)
    normal = bend(normal, gradient)
    albedo = scaled(albedo, 1 + 0.045 * porous * here)
    # slopes that a pixel does not resolve widen the highlight instead (Toksvig 2005)
    uneven = min(0.25 * steep, 0.03) + 0.5 * dot(gradient, gradient) * min(pixel_mm, 2.0)
    roughness = np.sqrt(np.sqrt(point.roughness**4 + 2 * uneven))
    if point.mouth > 0.02:  # into the dark, red inside of the mouth
        albedo, inside = inner_mouth(albedo, point.mouth, point.canonical[2])
        occlusion *= 1 - 0.80 * inside
    specular = point.specular * max(1 + 0.16 * here, 0.0) * max(1 - UNSEEN_IN_CREASES * crease, 0.0)
    return Material(
        albedo=albedo,
        normal=normal,
        occlusion=occlusion,
        specular=specular,
        roughness=roughness,
        f0=F0_SKIN,
        wrap=SKIN_WRAP,
        coat=0.0,
        brightest=DULL,
    )


@kernel(inline="early")
def skin_or_cloth(point, materials, pixel_mm):
    """What the torso's triangles show: skin outside the clothes, else fabric."""
    under = under_rim(materials.garment, point.canonical)
    if under > -0.5 * pixel_mm:
        return cloth(point, under, materials, pixel_mm)
    return bare_skin(point, under, materials, pixel_mm)


@kernel(inline="early")
def between_lids(ball, lids):
    """How far a direction from the middle of an eye lies below its upper and above its lower lid; `lids` (2, 3), see
    `EyePaint`. 1 is the radius of the eye."""
    x, y = ball[0], ball[1]
    below = lids[0, 0] + x * (lids[0, 1] + x * lids[0, 2]) - y
    above = y - lids[1, 0] - x * (lids[1, 1] + x * lids[1, 2])
    return max(below, 0.0), max(above, 0.0)


@kernel(inline="early")
def wet_eye(point, eye, materials, viewer):
    """The eyeball (0 left, 1 right), seen from the direction `viewer` through its cornea, in the shade of its lids."""
    ball, eyes, normal = unit_vector(point.canonical), materials.eyes, point.normal
    behind = through_cornea(ball, eye, eyes, viewer)
    albedo, angle, bulge = eyeball(ball, behind, eye, eyes, materials.detail, materials.tile)
    if bulge > 0:
        normal = cornea(normal, ball, eyes.gaze[eye], bulge)
    below, above = between_lids(ball, eyes.lids[eye])
    lid = 1 - 0.26 * smooth(0.45, 0.92, angle) - 0.24 * smooth(0.13, 0.0, above)
    lid *= 1 - 0.50 * smooth(0.36, 0.0, below) - 0.24 * smooth(0.09, 0.0, below)
    tears = smooth(TEARS, 0.3 * TEARS, above)  # they stand on the rim of the lower lid, and curve up to the ball
    normal = unit_vector((normal[0], normal[1] + 0.5 * tears, normal[2]))
    return Material(
        albedo=scaled(albedo, 0.35 + 0.65 * lid),
        normal=normal,
        occlusion=point.occlusion * (lid + 0.15 * tears),
        specular=0.8 + 0.5 * tears,
        roughness=0.04,
        f0=F0_WET,
        wrap=NO_WRAP,
        coat=1.0,
        brightest=DAZZLING,
    )


@kernel(inline="early")
def teeth(point, materials, pixel_mm):
    """Teeth and gums, rounded across each tooth."""
    x, _, z = point.canonical
    open_to_sky = 0.9 - 0.86 * smooth(26.0, -8.0, z)  # closed lips hide teeth from the sky; open ones let some of it in
    albedo, across = tooth(point.canonical, pixel_mm, materials.detail, materials.tile)
    nx, ny, nz = point.normal
    turned = nx + 0.42 * across * (nz if x > 0 else -nz), ny, nz - 0.42 * across * (nx if x > 0 else -nx)
    return Material(
        albedo=albedo,
        normal=unit_vector(turned),
        occlusion=max(point.occlusion, open_to_sky),
        specular=0.8,
        roughness=0.30,
        f0=F0_WET,
        wrap=NO_WRAP,
        coat=0.0,
        brightest=DULL,
    )


@kernel(inline="early")
def tongue(point, materials):
    """The tongue, darker towards the throat."""
    x, y, z = point.canonical
    deep = smooth(28.0, 0.0, z)
    rugged = 1 + 0.10 * sample(materials.tile, 1.4 * x, 1.4 * y, 1.4 * z)
    albedo = 0.36 * (1 - 0.8 * deep), 0.125 * (1 - 0.85 * deep), 0.115 * (1 - 0.85 * deep)
    return Material(
        albedo=scaled(albedo, rugged),
        normal=point.normal,
        occlusion=max(point.occlusion, 0.3) * (1 - 0.75 * deep),
        specular=1.0,
        roughness=0.34,
        f0=F0_WET,
        wrap=NO_WRAP,
        coat=0.0,
        brightest=DULL,
    )
