"""What goes to a program that paints meshes, and how its maps come onto the head's own chart.

Hunyuan3D-2.1 unwraps every mesh anew (xatlas), and so do others: only triangles tell where its maps belong. They are
looked for by the places of their corners, so that each texel gets exactly what was painted on its point of the head.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from dataset_script.errors import InvalidInput

from ...baking.atlas import Atlas, atlas_of, sample
from ...geometry.mesh import vertex_normals
from ...geometry.mesh_formats.glb_writer import glb_of_mesh
from ...geometry.mesh_formats.painted_glb import PaintedMesh, read_painted_glb
from ...heads.base import SKIN, Topology

UNITS_PER_MM = 0.1
"""A head in metres, as glTF has it, would have triangles that xatlas takes for empty (areas below 1e-7) and leaves out;
programs scale meshes themselves."""
SAME_MM = 0.02
"""Corners this near to each other are one. Programs write coordinates with six decimals."""
CANDIDATES = 4
"""Triangles with the nearest middles among which the same one is looked for."""
FINEST = 4096
"""Texels along each side of the finest chart on which a map is averaged."""
BLANK = 2
"""Levels of 255 within which all colours of a map that shows nothing lie."""


@dataclass(frozen=True)
class Maps:
    """Maps on the head's chart, (side, side, 3) uint8, 0 off the head.

    Attributes:
        albedo: sRGB.
        material: roughness in the second channel and metallic in the third, linear, as in glTF.
    """

    albedo: np.ndarray
    material: np.ndarray


def head_glb(topology: Topology, vertices: np.ndarray) -> bytes:
    """The head and neck with their places in the texture, and eyes and mouth without, of `vertices` (V, 3) mm.

    Vertices are split at the seams of the chart. The shoulders are left out: a program fits its pictures to the mesh,
    and the face would be small in them.
    """
    kept = (topology.part != SKIN) | charted(topology)
    corners, places = topology.triangles[kept].reshape(-1), np.maximum(topology.uv[kept].reshape(-1, 2), 0)
    rows, first, number = np.unique(np.column_stack([corners, places]), axis=0, return_index=True, return_inverse=True)
    normals = vertex_normals(vertices, topology.triangles)[corners[first]]
    triangles = number.reshape(-1, 3)
    return glb_of_mesh(UNITS_PER_MM * vertices[corners[first]], triangles, normals, rows[:, 1:])


def charted(topology: Topology) -> np.ndarray:
    """(T,) bool, the triangles that have a place in the texture."""
    return topology.uv[:, 0, 0] >= 0


def maps_of(content: bytes, topology: Topology, vertices: np.ndarray, side: int) -> Maps:
    """The maps of a painted file on the chart of the head with `vertices` (V, 3) mm that it was painted on.

    Raises InvalidInput where the file is unfit, or holds another mesh; the message goes on after "the file".
    """
    painted = read_painted_glb(content)
    ours = np.flatnonzero(charted(topology))
    places = np.full((len(topology.triangles), 3, 2), -1, np.float32)
    places[ours] = _places(vertices[topology.triangles[ours]].astype(np.float64), painted)
    albedo = _carried_over(painted.albedo, places, topology, side)
    atlas = atlas_of(topology, side)
    if (np.ptp(albedo[atlas.row, atlas.column], axis=0) <= BLANK).all():
        raise InvalidInput("has one colour all over the head: nothing is painted on it")
    packed = np.stack([np.zeros_like(painted.roughness), painted.roughness, painted.metallic], axis=2)
    return Maps(albedo, _carried_over(packed, places, topology, side))


def _places(ours: np.ndarray, painted: PaintedMesh) -> np.ndarray:
    """Where the corners of triangles (T, 3, 3) mm lie in the maps: (T, 3, 2) float32."""
    theirs = painted.corners / UNITS_PER_MM
    count = min(CANDIDATES, len(theirs))
    _, near = cKDTree(theirs.mean(axis=1)).query(ours.mean(axis=1), count)
    near = near.reshape(len(ours), count)
    turned = [np.roll(theirs[near], -turn, axis=2) for turn in range(3)]  # each (T, count, 3, 3)
    off = np.stack([np.linalg.norm(corners - ours[:, None], axis=3).max(axis=2) for corners in turned], axis=2)
    best = off.reshape(len(ours), -1).argmin(axis=1)
    other = off.reshape(len(ours), -1).min(axis=1) > SAME_MM
    if other.any():
        raise InvalidInput(
            f"lacks {other.sum():,} of the {len(ours):,} triangles of the head: the program must not move, simplify or "
            "remesh it (Hunyuan3D-2.1: use_remesh=False)"
        )
    triangle, turn = near[np.arange(len(ours)), best // 3], best % 3
    return painted.places[triangle[:, None], (np.arange(3) + turn[:, None]) % 3]


def _carried_over(picture: np.ndarray, places: np.ndarray, topology: Topology, side: int) -> np.ndarray:
    """`picture` (H, W, 3) uint8 with the corners of our triangles at `places` (T, 3, 2), on our chart: (side, side, 3).

    A finer picture is averaged on the chart: in itself, what lies side by side may belong to different parts.
    """
    finer = max(1, min(*picture.shape[:2], FINEST) // side)
    atlas, fine = atlas_of(topology, side), atlas_of(topology, finer * side)
    cell = fine.row // finer * side + fine.column // finer
    count = np.bincount(cell, minlength=side * side)
    values = _sampled(picture, places, fine)
    mean = [np.bincount(cell, values[:, k], side * side) / np.maximum(count, 1) for k in range(3)]
    here = atlas.row * side + atlas.column
    found = np.where(count[here, None] > 0, np.stack(mean, axis=1)[here], _sampled(picture, places, atlas))
    return atlas.picture(found).round().astype(np.uint8)


def _sampled(picture: np.ndarray, places: np.ndarray, atlas: Atlas) -> np.ndarray:
    """`picture` at the texels of `atlas`, (P, 3) float32."""
    at = np.einsum("pk,pkc->pc", atlas.weights, places[atlas.triangle])
    high, wide = picture.shape[:2]
    return sample(picture.astype(np.float32), np.column_stack([at[:, 0] * wide, (1 - at[:, 1]) * high]))
