"""Mesh operators that every head shares: Catmull-Clark refinement, triangulation, vertex normals."""

import numpy as np
from scipy import sparse

from ..kernels import kernel


def catmull_clark(quads: np.ndarray, num_vertices: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """One level of Catmull-Clark subdivision as a linear operator.

    Args:
        quads: (Q, 4) vertex indices.
        num_vertices: V, number of control vertices; those in no quad are kept where they are.
    Returns:
        operator (V', V), whose rows sum to 1 and whose first V rows are the moved control vertices, and the refined
        quads (4 Q, 4), the four children of a quad in a row.
    """
    quads = quads.astype(np.int64)
    q = len(quads)
    edges_of_quad = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=2), axis=2)  # (Q, 4, 2)
    edges, edge_id, count = np.unique(
        edges_of_quad.reshape(-1, 2), axis=0, return_inverse=True, return_counts=True
    )  # (E, 2)
    edge_id = edge_id.reshape(q, 4)
    e = len(edges)

    face = _matrix(np.repeat(np.arange(q), 4), quads.ravel(), 0.25, (q, num_vertices))
    middle = _matrix(np.repeat(np.arange(e), 2), edges.ravel(), 0.5, (e, num_vertices))
    face_of_edge = _matrix(edge_id.ravel(), np.repeat(np.arange(q), 4), 1.0, (e, q))
    inner = count == 2
    edge = sparse.diags(np.where(inner, 0.5, 1.0)) @ middle + sparse.diags(np.where(inner, 0.25, 0.0)) @ (
        face_of_edge @ face
    )

    rows, columns = edges.ravel(), np.repeat(np.arange(e), 2)
    edge_at_vertex = _matrix(rows, columns, 1.0, (num_vertices, e))
    face_at_vertex = _matrix(quads.ravel(), np.repeat(np.arange(q), 4), 1.0, (num_vertices, q))
    valence = np.asarray(face_at_vertex.sum(axis=1)).ravel()
    rim_edges = np.asarray(edge_at_vertex @ (~inner).astype(float)).ravel()
    inside, rim = (valence > 0) & (rim_edges == 0), rim_edges == 2
    n = np.maximum(valence, 1)
    identity = sparse.identity(num_vertices, format="csr")
    smooth = (
        sparse.diags(1 / n**2) @ (face_at_vertex @ face)
        + sparse.diags(2 / n**2) @ (edge_at_vertex @ middle)
        + sparse.diags((n - 3) / n)
    )
    along_rim = 0.5 * identity + 0.25 * (edge_at_vertex @ sparse.diags((~inner).astype(float)) @ middle)
    vertex = (
        sparse.diags(inside.astype(float)) @ smooth
        + sparse.diags(rim.astype(float)) @ along_rim
        + sparse.diags((~inside & ~rim).astype(float)) @ identity
    )

    f0, e0 = num_vertices + e, num_vertices
    children = np.stack(
        [quads, e0 + edge_id, np.broadcast_to(f0 + np.arange(q)[:, None], (q, 4)), e0 + np.roll(edge_id, 1, axis=1)],
        axis=2,
    )
    return sparse.vstack([vertex, edge, face]).tocsr(), children.reshape(-1, 4)


def _matrix(rows: np.ndarray, columns: np.ndarray, value: float, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.full(len(rows), value), (rows, columns)), shape=shape)


def triangulate(quads: np.ndarray) -> np.ndarray:
    """(Q, 4) -> (2 Q, 3) int32, the two halves of a quad in a row."""
    return quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3).astype(np.int32)


@kernel
def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit area-weighted normals (V, 3) float32 of counter-clockwise `triangles` (T, 3)."""
    normals = np.zeros((vertices.shape[0], 3), np.float32)
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):
            normals[v, 0] += nx
            normals[v, 1] += ny
            normals[v, 2] += nz
    for v in range(normals.shape[0]):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0:
            for c in range(3):
                normals[v, c] /= length
    return normals


def uv_sphere(rings: int = 20, segments: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """Unit sphere with its pole at +z: points ((rings - 1) segments + 2, 3), counter-clockwise triangles."""
    theta = np.linspace(0, np.pi, rings + 1)[1:-1, None]
    phi = np.linspace(0, 2 * np.pi, segments, endpoint=False)[None]
    ring = np.stack(
        [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi], axis=2
    ).reshape(-1, 3)
    points = np.concatenate([[[0, 0, 1]], ring, [[0, 0, -1]]])
    a = 1 + np.arange(rings - 2)[:, None] * segments + np.arange(segments)[None]
    b = 1 + np.arange(rings - 2)[:, None] * segments + (np.arange(segments)[None] + 1) % segments
    quads = np.stack([a, a + segments, b + segments, b], axis=2).reshape(-1, 4)
    last = len(points) - 1
    s = np.arange(segments)
    near = np.stack([np.zeros_like(s), 1 + s, 1 + (s + 1) % segments], axis=1)
    base = last - segments
    far = np.stack([np.full_like(s, last), base + (s + 1) % segments, base + s], axis=1)
    return points, np.concatenate([triangulate(quads), near, far]).astype(np.int32)
