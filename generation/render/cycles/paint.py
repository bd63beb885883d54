"""What the rasteriser's shader paints per pixel, painted per vertex of a finer mesh, for Cycles.

The mesh is split linearly, so its surface, and with it every annotation, stays that of the rasteriser; relief goes into
the normals. `tests/generation/render/test_cycles.py` compares the albedo with that of `shading.shade`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...appearance.garment import under_rim
from ...appearance.skin import SkinSurface
from ...appearance.texture import covered
from ...geometry.surface import unit
from ...geometry.vectors import scaled
from ...heads.base import EYE, SKIN, TEETH, TONGUE, Topology
from ...kernels import kernel
from ..raster.materials import FOLDED, FURROWS_FROM_MM
from ..raster.mesh import Materials
from ..raster.skin_detail import (
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

FACE_EDGE_MM, EYE_EDGE_MM = 1.3, 0.6
"""Longest edge on the face and on the front of the eyes; most are half as long. Pores are 2 mm apart."""
MAX_LEVELS = 5


@dataclass(frozen=True)
class FineMesh:
    """A conforming refinement of the render mesh.

    Attributes:
        levels: pairs (N, 2) of vertices whose middles each level appends.
        triangles: (T', 3) int32; part: (T',) uint8.
        of_part: (V',) uint8, the part that each vertex belongs to, 255 where no triangle uses it.
        eye: (V',) int8, 0 left, 1 right, -1 neither.
        places: (V', 2) float32, where they lie in a texture, -1 where in none; on the seam, one of the two places.
    """

    levels: tuple[np.ndarray, ...]
    triangles: np.ndarray
    part: np.ndarray
    of_part: np.ndarray
    eye: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, topology: Topology, body_mm: float = np.inf) -> "FineMesh":
        """Splits edges of the canonical face until none is longer than its region allows; `body_mm` is allowed on skin
        and clothes outside the face."""
        points, triangles, part = topology.reference, topology.triangles, topology.part
        limit = np.where(part == SKIN, body_mm, np.inf)
        limit[(part == SKIN) & (topology.masks["face"][triangles].max(axis=1) > 0.02)] = FACE_EDGE_MM
        for k in (0, 1):
            ball = (part == EYE) & ((points[triangles[:, 0], 0] < 0) == k)
            depth = points[triangles, 2].max(axis=1)
            front = depth > np.median(depth[ball])
            limit[ball & front] = EYE_EDGE_MM
        levels = []
        while len(levels) < MAX_LEVELS:
            pairs, triangles, parent = split(points, triangles, limit)
            if len(pairs) == 0:
                break
            levels.append(pairs)
            points = np.concatenate([points, points[pairs].mean(axis=1)])
            part, limit = part[parent], limit[parent]
        of_part = np.full(len(points), 255, np.uint8)
        of_part[triangles] = part[:, None]
        eye = np.where(of_part == EYE, (points[:, 0] < 0).astype(np.int8), -1).astype(np.int8)
        places = np.full((len(topology.reference), 2), -1, np.float32)
        places[topology.triangles] = topology.uv
        return cls(tuple(levels), triangles, part, of_part, eye, _spread(levels, places))

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Per-vertex values (V, ...) on the finer mesh (V', ...) float32, linear along the split edges."""
        return _spread(self.levels, values)


def _spread(levels: Iterable[np.ndarray], values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float32)
    for pairs in levels:
        values = np.concatenate([values, values[pairs].mean(axis=1)])
    return values


def split(points: np.ndarray, triangles: np.ndarray, limit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Splits every edge that is longer than a triangle beside it allows (`limit` (T,) mm), leaving no T-junction.

    Returns:
        pairs (N, 2) whose middles become vertices len(points) + n, the triangles (T', 3) int32 and their parents (T',).
    """
    ends = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1).astype(np.int64)
    names, edge = np.unique(ends[:, 0] * len(points) + ends[:, 1], return_inverse=True)
    edges = np.stack([names // len(points), names % len(points)], axis=1)
    allowed = np.full(len(edges), np.inf)
    np.minimum.at(allowed, edge, np.repeat(limit, 3))
    long = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1) > allowed
    middle_of = np.where(long, len(points) + np.cumsum(long) - 1, -1)
    middles = middle_of[edge].reshape(-1, 3)
    cut = middles >= 0
    count = cut.sum(axis=1)
    # turn each triangle so that a lone cut edge, or a lone whole one, comes where the pattern wants it
    first = np.where(count == 1, cut.argmax(axis=1), np.where(count == 2, (cut.argmin(axis=1) + 1) % 3, 0))
    turn = (first[:, None] + np.arange(3)) % 3
    a, b, c = np.take_along_axis(triangles, turn, axis=1).T
    ab, bc, ca = np.take_along_axis(middles, turn, axis=1).T
    patterns = {
        0: ((a, b, c),),
        1: ((a, ab, c), (ab, b, c)),
        2: ((ab, b, bc), (a, ab, bc), (a, bc, c)),
        3: ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)),
    }
    children, parents = [], []
    for cuts, pattern in patterns.items():
        those = np.flatnonzero(count == cuts)
        for corners in pattern:
            children.append(np.stack([corner[those] for corner in corners], axis=1))
            parents.append(those)
    return edges[long], np.concatenate(children).astype(np.int32), np.concatenate(parents)


class Vertices(NamedTuple):
    """Vertices before they are painted.

    Attributes:
        normal: (V, 3) float32 unit; canonical: (V, 3) float32, see `Look`; albedo: (V, 3) float32 linear.
        surface: of the skin; wrinkles: (V, 6) float32, how deep each of `wrinkles.FAMILIES` is.
        picture: (V, 4) float32 of the texture, see `Texture.levels`.
    """

    normal: np.ndarray
    canonical: np.ndarray
    albedo: np.ndarray
    surface: SkinSurface
    wrinkles: np.ndarray
    picture: np.ndarray

    def some(self, chosen: np.ndarray) -> "Vertices":
        """Those with the indices `chosen`."""
        surface = SkinSurface(*(values[chosen] for values in self.surface))
        normal, canonical, albedo = self.normal[chosen], self.canonical[chosen], self.albedo[chosen]
        return Vertices(normal, canonical, albedo, surface, self.wrinkles[chosen], self.picture[chosen])


class Painted(NamedTuple):
    """Painted vertices.

    Attributes:
        albedo: (V, 3) linear; relief: (V, 3) unit normals with pores, wrinkles and corneas.
        cavity: (V,) share of the light that creases keep; roughness: (V,).
    """

    albedo: np.ndarray
    relief: np.ndarray
    cavity: np.ndarray
    roughness: np.ndarray


@kernel(allocates=False)
def paint_skin(vertices, detail, tile, out):
    """Fills `out`, a `Painted`, at vertices of the skin, as `materials.bare_skin` does far from clothes."""
    surface = vertices.surface
    for v in range(vertices.normal.shape[0]):
        at = vertices.canonical[v, 0], vertices.canonical[v, 1], vertices.canonical[v, 2]
        own = vertices.normal[v]
        normal = np.float64(own[0]), np.float64(own[1]), np.float64(own[2])
        folds, porous, mouth = vertices.wrinkles[v], surface.porous[v], surface.mouth[v]
        albedo = covered(blemishes(vertices.albedo[v], at, porous, detail, tile), vertices.picture[v])
        kept, steep = 1.0, 0.0
        if folds.sum() > FOLDED and at[2] > FURROWS_FROM_MM:
            normal, crease, steep = furrow(normal, folds, at, detail, tile)
            kept = 1 - 0.14 * crease
            albedo = creased(albedo, crease)
        here, gradient = texture(at, porous * (1 - mouth), surface.lips[v], detail, tile)
        albedo = scaled(albedo, 1 + 0.045 * porous * here)
        if mouth > 0.02:
            albedo, _ = inner_mouth(albedo, mouth, at[2])
        out.albedo[v, 0], out.albedo[v, 1], out.albedo[v, 2] = albedo
        out.relief[v, 0], out.relief[v, 1], out.relief[v, 2] = bend(normal, gradient)
        out.cavity[v] = kept
        out.roughness[v] = np.sqrt(np.sqrt(surface.roughness[v] ** 4 + 2 * min(0.25 * steep, 0.03)))


@kernel(allocates=False)
def paint_eyes(normals, ball, viewers, eye, materials, out):
    """Fills albedo and relief of `out`, a `Painted`, at vertices of eyes, as `materials.wet_eye` does.

    The shade of the lids is left to the path tracer. `normals`: (V, 3) unit; `ball`: (V, 3) unit direction from the
    middle of the eye; `viewers`: (V, 3) unit direction to the camera, whose lines of sight the cornea refracts; `eye`:
    (V,) 0 left, 1 right, -1 where there is none.
    """
    for v in range(normals.shape[0]):
        if eye[v] < 0:
            continue
        at = ball[v, 0], ball[v, 1], ball[v, 2]
        behind = through_cornea(at, eye[v], materials.eyes, (viewers[v, 0], viewers[v, 1], viewers[v, 2]))
        albedo, _, bulge = eyeball(at, behind, eye[v], materials.eyes, materials.detail, materials.tile)
        out.albedo[v, 0], out.albedo[v, 1], out.albedo[v, 2] = albedo
        relief = cornea(normals[v], at, materials.eyes.gaze[eye[v]], bulge)
        out.relief[v, 0], out.relief[v, 1], out.relief[v, 2] = relief


@kernel
def below_neckline(canonical, garment):
    """How far (mm) each canonical point (V, 3) lies inside the clothes."""
    out = np.empty(canonical.shape[0], np.float32)
    for v in range(canonical.shape[0]):
        out[v] = under_rim(garment, (canonical[v, 0], canonical[v, 1], canonical[v, 2]))
    return out


@kernel(allocates=False)
def paint_mouth(albedo, canonical, of_part, detail, tile):
    """Teeth, gums and tongue into `albedo` (V, 3). Coarser than in the rasteriser's shader: the mesh has a vertex every
    2 mm here."""
    for v in range(albedo.shape[0]):
        x, y, z = canonical[v]
        if of_part[v] == TEETH:
            tint, _ = tooth((x, y, z), 1.0, detail, tile)
            albedo[v, 0], albedo[v, 1], albedo[v, 2] = tint
        elif of_part[v] == TONGUE:
            shallow = 1 - 0.5 * min(max((26 - z) / 24, 0.0), 1.0)
            albedo[v, 0], albedo[v, 1], albedo[v, 2] = 0.36 * shallow, 0.125 * shallow, 0.115 * shallow


def paint_vertices(fine: FineMesh, vertices: Vertices, materials: Materials, viewers: np.ndarray) -> Painted:
    """Skin, eyes, teeth and tongue of a fine mesh. `viewers`: (V, 3) unit direction to the camera."""
    count = len(vertices.normal)
    painted = Painted(
        vertices.albedo.copy(), vertices.normal.copy(), np.ones(count, np.float32), np.zeros(count, np.float32)
    )
    skin = fine.of_part == SKIN
    on_skin = vertices.some(skin)
    filled = Painted(*(np.empty_like(values[skin]) for values in painted))
    paint_skin(on_skin, materials.detail, materials.tile, filled)
    for whole, part in zip(painted, filled, strict=True):
        whole[skin] = part
    painted.albedo[:] *= np.sqrt(painted.cavity)[:, None]  # the other half is the relief's own shadow
    paint_eyes(vertices.normal, unit(vertices.canonical), viewers, fine.eye, materials, painted)
    paint_mouth(painted.albedo, vertices.canonical, fine.of_part, materials.detail, materials.tile)
    return painted
