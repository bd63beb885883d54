"""From a portrait to a texture: what the picture shows of the head is carried over, the rest is painted to match it.

Where the portrait sees the skin squarely its colours, without the light, become texels. Elsewhere the paint at the
vertices stays, multiplied by the smooth field that makes it meet the portrait (a membrane, Farbman et al. 2009, on the
mesh, so that no seam of the chart shows). In between the two are mixed.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ..appearance.base import Look
from ..appearance.texture import Texture
from ..geometry.camera import Camera
from ..geometry.mesh import vertex_normals
from ..geometry.steps import smoothstep
from ..geometry.visibility import rasterize
from ..heads.base import SKIN, Topology
from ..render.raster.renderer import RasterRenderer
from .atlas import Atlas, atlas_of, sample
from .masks import Places, hair_over_skin
from .unlit import DARKEST, PALEST, SAME_MM, Sitter, Unlit, unlit

FEWEST_TEXELS, MOST_TEXELS = 256, 2048
COSINES = (0.22, 0.55)
"""Of the angle at which a portrait looks on the skin: below the first it is not used, above the second fully."""
STIFF = 0.02
"""How much an edge of the mesh counts against a vertex that the portrait shows, see `_meeting`."""


@dataclass(frozen=True)
class Baked:
    """A look with a texture, and the light that was found in the portrait: `look` under it shows the portrait."""

    look: Look
    portrait_look: Look


@dataclass(frozen=True)
class Projected:
    """A picture of the skin on the texels.

    Attributes:
        albedo: (P, 3) linear; trust: (P,) 0-1, how far each is to be trusted.
        near_hair: (P,) 0-1, where hair may lie over the skin, besides the places where it often does.
    """

    albedo: np.ndarray
    trust: np.ndarray
    near_hair: np.ndarray


def texels_for(size: int) -> int:
    """Texels along each side of a texture from portraits `size` pixels wide: about two for a pixel of the face."""
    return int(np.clip(2 ** np.ceil(np.log2(2 * size)), FEWEST_TEXELS, MOST_TEXELS))


def bake(sitter: Sitter, portraits: list[tuple[np.ndarray, Camera]], renderer: RasterRenderer, side: int) -> Baked:
    """The look of `sitter` with the skin of `portraits`, pictures (S, S, 3) uint8 of the neutral face; their cameras.

    `side`: texels along each side of the texture.
    """
    topology, look = renderer.head.topology, sitter.look
    atlas = atlas_of(topology, side)
    found = [unlit(sitter, picture, camera, renderer) for picture, camera in portraits]
    shown = [
        _project(topology, atlas, sitter, portrait, camera)
        for portrait, (_, camera) in zip(found, portraits, strict=True)
    ]
    lit = found[0].look
    skin = replace(look.skin, melanin=lit.skin.melanin, surface=lit.skin.surface)
    textured = painted(topology, atlas, replace(look, skin=skin), sitter.places, _merged(shown))
    return Baked(textured, replace(textured, scene=lit.scene))


def painted(topology: Topology, atlas: Atlas, look: Look, places: Places, shown: Projected) -> Look:
    """`look` with the skin that is `shown`, as far as that is trusted; its brows, stubble and lines are those shown."""
    regions = atlas.spread(topology.triangles, np.stack([places.not_skin, places.searched], axis=1))
    trust = shown.trust * (1 - regions[:, 0])
    searched = np.maximum(regions[:, 1], shown.near_hair)
    trust = trust * (1 - hair_over_skin(atlas, shown.albedo, trust, searched))
    albedo, sure = _meeting(topology, atlas, look.skin.albedo, shown.albedo, trust, places)
    texels = np.column_stack([shown.albedo * trust[:, None], trust])
    lines = look.wrinkles._replace(depth=look.wrinkles.depth * (1 - sure[:, None]))  # a portrait shows its own
    skin = replace(look.skin, albedo=albedo)
    beard = look.beard if places.long_beard else None
    return replace(look, skin=skin, brows=None, beard=beard, wrinkles=lines, texture=Texture.of(atlas.picture(texels)))


def _project(topology: Topology, atlas: Atlas, sitter: Sitter, portrait: Unlit, camera: Camera) -> Projected:
    triangles, vertices = topology.triangles, sitter.look.neutral
    normals = vertex_normals(vertices, triangles)
    at = atlas.spread(triangles, vertices)
    normal = atlas.spread(triangles, normals)
    seen = camera.project(at.astype(np.float64))
    towards = camera.position - at
    cosine = (normal * towards).sum(axis=1) / np.linalg.norm(towards, axis=1) / np.linalg.norm(normal, axis=1)
    samples = rasterize(camera.project(vertices.astype(np.float64)), triangles, 2, camera.size, True)
    column, row = (np.clip((2 * seen[:, k]).astype(int), 0, 2 * camera.size - 1) for k in (0, 1))
    near = seen[:, 2] - samples.depth[row, column] < SAME_MM
    maps = np.stack([portrait.allowed, portrait.steady, portrait.near_hair], axis=2)
    allowed, steady, near_hair = sample(maps, seen[:, :2]).T
    brows = atlas.spread(triangles, sitter.places.brows[:, None])[:, 0]
    steady, near_hair = np.maximum(steady, brows), near_hair * (1 - brows)  # brows cannot be painted, and are hair
    trust = smoothstep(*COSINES, cosine) * near * allowed * steady
    return Projected(sample(portrait.albedo, seen[:, :2]), trust.astype(np.float32), near_hair * near)


def _merged(shown: list[Projected]) -> Projected:
    """The first portrait, and the others where it shows less: their colours are brought to its own where both see."""
    first = shown[0]
    albedo, trust, near_hair = first.albedo, first.trust, first.near_hair
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
        near_hair = np.maximum(near_hair, other.near_hair)
    return Projected(albedo, trust, near_hair)


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
    met = (paint * np.exp(np.clip(field, -2.5, 2.5))).clip(DARKEST, PALEST)
    return np.ascontiguousarray(met, np.float32), shown  # in rows, as kernels are compiled for
