"""The closest points of a triangle surface that face the same way as the points that ask."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .mesh import vertex_normals

FACING_MM = 12.0
"""A normal turned by a right angle makes a triangle as far away as this, times the square root of two."""
CANDIDATES = 8
SAME_WAY = 0.5
"""Least cosine between the normals of two points that may correspond."""


@dataclass(frozen=True)
class Nearest:
    """Closest points of a surface, one for each of P points that asked.

    Attributes:
        triangle: (P,) its triangle; barycentric: (P, 3) its place there.
        point: (P, 3) mm; normal: (P, 3) unit, interpolated.
        distance: (P,) mm.
        usable: (P,) bool: faces the same way and lies inside the surface, not on its boundary.
    """

    triangle: np.ndarray
    barycentric: np.ndarray
    point: np.ndarray
    normal: np.ndarray
    distance: np.ndarray
    usable: np.ndarray


class Surface:
    """A manifold surface to look up points on. Lengths in mm.

    Args:
        vertices: (N, 3).
        triangles: (T, 3), counter-clockwise from outside.
    """

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray) -> None:
        self.vertices = np.asarray(vertices, np.float64)
        self.triangles = np.asarray(triangles, np.int64)
        self.normals = vertex_normals(self.vertices, self.triangles).astype(np.float64)
        corners = self.vertices[self.triangles]
        self._flat = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
        self._tree = cKDTree(np.concatenate([corners.mean(axis=1), FACING_MM * self._flat], axis=1))
        self._rim = rim_edges(self.triangles)

    def nearest(self, points: np.ndarray, normals: np.ndarray) -> Nearest:
        """The closest points to `points` (P, 3) with unit `normals` (P, 3)."""
        count = min(CANDIDATES, len(self.triangles))
        _, found = self._tree.query(np.concatenate([points, FACING_MM * normals], axis=1), count)
        found = found.reshape(len(points), count)
        corners = self.vertices[self.triangles[found]]  # (P, k, 3, 3)
        shares = closest_on_triangles(np.broadcast_to(points[:, None], (*corners.shape[:2], 3)), corners)
        places = np.einsum("pkc,pkcd->pkd", shares, corners)
        away = np.linalg.norm(places - points[:, None], axis=2)
        facing = np.einsum("pkd,pd->pk", self._flat[found], normals)
        best = np.argmin(np.where(facing > SAME_WAY, away, away + 1e3), axis=1)
        row = np.arange(len(points))
        triangle, share = found[row, best], shares[row, best]
        normal = unit(np.einsum("pc,pcd->pd", share, self.normals[self.triangles[triangle]]))
        on_rim = (self._rim[triangle] & (share < 1e-9)).any(axis=1)
        usable = (facing[row, best] > SAME_WAY) & ((normal * normals).sum(axis=1) > SAME_WAY) & ~on_rim
        return Nearest(triangle, share, places[row, best], normal, away[row, best], usable)


def rim_edges(triangles: np.ndarray) -> np.ndarray:
    """(T, 3) bool: whether the edge across from each corner lies on the boundary."""
    edges = np.sort(triangles[:, [[1, 2], [2, 0], [0, 1]]].astype(np.int64), axis=2).reshape(-1, 2)
    keys = edges[:, 0] * (int(edges.max(initial=0)) + 1) + edges[:, 1]  # np.unique of rows takes ten times as long
    _, inverse, count = np.unique(keys, return_inverse=True, return_counts=True)
    return (count[inverse.ravel()] == 1).reshape(-1, 3)


def closest_on_triangles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(..., 3) barycentric coordinates of the closest points to `points` (..., 3) on triangles (..., 3 corners, 3)."""
    a, b, c = np.moveaxis(corners, -2, 0)
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    determinant = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / determinant, (d00 * d21 - d01 * d20) / determinant
    shares = np.stack([1 - v - w, v, w], axis=-1)
    inside = (shares >= 0).all(axis=-1)
    best, best_away = shares, np.where(inside, 0.0, np.inf)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        start, edge = corners[..., i, :], corners[..., j, :] - corners[..., i, :]
        along = ((points - start) * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-30)
        along = np.clip(along, 0, 1)
        away = ((points - start - along[..., None] * edge) ** 2).sum(-1)
        on_edge = np.zeros_like(shares)
        on_edge[..., i], on_edge[..., j] = 1 - along, along
        nearer = away < best_away
        best, best_away = np.where(nearer[..., None], on_edge, best), np.where(nearer, away, best_away)
    return best


def unit(vectors: np.ndarray) -> np.ndarray:
    """`vectors` (..., 3) at length 1; the zero vector stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
