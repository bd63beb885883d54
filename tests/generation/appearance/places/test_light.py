"""Light and the places behind people: what must hold for every set-up."""

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation.appearance.colours import colour
from generation.appearance.places.defocus import (
    AROUND,
    HEIGHT,
    PIXELS_PER_DEGREE,
    UP,
    WIDTH,
    Canvas,
    defocus,
    disc_radius,
)
from generation.appearance.places.furniture import Mood
from generation.appearance.places.light import set_scene, towards, white
from generation.appearance.places.rooms import PLACES, WHITE, paint_place
from generation.appearance.places.setups import SETUPS, STUDIO_SETUPS, choose_setup
from generation.geometry.camera import Camera
from generation.plan import Plan, ViewPlan
from generation.plan.views import MAX_PITCH, MAX_ROLL, SIDE_YAW
from generation.render.background import background
from generation.streams import stream

PLAN = Plan(Spec(identities=48, preset="balanced", size=64))


def panorama(setup: str, side: float = 1.0, seed: int = 0) -> np.ndarray:
    way = SETUPS[setup]
    mood = Mood(side, white(way.kelvin), white(way.surround_kelvin), way.key, way.ambient, way.variant)
    return paint_place(way.place, mood, stream(seed, "test.place", 0))


def camera(yaw: float, pitch: float) -> Camera:
    return Camera.from_plan(ViewPlan(0, yaw, pitch, 0, 30, 1), 240)


def test_lights_point_and_have_their_temperature():
    assert np.allclose(towards(90, 0), [1, 0, 0]) and np.allclose(towards(0, 90), [0, 1, 0])
    warm, cold = white(3000), white(9000)
    assert warm[0] > warm[2] and cold[2] > cold[0] and np.isclose(white(6500), 1).all()


def test_there_are_thirty_set_ups_in_every_kind_of_place():
    assert len(STUDIO_SETUPS) >= 30
    assert {setup.place for setup in STUDIO_SETUPS.values()} == set(PLACES)


def test_light_is_single_precision_and_comes_from_unit_directions():
    light = set_scene(PLAN[3], 0).light
    assert {values.dtype for values in light} == {np.dtype(np.float32)}
    assert np.allclose(np.linalg.norm(light.direction, axis=1), 1) and min(light.colour.min(), light.mirrored.min()) > 0


@pytest.mark.parametrize("setup", STUDIO_SETUPS)
def test_every_place_is_finite_lit_and_the_same_again(setup):
    picture = panorama(setup)
    assert picture.shape == (HEIGHT, WIDTH, 3) and picture.dtype == np.float32
    assert picture.min() >= 0 and picture.max() <= WHITE and picture.mean() > 0.001
    assert np.array_equal(picture, panorama(setup))


def test_the_set_up_can_be_asked_without_painting_it():
    for person in list(PLAN)[:6]:
        name, side = choose_setup(person, 0)
        scene = set_scene(person, 0)
        assert scene.setup == name
        if abs(SETUPS[name].yaw) >= 35:
            assert np.sign(scene.light.direction[0, 0]) == side


def test_no_two_people_share_a_place():
    places = [set_scene(PLAN[i], 0) for i in range(6)]
    for i, one in enumerate(places):
        assert all(np.abs(one.panorama - other.panorama).mean() > 0.005 for other in places[:i])


def test_the_side_of_the_key_is_the_bright_one():
    for setup in ("window_north", "office_window", "ward_day"):
        for side in (1.0, -1.0):
            right, left = (
                np.median([panorama(setup, side, k)[:, half].mean() for k in range(3)])
                for half in (AROUND > 10, AROUND < -10)
            )
            assert side * (right - left) > 0, (setup, side)


def test_a_warm_lamp_makes_a_warm_room_and_a_cold_sky_a_cold_one():
    def warmth(setup: str) -> float:
        red, _, blue = np.mean([panorama(setup, 1.0, k).mean(axis=(0, 1)) for k in range(6)], axis=0)
        return red / blue

    assert warmth("bedside_lamp") > 1.15 * warmth("window_north")


def test_bright_points_become_discs_that_keep_their_light():
    canvas = Canvas(np.zeros(3))
    canvas.point(0, 0, np.ones(3))
    picture = defocus(canvas.lit(np.ones(3)), 6.0)
    assert np.isclose(picture.sum(axis=(0, 1)), PIXELS_PER_DEGREE**2, rtol=1e-3).all()
    lit = picture[..., 0] > 0.5 * picture.max()
    assert np.isclose(lit.sum(), np.pi * 36, rtol=0.08)
    assert picture[lit].std() < 0.2 * picture[lit].mean()  # flat, not a bell


def test_far_things_and_wide_lenses_blur_more():
    assert disc_radius(20, 10) > disc_radius(20, 2) > disc_radius(10, 2) > 0


def test_things_hide_what_is_behind_them():
    canvas = Canvas(np.full(3, 0.5))
    canvas.shine(-5, 5, -5, 5, np.full(3, 9.0))
    canvas.box(-2, 2, -2, 2, np.full(3, 0.1))
    picture = canvas.lit(np.ones(3))
    row, column = np.abs(UP).argmin(), np.abs(AROUND).argmin()
    assert np.isclose(picture[row, column], 0.1).all() and picture.max() == 9


def test_the_background_turns_with_the_camera():
    scene = set_scene(PLAN[3], 0)
    still = background(scene, camera(0, 0), 240)
    turned = background(scene, camera(15, 0), 240)  # half a picture to the subject's left
    assert np.allclose(still[:, 120:], turned[:, :120], atol=1e-4)
    raised = background(scene, camera(0, 5), 240)  # the subject looks up: the camera looks up too
    assert np.allclose(still[:200], raised[40:], atol=1e-4)
    assert not np.allclose(still, turned, atol=0.01)


def test_the_background_is_the_same_at_every_size():
    scene, seen = set_scene(PLAN[3], 0), Camera.from_plan(PLAN[3].views[0], 64)
    small, large = background(scene, seen, 64), background(scene, seen, 128)
    assert np.abs(large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3)) - small).mean() < 0.01


def test_no_view_leaves_the_panorama():
    reach = 34 / 2 * (1 + np.sin(np.radians(MAX_ROLL)))
    margin = disc_radius(36, 1e9) / PIXELS_PER_DEGREE
    assert SIDE_YAW[1] + reach + margin < -AROUND[0] and MAX_PITCH + reach + margin < UP[0]


def test_colours_are_linear():
    assert np.allclose(colour(255, 0, 188), [1, 0, 0.503], atol=0.002)
