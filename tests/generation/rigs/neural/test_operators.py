import numpy as np
import pytest

from dataset_script.errors import InvalidInput, WorkFailed
from generation.geometry.checks import boundary_loops, check_surface
from generation.geometry.mesh import uv_sphere
from generation.rigs.neural.operators import face_gradients, mesh_operators, tangent_frames, tangent_gradients

FAN = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [-1, 0.5, 0]], float)
FAN_FACES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4]])


@pytest.fixture(scope="module")
def sphere():
    points, triangles = uv_sphere(16, 24)
    return points.astype(float), triangles.astype(np.int64)


@pytest.fixture(scope="module")
def operators(sphere):
    return mesh_operators(*sphere, k=20)


def test_eigenvalues_of_the_unit_sphere_are_l_times_l_plus_1(operators):
    expected = np.repeat([0, 2, 6, 12], [1, 3, 5, 7])
    assert np.allclose(operators.eigenvalues[:16], expected, rtol=0.05, atol=1e-6)
    assert operators.mass.sum() == pytest.approx(4 * np.pi, rel=0.03)


def test_eigenvectors_are_orthonormal_under_the_mass(operators):
    product = operators.eigenvectors.T @ (operators.mass[:, None] * operators.eigenvectors)
    assert np.allclose(product, np.eye(20), atol=1e-9)


def test_the_same_mesh_gives_the_same_bytes(sphere, operators):
    again = mesh_operators(*sphere, k=20)
    assert np.array_equal(again.eigenvectors, operators.eigenvectors)


def test_face_gradient_of_a_linear_function_is_its_slope_in_the_plane(sphere):
    points, faces = sphere
    slope = np.array([0.3, -1.2, 0.7])
    gradient, area = face_gradients(points, faces)
    corners = points[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.allclose(np.linalg.norm(normal, axis=1) / 2, area)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    expected = slope - (normal @ slope)[:, None] * normal
    assert np.allclose((gradient @ (points @ slope)).reshape(-1, 3), expected, atol=1e-10)


def test_vertex_gradient_of_a_linear_function_on_a_tilted_sheet_is_its_slope():
    rng = np.random.default_rng(0)
    frame = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    points = FAN @ frame.T
    frames = tangent_frames(np.repeat(frame[:, 2][None], len(FAN), axis=0))
    x, y = tangent_gradients(points, FAN_FACES, frames)
    slope = np.array([0.4, 2.0, 0.0]) @ frame.T
    found = (x @ (points @ slope))[:, None] * frames[:, 0] + (y @ (points @ slope))[:, None] * frames[:, 1]
    assert np.allclose(found, slope, atol=1e-4)


def test_operators_come_back_from_the_cache_unchanged(sphere, operators, tmp_path):
    first = mesh_operators(*sphere, k=20, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    second = mesh_operators(*sphere, k=20, cache=tmp_path)
    for name in ("eigenvectors", "mass", "face_area", "normals", "faces"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    for name in ("gradient_x", "gradient_y", "face_gradient"):
        assert (getattr(first, name) != getattr(second, name)).nnz == 0
    mesh_operators(sphere[0] * 1.001, sphere[1], k=20, cache=tmp_path)
    mesh_operators(*sphere, k=19, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(WorkFailed, match="delete it"):
        mesh_operators(*sphere, k=20, cache=tmp_path)


def test_boundary_loops_are_found(sphere):
    assert boundary_loops(sphere[1]) == []
    holed = np.delete(sphere[1], [200, 300], axis=0)
    assert [len(loop) for loop in boundary_loops(holed)] == [3, 3]


@pytest.mark.parametrize(
    ("vertices", "faces", "message"),
    [
        (FAN[:, :2], FAN_FACES, r"vertices has shape \(5, 2\)"),
        (FAN, FAN_FACES.astype(float), "faces has type float64"),
        (np.where(FAN == 0.5, np.nan, FAN), FAN_FACES, r"vertex 4 is \[-1.0, nan, 0.0\]"),
        (FAN, [[0, 1, 9]], r"triangle 0 is \[0, 1, 9\]; allowed are indices 0 to 4"),
        (FAN, FAN_FACES[:2], "vertex 4 is in no triangle"),
        (FAN, [*FAN_FACES, [1, 2, 2]], "triangle 3 .* has area 0"),
        (np.r_[FAN, [[0, 0, 1]]], [*FAN_FACES, [2, 0, 5]], "edge 0-2 is in 3 triangles"),
        (np.r_[FAN, [[2, 0, 1]]], [*FAN_FACES, [1, 5, 2], [1, 2, 5]], "edge 1-2 is in 3 triangles"),
        (FAN, [[0, 1, 2], [0, 3, 2], [0, 3, 4]], "edge 0-3 are oriented against"),
        (np.r_[FAN, FAN + 3], [*FAN_FACES, *(FAN_FACES + 5)], "2 connected components"),
        (np.r_[FAN, FAN[3:] - [0, 3, 0]], [*FAN_FACES, [0, 5, 6]], "vertex 0 joins 2 separate fans"),
    ],
)
def test_meshes_that_no_rig_can_work_on_are_refused_in_one_line(vertices, faces, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        check_surface(vertices, np.array(faces))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("k", [0, 4])
def test_more_eigenvectors_than_the_mesh_has_are_refused(k):
    with pytest.raises(InvalidInput, match=f"k is {k}; allowed is 1 to 3"):
        mesh_operators(FAN, FAN_FACES, k=k)
