import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_NAMES
from dataset_script.spec import Spec
from generation.geometry.camera import Camera
from generation.geometry.visibility import rasterize
from generation.heads import makehuman
from generation.heads.base import EYE, SKIN
from generation.heads.makehuman import ASSET, EXPRESSIONS, INNER_LOWER_LIP, INNER_UPPER_LIP, fit_sphere
from generation.heads.makehuman_axes import draw_asymmetry, draw_local, local_axes, spread
from generation.plan import Plan, ViewPlan
from generation.populations import BY_GENDER
from generation.rigs import blendshapes

PLAN = Plan(Spec(identities=48, preset="balanced", size=64))
NOTHING = {}
RNG = np.random.default_rng


def alone(name: str, level: float) -> np.ndarray:
    return np.array([level if n == name else 0.0 for n in AU_NAMES])


def test_asset_is_the_recorded_one_and_small():
    lines = [line.split() for line in (ASSET.parent / "SHA256SUMS").read_text().splitlines()]
    assert {name: digest for digest, name in lines} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (ASSET, EXPRESSIONS)
    }
    assert ASSET.stat().st_size <= 2e6 and EXPRESSIONS.stat().st_size <= 2e5


def test_topology_is_a_sound_mesh(head):
    t = head.topology
    assert t.triangles.max() == len(t.reference) - 1 and t.part.shape == (len(t.triangles),)
    assert all(((m >= 0) & (m <= 1)).all() for m in t.masks.values())
    edges = np.sort(t.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() <= 2
    corners = t.reference[t.triangles[t.part == SKIN]]
    assert np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).min() > 0


def test_landmarks_are_in_ibug_order(head):
    points = head.topology.reference[head.topology.landmarks]
    jaw, brows, nose = range(16, -1, -1), range(26, 16, -1), (*range(27, 31), *range(35, 30, -1))
    eyes = (45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40)
    lips = (*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1))
    mirror = [*jaw, *brows, *nose, *eyes, *lips]
    assert np.abs(points[mirror] * [-1, 1, 1] - points).max() < 2.5
    assert (np.diff(points[:17, 0]) > 0).all()  # the subject's right first, which is image left
    assert len(set(head.topology.landmarks.tolist())) == 68


def test_shape_is_a_pure_function_and_people_differ(head):
    one, again, other = head.shape(PLAN[0], 0), head.shape(PLAN[0], 0), head.shape(PLAN[0], 1)
    assert (one.control == again.control).all() and one.parameters == again.parameters
    assert np.abs(one.control - other.control).max() > 1
    shapes = np.stack([head.shape(PLAN[i], 0).control for i in range(12)])
    distance = np.linalg.norm(shapes[:, None] - shapes[None], axis=3).mean(axis=2)
    assert distance[~np.eye(12, dtype=bool)].min() > 1.0


def test_heads_are_centred_between_plausible_eyes(head):
    for i in range(12):
        shape = head.shape(PLAN[i], 0)
        assert np.abs(shape.eyes[:, :3].mean(axis=0)).max() < 1.5
        assert (shape.eyes[:, 3] > 11).all() and (shape.eyes[:, 3] < 17).all()
        assert 52 < shape.eyes[0, 0] - shape.eyes[1, 0] < 76  # interpupillary distance of adults, mm
        rows = head.topology.refine[head.topology.landmarks[list(INNER_UPPER_LIP + INNER_LOWER_LIP)]] @ shape.control
        assert (rows[:3, 1] - rows[3:, 1]).mean() < 1.6  # closed lips


def test_faces_at_rest_neither_sulk_nor_squint(head):
    rows, groups = head.topology.refine[head.topology.landmarks], {}
    for i in range(48):
        points = rows @ head.shape(PLAN[i], 0).control
        corners = points[[48, 54], 1].mean() - points[[62, 66], 1].mean()
        lids = points[[37, 38, 43, 44], 1].mean() - points[[41, 40, 47, 46], 1].mean()
        groups.setdefault((PLAN[i].gender, PLAN[i].age_group), []).append((corners, lids))
    for group, found in groups.items():
        corners, lids = np.mean(found, axis=0)
        assert abs(corners) < 1.0 and 8.4 < lids < 10.5, group  # mm


def test_every_gendered_axis_exists(head):
    assert all(set(gender.face_axes) <= set(head._axes) for gender in BY_GENDER.values())


