"""What the rasteriser's shader paints per pixel, painted per vertex of a finer mesh, for Cycles.

The mesh is split linearly, so its surface, and with it every annotation, stays that of the rasteriser; relief goes into
the normals. `tests/generation/test_cycles.py` holds the albedo against that of `shading.shade`.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..heads import EYE, SKIN, TEETH, TONGUE, Topology
from ..noise import sample
from .cloth import under_rim
from .grooves import wrinkle_relief
from .shading import _smooth

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


@njit(cache=True)
def paint_skin_vertices(
    normal, paint, albedo, surface, wrinkles, cloth, detail, tile, out_albedo, cavity, relief, rough
):
    """`shading.shade` for skin, at vertices. Fills `out_albedo` (V, 3) linear, `cavity` (V,) the share of light that
    creases keep, `relief` (V, 3) unit normals with pores and wrinkles, `rough` (V,).

    `normal`, `paint`, `albedo` (V, 3), `surface` (V, 4), `wrinkles` (V, 6), `cloth`, `detail`, `tile`: as there.
    """
    slope = np.zeros(3)
    ox, oy, oz = detail[4], detail[5], detail[6]
    for v in range(normal.shape[0]):
        nx, ny, nz = normal[v]
        qx, qy, qz = paint[v]
        r, g, b = albedo[v]
        mouth = surface[v, 3]
        mottle = detail[0] * (
            sample(tile, 0.13 * qx + ox, 0.13 * qy + oy, 0.13 * qz + oz)
            + 0.6 * sample(tile, 0.47 * qx + oy, 0.47 * qy + oz, 0.47 * qz + ox)
        )
        r, g, b = r * (1 + 0.6 * mottle), g * (1 + 1.1 * mottle), b * (1 + 1.1 * mottle)
        spots = sample(tile, 1.25 * qx + oz, 1.25 * qy + ox, 1.25 * qz + oy) + 0.8 * sample(
            tile, 0.09 * qx + oy, 0.09 * qy + ox, 0.09 * qz + oz
        )
        freckle = detail[2] * _smooth(1.6, 2.9, spots)
        r, g, b = r * (1 - 0.28 * freckle), g * (1 - 0.42 * freckle), b * (1 - 0.50 * freckle)
        here = sample(tile, 1.9 * qx, 1.9 * qy, 1.9 * qz)
        gx = sample(tile, 1.9 * qx + 0.5, 1.9 * qy, 1.9 * qz) - here
        gy = sample(tile, 1.9 * qx, 1.9 * qy + 0.5, 1.9 * qz) - here
        gz = sample(tile, 1.9 * qx, 1.9 * qy, 1.9 * qz + 0.5) - here
        along = gx * nx + gy * ny + gz * nz
        kept = 1.0
        if wrinkles[v].sum() > 0.02 and qz > -45:
            wrinkle_relief(wrinkles[v], qx, qy, tile, ox, slope)
            across = slope[0] * nx + slope[1] * ny
            nx, ny, nz = nx - (slope[0] - across * nx), ny - (slope[1] - across * ny), nz + across * nz
            n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
            nx, ny, nz = nx * n, ny * n, nz * n
            crease = min(slope[2], 1.5)
            kept = 1 - 0.42 * crease
            r, g, b = r * (1 - 0.10 * crease), g * (1 - 0.20 * crease), b * (1 - 0.20 * crease)
        bump = detail[1] * (1 - mouth)
        nx, ny, nz = nx - bump * (gx - along * nx), ny - bump * (gy - along * ny), nz - bump * (gz - along * nz)
        n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
        relief[v, 0], relief[v, 1], relief[v, 2] = nx * n, ny * n, nz * n
        rough[v] = surface[v, 2] * (1 + 0.06 * here)
        if mouth > 0.02:
            inside = mouth * _smooth(34.0, 16.0, qz)
            r, g, b = (
                r * (1 - inside) + 0.16 * inside,
                g * (1 - inside) + 0.035 * inside,
                b * (1 - inside) + 0.035 * inside,
            )
        out_albedo[v, 0], out_albedo[v, 1], out_albedo[v, 2], cavity[v] = r, g, b, kept


@njit(cache=True)
def paint_eye_vertices(normal, ball, eye, iris, gaze, veins_share, tile, out_albedo, relief):
    """`shading.shade` for eyes, at vertices with `eye` (V,) 0 or 1; others are left alone. The lids' shadow is left to
    the path tracer. Fills `out_albedo` (V, 3) and the cornea's normals `relief` (V, 3).

    `ball` (V, 3): unit direction from the middle of the eye; `iris` (2, 8), `gaze` (2, 3): as there.
    """
    for v in range(normal.shape[0]):
        e = eye[v]
        if e < 0:
            continue
        qx, qy, qz = ball[v]
        facing = min(max(qx * gaze[e, 0] + qy * gaze[e, 1] + qz * gaze[e, 2], -1.0), 1.0)
        angle = np.arccos(facing)
        radius, pupil = iris[e, 6], iris[e, 7]
        veins = sample(tile, 7 * qx + 31, 13 * qy, 7 * qz) * _smooth(radius, 1.2, angle) * veins_share
        pink = _smooth(0.5, 1.1, angle)
        red, green = 0.56 - 0.04 * pink, 0.51 - 0.11 * pink - 0.05 * max(veins, 0.0)
        blue = 0.47 - 0.12 * pink - 0.05 * max(veins, 0.0)
        nx, ny, nz = normal[v]
        if angle < radius * 1.08:
            around = np.arctan2(qy - gaze[e, 1], qx - gaze[e, 0])
            fibre = sample(
                tile, 5.2 * np.cos(around) + 20 * e, 5.2 * np.sin(around), 2.2 * angle / radius
            ) + 0.7 * sample(tile, 11 * np.cos(around), 11 * np.sin(around) + 20 * e, 1.5 * angle / radius)
            inner = _smooth(0.75, 0.35, angle / radius)
            ring = 1 - 0.75 * _smooth(0.78, 1.0, angle / radius)
            hole = _smooth(pupil * 0.92, pupil * 1.08, angle)
            blend = _smooth(1.06, 0.94, angle / radius)
            shine = (1 + 0.28 * fibre) * ring * hole
            red = red * (1 - blend) + blend * ((iris[e, 0] * (1 - inner) + iris[e, 3] * inner) * shine + 0.002)
            green = green * (1 - blend) + blend * ((iris[e, 1] * (1 - inner) + iris[e, 4] * inner) * shine + 0.002)
            blue = blue * (1 - blend) + blend * ((iris[e, 2] * (1 - inner) + iris[e, 5] * inner) * shine + 0.002)
            bulge = 0.45 * _smooth(1.0, 0.7, angle / radius)
            nx, ny, nz = nx + bulge * (qx - gaze[e, 0]), ny + bulge * (qy - gaze[e, 1]), nz + bulge * (qz - gaze[e, 2])
        n = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
        relief[v, 0], relief[v, 1], relief[v, 2] = nx * n, ny * n, nz * n
        out_albedo[v, 0], out_albedo[v, 1], out_albedo[v, 2] = red, green, blue


@njit(cache=True)
def below_neckline(paint, cloth):
    """How far (mm) each canonical point (V, 3) lies inside the clothes."""
    out = np.empty(paint.shape[0], np.float32)
    for v in range(paint.shape[0]):
        out[v] = under_rim(cloth, paint[v, 0], paint[v, 1], paint[v, 2])
    return out


def paint_mouth(albedo: np.ndarray, depth: np.ndarray, of_part: np.ndarray) -> None:
    """Teeth and tongue, darker towards the throat, into `albedo` (V, 3); `depth` (V,) is the canonical z, mm."""
    deep = np.clip((26 - depth) / 24, 0, 1)[:, None]
    albedo[of_part == TEETH] = (np.array([0.80, 0.71, 0.55]) * (1 - 0.5 * deep))[of_part == TEETH]
    albedo[of_part == TONGUE] = (np.array([0.30, 0.095, 0.09]) * (1 - 0.5 * deep))[of_part == TONGUE]
