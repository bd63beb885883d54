"""A mesh taken apart: which of its parts is the skin of a head, which are eyeballs, and the rest."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from dataset_script.errors import InvalidInput

from ...geometry.seams import parts_of
from ..makehuman import fit_sphere
from .align import runs_outwards
from .face_fit import ALIKE_MM, best_fit
from .template import Template
from .turns import right_turn

ROUND = 0.09
"""An eyeball's vertices lie this near to a sphere, relative to its radius (root mean square; a cornea bulges)."""
EYE_SIZE = (0.03, 0.25)
"""Diameter of an eyeball relative to the longest side of the skin's bounding box."""
LEAST_VERTICES, MOST_TRIED = 100, 8
"""Vertices of a part that may be a face, at least, and of how many parts it is chosen, the largest first."""
MOST_TURNED = 3
"""Of the parts, so many are turned where none is an upright face: a few seconds each."""
SMALL = 0.5
"""A part within the bounding box of the largest one, shorter than this share of it, is tried if that is no face."""
SAME_HEAD_MM = 60.0
"""Two faces nearer to each other than this are layers of one head."""


@dataclass(frozen=True)
class HeadMesh:
    """The parts of a head in a mesh, in the mesh's own units and vertex order.

    Attributes:
        vertices: (V, 3) all vertices.
        skin: (N,) those of the skin.
        triangles: (T, 3) of the skin, indices into `skin`.
        spheres: (E, 4) centre and radius of the parts that look like eyeballs, the largest first.
        sphere_vertices: their vertices.
        left_out: (C,) vertex counts of the parts that are neither: teeth, tongue, lashes, hair, clothes.
    """

    vertices: np.ndarray
    skin: np.ndarray
    triangles: np.ndarray
    spheres: np.ndarray
    sphere_vertices: tuple[np.ndarray, ...]
    left_out: np.ndarray


def take_apart(vertices: np.ndarray, triangles: np.ndarray, chosen: int = 0) -> HeadMesh:
    """Connected parts of `triangles` (T, 3) over `vertices` (V, 3): the `chosen` one, by falling area, is the skin."""
    parts = connected_parts(vertices, triangles)
    skin, own = np.unique(parts[chosen], return_inverse=True)
    side = np.ptp(vertices[skin], axis=0).max()
    spheres, left_out = [], []
    for part in parts[:chosen] + parts[chosen + 1 :]:
        members = np.unique(part)
        sphere = _as_eyeball(vertices[members], side)
        if sphere is None:
            left_out.append(len(members))
        else:
            spheres.append((sphere, members))
    spheres.sort(key=lambda found: -found[0][3])
    places = np.array([sphere for sphere, _ in spheres]).reshape(-1, 4)
    members = tuple(members for _, members in spheres)
    return HeadMesh(vertices, skin, own.reshape(-1, 3), places, members, np.array(left_out, int))


def connected_parts(vertices: np.ndarray, triangles: np.ndarray) -> list[np.ndarray]:
    """The triangles of each connected part of `triangles` (T, 3), the part of the largest area first."""
    _, part = np.unique(parts_of(triangles, len(vertices))[triangles[:, 0]], return_inverse=True)
    corners = vertices[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    order = np.argsort(part, kind="stable")
    parts = np.split(triangles[order], np.cumsum(np.bincount(part))[:-1])
    return [parts[k] for k in np.argsort(-np.bincount(part, area), kind="stable")]


def find_face(template: Template, vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray | None) -> int:
    """Which connected part looks like a face, as `take_apart` counts them: the largest if none does, or all are small.

    `landmarks` (68, 3), if known, decide: the part that they lie on.

    Raises:
        InvalidInput: there are several heads.
    """
    parts = connected_parts(vertices, triangles)[:MOST_TRIED]
    large = [k for k, part in enumerate(parts) if len(np.unique(part)) >= LEAST_VERTICES]
    if len(large) < 2:
        return large[0] if large else 0
    if landmarks is not None:
        return min(large, key=lambda k: _distance(vertices[np.unique(parts[k])], landmarks))
    boxes = {k: (vertices[parts[k]].min(axis=(0, 1)), vertices[parts[k]].max(axis=(0, 1))) for k in large}
    low, high = boxes[large[0]]
    faces = [_Face(large[0], *_fit(template, vertices, parts[large[0]]))]
    for k in large[1:]:
        within = (boxes[k][0] >= low).all() and (boxes[k][1] <= high).all()
        small = within and np.ptp(boxes[k], axis=0)[1] < SMALL * (high - low)[1]
        if not small or not faces[0].alike:
            faces.append(_Face(k, *_fit(template, vertices, parts[k])))
    found = [face for face in faces if face.alike]
    if not found:  # an upright face: a head that lies is to be told its turn, and a torso has none
        lying = (k for k in large[:MOST_TURNED] if right_turn(template, *_outwards(vertices, parts[k])))
        return next(lying, 0)
    best = min(found, key=lambda face: face.off)
    others = [face for face in found if np.linalg.norm(face.place - best.place) > SAME_HEAD_MM / best.scale]
    if others:
        listed = "; ".join(
            f"{len(np.unique(parts[face.part])):,} vertices, eyes at ({' '.join(f'{c:.4g}' for c in face.place)})"
            for face in [best, *others]
        )
        raise InvalidInput(
            f"the file holds {1 + len(others)} heads ({listed}): leave one, or say which by --head-landmarks"
        )
    return best.part


@dataclass(frozen=True)
class _Face:
    """How well a part fits a face: mm beside it, mm in a unit of the mesh, and the middle of the eyes there."""

    part: int
    off: float
    scale: float
    place: np.ndarray

    @property
    def alike(self) -> bool:
        return self.off <= ALIKE_MM


def _fit(template: Template, vertices: np.ndarray, part: np.ndarray) -> tuple[float, float, np.ndarray]:
    """`_Face.off`, `scale` and `place` of a part, seen from its outside."""
    points, own = _outwards(vertices, part)
    off, found = best_fit(template, points, own)
    if found is None:
        return np.inf, 1.0, points.mean(axis=0)
    return off, found.scale, -found.rotation.T @ found.shift / found.scale


def _outwards(vertices: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vertices of a part and its triangles, turned to the outside."""
    used, own = np.unique(part, return_inverse=True)
    points, own = vertices[used], own.reshape(-1, 3)
    return points, own if runs_outwards(points, own) else own[:, ::-1]


def _distance(points: np.ndarray, landmarks: np.ndarray) -> float:
    return float(cKDTree(points).query(landmarks)[0].mean())


def _as_eyeball(points: np.ndarray, side: float) -> np.ndarray | None:
    """(4,) the sphere that `points` (P, 3) lie on, where it is as round and as large as an eyeball; else None."""
    if len(points) < 20 or not 0.5 * EYE_SIZE[0] < np.ptp(points, axis=0).max() / side < EYE_SIZE[1]:
        return None
    if np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[-1] < 1e-6 * side:  # flat
        return None
    sphere = fit_sphere(points - points.mean(axis=0))
    sphere[:3] += points.mean(axis=0)
    off = np.linalg.norm(points - sphere[:3], axis=1) - sphere[3]
    good = EYE_SIZE[0] < 2 * sphere[3] / side < EYE_SIZE[1] and np.sqrt((off**2).mean()) < ROUND * sphere[3]
    return sphere if good else None