def test_axes_pair_up():
    names = ("l-eye-bag-incr", "l-eye-bag-decr", "r-eye-bag-incr", "r-eye-bag-decr", "nose-trans-up", "nose-trans-down")
    assert local_axes({f"local/{n}": 0 for n in (*names, "head-oval", "asym-jaw-1-l")}) == {
        "eye-bag": [("l-eye-bag-incr", "l-eye-bag-decr"), ("r-eye-bag-incr", "r-eye-bag-decr")],
        "head-oval": [("head-oval", None)],
        "nose-trans-up": [("nose-trans-up", "nose-trans-down")],
    }


def test_every_axis_has_a_spread(head):
    assert all(0 < spread(axis) < 0.4 for axis in head._axes)


def test_left_and_right_differ_a_little(head):
    left, right = [], []
    for seed in range(60):
        drawn = draw_local(
            {"ear": [("l-ear-incr", "l-ear-decr"), ("r-ear-incr", "r-ear-decr")]}, {"ear": 0.1}, RNG(seed)
        )
        for side, found in (("l", left), ("r", right)):
            found.append(drawn.get(f"local/{side}-ear-incr", 0) - drawn.get(f"local/{side}-ear-decr", 0))
    assert 0.8 < np.corrcoef(left, right)[0, 1] < 0.99
    assert np.mean(left) == pytest.approx(0.1, abs=0.1) and 0.2 < np.std(left) < 0.36


def test_asymmetry_takes_one_side(head):
    pairs = [("local/asym-jaw-1-l", "local/asym-jaw-1-r")]
    drawn = [draw_asymmetry(pairs, RNG(seed)) for seed in range(40)]
    assert all(len(one) == 1 for one in drawn) and {name for one in drawn for name in one} == set(pairs[0])


MEASURED_MM = {  # lowest and highest standard deviation within a group of adults, see docs/heads.md
    (0, 16): (3.5, 5.5),  # width of the face
    (31, 35): (1.7, 3.8),  # of the nose
    (48, 54): (2.5, 4.0),  # of the mouth
    (36, 45): (2.3, 4.9),  # outer corners of the eyes
    (27, 8): (3.2, 5.9),  # height of the face
}


def test_faces_of_a_group_differ_as_those_of_adults_do(head):
    plan = Plan(Spec(identities=96, preset="balanced", size=64))
    points = head.topology.refine[head.topology.landmarks]
    shown = np.stack([points @ head.shape(plan[i], 0).control for i in range(96)])
    group = np.array([f"{plan[i].ethnicity} {plan[i].gender}" for i in range(96)])
    for (a, b), (low, high) in MEASURED_MM.items():
        width = np.linalg.norm(shown[:, a] - shown[:, b], axis=1)
        within = np.concatenate([width[group == g] - width[group == g].mean() for g in np.unique(group)])
        assert low < np.sqrt((within**2).sum() / (len(within) - 12)) < high, (a, b)


def test_fit_sphere_recovers_a_sphere():
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(50, 3))
    points = [3, -2, 7] + 12.5 * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    assert np.allclose(fit_sphere(points), [3, -2, 7, 12.5])


def test_no_action_units_give_the_neutral_exactly(head, rig):
    shape = head.shape(PLAN[3], 0)
    assert (rig.pose(shape, np.zeros(6), NOTHING) == shape.control).all()


@pytest.mark.parametrize(("name", "top"), list(zip(AU_NAMES, AU_MAX, strict=True)))
def test_levels_are_visible_and_monotone(head, rig, name, top):
    shape = head.shape(PLAN[5], 0)
    moved = [
        np.linalg.norm(rig.pose(shape, alone(name, level), NOTHING) - shape.control, axis=1) for level in range(top + 1)
    ]
    peak = [m.max() for m in moved]
    assert all(b - a > 0.4 for a, b in pairwise(peak))  # mm a level
    # mm; lids that begin to touch, which AU9 hardly makes them, give way beside the corner
    backwards = {"AU6": 0.1, "AU7": 0.1, "AU9": 0.01}.get(name, 1e-3)
    assert all((b - a > -backwards).all() for a, b in pairwise(moved))


