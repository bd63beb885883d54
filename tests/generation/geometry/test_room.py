"""Where head and camera are in the room: exact projection, poses that round trip, and a camera that stands still."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from placements import seen

from generation.geometry.camera import PIVOT, Camera
from generation.geometry.room import UPRIGHT, camera_row, head_pose_row, head_to_room, room_to_camera
from generation.geometry.rotations import angles_of, bringing_up, rotation_of
from generation.plan import ViewPlan

ANGLE = st.floats(-180, 180)
VIEWS = st.builds(
    ViewPlan,
    st.just(0),
    st.floats(-90, 90),
    st.floats(-90, 90),
    ANGLE,
    st.floats(5, 90),
    st.floats(0.9, 2.5),
    st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
)
MOTIONS = st.tuples(*[st.floats(-10, 10)] * 3)
DIRECTIONS = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda up: np.linalg.norm(up) > 0.1)
POINTS = np.random.default_rng(3).uniform(-90, 90, (40, 3))


def as_stored(value):
    """Numbers as the files hold them: float32."""
    if isinstance(value, dict):
        return {name: as_stored(part) for name, part in value.items()}
    return np.float32(value).astype(np.float64)


@settings(deadline=None)
@given(VIEWS, MOTIONS, DIRECTIONS, st.sampled_from([64, 512, 2048]))
def test_extrinsics_and_pose_project_points_of_the_head_onto_their_pixels(view, motion, up, size):
    camera = Camera.from_plan(view, size, motion)
    in_room = as_stored(head_to_room(camera, up)(POINTS))
    pixels = camera.project(POINTS)
    ahead = pixels[:, 2] > 30  # a wide lens is so near that some points lie behind it
    off = seen(as_stored(camera_row(camera, up)), in_room)[ahead] - pixels[ahead, :2]
    assert np.abs(off).max(initial=0) < 1e-3 * max(1, size / 512)


@pytest.mark.parametrize("angles", [(0, 0, 90), (10, -60, 0), (-40, 8, -90), (0, 0, 180), (90, 0, 0)])
def test_named_cameras_project_to_a_thousandth_of_a_pixel(angles):
    camera = Camera.from_plan(ViewPlan(0, *angles, 24, 1.0), 512, (2, -1, 3))
    for up in (UPRIGHT, (0, 0, 1), (1, 0, 0), (0, -1, 0), (0.3, 0.5, -0.8)):
        in_room = as_stored(head_to_room(camera, up)(POINTS))
        assert np.abs(seen(as_stored(camera_row(camera, up)), in_room) - camera.project(POINTS)[:, :2]).max() < 1e-3


@settings(deadline=None)
@given(VIEWS, MOTIONS, DIRECTIONS)
def test_the_camera_of_a_view_stands_still_while_the_head_moves(view, motion, up):
    still, moved = (room_to_camera(Camera.from_plan(view, 256, m), up) for m in ((0, 0, 0), motion))
    assert np.array_equal(still.rotation, moved.rotation) and np.array_equal(still.translation, moved.translation)


@given(ANGLE, st.floats(-90, 90), ANGLE)
def test_angles_round_trip(yaw, pitch, roll):
    rotation = rotation_of(yaw, pitch, roll)
    assert np.allclose(rotation_of(*angles_of(rotation)), rotation, atol=1e-5)
    if abs(pitch) < 89:
        expected = np.array([yaw, pitch, roll])
        assert np.allclose((np.array(angles_of(rotation)) - expected + 180) % 360 - 180, 0, atol=1e-6)


@given(DIRECTIONS)
def test_the_smallest_rotation_brings_up_up(up):
    rotation = bringing_up(up)
    assert np.allclose(rotation @ up, [0, np.linalg.norm(up), 0], atol=1e-6)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6) and np.isclose(np.linalg.det(rotation), 1)
    turn = np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))
    assert np.isclose(turn, np.degrees(np.arccos(np.clip(up[1] / np.linalg.norm(up), -1, 1))), atol=0.01)


def test_what_has_no_direction_is_refused():
    for up in ((0, 0, 0), (0, float("nan"), 1)):
        with pytest.raises(ValueError, match="up is"):
            bringing_up(up)


def test_a_neutral_upright_head_is_the_room():
    row = head_pose_row(Camera.from_plan(ViewPlan(0, 35, -8, 4, 24, 1.0), 256))
    assert (row["yaw"], row["pitch"], row["roll"]) == (0, 0, 0) and row["translation"] == [0, 0, 0]
    assert np.allclose(row["rotation"], np.eye(3), atol=1e-12)


def test_a_frontal_head_turns_by_its_motion_about_the_pivot():
    camera = Camera.from_plan(ViewPlan(0, 0, 0, 0, 24, 1.0), 256, (3.0, -2.0, 1.5))
    row = head_pose_row(camera)
    assert np.allclose([row["yaw"], row["pitch"], row["roll"]], (3.0, -2.0, 1.5))
    assert np.allclose(head_to_room(camera)(PIVOT[None]), PIVOT)


def test_a_lying_head_looks_up():
    """Face to the ceiling: what points out of the face points up in the room."""
    camera = Camera.from_plan(ViewPlan(0, 0, 0, 0, 24, 1.0), 256)
    row = head_pose_row(camera, (0, 0, 1))
    assert np.isclose(row["pitch"], 90) and np.allclose(np.array(row["rotation"]) @ [0, 0, 1], [0, 1, 0])
    down = room_to_camera(camera, (0, 0, 1)).rotation[2]  # the optical axis in the room
    assert np.allclose(down, [0, -1, 0])
