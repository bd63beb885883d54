"""People in care: how they are held, where up is for them, and the cameras around them."""

import itertools

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from generation.geometry.camera import PIVOT, Camera
from generation.plan import Circumstances, Plan
from generation.plan.cameras import CAMERA_KINDS
from generation.plan.circumstances import POSTURES, STEEP, TURNS, draw_aim, level_roll, towards_camera

PEOPLE = list(Plan(Spec(identities=300, scene="clinical", preset="balanced")))
VIEWS = [(person.circumstances, view) for person in PEOPLE for view in person.views]


def test_people_of_the_studio_are_planned_as_ever():
    assert all(
        person.scene == "studio" and person.circumstances == Circumstances() for person in Plan(Spec(identities=40))
    )
    mixed, studio = (list(Plan(Spec(identities=40, scene=scene))) for scene in ("mixed", "studio"))
    for one, other in zip(mixed, studio, strict=True):
        assert one.expressions == other.expressions and one.age == other.age
        assert (one == other) is (one.scene == "studio")


def test_no_other_scene_is_allowed():
    with pytest.raises(InvalidInput, match="scene is 'ward'; allowed: studio, clinical, mixed"):
        Spec(scene="ward")


@pytest.mark.parametrize("preset", ["balanced", "paper"])
@pytest.mark.parametrize("identities", [48, 301])
def test_mixed_is_half_and_half_in_every_group(preset, identities):
    people = list(Plan(Spec(identities=identities, preset=preset, scene="mixed", seed=3)))
    in_care = sum(person.scene == "clinical" for person in people)
    assert abs(2 * in_care - identities) <= 1
    cells = ("age_group", "ethnicity", "gender")
    for names, most in [(cells, 1), *(((name,), 6) for name in ("split", *cells))]:
        groups: dict[tuple, list[bool]] = {}
        for person in people:
            key = tuple(getattr(person, name) for name in names)
            groups.setdefault(key, []).append(person.scene == "clinical")
        for members in groups.values():
            assert abs(2 * sum(members) - len(members)) <= most


def test_every_posture_and_every_kind_of_camera_is_there():
    seen = {(person.circumstances.posture, person.circumstances.support) for person in PEOPLE}
    assert seen == {(posture.posture, posture.support) for posture in POSTURES}
    assert {person.circumstances.camera for person in PEOPLE} == set(CAMERA_KINDS)
    assert np.isclose(sum(posture.share for posture in POSTURES), 1)
    for posture in POSTURES:
        assert np.isclose(sum(posture.cameras.values()), 1)


def test_gravity_is_that_of_the_posture():
    for held in (person.circumstances for person in PEOPLE):
        up, normal = np.array(held.up), np.array(held.normal)
        assert np.isclose(np.linalg.norm(up), 1) and np.isclose(np.linalg.norm(normal), 1)
        back = np.degrees(np.arccos(np.clip(up @ normal, -1, 1)))  # how steep the mattress or the chair's back is
        low, high = {"lying": (0, 12.01), "propped": (31.9, 62.1), "seated": (67.9, 94.1)}[held.posture]
        assert low <= back <= high
        # nobody hangs upside down or lies on their face
        assert up[1] > 0 and (held.posture == "seated" or up[2] > 0.2)


def test_the_axes_of_the_room_are_a_rotation_with_up_in_the_middle():
    assert np.array_equal(Circumstances().axes, np.eye(3))
    for held in (person.circumstances for person in PEOPLE[:60]):
        axes = held.axes
        assert np.allclose(axes @ axes.T, np.eye(3)) and np.isclose(np.linalg.det(axes), 1)
        assert np.allclose(axes[1], held.up)
        assert axes[2] @ ([0, -1, 0] if held.support == "bed" else [0, 0, 1]) > 0.3  # to the feet, or ahead


def test_cameras_stay_within_the_ranges_of_their_kind():
    for held, view in VIEWS:
        kind = CAMERA_KINDS[view.camera]
        assert view.camera == held.camera
        low, high = (0, kind.frontal) if view.view_id == 0 else kind.side
        assert low <= abs(view.yaw) <= high
        assert kind.pitch[0] <= view.pitch <= kind.pitch[1]
        assert kind.fov[0] <= view.fov <= kind.fov[1] and kind.framing[0] <= view.framing <= kind.framing[1]
        assert all(abs(off) <= most for off, most in zip(view.aside, kind.aside, strict=True))
        assert -180 <= view.roll < 180
    assert max(abs(view.roll) for held, view in VIEWS if held.camera == "beside") > 75


def test_cameras_are_in_the_room_and_held_level():
    for held, view in VIEWS:
        kind, towards = CAMERA_KINDS[view.camera], towards_camera(view.yaw, view.pitch)
        elevation = held.elevation(towards)
        assert kind.elevation[0] - 1e-6 <= elevation <= kind.elevation[1] + 1e-6
        level = level_roll(held, view.yaw, view.pitch)
        off = np.abs((view.roll - np.array([level, *(TURNS if elevation > STEEP else ())]) + 180) % 360 - 180).min()
        assert off <= kind.tilt + 1e-6


def test_a_level_camera_shows_up_upwards():
    held = Circumstances("lying", (-0.5, 0.2, float(np.sqrt(1 - 0.29))), "beside", "bed")
    for yaw, pitch in itertools.product((-30, 5, 40), (-20, 0, 15)):
        view = PEOPLE[0].views[0].__class__(0, yaw, pitch, level_roll(held, yaw, pitch), 30.0, 1.0)
        camera = Camera.from_plan(view, 200)
        right, up, _ = camera.rotation @ np.array(held.up)
        assert abs(right) < 1e-9 and up > 0
        assert np.allclose(camera.rotation[2], towards_camera(yaw, pitch))


def test_the_head_is_where_the_view_says_with_exact_intrinsics():
    for _, view in VIEWS[:60]:
        camera = Camera.from_plan(view, 400)
        row = camera.as_row()["intrinsics"]
        assert row["cx"] == row["cy"] == 200
        x, y, depth = camera.project(PIVOT[None])[0]
        assert np.allclose([x, y], [200 + 400 * view.aside[0], 200 - 400 * view.aside[1]], atol=0.01)
        assert np.isclose(depth, camera.distance, rtol=1e-5)
        seen = camera.rotation @ (PIVOT - camera.position)
        assert np.allclose([row["cx"] + row["fx"] * seen[0] / -seen[2], row["cy"] - row["fy"] * seen[1] / -seen[2]],
                           [x, y], atol=0.01)  # fmt: skip
        column, line, away = camera.projection(1) @ np.append(PIVOT, 1)
        assert np.allclose([column / away, line / away], [x, y], atol=0.01)


def test_a_draw_depends_on_nothing_but_its_stream():
    one, same = (list(Plan(Spec(identities=30, scene="clinical", seed=5))) for _ in range(2))
    assert one == same and one != list(Plan(Spec(identities=30, scene="clinical", seed=6)))
    held = one[0].circumstances
    aims = [draw_aim(held, 1, True, np.random.default_rng(4)) for _ in range(2)]
    assert aims[0] == aims[1]
