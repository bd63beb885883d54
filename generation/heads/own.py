"""A head from a mesh file: any head with open lids and lips, turned upright and wrapped. All people have its shape."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput

from ..geometry.checks import check_surface
from ..geometry.mesh_formats.read import read_mesh
from ..geometry.repair import mend, more
from ..geometry.seams import join_seams
from ..geometry.similarity import Similarity
from ..geometry.surface import Surface
from .wrapping.align import (
    INSIDE_OUT,
    check_fit,
    check_outwards,
    check_slits,
    level_by_shape,
    runs_outwards,
    to_head_by_landmarks,
    to_head_by_shape,
)
from .wrapping.landmark_files import check_on_skin, counted_from_one, read_landmarks
from .wrapping.levelling import about_turn
from .wrapping.parts import LEAST_VERTICES, HeadMesh, find_face, take_apart
from .wrapping.template import template
from .wrapping.wrap import Wrap, wrap
from .wrapping.wrapped_head import OtherHead, WrappedHead

EYE_RADIUS_MM, EYE_REACH_MM, EYE_DEPTH_MM = (9.0, 17.0), 12.0, 12.0
"""Radius of an eyeball, from and to. Its centre is within the reach of the point that lies the depth behind the middle
of the eye's landmarks."""
REPAIR_HINT = " (vertex numbers from 0 as in the file; --repair mends bad triangles)"
LANDMARKS_HINT = "; if that is not so, --head-landmarks are wrong: they say where lids and lips are"
LEFT_LIDS, RIGHT_LIDS = slice(42, 48), slice(36, 42)


def load(path: Path, landmarks: Path | None = None, repair: bool = False) -> WrappedHead:
    """The head of a mesh file, wrapped.

    Args:
        landmarks: a file of them, see `landmark_files.read_landmarks`; none are needed.
        repair: whether a few bad triangles are mended; `about` of the head says which.

    Raises:
        InvalidInput: it is no manifold head with a skull, open lids and open lips, or it lies; names all that is wrong.
    """
    vertices, triangles = read_mesh(path)
    whole = (triangles != np.roll(triangles, 1, axis=1)).all(axis=1)
    if not whole.any():
        raise InvalidInput(f"{path}: no polygon has three different corners")
    triangles, flat = triangles[whole], int((~whole).sum())
    given = None
    if landmarks is not None:
        given = read_landmarks(landmarks, vertices, indexed=path.suffix.lower() in (".obj", ".ply"))
    try:
        head = _first_head(vertices, triangles, given, landmarks, repair)
    except InvalidInput as error:
        if given is not None:
            _check_numbers(vertices, triangles, given, landmarks, repair)
        raise InvalidInput(f"{path}: {error}") from None
    left_out = f", {flat:,} polygons without three different corners left out" if flat else ""
    return WrappedHead(replace(head, about=f"{path.name}: {head.about}{left_out}"))


def _first_head(
    vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray | None, landmark_file: Path | None, repair: bool
) -> OtherHead:
    """The head of the first of `joinings` that is one. Raises InvalidInput as `load`, with the reasons of the first."""
    first = None
    for joined in joinings(vertices, triangles):
        try:
            return _head_of(vertices, joined, landmarks, landmark_file, repair)
        except InvalidInput as error:
            first = first or error
    raise first


def _check_numbers(
    vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray, landmark_file: Path, repair: bool
) -> None:
    """Raises InvalidInput where the vertex numbers in the file of landmarks would be right if they counted from 1."""
    others = counted_from_one(landmark_file, vertices, landmarks)
    if others is None:
        return
    try:
        _first_head(vertices, triangles, others, landmark_file, repair)
    except InvalidInput:
        return
    raise InvalidInput(
        f"--head-landmarks {landmark_file} holds vertex numbers that fit from 1 on; they count from 0: take 1 from each"
    )


def joinings(vertices: np.ndarray, triangles: np.ndarray) -> Iterator[np.ndarray]:
    """The surface with vertices joined at its seams; if that is no head, with fewer of them joined, and with none.

    A slit between lips that touch looks like a seam, and where other parts end on the skin they look like one, too.
    """
    every = join_seams(vertices, triangles)
    yield every
    if every is triangles:
        return
    between = join_seams(vertices, triangles, within_parts=False)
    if not np.array_equal(between, every):
        yield between
    if not np.array_equal(triangles, every) and not np.array_equal(triangles, between):
        yield triangles


