"""A user's own head: any upright mesh of a head with open lids and lips, wrapped. Everyone has its shape."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput

from ..rigs.neural.checks import check_surface
from .align import by_landmarks, by_shape, check_fit, check_slits
from .mesh_files import HeadMesh, read_head, read_landmarks
from .similarity import Similarity
from .template import template
from .wrapped import OtherHead, WrappedHead

FindLandmarks = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Vertices (N, 3) in mm in the head frame and triangles (T, 3) -> landmarks (68, 3), iBUG order."""

LICENCE = FRAMES_LICENCE = "other: the owner of the head decides"
EYE_RADIUS_MM, EYE_REACH_MM, EYE_DEPTH_MM = (9.0, 17.0), 12.0, 12.0
"""How large eyeballs are; how near their centres lie to the place so far behind the middle of the eye's landmarks."""


def load(path: Path, landmarks: Path | None = None, find_landmarks: FindLandmarks | None = None) -> WrappedHead:
    """The head of a mesh file.

    Args:
        landmarks: a file of them, see `mesh_files.read_landmarks`.
        find_landmarks: finds them where there is no file.

    Raises:
        InvalidInput: it is no upright, manifold, open-lipped, open-lidded head with a skull; the first thing amiss.
    """
    mesh = read_head(path)
    given = None
    if landmarks is not None:
        given = read_landmarks(landmarks, mesh, indexed=path.suffix.lower() in (".obj", ".ply"))
    other, _ = in_head_frame("mesh", (LICENCE, FRAMES_LICENCE), mesh, given, find_landmarks)
    return checked(WrappedHead(other))


def in_head_frame(
    name: str,
    licences: tuple[str, str],
    mesh: HeadMesh,
    landmarks: np.ndarray | None,
    find_landmarks: FindLandmarks | None,
) -> tuple[OtherHead, Similarity]:
    """The skin, landmarks and eyeballs of a mesh in the head frame, and the map that brought them there.

    `licences`: of the head, and of pictures of it.

    Raises:
        InvalidInput: as `load` does.
    """
    skin, triangles = check_surface(mesh.vertices[mesh.skin], mesh.triangles)
    if landmarks is None:
        to_head = by_shape(template(), skin, triangles)
        if find_landmarks is None:
            raise InvalidInput("the head has no landmarks; --head-landmarks FILE must give 68 vertex numbers or points")
        skin = to_head(skin)
        landmarks = find_landmarks(skin, triangles)
    else:
        to_head = by_landmarks(template(), landmarks)
        skin, landmarks = to_head(skin), to_head(landmarks)
    check_slits(skin, triangles, landmarks)
    eyes = _eyes(mesh, to_head, landmarks)
    return OtherHead(name, *licences, skin, triangles, landmarks, eyes), to_head


def checked(head: WrappedHead) -> WrappedHead:
    """`head`, if its wrap is a face with a skull; else raises InvalidInput."""
    check_fit(template(), head.wrap)
    return head


def eyeball_of(mesh: HeadMesh, to_head: Similarity, landmarks: np.ndarray) -> list[int | None]:
    """Which of the mesh's spheres are the left and the right eyeball; `landmarks` (68, 3) in the head frame."""
    chosen = []
    for span in (slice(42, 48), slice(36, 42)):
        place = landmarks[span].mean(axis=0) - (0, 0, EYE_DEPTH_MM)
        near = [
            k for k, sphere in enumerate(mesh.spheres)
            if EYE_RADIUS_MM[0] < to_head.scale * sphere[3] < EYE_RADIUS_MM[1]
            and np.linalg.norm(to_head(sphere[:3]) - place) < EYE_REACH_MM
        ]  # fmt: skip
        chosen.append(near[0] if near else None)  # the largest comes first: corneas lie over it
    return chosen


def _eyes(mesh: HeadMesh, to_head: Similarity, landmarks: np.ndarray) -> np.ndarray | None:
    """(2, 4) eyeballs in the head frame, or None where one is missing."""
    chosen = eyeball_of(mesh, to_head, landmarks)
    if None in chosen:
        return None
    spheres = mesh.spheres[chosen]
    return np.column_stack([to_head(spheres[:, :3]), to_head.scale * spheres[:, 3]])
