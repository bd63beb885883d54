import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.geometry.mesh import catmull_clark, triangulate, uv_sphere, vertex_normals

CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
CUBE_QUADS = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([[x, y, 0] for y in range(n + 1) for x in range(n + 1)], float)
    quads = np.array(
        [
            [y * (n + 1) + x, y * (n + 1) + x + 1, (y + 1) * (n + 1) + x + 1, (y + 1) * (n + 1) + x]
            for y in range(n)
            for x in range(n)
        ]
    )  # fmt: skip
    return points, quads


def test_cube_follows_the_published_rules():
    operator, quads = catmull_clark(CUBE_QUADS, 8)
    fine = operator @ CUBE
    assert fine.shape == (8 + 12 + 6, 3) and quads.shape == (24, 4)
    # valence 3: (F + 2 R + 0 V) / 3 with F the mean of the face points and R of the edge middles
    assert np.allclose(np.abs(fine[:8]), 5 / 9)
    faces = fine[20:]
    assert np.allclose(np.sort(np.abs(faces), axis=1), [0, 0, 1])
    assert np.allclose(np.sort(np.abs(fine[8:20]), axis=1), [0, 0.75, 0.75])


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5), st.integers(0, 1000))
def test_a_flat_sheet_stays_flat_and_keeps_its_outline(n, seed):
    points, quads = grid(n)
    tilt = np.random.default_rng(seed).normal(size=(2, 3))
    sheet = points[:, :2] @ tilt
    operator, fine_quads = catmull_clark(quads, len(points))
    assert np.allclose(operator.sum(axis=1), 1)
    fine = operator @ sheet
    assert np.linalg.matrix_rank(np.c_[fine, np.ones(len(fine))], tol=1e-9) <= 3
    used = operator @ points
    assert used[:, 0].min() >= 0 and used[:, 0].max() <= n  # rims do not bulge outwards
    assert len(np.unique(fine_quads)) == len(fine)


def test_vertices_in_no_quad_stay_where_they_are():
    operator, _ = catmull_clark(CUBE_QUADS, 9)
    lonely = np.concatenate([CUBE, [[5.0, 6.0, 7.0]]])
    assert np.allclose((operator @ lonely)[8], [5, 6, 7])


def test_sphere_is_closed_and_faces_outwards():
    points, triangles = uv_sphere()
    normals = vertex_normals(points.astype(np.float32), triangles)
    assert (np.einsum("vc,vc->v", normals, points) > 0.98).all()
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


def test_triangulate_keeps_halves_together():
    assert triangulate(np.array([[4, 5, 6, 7]])).tolist() == [[4, 5, 6], [4, 6, 7]]
