"""Each unit does what FACS says it does and nothing that would be read as another, on people of every kind."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES
from dataset_script.spec import Spec
from generation.appearance.wrinkles import FAMILIES, RestWrinkles, Wrinkles
from generation.plan import Plan
from generation.rigs.blendshapes import pulled_together
from generation.rigs.unit_shapes import UNIT_SHAPES

PLAN = Plan(Spec(identities=48, preset="balanced", size=64))
PEOPLE = (0, 7, 9, 11, 19, 36, 42)
NOSE_TIP, ALAE, CORNERS, UPPER_LIP, LOWER_LIP, CHIN = [30], [31, 35], [48, 54], [50, 51, 52], [56, 57, 58], [7, 8, 9]
INNER_UPPER, INNER_LOWER = [61, 62, 63], [67, 66, 65]
INNER_BROWS, MIDDLE_BROWS, OUTER_BROWS = [21, 22], [19, 24], [17, 26]
OUTWARDS = np.array([[-1.0], [1.0]])  # of landmarks in pairs, the subject's right one first


def intensities(**levels: float) -> tuple[np.ndarray, dict[str, float]]:
    return np.array([levels.get(n, 0.0) for n in AU_NAMES]), {n: v for n, v in levels.items() if n in EXTRA_AU_NAMES}


def opening(landmarks: np.ndarray) -> np.ndarray:
    """(3,) mm between the inner lips."""
    return landmarks[INNER_UPPER, 1] - landmarks[INNER_LOWER, 1]


@pytest.fixture(scope="module")
def posed(head, rig):
    """Landmarks (68, 3) of person `i` under units."""
    rows = head.topology.refine[head.topology.landmarks]
    return lambda i, **levels: rows @ rig.pose(head.shape(PLAN[i], 0), *intensities(**levels))


@pytest.fixture(scope="module")
def shift(posed):
    return lambda i, **levels: posed(i, **levels) - posed(i)


@pytest.mark.parametrize("i", PEOPLE)
def test_brows_are_lowered_all_along_and_drawn_together(shift, i):
    moved = shift(i, AU4=5)
    assert (moved[INNER_BROWS + MIDDLE_BROWS, 1] < -3).all() and (moved[OUTER_BROWS, 1] < -0.5).all()
    assert (moved[INNER_BROWS][:, :1] * OUTWARDS < -3).all()
    slant = moved[INNER_BROWS, 1].mean() - moved[MIDDLE_BROWS, 1].mean()
    assert abs(slant) < 2.5  # mm; no V of drawn anger


@pytest.mark.parametrize("i", PEOPLE)
def test_brows_are_raised_inside_by_au1_and_outside_by_au2(shift, i):
    inner, outer = shift(i, AU1=5), shift(i, AU2=5)
    assert (inner[INNER_BROWS, 1] > 5).all() and (inner[OUTER_BROWS, 1] < 2).all()
    assert (outer[OUTER_BROWS, 1] > 3).all() and (outer[OUTER_BROWS, 1] > outer[INNER_BROWS, 1]).all()


@pytest.mark.parametrize("i", PEOPLE)
def test_a_wrinkled_nose_lifts_alae_and_lip_and_is_no_snout(shift, i):
    moved = shift(i, AU9=5)
    assert (moved[ALAE, 1] > 4).all() and (moved[UPPER_LIP, 1] > 5).all()
    assert abs(moved[NOSE_TIP, 2]).max() < 1  # forwards
    assert moved[NOSE_TIP, 1].max() < 0.35 * moved[ALAE, 1].min()
    assert moved[CORNERS, 1].max() < 0.6 * moved[UPPER_LIP, 1].min()  # no smile


@pytest.mark.parametrize(("unit", "families"), [("AU9", ("nose_root", "nasolabial")), ("AU10", ("nasolabial",))])
def test_folds_deepen_with_every_level(head, rig, unit, families):
    wrinkles, smooth = Wrinkles(head.topology), RestWrinkles(np.zeros(len(FAMILIES)), 1.0)
    for i in PEOPLE[:4]:
        shape = head.shape(PLAN[i], 0)
        neutral = head.vertices(shape.control, shape.eyes)
        poses = [head.vertices(rig.pose(shape, *intensities(**{unit: k})), shape.eyes) for k in range(6)]
        depths = [np.sort(wrinkles.depth(smooth, neutral, pose), axis=0)[-200:].mean(axis=0) for pose in poses]
        for family in families:
            steps = [depth[FAMILIES.index(family)] for depth in depths]
            assert steps[0] == 0 and all(b > a for a, b in pairwise(steps)) and steps[-1] > 0.4, (i, family)


@pytest.mark.parametrize("i", PEOPLE)
def test_stretched_corners_go_outwards_and_not_up(shift, i):
    stretched, smiling = shift(i, AU20=5)[CORNERS], shift(i, AU12=5)[CORNERS]
    assert (stretched[:, :1] * OUTWARDS > 4).all() and (stretched[:, 1] < 0).all()
    assert (smiling[:, :1] * OUTWARDS > 2).all() and (smiling[:, 1] > 5).all()


@pytest.mark.parametrize("level", [1, 3, 5])
def test_smiles_lift_the_corners_as_far_as_those_of_ict_facekit(shift, head, level):
    rows = head.topology.refine[head.topology.landmarks]
    theirs = (rows @ head.targets("ict/mouthSmile"))[CORNERS, 1] * level / EXTRA_AU_MAX
    for i in PEOPLE:
        assert np.allclose(shift(i, AU12=level)[CORNERS, 1], theirs, rtol=0.05), i


def test_lips_part_alike_on_everyone_and_without_the_jaw(posed, head):
    gaps = []
    for i in range(48):
        poses = [posed(i, AU25=level) for level in (0, 1, 3, 5)]
        gap = [float((p[INNER_UPPER, 1] - p[INNER_LOWER, 1]).mean()) for p in poses]
        assert all(b > a + 0.8 for a, b in pairwise(gap)), i
        assert np.abs(poses[-1] - poses[0])[CHIN, 1].max() < 3.5, i
        gaps.append(gap[-1] - gap[0])
    assert min(gaps) > 5  # mm


def test_lips_that_part_are_labelled(posed):
    """FACS codes lips that are parted as AU25, whatever parts them."""
    people = Plan(Spec(identities=48, preset="balanced", size=64, others=10))
    wider = []
    for i in range(0, 48, 2):
        neutral = opening(posed(i))
        for e in people[i].expressions[1:]:
            units = dict(zip(AU_NAMES, e.au, strict=True)) | e.extra_au
            if not any(units[name] for name in ("AU25", "AU26", "AU27")):
                wider.append(float((opening(posed(i, **units)) - neutral).max()))
    assert len(wider) > 80 and max(wider) < 2  # mm


@pytest.mark.parametrize("unit", ["AU9", "AU10"])
@pytest.mark.parametrize("level", [1, 3, 5])
def test_a_raised_upper_lip_parts_lips_as_far_as_au25_of_that_level(posed, unit, level):
    for i in PEOPLE:
        neutral = opening(posed(i))
        raised, parted = (opening(posed(i, **{name: level})).mean() for name in (unit, "AU25"))
        assert abs(raised - parted) < 0.35 * (parted - neutral.mean()) + 0.3, i  # mm
        both = posed(i, **{unit: level, "AU25": level})
        assert np.array_equal(both, posed(i, **{unit: level}))  # the label is of what is already there
        assert level == 5 or opening(posed(i, **{unit: level, "AU25": 5})).mean() > raised + 0.5


@pytest.mark.parametrize("name", EXTRA_AU_NAMES)
def test_companions_move_more_at_every_level(head, rig, name):
    for i in PEOPLE[:3]:
        shape = head.shape(PLAN[i], 0)
        poses = [rig.pose(shape, *intensities(**{name: k})) for k in range(EXTRA_AU_MAX + 1)]
        size = [float(np.linalg.norm(pose - shape.control)) for pose in poses]
        steps = np.diff(size)
        assert size[0] == 0 and steps.min() > 0.4 * steps.max(), (i, steps)


def test_lips_that_are_pressed_together_come_free_smoothly(head, rig):
    shape = head.shape(PLAN[8], 0)
    au10 = np.linspace(0, 5, 101)
    poses = [rig.pose(shape, *intensities(AU10=level)) for level in au10]
    assert max(np.abs(b - a).max() for a, b in pairwise(poses)) < 0.4  # mm for a twentieth of a level


@pytest.mark.parametrize("pair", [("AU6", "AU7"), ("AU9", "AU10")])
def test_units_that_pull_the_same_skin_do_not_go_far_beyond_one(head, rig, pair):
    for i in PEOPLE[:3]:
        shape = head.shape(PLAN[i], 0)
        alone = [np.linalg.norm(rig.pose(shape, *intensities(**{n: 5})) - shape.control, axis=1) for n in pair]
        both = np.linalg.norm(rig.pose(shape, *intensities(**dict.fromkeys(pair, 5))) - shape.control, axis=1)
        assert both.max() < 1.3 * max(a.max() for a in alone)
        assert np.linalg.norm(both) > max(np.linalg.norm(a) for a in alone)


def test_pulled_together_is_one_alone_where_the_other_rests():
    rng = np.random.default_rng(0)
    one, still = rng.normal(size=(20, 3)), np.zeros((20, 3))
    assert np.allclose(pulled_together(one, still), one) and np.allclose(pulled_together(still, one), one)
    assert np.allclose(pulled_together(one, one), 2 ** (1 / 3) * one)
    sizes = [np.linalg.norm(pulled_together(one, k * one)) for k in np.linspace(0, 1, 11)]
    assert all(b >= a for a, b in pairwise(sizes))


@pytest.mark.parametrize("name", [*AU_NAMES, *EXTRA_AU_NAMES])
def test_both_sides_of_the_face_move_alike(head, rig, name):
    left, right = [42, 47, 54, 35, 26, 22], [39, 40, 48, 31, 17, 21]
    level = AU_MAX[AU_NAMES.index(name)] if name in AU_NAMES else EXTRA_AU_MAX
    rows = head.topology.refine[head.topology.landmarks]
    for i in PEOPLE[:3]:
        shape = head.shape(PLAN[i], 0)
        moved = rows @ (rig.pose(shape, *intensities(**{name: level})) - shape.control)
        assert np.abs(moved[left] * (-1, 1, 1) - moved[right]).max() < 1.2, i  # mm; people are not symmetric


def test_carried_shapes_are_symmetric_and_leave_the_back_of_the_head(head):
    carried = sorted({name for unit in UNIT_SHAPES.values() for name in unit if name.startswith("ict/")})
    assert len(carried) == 10
    x, _, z = head.canonical.T
    for name in carried:
        offsets = head.targets(name)
        assert np.isfinite(offsets).all() and 1 < np.abs(offsets).max() < 12, name
        assert np.abs(offsets[z < -80]).max() == 0, name
        for axis, sign in ((0, -1), (1, 1), (2, 1)):
            sides = offsets[x > 1, axis].sum(), sign * offsets[x < -1, axis].sum()
            assert np.isclose(*sides, rtol=0.03, atol=1.0), name


def test_the_rig_needs_no_torch_and_no_sparse_solver():
    program = (
        "import sys; from generation.heads import makehuman; from generation.rigs.blendshapes import load; "
        "load(makehuman.load()); print({'torch', 'cholespy', 'igl', 'robust_laplacian'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
