"""Skin, wrinkles, eyes, hair and light: what must hold for every person."""

import functools
from itertools import pairwise

import numpy as np
import pytest

from dataset_script.spec import Spec
from dataset_script.vocabulary import ETHNICITIES, GENDERS
from generation.appearance.brows import BROW_X, brow_line, lash_strands
from generation.appearance.eyes import EyePaint
from generation.appearance.wrinkles import FAMILIES, RestWrinkles, Wrinkles, place_families
from generation.geometry.noise import SIDE, noise_tile
from generation.heads import makehuman
from generation.pipeline import FrameMaker, Person
from generation.plan import Plan
from generation.render.raster.grooves import groove
from generation.render.raster.lighting import catchlight
from generation.render.raster.scattering import Shaded, SkinLight, scatter
from generation.rigs import blendshapes

SPEC = Spec(identities=48, preset="balanced", size=64)
PLAN = Plan(SPEC)
FORWARD = (0.0, 0.0, 1.0)


@pytest.fixture(scope="module")
def maker():
    return FrameMaker(SPEC)


@functools.cache
def dressed(identity: int) -> Person:
    return FrameMaker(SPEC).person(PLAN[identity])


def pose(head, shape, **levels: float) -> np.ndarray:
    names = ("AU4", "AU6", "AU7", "AU9", "AU10", "AU43")
    control = blendshapes.load(makehuman.load()).pose(shape, np.array([levels.get(n, 0.0) for n in names]), {})
    return head.vertices(control, shape.eyes)


SMOOTH = RestWrinkles(np.zeros(len(FAMILIES)), 1.0)
"""A skin without lines at rest."""


@pytest.mark.parametrize("gender", GENDERS)
def test_brows_at_rest_do_not_frown(gender):
    people = [p for p in Plan(Spec(identities=96, preset="balanced")) if p.gender == gender]
    courses = np.array([brow_line(p, 0).middle for p in people])
    inner, arch = courses[:, BROW_X.index(13.0)], courses[:, BROW_X.index(36.0)]
    assert -3.2 < (inner - arch).mean() < -1.0  # mm


def test_wrinkles_are_absent_at_neutral_and_deepen_with_intensity(head):
    wrinkles, shape = Wrinkles(head.topology), head.shape(PLAN[5], 0)
    neutral = pose(head, shape)
    assert not wrinkles.depth(SMOOTH, neutral, neutral).any()
    for unit, family in (("AU4", "glabella"), ("AU6", "crows_feet"), ("AU9", "nose_root"), ("AU10", "nasolabial")):
        k = FAMILIES.index(family)
        steps = np.linspace(0, 5, 21)
        total = [wrinkles.depth(SMOOTH, neutral, pose(head, shape, **{unit: level}))[:, k].sum() for level in steps]
        assert total[-1] > 1 and all(b >= a - 1e-3 for a, b in pairwise(total)), unit
        assert max(b - a for a, b in pairwise(total)) < 0.35 * total[-1]  # continuous


def test_wrinkles_come_where_the_unit_acts(head):
    wrinkles, shape = Wrinkles(head.topology), head.shape(PLAN[5], 0)
    neutral = pose(head, shape)
    for unit, family, quiet in (("AU4", "glabella", "nasolabial"), ("AU10", "nasolabial", "forehead")):
        depth = wrinkles.depth(SMOOTH, neutral, pose(head, shape, **{unit: 5})).max(axis=0)
        assert depth[FAMILIES.index(family)] > 0.3 > 2 * depth[FAMILIES.index(quiet)], unit


def test_cheek_and_lid_units_fold_the_skin_of_the_young_too(head):
    wrinkles = Wrinkles(head.topology)
    youngest = min((PLAN[i] for i in range(48)), key=lambda plan: plan.age)
    shape, rest = head.shape(youngest, 0), wrinkles.rest(youngest, 0)
    neutral = pose(head, shape)
    before = wrinkles.depth(rest, neutral, neutral).max(axis=0)
    assert before.max() < 0.1
    for unit, family, least in (
        ("AU6", "crows_feet", 0.7), ("AU6", "lower_lid", 0.7), ("AU7", "lower_lid", 0.2), ("AU10", "nasolabial", 0.7),
    ):  # fmt: skip
        after = wrinkles.depth(rest, neutral, pose(head, shape, **{unit: 5})).max(axis=0)
        assert after[FAMILIES.index(family)] > least, (unit, family)


def test_age_deepens_wrinkles(head):
    wrinkles = Wrinkles(head.topology)
    old = [wrinkles.rest(PLAN[i], 0) for i in range(48) if PLAN[i].age_group == "elderly"]
    young = [wrinkles.rest(PLAN[i], 0) for i in range(48) if PLAN[i].age < 30]
    for part in ("depth", "ease"):
        of_old, of_young = (np.mean([getattr(rest, part) for rest in group], axis=0) for group in (old, young))
        assert np.min(of_old) > 0 and np.all(of_old > 1.5 * of_young), part


