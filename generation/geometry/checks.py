"""Which surfaces the neural rig can work on: one clear line for every mesh that it cannot."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from dataset_script.errors import InvalidInput

SMALLEST_AREA = 1e-9
"""A triangle below this share of the mean area counts as degenerate."""


def check_surface(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns `vertices` (V, 3) as float64 and `faces` (F, 3) as int64, if they are one connected manifold surface.

    Boundaries are welcome (lid and lip slits, the neck). Eyes, teeth and lashes are surfaces of their own: the caller
    leaves them out.

    Raises:
        InvalidInput: wrong shapes, values that are not finite, indices out of range, unused vertices, degenerate
            triangles, edges or vertices that are not manifold, triangles of opposite orientation, several components.
    """
    vertices = _shaped("vertices", vertices, np.float64)
    faces = _shaped("faces", faces, np.int64)
    bad = np.flatnonzero(~np.isfinite(vertices).all(axis=1))
    if len(bad):
        raise InvalidInput(f"vertices: vertex {bad[0]} is {vertices[bad[0]].tolist()}; allowed are finite numbers")
    bad = np.flatnonzero(((faces < 0) | (faces >= len(vertices))).any(axis=1))
    if len(bad):
        raise InvalidInput(
            f"faces: triangle {bad[0]} is {faces[bad[0]].tolist()}; allowed are indices 0 to {len(vertices) - 1}"
        )
    unused = np.flatnonzero(np.bincount(faces.ravel(), minlength=len(vertices)) == 0)
    if len(unused):
        raise InvalidInput(f"vertices: vertex {unused[0]} is in no triangle; every vertex must be in one")
    _check_areas(vertices, faces)
    _check_edges(faces)
    _check_fans(faces, len(vertices))
    count = components(faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel(), len(vertices))[0]
    if count > 1:
        raise InvalidInput(
            f"faces: the mesh has {count} connected components; allowed is 1 (leave out eyes, teeth and lashes)"
        )
    return vertices, faces


def boundary_loops(faces: np.ndarray) -> list[np.ndarray]:
    """Vertices of every boundary loop of a manifold mesh, each sorted, the longest loop first."""
    directed = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges, count = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    rim = edges[count == 1]
    if not len(rim):
        return []
    _, label = components(rim[:, 0], rim[:, 1], int(faces.max()) + 1)
    members = np.unique(rim)
    loops = [members[label[members] == k] for k in np.unique(label[members])]
    return sorted(loops, key=lambda loop: (-len(loop), int(loop[0])))


def _shaped(name: str, array: np.ndarray, kind: type) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim != 2 or array.shape[1] != 3 or not len(array):
        raise InvalidInput(f"{name} has shape {array.shape}; allowed is (N, 3) with N above 0")
    if kind is np.int64 and array.dtype.kind not in "iu":
        raise InvalidInput(f"{name} has type {array.dtype}; allowed are integers")
    return np.ascontiguousarray(array, kind)


def empty_triangles(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Triangles of `faces` (F, 3) that have next to no area, SMALLEST_AREA of the mean or less."""
    area = _areas(vertices, faces)
    return np.flatnonzero(area <= SMALLEST_AREA * area.mean())


def crowded_edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (E, 2) in more than two triangles, and in how many (E,)."""
    edges, count = _counted(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1))
    return edges[count > 2], count[count > 2]


def opposed_edges(faces: np.ndarray) -> np.ndarray:
    """Edges (E, 2) along which two triangles run in the same direction."""
    edges, count = _counted(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2))
    return edges[count > 1]


def fans_of_corners(faces: np.ndarray, num_vertices: int) -> np.ndarray:
    """(3 F,) a number for the fan of each corner: corners at a vertex, linked across shared edges, are one fan."""
    corner = np.arange(faces.size).reshape(-1, 3)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    key = np.minimum(start, end) * num_vertices + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    twin = np.flatnonzero(key[order][1:] == key[order][:-1])
    one, two = order[twin], order[twin + 1]
    next_corner = np.roll(corner, -1, axis=1).ravel()
    links = np.concatenate([np.stack([one, next_corner[two]], 1), np.stack([next_corner[one], two], 1)])
    return components(links[:, 0], links[:, 1], faces.size)[1]


def _areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def _counted(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of `edges` (E, 2), in order, and how often each is there."""
    size = int(edges.max(initial=0)) + 1
    keys, count = np.unique(edges[:, 0] * size + edges[:, 1], return_counts=True)  # np.unique of rows is slow
    return np.stack([keys // size, keys % size], axis=1), count


def _check_areas(vertices: np.ndarray, faces: np.ndarray) -> None:
    bad = empty_triangles(vertices, faces)
    if len(bad):
        area = _areas(vertices, faces)
        raise InvalidInput(
            f"faces: triangle {bad[0]} ({faces[bad[0]].tolist()}) has area {area[bad[0]]:.3g}; "
            f"allowed is above {SMALLEST_AREA:g} of the mean, {area.mean():.3g}"
        )


def _check_edges(faces: np.ndarray) -> None:
    edges, count = crowded_edges(faces)
    if len(edges):
        a, b = edges[0]
        raise InvalidInput(f"faces: edge {a}-{b} is in {count[0]} triangles; allowed is 2 (a manifold surface)")
    edges = opposed_edges(faces)
    if len(edges):
        a, b = edges[0]
        raise InvalidInput(f"faces: the two triangles at edge {a}-{b} are oriented against each other")


def _check_fans(faces: np.ndarray, num_vertices: int) -> None:
    fan = fans_of_corners(faces, num_vertices)
    fans = np.bincount(np.unique(np.stack([fan, faces.ravel()], 1), axis=0)[:, 1], minlength=num_vertices)
    bad = np.flatnonzero(fans > 1)
    if len(bad):
        raise InvalidInput(f"faces: vertex {bad[0]} joins {fans[bad[0]]} separate fans of triangles; allowed is 1")


def components(rows: np.ndarray, columns: np.ndarray, size: int) -> tuple[int, np.ndarray]:
    """How many pieces `size` nodes form with links from `rows` to `columns`, and the piece of each (size,)."""
    graph = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    return connected_components(graph, directed=False)
