"""Skin, brows, eyes and teeth: what must hold for every person, and for every group alike."""

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation.appearance.brows import BROW_X, brow_line
from generation.appearance.eyes import paint_eyes
from generation.appearance.skin import SkinDetail, Zones, lash_nearness
from generation.geometry.noise import noise_tile
from generation.heads.base import SKIN, TEETH
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.render.raster.skin_detail import bend, blemishes, creased, eyeball, furrow, texture, tooth

SPEC = Spec(identities=48, preset="balanced", size=64, seed=7)
PLAN = Plan(SPEC)
TILE = noise_tile()
PLAIN = SkinDetail(
    **{name: np.float32(0) for name in SkinDetail._fields if name != "place"}, place=np.zeros(3, np.float32)
)
"""Skin without any detail."""


@pytest.fixture(scope="module")
def people():
    maker = FrameMaker(SPEC)
    return [maker.person(PLAN[i]) for i in range(24)]


def test_paint_is_in_range_and_finite(people):
    for person in people:
        skin = person.look.skin
        assert {value.dtype for value in (skin.albedo, *skin.surface, *skin.detail)} == {np.dtype(np.float32)}
        assert np.isfinite(skin.albedo).all() and skin.albedo.min() > 0 and skin.albedo.max() < 1
        assert all((value >= 0).all() for value in skin.detail)
        assert all(values.shape == (len(skin.albedo),) and (values >= 0).all() for values in skin.surface)
        assert max(skin.surface.porous.max(), skin.surface.lips.max()) <= 1


def test_dark_skin_varies_as_much_as_light_skin(people, head):
    """Relative to its brightness: as much contrast between zones and patches."""
    cheek = (Zones(head.topology).cheeks > 0.3) & (head.topology.masks["face"] > 0.5)
    spread, melanin = [], []
    for person in people:
        grey = person.look.skin.albedo[cheek].mean(axis=1)
        spread.append(grey.std() / grey.mean())
        melanin.append(person.look.skin.melanin)
    dark = np.array(melanin) > 1.0
    assert 3 < dark.sum() < 21
    assert np.mean(np.array(spread)[dark]) > 0.9 * np.mean(np.array(spread)[~dark])


def test_nostrils_are_dark_on_both_sides_of_every_skin(people, head):
    nostrils, x = Zones(head.topology).nostrils, head.topology.reference[:, 0]
    inside = nostrils > 0.9
    around = (np.abs(x) < 20) & (np.abs(head.topology.reference[:, 1] + 44) < 8) & (nostrils == 0)
    around &= head.topology.reference[:, 2] > 20
    assert min((inside & (x > 0)).sum(), (inside & (x < 0)).sum()) > 20
    assert (nostrils[np.abs(x) < 3] == 0).all()
    for person in people:
        skin = person.look.skin
        assert (skin.albedo[inside].mean(axis=0) < 0.2 * skin.albedo[around].mean(axis=0)).all()
        assert skin.surface.specular[inside].mean() < 0.1 * np.median(skin.surface.specular[around])


def test_lips_are_redder_than_the_skin_around_them(people, head):
    zones = Zones(head.topology)
    lips, around = zones.lips > 0.8, (zones.around_mouth > 0.5) & (zones.lips < 0.01)
    for person in people:
        albedo = person.look.skin.albedo
        redness = albedo[:, 0] / albedo[:, 1]
        assert redness[lips].mean() > redness[around].mean()


def test_lips_are_rose_not_orange(people, head):
    """Bluer than the skin around them once their depth of red is accounted for."""
    zones = Zones(head.topology)
    lips, around = zones.lips > 0.8, (zones.around_mouth > 0.5) & (zones.lips < 0.01)
    for person in people:
        if person.look.skin.melanin > 1.0:
            continue
        albedo = person.look.skin.albedo
        blueness = albedo[:, 2] / albedo[:, 1]
        assert blueness[lips].mean() > 1.02 * blueness[around].mean(), person.plan.identity_id


