"""From a portrait to a texture: what the picture shows of the head is carried over, the rest is painted to match it.

Where the portrait sees the skin squarely its colours, without the light, become texels. Elsewhere the paint at the
vertices stays, multiplied by the smooth field that makes it meet the portrait (a membrane, Farbman et al. 2009, on the
mesh, so that no seam of the chart shows). In between the two are mixed.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu

from ..appearance.base import Look
from ..appearance.places.light import Light
from ..appearance.texture import Texture
from ..appearance.wrinkles import FAMILIES
from ..geometry.camera import Camera
from ..geometry.mesh import vertex_normals
from ..geometry.visibility import Samples, rasterize
from ..heads.base import SKIN, HeadShape, Topology
from ..plan import IdentityPlan
from ..render.base import HeadPose
from ..render.develop import exposure_for
from ..render.raster.renderer import RasterRenderer
from .atlas import Atlas, atlas_of, sample
from .camera import tone_curve_undone
from .light import Face, find_light
from .masks import Places, hair_over_skin
from .steps import smoothstep

FEWEST_TEXELS, MOST_TEXELS = 256, 2048
COSINES = (0.22, 0.55)
"""Of the angle at which a portrait looks on the skin: below the first it is not used, above the second fully."""
RIM_MM = (1.5, 6.0)
"""Distance from the outline of what a portrait shows, the same."""
LEAST_COSINE = 0.3
JUMP_MM = 5.0
SOFT_MM = 1.2
SAME_MM = 2.5
DARKEST, PALEST = 0.003, 0.95
"""Bounds of the albedo."""
SHADE = 0.16
"""Light below this share of the usual one is not divided out in full: noise would be all that is left."""
GLOSSY, LEFT, PALER, AROUND_MM = 0.25, 0.70, 0.12, 6.0
"""A highlight is more than this share of the light. What is taken away leaves so much of the colour of the skin around
it, and no more than so much above."""
STIFF = 0.02
"""How much an edge of the mesh counts against a vertex that the portrait shows, see `_meeting`."""


@dataclass(frozen=True)
class Baked:
    """A look with a texture, and the light that was found in the portrait: `look` under it shows the portrait."""

    look: Look
    portrait_look: Look


@dataclass(frozen=True)
class Projected:
    """A picture of the skin on the texels: linear albedo (P, 3) and how far each is to be trusted, (P,) 0-1."""

    albedo: np.ndarray
    trust: np.ndarray


def texels_for(size: int) -> int:
    """Texels along each side of a texture from portraits `size` pixels wide: about two for a pixel of the face."""
    return int(np.clip(2 ** np.ceil(np.log2(2 * size)), FEWEST_TEXELS, MOST_TEXELS))


def bake(
    plan: IdentityPlan,
    shape: HeadShape,
    look: Look,
    places: Places,
    portraits: list[tuple[np.ndarray, Camera]],
    renderer: RasterRenderer,
    seed: int,
    side: int,
) -> Baked:
    """`look` with the skin of `portraits`, pictures (S, S, 3) uint8 of the neutral face and their cameras.

    Args:
        places: of the person's own lines of hair.
        side: texels along each side of the texture.
    """
    topology = renderer.head.topology
    bare = replace(look, brows=None, beard=None, wrinkles=look.wrinkles._replace(depth=np.zeros(len(FAMILIES))))
    atlas = atlas_of(topology, side)
    pose = HeadPose(shape.control, shape.eyes, (0.0, 0.0))
    found = [_unlit(plan, bare, places, picture, camera, renderer, pose, seed) for picture, camera in portraits]
    shown = [
        _project(topology, atlas, look.neutral, albedo, allowed, camera)
        for (albedo, allowed, _), (_, camera) in zip(found, portraits, strict=True)
    ]
    lit = found[0][2]
    own = lit.skin
    skin = replace(bare.skin, melanin=own.melanin, surface=own.surface)
    textured = painted(topology, atlas, replace(look, skin=skin), places, _merged(shown))
    return Baked(textured, replace(textured, scene=lit.scene))


def painted(topology: Topology, atlas: Atlas, look: Look, places: Places, shown: Projected) -> Look:
    """`look` with the skin that is `shown`, as far as that is trusted; its brows, beard and lines are those shown."""
    regions = atlas.spread(topology.triangles, np.stack([places.not_skin, places.searched], axis=1))
    trust = shown.trust * (1 - regions[:, 0])
    trust = trust * (1 - hair_over_skin(atlas, shown.albedo, trust, regions[:, 1]))
    albedo, sure = _meeting(topology, atlas, look.skin.albedo, shown.albedo, trust, places)
    texels = np.column_stack([shown.albedo * trust[:, None], trust])
    lines = look.wrinkles._replace(depth=look.wrinkles.depth * (1 - sure[:, None]))  # a portrait shows its own
    skin = replace(look.skin, albedo=albedo)
    return replace(look, skin=skin, brows=None, beard=None, wrinkles=lines, texture=Texture.of(atlas.picture(texels)))


def _unlit(
    plan: IdentityPlan,
    look: Look,
    places: Places,
    picture: np.ndarray,
    camera: Camera,
    renderer: RasterRenderer,
    pose: HeadPose,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, Look]:
    """Albedo of a portrait (S, S, 3), where it may be used (S, S) 0-1, and `look` under its light."""
    topology = renderer.head.topology
    smooth = look.skin.detail._replace(pores=np.float32(0), crepe=np.float32(0))
    look = replace(look, hair=None, skin=replace(look.skin, detail=smooth))
    shown = tone_curve_undone(picture)
    posed = renderer.pose(plan, look, pose, seed)
    samples = rasterize(camera.project(posed.dressed.astype(np.float64)), topology.triangles, 1, camera.size, True)
    visible = _well_seen(topology, look.neutral, samples, camera)
    at = camera.project(look.neutral.astype(np.float64))[:, :2]
    face = _face(topology, look, np.flatnonzero(visible & (places.plain > 0.5)), camera)
    soft = np.stack([ndimage.gaussian_filter(shown[..., k], SOFT_MM / camera.pixel_mm) for k in range(3)], axis=2)
    seen = sample(soft, at[face.chosen]).astype(np.float64)
    prior = np.median(look.skin.albedo[face.chosen], axis=0)
    light = find_light(face, seen, prior)
    exposure, melanin = _exposure(face, seen, light)
    look = replace(look, scene=replace(look.scene, light=light), skin=replace(look.skin, melanin=melanin))
    posed = renderer.pose(plan, look, pose, seed)
    skin = renderer.skin_light(posed, look, camera)
    usual = np.median(skin.light[skin.share > 3].mean(axis=1))
    into = np.maximum(skin.light, SHADE * usual)
    radiance, mirrored = shown / exposure / into, skin.albedo / into
    mirrored *= (gloss := _gloss(radiance, mirrored, skin.share, camera))
    around = _dull_around(radiance, mirrored, skin.share, camera)
    kept = _kept_gloss(radiance, mirrored, around, camera)
    dulled = _dulled(radiance - kept[..., None] * mirrored, mirrored, around)
    albedo = np.clip(dulled, DARKEST, PALEST).astype(np.float32)
    specular = look.skin.surface.specular * gloss
    specular[visible] *= sample(kept[..., None].astype(np.float32), at[visible])[:, 0]
    surface = look.skin.surface._replace(specular=specular.astype(np.float32))
    look = replace(look, skin=replace(look.skin, surface=surface))
    return albedo, _allowed(topology, samples, skin.share, camera), look


def _gloss(shown: np.ndarray, mirrored: np.ndarray, share: np.ndarray, camera: Camera) -> float:
    """How much of what the skin is expected to mirror a portrait shows: the factor after which nothing of it is left in
    its finer variation. Both (S, S, 3), relative to the light that enters the skin."""
    skin = (share > 3).astype(np.float32)
    sigma = AROUND_MM / camera.pixel_mm
    whole = np.maximum(ndimage.gaussian_filter(skin, sigma), 1e-3)
    finer = [v - ndimage.gaussian_filter(v * skin, sigma) / whole for v in (shown.mean(axis=2), mirrored.mean(axis=2))]
    middle = np.median(np.abs(finer[0][skin > 0])) + 1e-6
    weight = skin * (whole > 0.8) / np.maximum(np.abs(finer[0]) / (4 * middle), 1)
    return float(np.clip((weight * finer[0] * finer[1]).sum() / (weight * finer[1] ** 2).sum(), 0.2, 1.3))


def _dull_around(shown: np.ndarray, mirrored: np.ndarray, share: np.ndarray, camera: Camera) -> np.ndarray:
    """(S, S, 3): the mean colour of the dull skin around each pixel; arguments as for `_gloss`."""
    skin = (share > 3)[..., None].astype(np.float32)
    sigma = AROUND_MM / camera.pixel_mm
    dull = skin * (mirrored.mean(axis=2, keepdims=True) < GLOSSY * shown.mean(axis=2, keepdims=True))

    def mean(values: np.ndarray) -> np.ndarray:
        return np.stack([ndimage.gaussian_filter(values[..., k], sigma) for k in range(values.shape[2])], axis=2)

    return mean((shown - mirrored) * dull) / np.maximum(mean(dull), 1e-3)


def _kept_gloss(shown: np.ndarray, mirrored: np.ndarray, around: np.ndarray, camera: Camera) -> np.ndarray:
    """(S, S) 0-1: how much of what the skin is expected to mirror can be taken away.

    No model knows the gloss of a stranger's skin, and brows and stubble have none: what is left shall not be darker
    than the dull skin `around` it, by much.
    """
    most = ((shown - LEFT * around) / np.maximum(mirrored, 1e-4)).min(axis=2)
    return ndimage.gaussian_filter(np.clip(most, 0, 1), 0.4 / camera.pixel_mm)


def _dulled(albedo: np.ndarray, mirrored: np.ndarray, around: np.ndarray) -> np.ndarray:
    """`albedo` (S, S, 3) without what is left of highlights: what mirrors much is hardly paler than skin `around`."""
    base = np.maximum(around, 1e-3)
    glossy = smoothstep(0.2 * GLOSSY, GLOSSY, (mirrored / base).mean(axis=2, keepdims=True))
    above = np.maximum(albedo / base - 1, 0)
    return albedo - glossy * base * (above - PALER * np.tanh(above / PALER))


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


def _project(
    topology: Topology, atlas: Atlas, vertices: np.ndarray, albedo: np.ndarray, allowed: np.ndarray, camera: Camera
) -> Projected:
    triangles = topology.triangles
    normals = vertex_normals(vertices, triangles)
    at = atlas.spread(triangles, vertices)
    normal = atlas.spread(triangles, normals)
    seen = camera.project(at.astype(np.float64))
    towards = camera.position - at
    cosine = (normal * towards).sum(axis=1) / np.linalg.norm(towards, axis=1) / np.linalg.norm(normal, axis=1)
    samples = rasterize(camera.project(vertices.astype(np.float64)), triangles, 2, camera.size, True)
    column, row = (np.clip((2 * seen[:, k]).astype(int), 0, 2 * camera.size - 1) for k in (0, 1))
    near = seen[:, 2] - samples.depth[row, column] < SAME_MM
    trust = smoothstep(*COSINES, cosine) * near * sample(allowed[..., None], seen[:, :2])[:, 0]
    return Projected(sample(albedo, seen[:, :2]), trust.astype(np.float32))


def _merged(shown: list[Projected]) -> Projected:
    """The first portrait, and the others where it shows less: their colours are brought to its own where both see."""
    first = shown[0]
    albedo, trust = first.albedo, first.trust
    for other in shown[1:]:
        both = trust * other.trust
        gain = np.exp(
            ((np.log(albedo) - np.log(other.albedo)) * both[:, None]).sum(axis=0) / max(float(both.sum()), 1e-6)
        )
        more = other.trust * (1 - trust)
        whole = np.maximum(trust + more, 1e-6)[:, None]
        albedo = (albedo * trust[:, None] + other.albedo * gain * more[:, None]) / whole
        albedo = np.clip(albedo, DARKEST, PALEST)
        trust = trust + more
    return Projected(albedo, trust)


def _meeting(
    topology: Topology, atlas: Atlas, paint: np.ndarray, albedo: np.ndarray, trust: np.ndarray, places: Places
) -> tuple[np.ndarray, np.ndarray]:
    """`paint` (V, 3), the albedo at the vertices, times a smooth field that makes it meet the portrait's (P, 3); and
    how much of each vertex the portrait shows, (V,) 0-1."""
    triangles = topology.triangles
    off = np.maximum(places.brows, topology.masks["lids"])  # hair, and the shadow in the fold of a lid
    anchored = trust * (1 - atlas.spread(triangles, off[:, None])[:, 0])
    seen = atlas.gather(triangles, np.log(albedo), anchored, len(paint))
    per_vertex = atlas.gather(triangles, albedo, np.ones(len(albedo), np.float32), len(paint))[:, 3]
    sure = seen[:, 3] / np.maximum(per_vertex, 1e-9)
    shown = atlas.gather(triangles, np.ones((len(trust), 1)), trust, len(paint))[:, 1] / np.maximum(per_vertex, 1e-9)
    ratio = seen[:, :3] - np.log(np.maximum(paint, 1e-3))
    faces = triangles[topology.part == SKIN]
    ends = np.unique(np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    count = len(paint)
    both = np.concatenate([ends, ends[:, ::-1]])
    graph = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    degree = np.asarray(graph.sum(axis=1)).ravel()
    system = STIFF * (sparse.diags(degree + 1e-6) - graph) + sparse.diags(sure)
    field = splu(system.tocsc()).solve(sure[:, None] * ratio)
    met = (paint * np.exp(np.clip(field, -2.5, 2.5))).clip(DARKEST, PALEST).astype(np.float32)
    return met, shown
