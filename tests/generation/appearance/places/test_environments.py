"""Surroundings: the asset, and how it is fitted to a place."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation.appearance.places.environments import (
    ASSET,
    ENVIRONMENTS,
    LEVELS,
    coloured,
    environment_maps,
    environments_of,
    plain,
)
from generation.appearance.places.light import Light, set_scene, white
from generation.appearance.places.setups import SETUPS
from generation.geometry.sphere import map_directions, received, rotated, texel_areas
from generation.geometry.surface import unit
from generation.plan import Plan
from generation.render.develop import exposure_for

PLAN = Plan(Spec(identities=48, preset="balanced", size=64))
NAMES = sorted({name for names in ENVIRONMENTS.values() for name in names})
NORMALS = unit(np.random.default_rng(0).standard_normal((40, 3)))
SKY, GROUND = 0.6 * white(6500), 0.3 * white(4000)


def mean(maps: np.ndarray) -> np.ndarray:
    return np.average(maps.reshape(-1, 3), axis=0, weights=texel_areas(maps.shape[1]).ravel())


def test_the_asset_is_the_one_that_was_built_and_small():
    line = (ASSET.parent / "SHA256SUMS").read_text()
    assert line == f"{hashlib.sha256(ASSET.read_bytes()).hexdigest()}  {ASSET.name}\n"
    assert ASSET.stat().st_size < 1.5e6
    with np.load(ASSET, allow_pickle=False) as asset:
        assert sorted(asset.files) == NAMES and len(NAMES) == 18


@pytest.mark.parametrize("name", NAMES)
def test_environments_are_white_and_have_no_lamps(name):
    maps = environment_maps(name)
    assert maps.shape[0] == LEVELS and maps.shape[3] == 3 and maps.min() > 0
    assert np.allclose(mean(maps[0]), 1, atol=0.01)
    spread = [level.mean(axis=2).std() for level in maps]
    assert all(rougher < sharper for sharper, rougher in pairwise(spread))
    directions = map_directions(maps.shape[1])
    cap = directions[..., 2] > 0.966  # 15 degrees around the brightest side: the sun would give 40
    assert maps[0].mean(axis=2)[cap].mean() < 10.5


def test_the_side_where_lamps_and_sun_were_is_in_front_and_mostly_still_the_brightest():
    fronts = [coloured(environment_maps(name), np.ones(3), np.ones(3)).harmonics[3].mean() for name in NAMES]
    assert min(fronts) > -0.1 and (np.array(fronts) > 0.1).sum() >= 12


def test_every_set_up_has_environments():
    for setup in SETUPS.values():
        assert set(environments_of(setup.place, setup.variant)) <= set(NAMES)
    assert environments_of("outdoor", "evening") != environments_of("outdoor", "")


@pytest.mark.parametrize("name", NAMES)
def test_surroundings_have_the_colour_and_strength_of_the_place(name):
    around = coloured(environment_maps(name), SKY, GROUND)
    whole = mean(around.mirrored[0, 1:-1, 1:-1])
    assert np.allclose(whole, (SKY + GROUND) / 2, rtol=0.02)
    above, below = (np.array(received(around.harmonics, (0.0, y, 0.0))) for y in (1.0, -1.0))
    assert above.mean() > 0.9 * below.mean()  # lamps on stands light a studio from the side
    assert above[0] / above[2] < below[0] / below[2]  # a cold sky over a warm ground
    assert around.mirrored.min() >= 0


def test_plain_surroundings_give_what_was_asked_for():
    around = plain(SKY, GROUND)
    for normal in NORMALS:
        share = 0.5 + 0.5 * normal[1]
        assert np.allclose(received(around.harmonics, tuple(normal)), share * SKY + (1 - share) * GROUND, rtol=0.01)


def test_light_turns_with_the_room():
    """A head that is turned sees the same surroundings and lamps elsewhere, and receives the same."""
    light = set_scene(PLAN[3], 0).light
    roll = np.radians(90)
    rotation = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    lying = light.turned(rotation)
    for normal in NORMALS:
        assert np.allclose(lying.ambient(rotation @ normal), light.ambient(normal), atol=1e-5)
    assert np.allclose(lying.direction, light.direction @ rotation.T, atol=1e-6)
    assert {values.dtype for values in lying} == {np.dtype(np.float32)}
    back = lying.turned(rotation.T)
    assert np.allclose(back.axes, light.axes, atol=1e-6) and np.allclose(back.direction, light.direction, atol=1e-6)


def test_the_brightest_side_follows_the_key():
    around = coloured(environment_maps("apartment"), SKY, SKY)
    for yaw in (-60.0, 0.0, 90.0):
        light = Light.of(np.zeros((0, 3)), np.zeros((0, 3)), around, yaw)
        aside = np.radians(yaw)
        towards = (np.sin(aside), 0.0, np.cos(aside))
        assert np.allclose(rotated(light.axes, towards), [0, 0, 1], atol=1e-6)
        assert light.ambient(towards).mean() > 1.5 * light.ambient([-v for v in towards]).mean()


def test_exposure_stays_in_range_for_all_people_and_skins():
    """What a face receives, as it is exposed: a split light may leave half a face dark, and nothing burns out."""
    facing = unit(np.array([[0.0, 0.1, 1.0], [0.5, 0.1, 0.85], [-0.5, 0.1, 0.85]]))
    lights = [set_scene(plan, 0).light for plan in PLAN]
    received_by = [
        np.mean(np.maximum(facing @ light.direction.T, 0) @ light.colour + [light.ambient(way) for way in facing])
        for light in lights
    ]
    pale, dark = (
        np.array([face * exposure_for(light, melanin) for face, light in zip(received_by, lights, strict=True)])
        for melanin in (0.2, 2.2)
    )
    assert pale.min() > 0.3 and pale.max() < 1.4 and 0.75 < np.median(pale) < 0.92
    assert np.all((dark > 1.3 * pale) & (dark < 1.8 * pale))


def test_surroundings_are_the_same_again_and_differ_between_people():
    one, again, other = (set_scene(PLAN[k], 0).light for k in (3, 3, 4))
    assert all(np.array_equal(*pair) for pair in zip(one, again, strict=True))
    assert not np.array_equal(one.axes, other.axes) and not np.array_equal(one.harmonics, other.harmonics)
