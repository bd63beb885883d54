"""Heads and landmarks from files: .obj, .ply, .stl and .glb, taken apart into skin, eyeballs and the rest."""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from dataset_script.errors import InvalidInput
from dataset_script.vocabulary import NUM_LANDMARKS

from ..files import MESH_SUFFIXES
from ..makehuman import fit_sphere

ROUND = 0.09
"""An eyeball's vertices lie this near to a sphere, relative to its radius (root mean square; a cornea bulges)."""
EYE_SIZE = (0.03, 0.25)
"""Diameter of an eyeball relative to the longest side of the skin's bounding box."""


@dataclass(frozen=True)
class HeadMesh:
    """The parts of a head in a file, in the file's own units and vertex order.

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


def read_head(path: Path) -> HeadMesh:
    """Reads a mesh and takes it apart: the largest part is the skin.

    Raises:
        InvalidInput: no such file, another format, or no mesh in it.
    """
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise InvalidInput(f"head is {path}; a mesh must end in {', '.join(MESH_SUFFIXES)}")
    if not path.is_file():
        raise InvalidInput(f"head is {path}, which does not exist")
    try:
        vertices, triangles = _read_obj(path) if path.suffix.lower() == ".obj" else _read_others(path)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OSError, EOFError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInput(f"head is {path}, which cannot be read as {path.suffix[1:]}: {reason}") from error
    if not len(triangles):
        raise InvalidInput(f"head is {path}, which has no triangles; a surface is needed, not points or lines")
    if not np.isfinite(vertices).all() or triangles.min() < 0 or triangles.max() >= len(vertices):
        raise InvalidInput(f"head is {path}, which has coordinates that are not finite or indices out of range")
    return take_apart(vertices, triangles)


def take_apart(vertices: np.ndarray, triangles: np.ndarray) -> HeadMesh:
    """Connected parts of `triangles` (T, 3) over `vertices` (V, 3): the one of the largest area is the skin."""
    rows, columns = triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel()
    graph = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(vertices),) * 2)
    _, label = connected_components(graph, directed=False)
    part = label[triangles[:, 0]]
    corners = vertices[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    largest = int(np.argmax(np.bincount(part, area)))
    skin, own = np.unique(triangles[part == largest], return_inverse=True)
    side = np.ptp(vertices[skin], axis=0).max()
    spheres, left_out = [], []
    for k in np.setdiff1d(np.unique(part), largest):
        members = np.unique(triangles[part == k])
        sphere = _as_eyeball(vertices[members], side)
        if sphere is None:
            left_out.append(len(members))
        else:
            spheres.append((sphere, members))
    spheres.sort(key=lambda found: -found[0][3])
    places = np.array([sphere for sphere, _ in spheres]).reshape(-1, 4)
    members = tuple(members for _, members in spheres)
    return HeadMesh(vertices, skin, own.reshape(-1, 3), places, members, np.array(left_out, int))


def read_landmarks(path: Path, mesh: HeadMesh, indexed: bool) -> np.ndarray:
    """(68, 3) points on the skin, in the file's units, from 68 vertex numbers (from 0) or 68 points, in iBUG order.

    A .json file holds a list, a .txt file a line for each. `indexed`: whether the mesh's format keeps vertex numbers.

    Raises:
        InvalidInput: no such file, or it does not hold 68 of them, or they do not lie on the skin.
    """
    values = _landmark_values(path)
    if values.shape == (NUM_LANDMARKS,):
        if not indexed:
            raise InvalidInput(
                f"--head-landmarks {path} holds vertex numbers; with .glb and .stl it must hold 68 points"
            )
        if (values != np.round(values)).any() or values.min() < 0 or values.max() >= len(mesh.vertices):
            raise InvalidInput(f"--head-landmarks {path}: allowed are vertex numbers 0 to {len(mesh.vertices) - 1}")
        values = mesh.vertices[values.astype(int)]
    if values.shape != (NUM_LANDMARKS, 3):
        raise InvalidInput(
            f"--head-landmarks {path} holds values of shape {values.shape}; "
            f"allowed are {NUM_LANDMARKS} vertex numbers or {NUM_LANDMARKS} points x, y, z"
        )
    skin = mesh.vertices[mesh.skin]
    away = np.array([np.linalg.norm(skin - point, axis=1).min() for point in values])
    limit = 0.05 * np.ptp(skin, axis=0).max()
    if away.max() > limit:
        raise InvalidInput(
            f"--head-landmarks {path}: point {int(away.argmax())} is {away.max():.3g} units away from the skin; "
            f"allowed is up to {limit:.3g}: points must be in the mesh's own coordinates"
        )
    return values


def _landmark_values(path: Path) -> np.ndarray:
    """The numbers in a landmark file, as float64 of whatever shape."""
    if path.suffix.lower() not in (".json", ".txt"):
        raise InvalidInput(f"--head-landmarks is {path}; it must end in .json or .txt")
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() == ".json":
            values = np.array(json.loads(text), np.float64)
        else:
            values = np.array([[float(word) for word in line.split()] for line in text.splitlines() if line.strip()])
    except FileNotFoundError:
        raise InvalidInput(f"--head-landmarks is {path}, which does not exist") from None
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            f"--head-landmarks {path} does not hold {NUM_LANDMARKS} numbers or points: {error}"
        ) from None
    if not np.isfinite(values).all():
        raise InvalidInput(f"--head-landmarks {path} holds a number that is not finite")
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


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


def _read_obj(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) in the file's order and triangles (T, 3); polygons become fans, texture seams are ignored."""
    vertices, triangles = [], []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if words[:1] == ["v"]:
            vertices.append([float(word) for word in words[1:4]])
        elif words[:1] == ["f"]:
            corners = [int(word.split("/")[0]) for word in words[1:]]
            corners = [c - 1 if c > 0 else len(vertices) + c for c in corners]
            triangles += [(corners[0], b, c) for b, c in pairwise(corners[1:])]
    return np.array(vertices, np.float64).reshape(-1, 3), np.array(triangles, np.int64).reshape(-1, 3)


def _read_others(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and triangles (T, 3) of the formats that trimesh reads.

    Vertices at one place are joined where the format splits them, which changes their order.
    """
    import trimesh

    mesh = trimesh.load(path, file_type=path.suffix[1:].lower(), force="mesh", process=False)
    vertices, triangles = np.array(mesh.vertices, np.float64), np.array(mesh.faces, np.int64)
    if path.suffix.lower() == ".ply" or not len(triangles):
        return vertices, triangles.reshape(-1, 3)
    vertices, joined = np.unique(vertices, axis=0, return_inverse=True)
    triangles = joined.ravel()[triangles]
    return vertices, triangles[(triangles != np.roll(triangles, 1, axis=1)).all(axis=1)]