def test_nobody_is_as_pale_as_chalk(people, head):
    cheeks = Zones(head.topology).cheeks > 0.5
    for person in people:
        r, _, b = person.look.skin.albedo[cheeks].mean(axis=0)
        assert r < 0.78 and r > 1.5 * b, person.plan.identity_id


def test_ears_are_hardly_redder_than_cheeks(people, head):
    ears = head.topology.masks["ears"] > 0.5
    cheeks = Zones(head.topology).cheeks > 0.5
    for person in people:
        albedo = person.look.skin.albedo
        redness = albedo[:, 0] / albedo[:, 1]
        assert redness[ears].mean() < 1.12 * redness[cheeks].mean()


def test_brows_vary_and_age_thins_them():
    lines = {i: brow_line(PLAN[i], 7) for i in range(48)}
    assert np.std([line.half.mean() for line in lines.values()]) > 0.3
    assert np.ptp([line.middle[4] - line.middle[0] for line in lines.values()]) > 2
    old = [line.density for i, line in lines.items() if PLAN[i].age > 75]
    young = [line.density for i, line in lines.items() if PLAN[i].age < 50]
    assert np.mean(old) < 0.75 * np.mean(young)
    for line in lines.values():
        assert line.half.argmax() < 4 and line.half[-1] < 0.6 * line.half.max()  # a body and a tail that tapers


def test_a_brow_covers_itself_and_not_the_eye():
    line = brow_line(PLAN[0], 7)
    x = np.repeat(np.linspace(18, 40, 12), 2) * np.tile([1.0, -1.0], 12)
    on = line.cover(x, np.interp(abs(x), BROW_X, line.middle) + 0.5, np.zeros(24))
    assert (on > 0.5 * line.density).all()
    assert line.cover(x, np.zeros(24), np.zeros(24)).max() < 1e-3


def test_lashes_grow_from_a_line_on_the_lids(head):
    near = lash_nearness(head.topology, 0.9)
    where = near.max(axis=1) > 0.5
    assert 40 < where.sum() < 1500
    assert set(head.topology.part[np.isin(head.topology.triangles, np.flatnonzero(where)).any(axis=1)]) == {SKIN}
    assert np.abs(head.topology.reference[where][:, 1]).max() < 14


def test_women_have_smaller_jaws_and_noses_than_men_of_the_same_age(head):
    """As a share of the distance between the eyes, over all ethnicities: elderly women must not pass for men."""
    jaw, nose = (5, 11), (31, 35)
    rows = head.topology.refine[head.topology.landmarks]
    eyes = np.array([36, 45])
    size = {}
    for i in range(48):
        points = rows @ head.shape(PLAN[i], 7).control
        across = np.linalg.norm(np.diff(points[eyes], axis=0))
        widths = [np.linalg.norm(points[a] - points[b]) / across for a, b in (jaw, nose)]
        size.setdefault((PLAN[i].gender, PLAN[i].age_group), []).append(widths)
    for age, share in (("young", 0.985), ("elderly", 0.95)):
        woman, man = np.mean(size["woman", age], axis=0), np.mean(size["man", age], axis=0)
        assert (woman < share * man).all(), (age, woman, man)


def test_bending_a_normal_keeps_it_unit_and_tilts_it_downhill():
    n = bend((0.0, 0.0, 1.0), (0.3, 0.0, 0.0))
    assert np.isclose(np.linalg.norm(n), 1) and n[0] < 0
    assert np.allclose(bend((0.0, 0.0, 1.0), (0.0, 0.0, 5.0)), (0, 0, 1))  # height does not matter along the normal


def test_furrows_darken_without_turning_pink():
    folds, detail = np.array([0, 1.2, 0, 0, 0, 0]), PLAIN._replace(place=np.full(3, 3.0, np.float32))
    deepest = max(furrow((0.0, 0.0, 1.0), folds, (5.0, y, 0.0), detail, TILE)[1] for y in np.linspace(44, 52, 60))
    assert deepest > 0.3
    r, g, b = creased((0.5, 0.4, 0.3), deepest)
    assert r < 0.5 and np.isclose(r / g, 0.5 / 0.4, rtol=0.05) and np.isclose(g / b, 0.4 / 0.3, rtol=0.05)


