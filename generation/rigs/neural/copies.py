"""Copies of a face on other meshes: decimated, subdivided and remeshed.

A copy is a linear map from the vertices of the original (barycentric coordinates on its triangles), so that it has
exact positions for every identity and expression of the original.
"""

from dataclasses import dataclass

import igl
import numpy as np
from scipy import sparse

from dataset_script.errors import InvalidInput, WorkFailed

from ...geometry.checks import check_surface
from ...streams import stream

KINDS = ("original", "decimated", "subdivided", "remeshed")
SLIDE = 0.35
"""How far a vertex moves towards a neighbour before remeshing, at most, as a share of the edge."""


@dataclass(frozen=True)
class Copy:
    """A copy with P vertices of an original with N.

    Attributes:
        weights: (P, N) sparse, rows sum to 1: vertices of the copy from those of the original.
        triangles: (Q, 3) int64.
    """

    weights: sparse.csr_matrix
    triangles: np.ndarray

    def of(self, field: np.ndarray) -> np.ndarray:
        """Positions or offsets (..., N, 3) of the original -> (..., P, 3) of the copy."""
        stacked = np.moveaxis(np.asarray(field, np.float64), -2, 0)
        moved = (self.weights @ stacked.reshape(stacked.shape[0], -1)).reshape(-1, *stacked.shape[1:])
        return np.moveaxis(moved, 0, -2)

    def locate(self, vertices: np.ndarray, points: np.ndarray) -> sparse.csr_matrix:
        """(M, P) weights of the copy's vertices at the points of its surface nearest to `points` (M, 3).

        `vertices` (N, 3) of the original in the pose that `points` are in.
        """
        return nearest_weights(points, self.of(vertices), self.triangles)


def make_copy(
    kind: str, vertices: np.ndarray, triangles: np.ndarray, size: int, number: int = 0, seed: int = 0
) -> Copy:
    """A copy of an original surface.

    Args:
        kind: "original" as it is; "decimated" by edge collapses on `vertices`; "subdivided" once at the middles of
            the edges, whatever `size`; "remeshed": subdivided, its vertices moved along the surface, then decimated,
            after which no edge is the original's.
        vertices: (N, 3) the pose to work on. Lids and lips must be open, or points of one get weights of the other.
        triangles: (T, 3).
        size: number of vertices wanted, about.
        number: which of the many remeshed copies.

    Raises:
        InvalidInput: no such kind, or a size the kind cannot reach.
        WorkFailed: the decimation did not end in a manifold surface.
    """
    if kind not in KINDS:
        raise InvalidInput(f"kind is {kind!r}; allowed are {', '.join(KINDS)}")
    if kind == "original":
        return Copy(sparse.identity(len(vertices), format="csr"), triangles)
    if kind == "subdivided":
        return _subdivided(triangles, len(vertices))
    fine = Copy(sparse.identity(len(vertices), format="csr"), triangles)
    if kind == "remeshed":
        fine = _subdivided(triangles, len(vertices))
        fine = Copy(
            _moved_along_edges(fine.triangles, fine.weights.shape[0], number, seed) @ fine.weights, fine.triangles
        )
    return _decimated(fine, vertices, triangles, size)


def _subdivided(triangles: np.ndarray, num_vertices: int) -> Copy:
    weights, finer = igl.upsample_matrix(triangles, num_vertices)
    return Copy(sparse.csr_matrix(weights), np.asarray(finer, np.int64))


def _moved_along_edges(triangles: np.ndarray, size: int, number: int, seed: int) -> sparse.csr_matrix:
    """(size, size) weights that move every inner vertex some way towards one of its neighbours."""
    rng = stream(seed, "rig.remesh", number)
    directed = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges, count = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    chosen = np.arange(size)
    order = rng.permutation(len(directed))
    chosen[directed[order, 0]] = directed[order, 1]
    share = SLIDE * rng.random(size)
    share[np.unique(edges[count == 1])] = 0  # rims keep their shape
    here = np.arange(size)
    return sparse.csr_matrix(
        (np.concatenate([1 - share, share]), (np.concatenate([here, here]), np.concatenate([here, chosen]))),
        shape=(size, size),
    )


def _decimated(fine: Copy, vertices: np.ndarray, triangles: np.ndarray, size: int) -> Copy:
    """Collapses edges of `fine`; the vertices that are left get the weights of the nearest points of the original."""
    points = fine.of(vertices)
    if not 100 <= size < len(points):
        raise InvalidInput(f"size is {size}; allowed is 100 to {len(points) - 1}, below the vertices of the original")
    ratio = len(fine.triangles) / len(points)
    coarse, faces, _, _ = igl.qslim(
        np.asfortranarray(points), np.asfortranarray(fine.triangles, np.int32), int(size * ratio)
    )
    try:
        coarse, faces = check_surface(coarse, np.asarray(faces, np.int64))
    except InvalidInput as error:
        raise WorkFailed(f"a copy of {size} vertices is not manifold ({error}); choose another size") from error
    return Copy(nearest_weights(coarse, vertices, triangles), faces)


def nearest_weights(points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> sparse.csr_matrix:
    """(M, N) barycentric weights of the nearest points of a surface (N vertices) to `points` (M, 3)."""
    _, nearest, foot = igl.point_mesh_squared_distance(points, vertices, triangles)
    corners = triangles[nearest]
    share = _barycentric(foot, *(vertices[corners[:, k]] for k in range(3)))
    rows = np.repeat(np.arange(len(points)), 3)
    return sparse.csr_matrix((share.ravel(), (rows, corners.ravel())), shape=(len(points), len(vertices)))


def _barycentric(points: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """(P, 3) coordinates of points on their triangles."""
    normal = np.cross(b - a, c - a)
    area = (normal**2).sum(axis=1)
    v = (np.cross(c - b, points - b) * normal).sum(axis=1) / area
    w = (np.cross(a - c, points - c) * normal).sum(axis=1) / area
    share = np.clip(np.stack([v, w, 1 - v - w], axis=1), 0, 1)
    return share / share.sum(axis=1, keepdims=True)
