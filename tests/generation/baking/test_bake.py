"""Baking judged on pictures: our own renders stand in for portraits, under a light that is known."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.appearance import look as looks
from generation.appearance.hair.styles import choose_beard
from generation.appearance.places.light import Light, towards
from generation.baking.atlas import atlas_of
from generation.baking.bake import bake, texels_for
from generation.baking.camera import portrait_camera
from generation.baking.masks import places_of_person, scalp_of_person
from generation.baking.unlit import Sitter
from generation.heads import makehuman
from generation.photoreal.views import known_side, neutral_view
from generation.plan import Plan
from generation.render.raster import renderer as raster

SIZE = 256
PEOPLE = Plan(Spec(identities=48, preset="balanced"))
BALD, FRINGE, BEARDED, BOB, ELDERLY = 1, 2, 6, 13, 46
LIGHTS = {BALD: (-40, 10), FRINGE: (20, 40), BEARDED: (-45, 20), BOB: (30, 20), ELDERLY: (-20, 35)}
"""Yaw and pitch of the key light in the portrait of each, degrees."""
SKIN = [SEGMENTS.index(name) for name in ("skin", "lips", "brows")]


def light_from(yaw, pitch):
    direction = np.stack([towards(yaw, pitch), towards(-0.9 * yaw - np.copysign(20, yaw), 12), towards(150, 35)])
    colour = [[1.5, 1.4, 1.3], [0.3, 0.3, 0.33], [0, 0, 0]]
    return Light.plain(direction, colour, np.array([0.35, 0.36, 0.40]), np.array([0.20, 0.18, 0.17]))


@functools.cache
def person(who):
    plan = replace(PEOPLE[who], accessories=())  # what glasses hide no portrait shows
    head = makehuman.load()
    shape = head.shape(plan, 0)
    return plan, shape, looks.load(head).dress(plan, shape, 0)


def portrait_of(who, paint=(1, 1, 1)):
    """A render of a person, their skin `paint` times as pale."""
    plan, shape, look = person(who)
    skin = replace(look.skin, albedo=(look.skin.albedo * np.float32(paint)).astype(np.float32))
    lit = replace(look, skin=skin, scene=replace(look.scene, light=light_from(*LIGHTS[who])))
    return neutral_view(raster.load(makehuman.load()), plan, shape, lit, portrait_camera(SIZE), 0)


def bake_portrait(who, picture):
    plan, shape, look = person(who)
    head = makehuman.load()
    places = places_of_person(head.topology, plan, 0)
    cameras = [(picture, portrait_camera(SIZE))]
    return bake(Sitter(plan, shape, look, places, 0), cameras, raster.load(head), texels_for(SIZE))


@functools.cache
def baked(who):
    """A portrait, what was baked from it, its render under the light that was found, and what the texture shows."""
    portrait = portrait_of(who)
    found = bake_portrait(who, portrait.rgb)
    plan, shape, _ = person(who)
    again, known = known_side(raster.load(makehuman.load()), plan, shape, found.portrait_look, portrait_camera(SIZE), 0)
    return portrait, found, again, known


def psnr(one, other, where):
    return 10 * np.log10(255**2 / ((one.astype(float) - other) ** 2)[where].mean())


def albedo_at_texels(found):
    """(P, 3) albedo that the skin has, texture over paint; (P,) how much of it is the texture; the atlas."""
    topology, texels = makehuman.load().topology, found.look.texture.levels[0]
    atlas = atlas_of(topology, len(texels))
    here = texels[atlas.row, atlas.column]
    paint = atlas.spread(topology.triangles, found.look.skin.albedo)
    return paint * (1 - here[:, 3:]) + here[:, :3], here[:, 3], atlas


@pytest.mark.parametrize("who", LIGHTS)
def test_the_face_comes_back_under_the_light_that_was_found(who):
    portrait, _, again, known = baked(who)
    seen = np.isin(portrait.segments, SKIN) & (known > 0.01)
    assert seen.mean() > 0.2
    assert psnr(portrait.rgb, again, seen) > 32


@pytest.mark.parametrize("who", LIGHTS)
def test_the_light_is_found(who):
    """The direction from which most light falls: key and fill may have changed places."""
    _, found, _, _ = baked(who)
    mean = [
        (light.colour.mean(axis=1)[:, None] * light.direction).sum(axis=0)
        for light in (found.portrait_look.scene.light, light_from(*LIGHTS[who]))
    ]
    one, other = (way / np.linalg.norm(way) for way in mean)
    assert np.degrees(np.arccos(one @ other)) < 13
    person_light = person(who)[2].scene.light
    assert all(np.array_equal(*pair) for pair in zip(found.look.scene.light, person_light, strict=True))


@pytest.mark.parametrize("who", LIGHTS)
def test_brows_are_in_the_texture_as_dark_as_in_the_portrait(who):
    portrait, found, again, _ = baked(who)
    brows = portrait.segments == SEGMENTS.index("brows")
    assert found.look.brows is None
    assert again[brows].mean() == pytest.approx(portrait.rgb[brows].mean(), abs=14)


@pytest.mark.parametrize("who", LIGHTS)
def test_no_step_where_the_portrait_ends(who):
    """Neighbouring texels differ no more along the border of what is trusted than they do inside it."""
    _, found, _, _ = baked(who)
    albedo, shown, atlas = albedo_at_texels(found)
    logs = atlas.picture(np.log(albedo).astype(np.float32)).mean(axis=2)
    shown, there = atlas.picture(shown[:, None])[..., 0], atlas.picture(np.ones((len(shown), 1)))[..., 0] > 0
    for axis in (0, 1):
        step = np.abs(np.diff(logs, axis=axis))
        one, other = (np.delete(shown, edge, axis=axis) for edge in (0, -1))
        both = np.delete(there, 0, axis=axis) & np.delete(there, -1, axis=axis)
        border = both & (np.maximum(one, other) > 0.02) & (np.minimum(one, other) < 0.98)
        inside = both & (np.minimum(one, other) >= 0.98)
        assert border.sum() > 1000
        for share in (50, 99):
            assert np.percentile(step[border], share) <= 1.1 * np.percentile(step[inside], share)


def test_what_is_not_seen_takes_the_colour_of_a_portrait_of_other_skin():
    portrait = portrait_of(BALD, paint=(0.5, 0.42, 0.36))
    found = bake_portrait(BALD, portrait.rgb)
    topology, texels = makehuman.load().topology, found.look.texture.levels[0]
    atlas = atlas_of(topology, len(texels))
    here = texels[atlas.row, atlas.column]
    paint = atlas.spread(topology.triangles, found.look.skin.albedo)
    before = atlas.spread(topology.triangles, person(BALD)[2].skin.albedo)
    fading = (here[:, 3] > 0.2) & (here[:, 3] < 0.8)
    off = np.log(paint[fading]) - np.log(np.maximum(here[fading, :3] / here[fading, 3:], 1e-3))
    assert np.median(np.abs(off)) < 0.06  # paint and picture are one colour where they meet
    behind = atlas.spread(topology.triangles, topology.reference)[:, 2] < -110
    assert (here[behind, 3] == 0).mean() > 0.99
    darker = np.log(paint[behind] / before[behind]).mean()
    assert darker < np.log(0.75)  # half as pale, of which the light may have its share


def test_hair_over_the_forehead_is_not_baked_in(monkeypatch):
    topology, plan = makehuman.load().topology, PEOPLE[FRINGE]

    def dark_share(found):
        """Of the forehead below the hairline, how much is far darker than the skin is."""
        albedo, _, atlas = albedo_at_texels(found)
        x, y, z = atlas.spread(topology.triangles, topology.reference).T
        bare = atlas.spread(topology.triangles, scalp_of_person(topology, plan, 0)[:, None])[:, 0] < 0.05
        forehead = bare & (np.abs(x) < 50) & (y > 36) & (z > -30)
        usual = np.median(albedo[(np.abs(x) < 40) & (y < -10) & (y > -40) & (z > 0)], axis=0)
        assert forehead.sum() > 500
        return (albedo[forehead] < 0.45 * usual).all(axis=1).mean()

    portrait, found, _, _ = baked(FRINGE)
    assert dark_share(found) < 0.02
    monkeypatch.setattr("generation.baking.bake.hair_over_skin", lambda atlas, *given: np.zeros(len(atlas.row)))
    assert dark_share(bake_portrait(FRINGE, portrait.rgb)) > 0.1


def test_a_beard_is_in_the_texture():
    plan, _, look = person(BEARDED)
    assert look.beard is not None and choose_beard(plan, 0)[1] > 2
    portrait, found, again, known = baked(BEARDED)
    assert found.look.beard is None
    grown = (portrait.segments == SEGMENTS.index("hair")) & (known > 0.5)
    assert grown.sum() > 500
    blurred = [ndimage.gaussian_filter(rgb.mean(axis=2), 2) for rgb in (portrait.rgb, again)]
    assert np.abs(blurred[0] - blurred[1])[grown].mean() < 14
    cheek = np.isin(portrait.segments, SKIN) & (known > 0.9)
    assert blurred[1][grown].mean() < 0.8 * blurred[1][cheek].mean()


def test_the_same_portrait_gives_the_same_bytes():
    portrait, found, _, _ = baked(BOB)
    again = bake_portrait(BOB, portrait.rgb)
    for one, other in ((found.look, again.look), (found.portrait_look, again.portrait_look)):
        for level, same in zip(one.texture.levels, other.texture.levels, strict=True):
            assert level.tobytes() == same.tobytes()
        assert one.skin.albedo.tobytes() == other.skin.albedo.tobytes()
        assert [v.tobytes() for v in one.scene.light] == [v.tobytes() for v in other.scene.light]
