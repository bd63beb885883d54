"""Rooms around people in care, and their light: up in the room is up, whichever way the person lies."""

import dataclasses

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation.appearance.places.enclosure import CEILING, FLOOR, HEIGHT, WIDTH, Enclosure
from generation.appearance.places.light import set_scene
from generation.appearance.places.rooms import WHITE
from generation.appearance.places.setups import CLINICAL_SETUPS, SETUPS, STUDIO_SETUPS, choose_setup
from generation.geometry.camera import Camera
from generation.plan import Plan
from generation.plan.circumstances import towards_camera
from generation.render.background import background

PLAN = Plan(Spec(identities=60, preset="balanced", scene="clinical"))
COLOURS = np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]])


def plain(axes: np.ndarray) -> Enclosure:
    """A room of 4 x 2.6 x 6 m with sides of one colour each."""
    sides = np.broadcast_to(COLOURS[:, None, None], (6, HEIGHT, WIDTH, 3)).astype(np.float32).copy()
    return Enclosure(sides, np.array([-2.0, -1.1, -2.0]), np.array([2.0, 1.5, 4.0]), np.ascontiguousarray(axes))


def seen(room: Enclosure, view, size: int = 64) -> np.ndarray:
    scene = dataclasses.replace(set_scene(PLAN[0], 0), room=room)
    return background(scene, Camera.from_plan(view, size), size)


def test_people_in_care_are_lit_by_set_ups_of_what_they_rest_on():
    names = set()
    for person in list(PLAN):
        name, _ = choose_setup(person, 0)
        assert name in CLINICAL_SETUPS[person.circumstances.support] and name not in STUDIO_SETUPS
        names.add(name)
    assert names == set(SETUPS) - set(STUDIO_SETUPS)


def test_light_comes_from_where_it_is_in_the_room():
    for person in list(PLAN)[:24]:
        scene, held = set_scene(person, 0), person.circumstances
        light, setup = scene.light, SETUPS[scene.setup]
        assert {values.dtype for values in light} == {np.dtype(np.float32)}
        up, down = np.array(held.up), -np.array(held.up)
        assert (light.ambient(up) > light.ambient(down)).all()
        assert np.allclose(light.axes[1], held.up, atol=1e-6)
        assert np.allclose(np.linalg.norm(light.direction, axis=1), 1, atol=1e-6)
        above = np.degrees(np.arcsin(light.direction @ np.array(held.up)))
        assert abs(above[0] - setup.pitch) < 25  # jittered by 5 degrees
        assert min(above) > -25  # nothing shines through the floor
        assert scene.panorama is None and scene.room.axes[1] @ np.array(held.up) == pytest.approx(1)


@pytest.mark.parametrize("person", range(0, 24, 3))
def test_rooms_are_finite_lit_and_the_same_again(person):
    room, again = (set_scene(PLAN[person], 0).room for _ in range(2))
    assert np.array_equal(room.sides, again.sides) and np.array_equal(room.high, again.high)
    assert room.sides.min() >= 0 and room.sides.max() <= WHITE and room.sides.dtype == np.float32
    assert (room.sides.mean(axis=(1, 2, 3)) > 0.002).all()  # no black side
    assert (room.low < 0).all() and (room.high > 0).all()


def test_nobody_sees_out_of_the_room():
    for person in list(PLAN)[:12]:
        scene = set_scene(person, 0)
        for view in person.views:
            picture = background(scene, Camera.from_plan(view, 32), 32)
            assert np.isfinite(picture).all() and picture.max() <= WHITE and picture.mean() > 0.001


def test_cameras_above_see_the_floor_and_those_below_the_ceiling():
    view = dataclasses.replace(PLAN[0].views[0], yaw=0.0, pitch=-80.0, roll=0.0, fov=20.0, aside=(0.0, 0.0))
    upright = plain(np.eye(3))
    assert np.allclose(seen(upright, view), COLOURS[FLOOR])
    assert np.allclose(seen(upright, dataclasses.replace(view, pitch=80.0)), COLOURS[CEILING])
    for person in (p for p in PLAN if p.circumstances.posture == "lying" and p.circumstances.camera == "above"):
        picture = seen(plain(person.circumstances.axes), person.views[0])
        assert np.allclose(picture[28:36, 28:36], COLOURS[FLOOR])


def test_what_is_behind_is_where_the_camera_of_the_annotations_shows_it():
    for person in list(PLAN)[:20]:
        axes, view = person.circumstances.axes, person.views[1]
        room, camera = plain(axes), Camera.from_plan(view, 512)
        # where the middle of the picture meets the room
        eye, way = axes @ camera.position / 1000, axes @ -camera.rotation[2]
        reach = np.where(way > 0, room.high - eye, room.low - eye) / way
        point = (eye + reach[reach > 0].min() * way) @ axes * 1000
        assert np.allclose(camera.project(point[None])[0, :2], 256, atol=0.1)
        # the corners of the room, where neighbouring sides meet, are at their projection
        picture = background(dataclasses.replace(set_scene(person, 0), room=room), camera, 512)
        for corner in np.stack(np.meshgrid(*zip(room.low, room.high, strict=True)), -1).reshape(-1, 3):
            x, y, depth = camera.project((corner @ axes)[None] * 1000)[0]
            if depth > 0 and 12 < x < 500 and 12 < y < 500:
                around = picture[int(y) - 8 : int(y) + 9, int(x) - 8 : int(x) + 9].reshape(-1, 3)
                assert len(np.unique(np.round(around, 3), axis=0)) >= 3


def test_towards_camera_is_where_the_camera_is():
    view = PLAN[5].views[1]
    straight = dataclasses.replace(view, aside=(0.0, 0.0))
    camera = Camera.from_plan(straight, 100)
    assert np.allclose(camera.rotation[2], towards_camera(view.yaw, view.pitch))