def _head_of(
    vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray | None, landmark_file: Path | None, repair: bool
) -> OtherHead:
    """The head of a mesh whose seams are joined. Raises InvalidInput as `load`."""
    mesh, faults, mended = sound_head(vertices, triangles, landmarks)
    reasons = [] if repair else list(faults)
    try:
        if landmark_file is not None:
            check_on_skin(landmark_file, landmarks, mesh.vertices[mesh.skin])
        found, to_head = wrapped_mesh(mesh, landmarks)
    except InvalidInput as error:
        reasons.append(str(error))
    if reasons:
        raise InvalidInput("; ".join(reasons) + ("" if repair or not faults else REPAIR_HINT))
    eyes = find_eyes(mesh, to_head, found)
    balls = None if eyes is None else mesh.spheres[eyes]
    done = [about(mesh, eyes), about_turn(to_head.rotation)]
    if repair and mended:
        done.append(f"repaired: {', '.join(mended)}")
    return OtherHead(
        name="mesh",
        about=", ".join(filter(None, done)),
        triangles=mesh.triangles,
        wrap=found,
        eyes=in_frame(to_head, balls),
    )


def sound_head(
    vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray | None
) -> tuple[HeadMesh, list[str], list[str]]:
    """The parts of a mesh with its skin mended, phrases on what was wrong, and on what was done.

    Raises:
        InvalidInput: the skin cannot be mended, or there are several heads.
    """
    faults, mended = [], []
    bad = np.unique(triangles[~np.isfinite(vertices[triangles]).all(axis=2)])
    if len(bad):
        there = np.isfinite(vertices[triangles]).all(axis=(1, 2))
        faults.append(f"vertex {bad[0]} has coordinates that are not finite{more(len(bad))}")
        mended.append(f"{(~there).sum()} triangles without finite coordinates removed")
        triangles = triangles[there]
        if not len(triangles):
            raise InvalidInput(faults[0])
    mesh = take_apart(vertices, triangles, find_face(template(), vertices, triangles, landmarks))
    if len(mesh.skin) < LEAST_VERTICES:
        count = 1 + len(mesh.left_out) + len(mesh.spheres)
        raise InvalidInput(
            f"the mesh is not a head: the largest of its {count:,} connected parts has {len(mesh.skin)} vertices, "
            f"a head has {LEAST_VERTICES} or more (are the vertices of its triangles joined?)"
        )
    skin = vertices[mesh.skin]
    done = mend(skin, mesh.triangles, mesh.skin)
    if done.faults:
        faults, mended = [*faults, *done.faults], [*mended, *done.mended]
        mesh = replace(mesh, skin=mesh.skin[done.source], triangles=done.triangles)
        skin = vertices[mesh.skin]
    if not runs_outwards(skin, mesh.triangles):
        faults.append(INSIDE_OUT)
        mended.append("all triangles turned to the outside")
        mesh = replace(mesh, triangles=mesh.triangles[:, ::-1])
    return mesh, faults, mended


def wrapped_mesh(mesh: HeadMesh, landmarks: np.ndarray | None) -> tuple[Wrap, Similarity]:
    """The template wrapped around the skin of a mesh, and the map from the file's units to the head frame.

    `landmarks` (68, 3) in the file's units, if known. Raises InvalidInput as `load` does.
    """
    skin, triangles = check_surface(mesh.vertices[mesh.skin], mesh.triangles)
    check_outwards(skin, triangles)
    if landmarks is None:
        to_head = to_head_by_shape(template(), skin, triangles)
    else:
        to_head = level_by_shape(template(), to_head_by_landmarks(template(), landmarks), skin, triangles)
        landmarks = to_head(landmarks)
    skin = to_head(skin)
    found = wrap(template(), Surface(skin, triangles), landmarks)
    here = template().landmark_rows @ found.points if landmarks is None else landmarks
    try:
        check_all(lambda: check_fit(template(), found), lambda: check_slits(skin, triangles, here))
    except InvalidInput as error:
        raise InvalidInput(f"{error}{'' if landmarks is None else LANDMARKS_HINT}") from None
    return found, to_head


def check_all(*checks: Callable[[], None]) -> None:
    """Makes every check. Raises InvalidInput with the reasons of all that fail."""
    reasons = []
    for check in checks:
        try:
            check()
        except InvalidInput as error:
            reasons.append(str(error))
    if reasons:
        raise InvalidInput("; ".join(reasons))


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


def about(mesh: HeadMesh, eyes: list[int] | None) -> str:
    """One phrase on what was found in the file: skin, eyes, and the parts that were left out."""
    spare = [len(mesh.sphere_vertices[k]) for k in range(len(mesh.spheres)) if eyes is None or k not in eyes]
    left_out = sorted([*spare, *mesh.left_out.tolist()], reverse=True)
    sizes = ", ".join(map(str, left_out[:5])) + (", …" if len(left_out) > 5 else "")
    return (
        f"a skin of {len(mesh.skin):,} vertices, "
        + ("eyeballs from the lids, " if eyes is None else "two eyeballs, ")
        + (f"{len(left_out)} parts left out (of {sizes} vertices)" if left_out else "nothing left out")
    )


def in_frame(to_head: Similarity, balls: np.ndarray | None) -> np.ndarray | None:
    """Spheres (2, 4) of the file in the head frame."""
    return None if balls is None else np.column_stack([to_head(balls[:, :3]), to_head.scale * balls[:, 3]])
