"""The weights that come with the package, on faces and topologies that they have not seen: our own head's."""

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES
from dataset_script.spec import Spec
from generation.plan import Plan
from generation.rigs.neural.copies import make_copy
from generation.rigs.neural.head_rig import SHIPPED_WEIGHTS, load, shipped
from generation.rigs.neural.makehuman import skin_mesh
from generation.rigs.neural.rig import landmarks_by_wrapping

UNSEEN = Spec(identities=24, preset="balanced", seed=77)
MOVES = {
    # unit -> landmarks, axis, sign: what FACS says of it
    "AU4": ((21, 22), 1, -1),
    "AU9": ((31, 35), 1, 1),
    "AU10": ((50, 52), 1, 1),
    "AU43": ((37, 38, 43, 44), 1, -1),
    "AU1": ((21, 22), 1, 1),
    "AU2": ((17, 26), 1, 1),
    "AU12": ((48, 54), 1, 1),
    "AU26": ((8,), 1, -1),
    "AU27": ((8,), 1, -1),
}


@pytest.fixture(scope="module")
def person(head):
    return head.shape(Plan(UNSEEN)[5], UNSEEN.seed)


@pytest.fixture(scope="module")
def surface(head, person):
    """Her skin on a topology of its own, and her true landmarks."""
    skin, triangles = skin_mesh()
    open_mouth = head.canonical[skin].astype(float) + 0.5 * head.targets("fu/jawOpen")[skin]
    copy = make_copy("remeshed", open_mouth, triangles, 4500, number=99)
    landmarks = head.vertices(person.control, person.eyes)[head.topology.landmarks].astype(float)
    return copy.of(person.control[skin].astype(float)), copy.triangles, landmarks


@pytest.fixture(scope="module")
def bound(surface):
    return shipped().bind(*surface[:2])


def units(name):
    au = np.array([0.0] * len(AU_NAMES))
    extra = np.zeros(len(EXTRA_AU_NAMES))
    if name in AU_NAMES:
        au[AU_NAMES.index(name)] = 1 if name == "AU43" else 5
    else:
        extra[EXTRA_AU_NAMES.index(name)] = 5
    return au, extra


def test_weights_are_small_enough_to_ship():
    assert SHIPPED_WEIGHTS.stat().st_size < 15e6


def test_landmarks_are_found(surface):
    vertices, faces, true = surface
    off = np.linalg.norm(landmarks_by_wrapping(vertices, faces) - true, axis=1)
    assert np.median(off[36:48]) < 2 and np.median(off) < 5  # the eyes' are what lids are closed by


@pytest.mark.parametrize("unit", MOVES)
def test_units_move_the_face_as_facs_says(bound, surface, unit):
    vertices, _, landmarks = surface
    moved = bound.pose(*units(unit)) - vertices
    points, axis, sign = MOVES[unit]
    nearest = [np.linalg.norm(vertices - landmarks[k], axis=1).argmin() for k in points]
    assert (sign * moved[nearest, axis]).mean() > 0.8
    assert np.linalg.norm(moved, axis=1)[vertices[:, 2] < -110].mean() < 0.2  # the back of the head


def test_the_pipelines_rig_moves_its_head_in_the_same_way(head, person):
    rig = load(head)
    landmarks = head.topology.landmarks
    rest = head.vertices(person.control, person.eyes)[landmarks]
    for unit, (points, axis, sign) in MOVES.items():
        au, extra = units(unit)
        posed = rig.pose(person, au, dict(zip(EXTRA_AU_NAMES, extra, strict=True)))
        moved = head.vertices(posed, person.eyes)[landmarks] - rest
        assert (sign * moved[list(points), axis]).mean() > 0.8, unit


def test_a_ball_is_no_head():
    steps, rings = np.meshgrid(np.linspace(0, 2 * np.pi, 40, endpoint=False), np.linspace(0.05, np.pi - 0.05, 30))
    ball = 90 * np.stack(
        [np.sin(rings) * np.sin(steps), np.cos(rings), np.sin(rings) * np.cos(steps)], axis=-1
    ).reshape(-1, 3) - np.array([0, 20, 90.0])
    a = (np.arange(29)[:, None] * 40 + np.arange(40)).ravel()
    b = (np.arange(29)[:, None] * 40 + (np.arange(40) + 1) % 40).ravel()
    faces = np.concatenate([np.stack([a, a + 40, b], 1), np.stack([b, a + 40, b + 40], 1)])
    with pytest.raises(InvalidInput, match=r"no slit|not a head"):
        shipped().bind(ball, faces)
