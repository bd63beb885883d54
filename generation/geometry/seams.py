"""Vertices that a file splits at seams of texture and normals, joined again. Vertex numbers stay those of the file."""

import numpy as np
from scipy.spatial import cKDTree

from .checks import components

TOLERANCE = 1e-3
"""Vertices of open edges this near to each other are at one place, relative to the median length of an edge."""


def join_seams(vertices: np.ndarray, triangles: np.ndarray, within_parts: bool = True) -> np.ndarray:
    """`triangles` (T, 3) in which the vertices (V, 3) of open edges at one place are the first of them.

    Only vertices of open edges (in one triangle) are joined: surfaces that touch elsewhere stay apart. Triangles that
    lose an edge by it are left out.

    Args:
        within_parts: whether to join those of one connected part, too. Without, slits whose sides touch stay open.
    """
    rim = open_vertices(triangles, len(vertices))
    rim = rim[np.isfinite(vertices[rim]).all(axis=1)]
    if not len(rim):
        return triangles
    first = np.arange(len(vertices))
    part = None if within_parts else parts_of(triangles, len(vertices))
    _join(first, rim, _same(vertices[rim]), part)
    rim = np.intersect1d(open_vertices(first[triangles], len(vertices)), rim)
    edges = np.linalg.norm(vertices[triangles[:, 0]] - vertices[triangles[:, 1]], axis=1)
    reach = TOLERANCE * np.median(edges[np.isfinite(edges)])
    pairs = cKDTree(vertices[rim]).query_pairs(reach, output_type="ndarray") if len(rim) else np.zeros((0, 2), int)
    if len(pairs):
        _join(first, rim, components(*pairs.T, len(rim))[1], part)
    joined = first[triangles]
    repeated = (joined == np.roll(joined, 1, axis=1)).any(axis=1)
    return joined[~repeated | (triangles == np.roll(triangles, 1, axis=1)).any(axis=1)]


def open_vertices(triangles: np.ndarray, num_vertices: int) -> np.ndarray:
    """Vertices of the edges that are in one triangle, sorted."""
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1).astype(np.int64)
    keys, count = np.unique(edges[:, 0] * num_vertices + edges[:, 1], return_counts=True)
    alone = keys[count == 1]
    return np.unique(np.concatenate([alone // num_vertices, alone % num_vertices]))


def parts_of(triangles: np.ndarray, num_vertices: int) -> np.ndarray:
    """(V,) the number of the connected part of every vertex."""
    return components(triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel(), num_vertices)[1]


def _same(points: np.ndarray) -> np.ndarray:
    """(P,) a number for each place among `points` (P, 3), equal for equal places."""
    order = np.lexsort(points.T)
    ordered = points[order]
    place = np.empty(len(points), int)
    place[order] = np.concatenate([[0], np.cumsum((ordered[1:] != ordered[:-1]).any(axis=1))])
    return place


def _join(first: np.ndarray, members: np.ndarray, place: np.ndarray, part: np.ndarray | None) -> None:
    """Lets `first` (V,) name one vertex for all `members` (M,) at one `place` (M,).

    With `part` (V,), only where the members at a place are of more than one.
    """
    order = np.lexsort((members, place))
    place, members = place[order], members[order]
    start = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
    count = np.diff(np.append(start, len(place)))
    target = np.repeat(first[members[start]], count)
    moved = first.copy()
    if part is None:
        moved[members] = target
    else:
        several = np.minimum.reduceat(part[members], start) < np.maximum.reduceat(part[members], start)
        chosen = np.repeat(several, count)
        moved[members[chosen]] = target[chosen]
    first[:] = moved[first]