def test_closed_lids_and_lips_have_no_pores(people):
    detail = people[0].look.skin.detail._replace(crepe=np.float32(0))  # not old
    rng = np.random.default_rng(0)
    points = rng.uniform((-40, -60, 0), (40, 40, 30), (300, 3))
    slopes = np.array([texture(tuple(p), 1.0, 0.0, detail, TILE)[1] for p in points])
    smooth = np.array([texture(tuple(p), 0.0, 0.0, detail, TILE)[1] for p in points])
    lips = np.array([texture(tuple(p), 1.0, 1.0, detail, TILE)[1] for p in points])
    assert slopes.std() > 0.01 and not smooth.any()
    assert lips[:, 0].std() > 0.01 and not lips[:, 1:].any()  # upright lines only


def test_freckles_stay_off_the_neck(people):
    detail, white = PLAIN._replace(freckles=np.float32(1)), (1.0, 1.0, 1.0)
    points = np.random.default_rng(1).uniform(-100, 100, (20000, 3))
    cheek = np.array([blemishes(white, tuple(p), 1.0, detail, TILE) for p in points])
    neck = np.array([blemishes(white, tuple(p), 0.45, detail, TILE) for p in points])
    assert 0.01 < (cheek[:, 2] < 0.9).mean() < 0.25
    assert (neck[:, 2] < 0.9).mean() < 0.004  # moles are left


def test_teeth_are_separate_and_end_in_gums(head):
    topology = head.topology
    front = np.linspace(-16, 16, 400)
    detail = PLAIN._replace(tooth_yellow=np.float32(0.5), place=np.full(3, 2.0, np.float32))

    def drawn(point, pixel_mm):
        albedo, across = tooth(point, pixel_mm, detail, TILE)
        return (*albedo, across)

    row = np.array([drawn((x, -64.0, 22.0), 0.3) for x in front])
    gaps = np.flatnonzero(np.abs(np.diff(row[:, 3])) > 1)
    assert np.allclose(np.sort(np.abs(front[gaps])), [8.6, 8.6, 15.3, 15.3], atol=0.2)  # and one in the middle
    middle = np.abs(row[:, 3]) < 0.3
    at_gap = np.abs(row[:, 3]) > 0.97
    assert row[at_gap, 0].mean() < 0.8 * row[middle, 0].mean()
    assert (row[middle, 0] > row[middle, 2]).all()  # never bluish
    gum = drawn((4.0, -56.0, 24.0), 0.3)
    assert gum[0] > 2 * gum[1]
    back = drawn((26.0, -60.0, -5.0), 0.3)
    assert back[0] < 0.6 * row[middle, 0].mean()
    vertices = topology.reference[np.unique(topology.triangles[topology.part == TEETH])]
    colours = np.array([drawn(tuple(v), 0.5) for v in vertices.astype(float)])
    assert np.isfinite(colours).all() and colours[:, :3].min() >= 0 and colours[:, :3].max() < 0.8


def test_eyes_are_white_around_a_darker_iris_with_a_ring_and_a_hole(people):
    for person in people:
        look = person.look
        eyes = paint_eyes(person.plan, person.shape.eyes, SPEC.seed)
        eyes = eyes._replace(gaze=np.array([[0, 0, 1], [0, 0, 1]], np.float32))

        def at(angle, eyes=eyes, look=look):
            way = np.sin(angle), 0.0, np.cos(angle)
            return np.array(eyeball(way, way, 0, eyes, look.skin.detail, TILE)[0])

        radius, pupil = eyes.radius[0], eyes.pupil[0]
        white = at(1.5 * radius)
        assert at(0.3 * pupil).max() < 0.01 < white.min()
        assert at(0.98 * radius).max() < 0.75 * white.max()
        assert white[0] >= white[1] >= white[2] and white.max() < 0.56  # not whiter than eyes are
