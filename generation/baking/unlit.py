"""A portrait without its light: the albedo of its skin, where that may be used, and the light that was divided out."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ..appearance.base import Look
from ..appearance.places.light import Light
from ..appearance.wrinkles import FAMILIES
from ..geometry.camera import Camera
from ..geometry.mesh import vertex_normals
from ..geometry.steps import smoothstep
from ..geometry.visibility import Samples
from ..heads.base import SKIN, HeadShape, Topology
from ..plan import IdentityPlan
from ..render.base import HeadPose
from ..render.develop import exposure_for
from ..render.raster.renderer import RasterRenderer
from ..render.raster.scattering import SkinLight
from .atlas import sample
from .camera import seen_neutral, tone_curve_undone
from .hair_shade import light_under_hair, shade_shown, shaded_by_hair
from .highlights import dull_around, dulled, gloss_of, kept_gloss
from .light import Face, find_light
from .masks import Places

DARKEST, PALEST = 0.003, 0.95
"""Bounds of the albedo."""
RIM_MM = (1.5, 6.0)
"""Distance from the outline of what a portrait shows: below the first it is not used, above the second fully."""
LEAST_COSINE = 0.3
EDGE_MM, CHANGE = 4.0, (0.06, 0.14)
"""Natural logarithm of the light against that so far around: below the first it is steady, above the second an edge."""
JUMP_MM, SAME_MM, SOFT_MM = 5.0, 2.5, 1.2
SHADE = 0.16
"""Light below this share of the usual one is not divided out in full: noise would be all that is left."""


@dataclass(frozen=True)
class Sitter:
    """A person whose portrait was painted.

    Attributes:
        look: the procedural one.
        places: of the person's own lines of hair.
    """

    plan: IdentityPlan
    shape: HeadShape
    look: Look
    places: Places
    seed: int


@dataclass(frozen=True)
class Unlit:
    """A portrait without its light.

    Attributes:
        albedo: (S, S, 3) float32 linear; allowed: (S, S) float32 0-1, where it may be used.
        steady: (S, S) float32 0-1, where no edge of a shadow is near.
        near_hair: (S, S) float32 0-1, where the person's hair shades the skin, so that hair may lie over it.
        look: that of the person under the light that was found, with the gloss and melanin that the portrait shows.
    """

    albedo: np.ndarray
    allowed: np.ndarray
    steady: np.ndarray
    near_hair: np.ndarray
    look: Look


def unlit(sitter: Sitter, picture: np.ndarray, camera: Camera, renderer: RasterRenderer) -> Unlit:
    """A portrait (S, S, 3) uint8 of the neutral face without its light."""
    plan, look, places, seed = sitter.plan, sitter.look, sitter.places, sitter.seed
    pose = HeadPose(sitter.shape.control, sitter.shape.eyes, (0.0, 0.0))
    topology = renderer.head.topology
    smooth = look.skin.detail._replace(pores=np.float32(0), crepe=np.float32(0))
    lines = look.wrinkles._replace(depth=np.zeros(len(FAMILIES)))
    look = replace(look, hair=None, props=(), wrinkles=lines, skin=replace(look.skin, detail=smooth))
    shown = tone_curve_undone(picture)
    samples = seen_neutral(topology, look, camera)
    visible = _well_seen(topology, look.neutral, samples, camera)
    at = camera.project(look.neutral.astype(np.float64))[:, :2]
    face = _face(topology, look, np.flatnonzero(visible & (places.plain > 0.5)), camera)
    soft = np.stack([ndimage.gaussian_filter(shown[..., k], SOFT_MM / camera.pixel_mm) for k in range(3)], axis=2)
    seen = sample(soft, at[face.chosen]).astype(np.float64)
    light = find_light(face, seen)
    exposure, melanin = _exposure(face, seen, light)
    look = replace(look, scene=replace(look.scene, light=light), skin=replace(look.skin, melanin=melanin))
    posed = renderer.pose(plan, look, pose, seed)
    skin = renderer.skin_light(posed, look, camera)
    usual = np.median(skin.light[skin.share > 3].mean(axis=1))
    into = np.maximum(skin.light, SHADE * usual)
    radiance, mirrored = shown / exposure / into, skin.albedo / into
    near_hair = np.zeros(skin.share.shape, np.float32)
    if sitter.look.hair is not None:
        with_hair = replace(look, hair=sitter.look.hair)
        under = renderer.skin_light(renderer.pose(plan, with_hair, pose, seed), with_hair, camera)
        passed = np.clip(under.light / into, 0, 1)
        shade = shade_shown(radiance, passed, skin.share, camera)
        reached = light_under_hair(passed, shade)
        mirrored = (mirrored + shade[..., None] * (under.albedo / into - mirrored)) / reached
        radiance = radiance / reached
        near_hair = shaded_by_hair(passed, skin.share).astype(np.float32)
    mirrored *= (gloss := gloss_of(radiance, mirrored, skin.share, camera))
    around = dull_around(radiance, mirrored, skin.share, camera)
    kept = kept_gloss(radiance, mirrored, around, camera)
    colour = dulled(radiance - kept[..., None] * mirrored, mirrored, around)
    albedo = np.clip(colour, DARKEST, PALEST).astype(np.float32)
    specular = look.skin.surface.specular * gloss
    specular[visible] *= sample(kept[..., None].astype(np.float32), at[visible])[:, 0]
    surface = look.skin.surface._replace(specular=specular.astype(np.float32))
    look = replace(look, skin=replace(look.skin, surface=surface))
    allowed, steady = _allowed(topology, samples, skin.share, camera), _away_from_shadow_edges(skin, camera)
    return Unlit(albedo, allowed, steady.astype(np.float32), near_hair, look)


def _well_seen(topology: Topology, vertices: np.ndarray, samples: Samples, camera: Camera) -> np.ndarray:
    """Which of the `vertices` (V, 3) a portrait shows, and not from the side: (V,) bool."""
    seen = camera.project(vertices.astype(np.float64))
    towards = camera.position - vertices
    cosine = (vertex_normals(vertices, topology.triangles) * towards).sum(axis=1) / np.linalg.norm(towards, axis=1)
    column, row = (np.clip(seen[:, k].astype(int), 0, camera.size - 1) for k in (0, 1))
    return (np.abs(samples.depth[row, column] - seen[:, 2]) < SAME_MM) & (cosine > LEAST_COSINE)


def _face(topology: Topology, look: Look, chosen: np.ndarray, camera: Camera) -> Face:
    """The vertices `chosen` (N,) of the skin."""
    surface = look.skin.surface
    return Face(
        vertices=look.neutral,
        triangles=topology.triangles,
        chosen=chosen,
        normal=vertex_normals(look.neutral, topology.triangles)[chosen],
        occlusion=surface.occlusion[chosen],
        specular=surface.specular[chosen],
        roughness=surface.roughness[chosen],
        albedo=np.median(look.skin.albedo[chosen], axis=0).astype(np.float64),
        viewer=camera.position,
    )


def _exposure(face: Face, seen: np.ndarray, light: Light) -> tuple[float, float]:
    """How a photographer exposes this face under this light, and the melanin of its skin: each depends on the other."""
    entering, mirrored = face.under(light)
    melanin = 0.5
    for _ in range(12):
        exposure = exposure_for(light, melanin)
        melanin = melanin_of((seen / exposure - mirrored) / np.maximum(entering, 0.05))
    return exposure, melanin


def _away_from_shadow_edges(skin: SkinLight, camera: Camera) -> np.ndarray:
    """(S, S) 0-1: 0 where the light on the skin changes within millimetres. There a light that is found a few degrees
    off, or softer than ours, would leave a pale and a dark stripe."""
    seen = (skin.share > 3).astype(np.float32)
    light = np.log(np.maximum(skin.light.mean(axis=2), 1e-3)) * seen
    sigma = EDGE_MM / camera.pixel_mm
    around = ndimage.gaussian_filter(light, sigma) / np.maximum(ndimage.gaussian_filter(seen, sigma), 1e-3)
    change = ndimage.gaussian_filter(np.abs(light - around) * seen, 0.5 * sigma)
    return 1 - smoothstep(*CHANGE, change / np.maximum(ndimage.gaussian_filter(seen, 0.5 * sigma), 1e-3))


def melanin_of(albedo: np.ndarray) -> float:
    """The melanin of plain skin of these albedos (N, 3)."""
    return float(np.clip(-np.log(max(np.median(albedo, axis=0).mean(), 0.01) / 0.60), 0.05, 3.5))


def _allowed(topology: Topology, samples: Samples, share: np.ndarray, camera: Camera) -> np.ndarray:
    """(S, S) float32: 1 on skin well inside its outline, fading to 0 towards it, clothes and jumps of depth."""
    skin = (samples.ids >= 0) & (topology.part[samples.ids] == SKIN) & (share > 3)
    depth = np.where(samples.ids >= 0, samples.depth, 1e6)
    jump = ndimage.maximum_filter(depth, 3) - ndimage.minimum_filter(depth, 3) > JUMP_MM
    inside = ndimage.distance_transform_edt(skin & ~jump) * camera.pixel_mm
    return smoothstep(*RIM_MM, inside).astype(np.float32)
