"""Accessories lie on any head: nothing cuts the skin, at rest and in strong pain, and nothing is left to chance."""

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation.accessories import ACCESSORIES
from generation.appearance.props.fitting import Skin, Wearer, canonical_skin
from generation.appearance.props.wear import MAKERS
from generation.geometry.mesh import vertex_normals
from generation.geometry.surface import closest_on_triangles
from generation.plan import Plan
from generation.streams import stream

PEOPLE = 40
AT_REST_MM, IN_PAIN_MM = 1.3, 3.0
"""How deep a point may lie in the skin: wires, pads and edges press into it."""
MEANT_MM = {"earrings": 2.0, "hearing_aid": 4.0, "nasal_cannula": 3.5}
"""What goes through the ear, into it, or into nostrils."""
NEAR_MM, ALONG_NORMAL = 5.0, 0.7
"""A point is in the skin if it is near and straight behind it: at folds of closed lids the nearest may be a back."""
MOST_BENT = 0.6
"""By how much of its length an edge of something stiff may turn or stretch in pain, nine in ten times and more."""
PAIN, WITH = np.array([5, 5, 5, 5, 5, 1.0]), {"AU25": 4.0, "AU26": 3.0, "AU20": 3.0}


@pytest.fixture(scope="module")
def reference(head) -> Skin:
    return canonical_skin(head.topology)


@pytest.fixture(scope="module")
def people(head, rig, reference) -> list[tuple[Wearer, Skin, np.ndarray]]:
    """Wearers, their skin in strong pain, and how far its vertices moved."""
    found = []
    for plan in Plan(Spec(identities=PEOPLE, preset="balanced", seed=5)):
        shape = head.shape(plan, 5)
        neutral = head.vertices(shape.control, shape.eyes)
        pain = head.vertices(rig.pose(shape, PAIN, WITH), shape.eyes)
        wearer = Wearer(reference, head.topology.landmarks, neutral, np.zeros(len(neutral), np.float32))
        found.append((wearer, Skin(pain, reference.triangles), pain - neutral))
    return found


def depth_in(skin: Skin, points: np.ndarray) -> float:
    """How deep the deepest of the points lies in the skin, mm."""
    found = skin.closest(points)
    apart = points - found.place
    height, far = (apart * found.normal).sum(axis=1), np.linalg.norm(apart, axis=1)
    inside = (height < -ALONG_NORMAL * far) & (far < NEAR_MM)
    return float(-height[inside].min()) if inside.any() else 0.0


def made(name: str, wearer: Wearer, identity: int):
    return MAKERS[name](wearer, stream(5, f"look.accessory.{name}", identity))