def test_wrinkle_families_lie_on_the_face_and_cross_it():
    rng = np.random.default_rng(0)
    points = rng.uniform((-70, -110, -40), (70, 70, 40), (2000, 3))
    windows, across = place_families(points)
    assert windows.min() >= 0 and windows.max() <= 1 and np.allclose(np.linalg.norm(across, axis=2), 1)
    mirrored, _ = place_families(points * [-1, 1, 1])
    assert np.allclose(windows, mirrored)


def test_groove_slope_is_the_derivative_of_its_height():
    for x in np.linspace(-4, 4, 33):
        ahead, behind = groove(x + 1e-5, 1.1)[0], groove(x - 1e-5, 1.1)[0]
        assert np.isclose((ahead - behind) / 2e-5, groove(x, 1.1)[1], atol=1e-5)


def test_noise_tiles_and_has_unit_variance():
    tile = noise_tile()
    assert tile.shape == (SIDE,) * 3 and np.isclose(tile.std(), 1, atol=1e-3)
    across_edge = np.abs(tile[0] - tile[-1]).mean()
    assert across_edge < 1.3 * np.abs(np.diff(tile, axis=0)).mean()


def test_scattering_spreads_light_within_a_surface_and_keeps_it():
    light = np.zeros((32, 32, 3), np.float32)
    light[16, 8:24] = 1
    albedo, share = np.ones_like(light), np.ones((32, 32), np.float32)
    depth = np.full((32, 32), 700, np.float32)
    depth[:, 16:] = 760  # another surface
    light[:, 16:] = 0
    colour, where = np.zeros((64, 64, 3), np.float32), np.ones((64, 64), np.uint8)
    scatter(Shaded(colour, SkinLight(light.copy(), albedo, share, depth, where)), 1.5)
    image = colour[::2, ::2]
    assert not image[:, 16:].any()  # nothing jumps the gap
    spread = [(image[:, 11, k] > 0.02).sum() for k in range(3)]
    assert spread[0] > spread[1] >= spread[2]  # red travels furthest
    flat = np.full((32, 32, 3), 0.4, np.float32)
    colour[:] = 0
    scatter(Shaded(colour, SkinLight(flat, albedo, share, depth, where)), 1.5)
    assert np.allclose(colour, 0.4, atol=1e-5)


@pytest.mark.parametrize("count", [24, pytest.param(48, marks=pytest.mark.slow)])
def test_nobody_has_the_skin_of_another_and_labels_overlap(count):
    tones = {e: [] for e in ETHNICITIES}
    for i in range(count):
        tones[PLAN[i].ethnicity].append(dressed(i).look.skin.melanin)
    flat = np.concatenate(list(tones.values()))
    assert len(np.unique(flat)) == len(flat)
    assert min(np.std(t) for t in tones.values()) > 0.02
    assert max(tones["middle_eastern"]) > min(tones["south_asian"])  # no tone per label


def test_women_have_no_beard_and_men_differ():
    people = [dressed(i) for i in range(24)]
    assert all(p.look.beard is None for p in people if p.plan.gender == "woman")
    assert any(p.look.beard is not None for p in people if p.plan.gender == "man")


def test_gaze_turns_left_and_up():
    ahead = EyePaint(*np.zeros((4, 2), np.float32), gaze=np.array([[0, 0, 1], [0, 0, 1]], np.float32))
    left, up = ahead.turned((10, 0)).gaze, ahead.turned((0, 10)).gaze
    assert np.allclose(left[0], [np.sin(np.radians(10)), 0, np.cos(np.radians(10))], atol=1e-6)
    assert np.allclose(up[1], [0, np.sin(np.radians(10)), np.cos(np.radians(10))], atol=1e-6)


def test_lashes_are_spread_evenly_over_open_and_closed_lids(head):
    """Bars of lashes at the corners of closed eyes gave synthetic faces away."""
    for i in (5, 14, 17):
        shape = head.shape(PLAN[i], 0)
        for au43 in (0.0, 1.0):
            control = blendshapes.load(makehuman.load()).pose(shape, np.array([0, 0, 0, 0, 0, au43]), {})
            lashes, _ = lash_strands(PLAN[i], head.topology, control, 0)
            for ends in (lashes[:, 0], lashes[:, -1]):
                for side in (ends[ends[:, 0] > 0], ends[ends[:, 0] < 0]):
                    near = np.linalg.norm(side[:, None] - side, axis=2) < 2.5
                    assert near.sum(axis=1).max() < 0.35 * len(side), (i, au43)
            assert np.ptp(np.abs(lashes[:, 0, 0])) > 18  # from corner to corner


def test_catchlights_are_small_and_differ_between_people():
    grid = np.linspace(-0.4, 0.4, 81)
    sizes = []
    for place in np.linspace(0, 250, 17):
        normals = [[(x, y, np.sqrt(1 - x * x - y * y)) for x in grid] for y in grid]
        light = np.array([[catchlight(normal, FORWARD, FORWARD, 0, place) for normal in row] for row in normals])
        assert light.max() > 0.3 and not light[0].any() and not light[:, 0].any()
        sizes.append((light > 0.15).sum())
    assert len(set(sizes)) > 8 and max(sizes) < 0.06 * grid.size**2
    assert catchlight(FORWARD, FORWARD, FORWARD, 2, 1.0) == 0  # a light behind has none
