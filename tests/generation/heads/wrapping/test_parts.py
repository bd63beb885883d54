"""Which part of a file is taken for the skin."""

import numpy as np
import pytest
from other_heads import with_parts

from dataset_script.errors import InvalidInput
from generation.geometry.mesh import uv_sphere
from generation.geometry.mesh_formats.read import read_mesh
from generation.heads.wrapping.parts import find_face, take_apart
from generation.heads.wrapping.template import template


def beside(first, second) -> tuple[np.ndarray, np.ndarray]:
    """Two meshes as one."""
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1] + len(first[0])])


def skin_of(vertices, triangles, landmarks=None):
    return take_apart(vertices, triangles, find_face(template(), vertices, triangles, landmarks))


def test_a_head_is_taken_apart_into_skin_eyeballs_and_the_rest(mesh, obj):
    found = take_apart(*read_mesh(obj))
    assert len(found.skin) == len(mesh.vertices) and len(found.triangles) == len(mesh.triangles)
    assert found.left_out.tolist() == [8]
    order = np.argsort(-found.spheres[:, 0])  # the left eye has the larger x
    assert np.allclose(found.spheres[order, 3] * 10, mesh.eyes[:, 3], atol=0.01)
    assert np.allclose((found.spheres[order, :3] - (2.0, 160.0, -3.0)) * 10, mesh.eyes[:, :3], atol=0.01)


@pytest.mark.parametrize(
    ("size", "place"),
    [
        pytest.param((900, 20, 600), (0, -500, 0), marks=pytest.mark.slow, id="a table"),
        pytest.param((260, 330, 150), (0, -450, -40), id="a torso"),
        pytest.param((1500, 1200, 1500), (0, 0, 0), marks=pytest.mark.slow, id="a room around it"),
    ],
)
def test_the_face_is_found_beside_larger_parts(mesh, size, place):
    ball, triangles = uv_sphere(24, 32)
    found = skin_of(*beside((ball * size + place, triangles), with_parts(mesh)))
    assert len(found.skin) == len(mesh.vertices) and found.skin[0] == len(ball)
    assert len(found.spheres) == 2


def test_a_shell_of_hair_is_not_the_face(mesh):
    ball, triangles = uv_sphere(40, 60)
    hair = ball * (115, 150, 130) + mesh.vertices.mean(axis=0) + (0, 60, -40)
    middle = hair[triangles].mean(axis=1)
    open_at_the_face = ~((middle[:, 2] > mesh.vertices[:, 2].max() - 90) & (middle[:, 1] < 60))
    found = skin_of(*beside((hair, triangles[open_at_the_face]), (mesh.vertices, mesh.triangles)))
    assert len(found.skin) == len(mesh.vertices)


def test_several_heads_are_refused_and_landmarks_say_which(mesh):
    aside = np.array([500, 0, 0])
    two = beside((mesh.vertices, mesh.triangles), (mesh.vertices + aside, mesh.triangles))
    with pytest.raises(InvalidInput, match=r"2 heads \([\d,]+ vertices, eyes at \(.*\); .*\): leave one"):
        skin_of(*two)
    found = skin_of(*two, mesh.landmarks + aside)
    assert found.skin.min() == len(mesh.vertices)


def test_two_layers_are_one_head(mesh):
    inner = (0.985 * mesh.vertices, mesh.triangles[:, ::-1])
    found = skin_of(*beside((mesh.vertices, mesh.triangles), inner))
    assert len(found.skin) == len(mesh.vertices)


def test_many_small_parts_take_no_time():
    ball, triangles = uv_sphere(100, 200)
    soup = ball[triangles].reshape(-1, 3)
    found = take_apart(soup, np.arange(len(soup)).reshape(-1, 3))
    assert len(found.left_out) == len(triangles) - 1
