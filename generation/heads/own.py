"""A head from a mesh file: any upright head with open lids and lips, wrapped. All people have its shape."""

from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput

from ..geometry.checks import check_surface
from ..geometry.similarity import Similarity
from ..geometry.surface import Surface
from .wrapping.align import check_fit, check_outwards, check_slits, to_head_by_landmarks, to_head_by_shape
from .wrapping.mesh_files import HeadMesh, read_head, read_landmarks
from .wrapping.template import template
from .wrapping.wrap import Wrap, wrap
from .wrapping.wrapped_head import OtherHead, WrappedHead

EYE_RADIUS_MM, EYE_REACH_MM, EYE_DEPTH_MM = (9.0, 17.0), 12.0, 12.0
"""Radius of an eyeball, from and to. Its centre is within the reach of the point that lies the depth behind the middle
of the eye's landmarks."""
LEFT_LIDS, RIGHT_LIDS = slice(42, 48), slice(36, 42)


def load(path: Path, landmarks: Path | None = None) -> WrappedHead:
    """The head of a mesh file. `landmarks`: a file of them, see `mesh_files.read_landmarks`; none are needed.

    Raises:
        InvalidInput: it is not an upright manifold head with a skull, open lids and open lips; says what is wrong
            first.
    """
    mesh = read_head(path)
    given = None
    if landmarks is not None:
        given = read_landmarks(landmarks, mesh, indexed=path.suffix.lower() in (".obj", ".ply"))
    try:
        found, to_head = wrapped_mesh(mesh, given)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None
    eyes = find_eyes(mesh, to_head, found)
    balls = None if eyes is None else mesh.spheres[eyes]
    return WrappedHead(
        OtherHead(
            name="mesh",
            about=about(path, mesh, eyes),
            triangles=mesh.triangles,
            wrap=found,
            eyes=in_frame(to_head, balls),
        )
    )


def wrapped_mesh(mesh: HeadMesh, landmarks: np.ndarray | None) -> tuple[Wrap, Similarity]:
    """The template wrapped around the skin of a mesh, and the map from the file's units to the head frame.

    `landmarks` (68, 3) in the file's units, if known. Raises InvalidInput as `load` does.
    """
    skin, triangles = check_surface(mesh.vertices[mesh.skin], mesh.triangles)
    check_outwards(skin, triangles)
    if landmarks is None:
        to_head = to_head_by_shape(template(), skin, triangles)
    else:
        to_head = to_head_by_landmarks(template(), landmarks)
        landmarks = to_head(landmarks)
    skin = to_head(skin)
    found = wrap(template(), Surface(skin, triangles), landmarks)
    check_fit(template(), found)
    check_slits(skin, triangles, template().landmark_rows @ found.points if landmarks is None else landmarks)
    return found, to_head


def find_eyes(mesh: HeadMesh, to_head: Similarity, found: Wrap) -> list[int] | None:
    """Which of the mesh's spheres are the left and the right eyeball; None where one is missing."""
    landmarks, chosen = template().landmark_rows @ found.points, []
    for lids in (LEFT_LIDS, RIGHT_LIDS):
        place = landmarks[lids].mean(axis=0) - (0, 0, EYE_DEPTH_MM)
        fitting = [
            k
            for k, sphere in enumerate(mesh.spheres)
            if EYE_RADIUS_MM[0] < to_head.scale * sphere[3] < EYE_RADIUS_MM[1]
            and np.linalg.norm(to_head(sphere[:3]) - place) < EYE_REACH_MM
        ]
        chosen += fitting[:1]  # the largest comes first: corneas lie over it
    return chosen if len(chosen) == 2 else None


def about(path: Path, mesh: HeadMesh, eyes: list[int] | None) -> str:
    """One line on what was found in the file: skin, eyes, and the parts that were left out."""
    spare = [len(mesh.sphere_vertices[k]) for k in range(len(mesh.spheres)) if eyes is None or k not in eyes]
    left_out = sorted([*spare, *mesh.left_out.tolist()], reverse=True)
    sizes = ", ".join(map(str, left_out[:5])) + (", …" if len(left_out) > 5 else "")
    return (
        f"{path.name}: a skin of {len(mesh.skin):,} vertices, "
        + ("eyeballs from the lids, " if eyes is None else "two eyeballs, ")
        + (f"{len(left_out)} parts left out (of {sizes} vertices)" if left_out else "nothing left out")
    )


def in_frame(to_head: Similarity, balls: np.ndarray | None) -> np.ndarray | None:
    """Spheres (2, 4) of the file in the head frame."""
    return None if balls is None else np.column_stack([to_head(balls[:, :3]), to_head.scale * balls[:, 3]])
