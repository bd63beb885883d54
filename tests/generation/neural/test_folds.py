import numpy as np
import pytest

from generation.rigs.neural.folds import Folds


@pytest.fixture(scope="module")
def sheet():
    """A flat square of 20 x 20 vertices, 1 mm apart."""
    x, y = np.meshgrid(np.arange(20.0), np.arange(20.0))
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(400)], axis=1)
    corner = (np.arange(19)[:, None] * 20 + np.arange(19)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 21], 1), np.stack([corner, corner + 21, corner + 20], 1)]
    )
    return vertices, faces


def test_smooth_movements_stay_as_they_are(sheet):
    vertices, faces = sheet
    folds = Folds(vertices, faces)
    moved = vertices + np.sin(vertices[:, [1, 0, 0]] / 5)
    assert folds.count(moved) == 0 and folds.unfolded(moved) is moved
    assert np.array_equal(folds.unfolded(vertices), vertices)


def test_a_vertex_pushed_over_its_neighbours_comes_back_and_what_is_far_does_not_move(sheet):
    vertices, faces = sheet
    folds = Folds(vertices, faces)
    moved = vertices + np.array([0, 0, 3.0])
    moved[210, 0] += 1.7
    unfolded = folds.unfolded(moved)
    assert folds.count(moved) > 0 and folds.count(unfolded) == 0
    far = np.linalg.norm(vertices - vertices[210], axis=1) > 8
    assert np.array_equal(unfolded[far], moved[far])


def test_unfolding_is_continuous(sheet):
    vertices, faces = sheet
    folds = Folds(vertices, faces)
    path = []
    for way in np.linspace(0, 2, 401):
        moved = vertices.copy()
        moved[[210, 211], 0] += way, way / 3
        path.append(folds.unfolded(moved))
    steps = np.abs(np.diff(path, axis=0)).max(axis=(1, 2))
    assert steps.max() < 0.05 and np.abs(path[-1] - vertices).max() > 0.3


def test_edges_that_are_sharp_on_the_neutral_face_are_left_alone(sheet):
    vertices, faces = sheet
    roof = vertices.copy()
    roof[:, 2] = -6 * np.abs(roof[:, 0] - 9)
    folds = Folds(roof, faces)
    assert folds.count(roof) == 0 and np.array_equal(folds.unfolded(roof), roof)