REGIONS = {  # (x, y) of the centre on the subject's left, radius: where FACS says the unit acts, canonical mm
    "AU4": [(18, 15, 26), (42, 16, 18)],
    "AU6": [(40, -15, 26)],
    "AU7": [(31, 0, 22)],
    "AU9": [(9, -20, 32), (10, -55, 26)],  # with the upper lip
    "AU10": [(10, -55, 26)],
    "AU43": [(31, 0, 22)],
}


@pytest.mark.parametrize("name", AU_NAMES)
def test_each_unit_acts_where_facs_says(head, rig, name):
    shape = head.shape(PLAN[5], 0)
    energy = ((rig.pose(shape, alone(name, AU_MAX[AU_NAMES.index(name)]), NOTHING) - shape.control) ** 2).sum(axis=1)
    x, y, _ = head.canonical.T
    inside = np.zeros(len(x), bool)
    for cx, cy, radius in REGIONS[name]:
        inside |= np.hypot(np.abs(x) - cx, y - cy) < radius
    energy = energy * head.skin_control
    assert energy[inside].sum() > 0.75 * energy.sum()


def eye_pixels(head, shape, control, yaw: float) -> int:
    camera = Camera.from_plan(ViewPlan(0, yaw, 0, 0, 26, 1.0), 384)
    seen = camera.project(head.vertices(control, shape.eyes).astype(float))
    ids, _, _ = rasterize(seen, head.topology.triangles, 1, 384, True)
    return int((head.topology.part[ids[ids >= 0]] == EYE).sum())


@pytest.mark.parametrize("yaw", [0, 35])
def test_closed_eyes_show_no_eyeball_whatever_else_acts(head, rig, yaw):
    for i in (0, 1, 4, 7, 9, 15):
        shape = head.shape(PLAN[i], 0)
        open_eyes = eye_pixels(head, shape, shape.control, yaw)
        for au6, au7 in ((0, 0), (5, 0), (0, 5), (5, 5)):
            control = rig.pose(shape, np.array([0, au6, au7, 0, 0, 1.0]), NOTHING)
            assert eye_pixels(head, shape, control, yaw) <= 0.02 * open_eyes, (i, au6, au7)


def test_tight_lids_narrow_the_eye_by_degrees_and_leave_it_open(head, rig):
    for i in (0, 4, 9):
        shape = head.shape(PLAN[i], 0)
        shown = [eye_pixels(head, shape, rig.pose(shape, alone("AU7", k), NOTHING), 0) for k in range(6)]
        assert all(b < a for a, b in pairwise(shown)) and shown[-1] > 0.1 * shown[0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=6, max_size=6), st.sampled_from(EXTRA_AU_NAMES), st.floats(0, 5))
def test_any_mix_is_finite_and_bounded(shares, extra, level):
    head, rig = makehuman.load(), blendshapes.load(makehuman.load())
    shape = head.shape(PLAN[2], 0)
    control = rig.pose(shape, np.array(shares) * AU_MAX, {extra: level})
    assert np.isfinite(control).all()
    assert np.linalg.norm(control - shape.control, axis=1).max() < 60


def test_asymmetry_moves_one_side_more_and_still_closes_both_eyes(head, rig):
    shape = head.shape(PLAN[5], 0)
    au = np.array([0, 5, 0, 0, 0, 0.0])
    even, uneven = rig.pose(shape, au, NOTHING), rig.pose(shape, au, NOTHING, 0.15)
    left, right = head.canonical[:, 0] > 30, head.canonical[:, 0] < -30
    for side, share in ((left, 1.15), (right, 0.85)):
        moved, more = (np.linalg.norm(c[side] - shape.control[side], axis=1).sum() for c in (even, uneven))
        assert np.isclose(more / moved, share, atol=0.01)
    closed = rig.pose(shape, np.array([0, 0, 0, 0, 0, 1.0]), NOTHING, 0.15)
    assert eye_pixels(head, shape, closed, 0) <= 0.02 * eye_pixels(head, shape, shape.control, 0)
    with pytest.raises(InvalidInput, match="asymmetry is 2"):
        rig.pose(shape, au, NOTHING, 2)


def test_out_of_range_units_are_refused(head, rig):
    shape = head.shape(PLAN[0], 0)
    with pytest.raises(InvalidInput, match="AU4 is 7"):
        rig.pose(shape, np.array([7, 0, 0, 0, 0, 0.0]), NOTHING)
    with pytest.raises(InvalidInput, match="AU99"):
        rig.pose(shape, np.zeros(6), {"AU99": 1.0})
