"""What the rasteriser's shader paints per pixel, painted per vertex of a finer mesh, for Cycles.

The mesh is split linearly, so its surface, and with it every annotation, stays that of the rasteriser; relief goes into
the normals. `tests/generation/test_cycles.py` holds the albedo against that of `shading.shade`.
"""

from dataclasses import dataclass

import numpy as np

from ...appearance.garment import under_rim
from ...heads.base import EYE, SKIN, TEETH, TONGUE, Topology
from ...kernels import kernel
from ..raster.skin_detail import bend, blemishes, creased, eyeball, furrow, inner_mouth, texture, tooth

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
    """

    levels: tuple[np.ndarray, ...]
    triangles: np.ndarray
    part: np.ndarray
    of_part: np.ndarray
    eye: np.ndarray

    @classmethod
    def of(cls, topology: Topology) -> "FineMesh":
        """Splits edges of the canonical face until none is longer than its region allows."""
        points, triangles, part = topology.reference, topology.triangles, topology.part
        limit = np.full(len(triangles), np.inf)
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
        return cls(tuple(levels), triangles, part, of_part, eye)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Per-vertex values (V, ...) on the finer mesh (V', ...) float32, linear along the split edges."""
        values = np.asarray(values, np.float32)
        for pairs in self.levels:
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


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


@kernel
def paint_skin_vertices(
    normal, paint, albedo, surface, wrinkles, cloth, detail, tile, out_albedo, cavity, relief, rough
):
    """`shading.shade` for skin, at vertices. Fills `out_albedo` (V, 3) linear, `cavity` (V,) the share of light that
    creases keep, `relief` (V, 3) unit normals with pores and wrinkles, `rough` (V,).

    `normal`, `paint`, `albedo` (V, 3), `surface` (V, 6), `wrinkles` (V, 6), `cloth`, `detail`, `tile`: as there.
    """
    slope = np.zeros(3)
    for v in range(normal.shape[0]):
        nx, ny, nz = normal[v]
        qx, qy, qz = paint[v]
        r, g, b = blemishes(albedo[v, 0], albedo[v, 1], albedo[v, 2], qx, qy, qz, surface[v, 4], detail, tile)
        mouth = surface[v, 3]
        kept, uneven = 1.0, 0.0
        if wrinkles[v].sum() > 0.02 and qz > -45:
            nx, ny, nz, crease, uneven = furrow(nx, ny, nz, wrinkles[v], qx, qy, tile, detail[4], slope)
            kept = 1 - 0.14 * crease
            r, g, b = creased(r, g, b, crease)
        here, gx, gy, gz = texture(qx, qy, qz, surface[v, 4] * (1 - mouth), surface[v, 5], detail, tile)
        relief[v, 0], relief[v, 1], relief[v, 2] = bend(nx, ny, nz, gx, gy, gz)
        grain = 1 + 0.045 * surface[v, 4] * here
        r, g, b = r * grain, g * grain, b * grain
        rough[v] = np.sqrt(np.sqrt(surface[v, 2] ** 4 + 2 * min(0.25 * uneven, 0.03)))
        if mouth > 0.02:
            r, g, b, _ = inner_mouth(r, g, b, mouth, qz)
        out_albedo[v, 0], out_albedo[v, 1], out_albedo[v, 2], cavity[v] = r, g, b, kept


@kernel
def paint_eye_vertices(normal, ball, eye, iris, gaze, detail, tile, out_albedo, relief):
    """`shading.shade` for eyes, at vertices with `eye` (V,) 0 or 1; others are left alone. The lids' shadow is left to
    the path tracer. Fills `out_albedo` (V, 3) and the cornea's normals `relief` (V, 3).

    `ball` (V, 3): unit direction from the middle of the eye; `iris` (2, 8), `gaze` (2, 3): as there.
    """
    for v in range(normal.shape[0]):
        e = eye[v]
        if e < 0:
            continue
        qx, qy, qz = ball[v]
        r, g, b, _, bulge = eyeball(qx, qy, qz, e, iris, gaze, detail, tile)
        nx, ny, nz = normal[v]
        nx, ny, nz = nx + bulge * (qx - gaze[e, 0]), ny + bulge * (qy - gaze[e, 1]), nz + bulge * (qz - gaze[e, 2])
        n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
        relief[v, 0], relief[v, 1], relief[v, 2] = nx * n, ny * n, nz * n
        out_albedo[v, 0], out_albedo[v, 1], out_albedo[v, 2] = r, g, b


@kernel
def below_neckline(paint, cloth):
    """How far (mm) each canonical point (V, 3) lies inside the clothes."""
    out = np.empty(paint.shape[0], np.float32)
    for v in range(paint.shape[0]):
        out[v] = under_rim(cloth, paint[v, 0], paint[v, 1], paint[v, 2])
    return out


@kernel
def paint_mouth(albedo, paint, of_part, detail, tile):
    """Teeth, gums and tongue into `albedo` (V, 3); `paint` (V, 3) canonical mm. Coarser than in the rasteriser's shader:
    the mesh has a vertex every 2 mm here."""
    for v in range(albedo.shape[0]):
        if of_part[v] == TEETH:
            r, g, b, _ = tooth(paint[v, 0], paint[v, 1], paint[v, 2], 1.0, detail[10], detail[4], tile)
            albedo[v, 0], albedo[v, 1], albedo[v, 2] = r, g, b
        elif of_part[v] == TONGUE:
            shallow = 1 - 0.5 * min(max((26 - paint[v, 2]) / 24, 0.0), 1.0)
            albedo[v, 0], albedo[v, 1], albedo[v, 2] = 0.36 * shallow, 0.125 * shallow, 0.115 * shallow
