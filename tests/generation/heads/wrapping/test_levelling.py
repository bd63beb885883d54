"""Heads that are bowed, bent back, look aside or lean are turned upright before anything else is measured."""

import numpy as np
import pytest
from other_heads import PLAN, with_parts, write_landmarks, write_obj
from scipy.spatial.transform import Rotation

from generation.geometry.similarity import fit_similarity
from generation.heads import own
from generation.heads.wrapping.align import level_by_shape, to_head_by_landmarks, to_head_by_shape
from generation.heads.wrapping.levelling import about_turn, upright_turn
from generation.heads.wrapping.template import template

SHAPE_NOD_DEGREES = 5.0
"""What the shape of the person's face counts as a nod, at most."""
UPRIGHT = np.eye(3)


def pose(bowed: float = 0, aside: float = 0, leaning: float = 0) -> np.ndarray:
    """(3, 3) of a head that is bowed, looks to its left and leans to its right by so many degrees."""
    return Rotation.from_euler("YXZ", (aside, bowed, leaning), degrees=True).as_matrix()


def nod_and_rest(rotation: np.ndarray) -> tuple[float, float]:
    """Degrees of a rotation about x and about the other axes."""
    x, *others = np.degrees(Rotation.from_matrix(rotation).as_rotvec())
    return abs(x), float(np.linalg.norm(others))


@pytest.mark.parametrize(
    ("posed", "words"),
    [
        ({"bowed": 30}, ["bowed"]),
        ({"bowed": -12}, ["bent back"]),
        ({"bowed": -25}, ["bent back"]),
        ({"aside": -20}, ["looking to its right"]),
        ({"leaning": 25}, ["leaning to its right"]),
    ],
    ids=str,
)
def test_a_head_that_is_not_upright_is_turned_so(mesh, posed, words):
    turned = pose(**posed)
    found = to_head_by_shape(template(), mesh.vertices @ turned.T, mesh.triangles)
    nod, rest = nod_and_rest(found.rotation @ turned)
    assert nod < SHAPE_NOD_DEGREES and rest < 2 and found.scale == 1
    line = about_turn(found.rotation)
    assert line.startswith("turned upright by ") and all(word in line for word in words)


def test_an_upright_head_is_left_as_it_is(mesh):
    for turned in (UPRIGHT, pose(bowed=1.5), pose(aside=2), pose(leaning=-2)):
        found = to_head_by_shape(template(), mesh.vertices @ turned.T, mesh.triangles)
        assert (found.rotation == UPRIGHT).all() and about_turn(found.rotation) is None


def test_the_nod_of_the_faces_shape_is_not_taken_for_its_pose():
    shape = pose(bowed=-5)
    for aside in (20, -40):
        turn = upright_turn(shape @ pose(aside=aside).T)
        assert np.allclose(turn, pose(aside=aside).T)
    assert np.allclose(upright_turn(pose(bowed=-9)), pose(bowed=-9))


@pytest.mark.parametrize("posed", [{"bowed": -12}, {"aside": 30, "leaning": 10}], ids=str)
def test_landmarks_and_shape_turn_a_head_together(mesh, posed):
    turned = pose(**posed)
    skin, place = 0.1 * mesh.vertices @ turned.T + (2, 160, -3), 0.1 * mesh.landmarks @ turned.T + (2, 160, -3)
    found = level_by_shape(template(), to_head_by_landmarks(template(), place), skin, mesh.triangles)
    nod, rest = nod_and_rest(found.rotation @ turned)
    assert nod < SHAPE_NOD_DEGREES + 3 and rest < 2 and found.scale == 10
    assert np.abs(found(place)[36:48].mean(axis=0)[:2]).max() < 4  # mm


@pytest.mark.slow
def test_a_turned_file_is_the_head_of_the_upright_one(wrapped, mesh, tmp_path):
    """Also its eyeballs, lids and lips."""
    vertices, triangles = with_parts(mesh)
    path = write_obj(tmp_path / "turned.obj", vertices / 10 @ pose(bowed=-25).T, triangles)
    head = own.load(path)
    assert "two eyeballs" in head.about and "turned upright by" in head.about
    shape, upright = head.shape(PLAN[0], 0), wrapped.shape(PLAN[0], 0)
    shown = template().skin[template().face]
    back = fit_similarity(shape.control[shown].astype(float), upright.control[shown].astype(float), scale=1.0)
    off = np.linalg.norm(back(shape.control[shown].astype(float)) - upright.control[shown], axis=1)
    assert off.mean() < 0.6 and back.degrees < SHAPE_NOD_DEGREES  # mm
    assert np.abs(back(shape.eyes[:, :3]) - upright.eyes[:, :3]).max() < 1.5


def test_vertex_numbers_of_a_turned_file_stay(mesh, tmp_path):
    turned = pose(bowed=20, leaning=10)
    path = write_obj(tmp_path / "turned.obj", mesh.vertices @ turned.T, mesh.triangles)
    numbers = np.array([np.linalg.norm(mesh.vertices - p, axis=1).argmin() for p in mesh.landmarks])
    head = own.load(path, write_landmarks(tmp_path / "l.json", numbers))
    assert "turned upright by" in head.about
    shape = head.shape(PLAN[0], 0)
    found = head.vertices(shape.control, shape.eyes)[head.topology.landmarks].astype(float)
    back = fit_similarity(found[36:], mesh.landmarks[36:], scale=1.0)
    assert np.linalg.norm(back(found[36:]) - mesh.landmarks[36:], axis=1).mean() < 1.5  # mm