@pytest.mark.parametrize("count", [8, pytest.param(PEOPLE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ACCESSORIES)
def test_nothing_cuts_the_skin_at_rest_or_in_pain(name, count, people):
    for identity, (wearer, in_pain, displacement) in enumerate(people[:count]):
        for prop in made(name, wearer, identity).props:
            rest, moved = prop.vertices.astype(float), prop.moved(displacement).astype(float)
            assert depth_in(wearer.skin, rest) <= MEANT_MM.get(name, AT_REST_MM), (identity, name)
            assert depth_in(in_pain, moved) <= MEANT_MM.get(name, IN_PAIN_MM), (identity, name)


@pytest.mark.parametrize("name", ["dressing_forehead", "dressing_nose", "dressing_cheek", "nasal_cannula"])
def test_what_lies_on_skin_bends_but_does_not_crumple(name, people):
    for identity, (wearer, _, displacement) in enumerate(people[:5]):
        for prop in made(name, wearer, identity).props:
            assert np.array_equal(prop.moved(np.zeros_like(displacement)), prop.vertices)
            edge = np.unique(np.sort(prop.triangles[:, :2], axis=1), axis=0)
            rest, moved = (np.diff(at[edge], axis=1)[:, 0] for at in (prop.vertices, prop.moved(displacement)))
            turned = np.linalg.norm(moved - rest, axis=1) / np.maximum(np.linalg.norm(rest, axis=1), 1.0)
            assert np.quantile(turned, 0.95) < MOST_BENT, (identity, name)


def test_a_hose_leads_down_over_the_chest(people):
    for identity, (wearer, _, displacement) in enumerate(people[:5]):
        hard = made("oxygen_mask", wearer, identity).props[2]
        last = hard.vertices[-10:].astype(float)
        assert last[:, 1].max() < -260 and wearer.skin.height(hard.vertices[-200:]).min() > 0
        assert np.array_equal(hard.moved(displacement)[-10:], hard.vertices[-10:])


def test_electrodes_stick_to_bare_skin_alone(people, head, reference):
    cloth = np.clip((-160 - head.topology.reference[:, 1]) / 4, 0, 3)
    bare = 0
    for identity, (wearer, _, _) in enumerate(people[:5]):
        dressed = Wearer(reference, head.topology.landmarks, wearer.vertices, cloth)
        for prop in made("ecg_wires", dressed, identity).props:
            if prop.albedo[0].min() > 0.75:
                bare += 1
                under = dressed.skin.closest(prop.vertices)
                assert (under.shares * cloth[under.corners]).sum(axis=1).max() < 0.5
    assert bare > 2


def test_raised_cheeks_lift_glasses_that_stand_close_to_them(people):
    lifts = []
    for identity, (wearer, _, displacement) in enumerate(people):
        frame, lens = made("glasses", wearer, identity).props
        moved = frame.moved(displacement) - frame.vertices
        lifts.append((lens.moved(displacement) - lens.vertices)[:, 1].mean())
        behind_ears = frame.vertices[:, 2] < frame.vertices[:, 2].min() + 8
        assert np.abs(moved[behind_ears]).max() < 0.01
    assert min(lifts) > -0.01 and np.median(lifts) < 0.2 and 2 < max(lifts) < 6


@pytest.mark.parametrize("name", ACCESSORIES)
def test_meshes_are_sound_and_face_outwards(name, people):
    wearer = people[7][0]
    for prop in made(name, wearer, 7).props:
        assert prop.name == name and prop.code == "accessory"
        assert prop.vertices.dtype == np.float32 and np.isfinite(prop.vertices).all()
        assert prop.triangles.min() == 0 and prop.triangles.max() == len(prop.vertices) - 1
        assert prop.albedo.shape == prop.vertices.shape and ((prop.albedo >= 0) & (prop.albedo <= 1)).all()
        if prop.carrier is not None:
            share = np.asarray(prop.carrier.sum(axis=1)).ravel()
            assert prop.carrier.shape == (len(prop.vertices), len(wearer.vertices))
            assert share.min() >= -1e-9 and share.max() <= 1 + 1e-6
        a, b, c = np.moveaxis(prop.vertices[prop.triangles].astype(float), 1, 0)
        open_ended = name in ("hijab", "headscarf") or (name == "glasses" and prop.finish.opacity < 1)
        if not open_ended:  # cloth ends in the neck, and lenses have a front alone
            assert (a * np.cross(b, c)).sum() > 0  # the volume of a closed mesh that faces outwards


def test_the_same_person_wears_the_same(people):
    for name in ACCESSORIES:
        one, other = made(name, people[3][0], 3), made(name, people[3][0], 3)
        for a, b in zip(one.props, other.props, strict=True):
            assert np.array_equal(a.vertices, b.vertices) and np.array_equal(a.triangles, b.triangles)


def test_closest_points_are_those_of_all_triangles():
    rng = np.random.default_rng(0)
    vertices = rng.normal(size=(60, 3))
    triangles = np.stack([rng.permutation(60)[:3] for _ in range(12)]).astype(np.int32)
    points = rng.normal(size=(200, 3))
    skin = Skin(vertices, triangles)
    shares = closest_on_triangles(np.repeat(points[:, None], 12, axis=1), np.repeat(vertices[triangles][None], 200, 0))
    places = np.einsum("nkc,kcd->nkd", shares, vertices[triangles])
    away = np.linalg.norm(places - points[:, None], axis=2).min(axis=1)
    assert np.allclose(np.linalg.norm(skin.closest(points).place - points, axis=1), away)


def test_points_in_the_skin_are_moved_out(people):
    wearer = people[0][0]
    normals = vertex_normals(wearer.vertices, wearer.skin.triangles)
    cheek = wearer.vertices[wearer.skin.triangles[:, 0]][::50]
    inside = cheek - 2 * normals[wearer.skin.triangles[:, 0]][::50]
    height = wearer.skin.height(wearer.cleared(inside, 1.5))
    assert np.quantile(height, 0.02) > 1.0
