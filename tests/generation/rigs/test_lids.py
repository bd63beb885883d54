"""The eyelids: where they meet, what they keep clear of, and that they do so smoothly."""

from itertools import pairwise, product

import numpy as np
import pytest

from dataset_script.facs import AU_NAMES
from dataset_script.spec import Spec
from generation.heads.base import SKIN
from generation.heads.lids import COLUMNS, LOOPS, control_edges, find_lids
from generation.plan import Plan

PLAN = Plan(Spec(identities=48, preset="balanced", size=64))
OVERLAP_MM, GAP_MM = 0.5, 0.3
"""How far the margins of closed lids may run into each other, or stay apart."""
SECTIONS = np.linspace(0.20, 0.85, 14)
"""Where the slit is cut, as shares of its width from the nose. In the corners the lids share their folds."""
BALL_MM = 0.05
"""How much deeper than at rest skin may lie in the eyeball."""


def units(**levels: float) -> np.ndarray:
    return np.array([levels.get(name, 0.0) for name in AU_NAMES])


class Slit:
    """Measures one eye on the render mesh by cutting it, apart from how the rig finds its lids."""

    def __init__(self, head, side: int) -> None:
        t = head.topology
        reference = t.reference.astype(float)
        triangles = t.triangles[t.part == SKIN]
        edges = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
        middle, ball = reference[edges].mean(axis=1), reference[t.eyeballs[side]]
        off = np.linalg.norm(middle - ball.mean(axis=0), axis=1)
        outside = off > np.linalg.norm(ball - ball.mean(axis=0), axis=1).mean() + 0.2
        far = [
            np.linalg.norm(middle[:, None] - head.canonical[t.lashes[2 * side + k][0]], axis=2).min(axis=1)
            for k in (0, 1)
        ]
        self.margins = [edges[(far[k] < 3.5) & (far[k] < far[1 - k]) & outside] for k in (0, 1)]
        self.corners = t.landmarks[[42, 45] if side == 0 else [39, 36]]
        self.side = side

    def opening(self, vertices: np.ndarray, eyes: np.ndarray) -> np.ndarray:
        """Millimetres between the margins at every section; negative where the upper one is below the lower one."""
        x, y, z, radius = eyes[self.side].astype(float)
        inner, outer = vertices[self.corners, 0]
        angles = []
        for edges in self.margins:
            start, end = vertices[edges[:, 0]] - (x, y, z), vertices[edges[:, 1]] - (x, y, z)
            lines = []
            for at in inner + SECTIONS * (outer - inner) - x:
                cut = (start[:, 0] - at) * (end[:, 0] - at) < 0
                share = ((at - start[cut, 0]) / (end[cut, 0] - start[cut, 0]))[:, None]
                point = start[cut] + share * (end[cut] - start[cut])
                lines.append(np.arctan2(point[:, 1], point[:, 2]))
            angles.append(lines)
        return np.array([u.min() - v.max() for u, v in zip(*angles, strict=True)]) * radius


@pytest.fixture(scope="module")
def slits(head):
    return [Slit(head, side) for side in (0, 1)]


def openings(head, slits, shape, control) -> np.ndarray:
    vertices = head.vertices(control, shape.eyes).astype(float)
    return np.stack([slit.opening(vertices, shape.eyes) for slit in slits])


def check_closed(head, rig, slits, people, levels) -> None:
    for i in people:
        shape = head.shape(PLAN[i], 0)
        for au6, au7 in product(levels, levels):
            control = rig.pose(shape, units(AU6=au6, AU7=au7, AU43=1), {})
            opening = openings(head, slits, shape, control)
            assert opening.min() > -OVERLAP_MM and opening.max() < GAP_MM, (i, au6, au7)


def test_closed_lids_meet_whatever_else_acts(head, rig, slits):
    check_closed(head, rig, slits, range(0, 48, 3), (0, 5))


@pytest.mark.slow
def test_closed_lids_meet_under_the_neural_rig(head, slits):
    pytest.importorskip("cholespy")
    from generation.rigs.neural.head_rig import load

    check_closed(head, load(head), slits, (5, 18, 31, 44), (0, 5))


@pytest.mark.parametrize("count", [12, pytest.param(48, marks=pytest.mark.slow)])
def test_closed_lids_meet_on_everybody_at_every_level(head, rig, slits, count):
    check_closed(head, rig, slits, range(count), range(6))


def test_lids_meet_in_planned_expressions_with_companions_and_asymmetry(head, rig, slits):
    checked = 0
    for i in range(20):
        shape = head.shape(PLAN[i], 0)
        for expression in PLAN[i].expressions[1:]:
            control = rig.pose(shape, np.array(expression.au, float), expression.extra_au, expression.asymmetry)
            opening = openings(head, slits, shape, control)
            assert opening.min() > -OVERLAP_MM, (i, expression)
            if expression.au[5]:
                assert opening.max() < GAP_MM, (i, expression)
            else:
                assert opening.max() > 1.0, (i, expression)  # open eyes stay open, however hard they are squeezed
            checked += 1
    assert checked == 200


def test_eyeballs_do_not_poke_through_the_skin(head, rig):
    t = head.topology
    skin = np.unique(t.triangles[t.part == SKIN])
    for side, (upper, lower) in enumerate((t.lashes[:2], t.lashes[2:])):
        roots = head.canonical[np.concatenate([upper[0], lower[0]])]
        ball = t.reference[t.eyeballs[side]].mean(axis=0)
        radius = np.linalg.norm(t.reference[t.eyeballs[side]] - ball, axis=1).mean()
        away = np.linalg.norm(t.reference[skin][:, None] - roots, axis=2).min(axis=1) > 2.0
        off = np.linalg.norm(t.reference[skin] - ball, axis=1) - radius
        around = skin[away & (off > 1.4) & (off < 16) & (t.reference[skin, 2] > ball[2] + 5)]
        for i in range(0, 48, 3):
            shape = head.shape(PLAN[i], 7)
            x, y, z, ball_radius = shape.eyes[side]

            def off_the_ball(control, shape=shape, centre=(x, y, z), ball_radius=ball_radius, around=around):
                return np.linalg.norm(head.vertices(control, shape.eyes)[around] - centre, axis=1) - ball_radius

            least = np.minimum(off_the_ball(shape.control), 0) - BALL_MM
            for au6, au7, au43 in product((0, 5), (0, 5), (0, 1)):
                control = rig.pose(shape, units(AU6=au6, AU7=au7, AU43=au43), {})
                assert (off_the_ball(control) > least).all(), (i, au6, au7, au43)


def test_closing_narrows_the_eye_all_the_way_without_a_jump(head, rig, slits):
    for i, au6, au7 in product((0, 17, 30), (0, 4), (0, 5)):
        shape = head.shape(PLAN[i], 0)
        steps = [
            openings(head, slits, shape, rig.pose(shape, units(AU6=au6, AU7=au7, AU43=c), {}))
            for c in np.linspace(0, 1, 17)
        ]
        assert all((b - a).max() < 0.05 for a, b in pairwise(steps)), (i, au6, au7)
        assert max(np.abs(b - a).max() for a, b in pairwise(steps)) < 0.2 * steps[0].max() + 0.2, (i, au6, au7)


def test_tight_lids_narrow_the_eye_at_every_level(head, rig, slits):
    for i in range(0, 48, 4):
        shape = head.shape(PLAN[i], 0)
        open_by = [openings(head, slits, shape, rig.pose(shape, units(AU7=k), {})).max(axis=1) for k in range(6)]
        steps = -np.diff(open_by, axis=0) / open_by[0]
        assert steps[:4].min() > 0.08 and steps.min() > 0.03, i
        assert (open_by[5] < 0.6 * open_by[0]).all(), i


def test_raised_cheeks_narrow_the_eye_less_than_tight_lids(head, rig, slits):
    for i in range(0, 48, 8):
        shape = head.shape(PLAN[i], 0)
        cheeks, lids = (
            openings(head, slits, shape, rig.pose(shape, units(**{n: 5}), {})).max() for n in ("AU6", "AU7")
        )
        assert lids < cheeks, i


def test_faint_intensities_leave_the_face_as_it_was(head, rig):
    for i in (0, 12, 33):
        shape = head.shape(PLAN[i], 0)
        control = rig.pose(shape, units(AU6=1e-4, AU7=1e-4), {})
        assert np.abs(control - shape.control).max() < 2e-3


def test_lashes_stay_on_their_lid(head, rig):
    for i in (0, 5, 24):
        shape = head.shape(PLAN[i], 0)
        closed = rig.pose(shape, units(AU6=5, AU43=1), {})
        for k, (roots, tips) in enumerate(head.topology.lashes):
            side = k // 2
            centre = shape.eyes[side, :3]
            for ends in (roots, tips):
                before, after = (np.linalg.norm(c[ends] - centre, axis=1) for c in (shape.control, closed))
                assert (after - before).min() > -1.0  # they do not sink in
            before = np.linalg.norm(shape.control[tips[:, None]] - shape.control[roots], axis=2).min(axis=1)
            after = np.linalg.norm(closed[tips[:, None]] - closed[roots], axis=2).min(axis=1)
            assert np.abs(after - before).max() < 4.0


def test_lids_are_found_as_whole_loops(head):
    edges = control_edges(head)
    for side in (0, 1):
        eye = find_lids(head, edges, side)
        assert eye.loops.shape == (LOOPS, COLUMNS) and len(np.unique(eye.loops)) == eye.loops.size
        assert len(eye.upper) + len(eye.lower) == COLUMNS + 2  # two corners belong to both
        for loop in eye.loops:
            linked = edges[loop][:, loop] > 0
            assert (np.asarray(linked.sum(axis=1)).ravel() == 2).all()  # closed, and no vertex twice
        assert np.allclose(eye.columns.sum(axis=1), 1)


def test_eye_landmarks_of_closed_lids_lie_on_one_another(head, rig):
    rows = head.topology.refine[head.topology.landmarks]
    upper, lower = [37, 38, 43, 44], [41, 40, 47, 46]
    for i in range(0, 48, 5):
        shape = head.shape(PLAN[i], 0)
        points = rows @ rig.pose(shape, units(AU43=1), {})
        assert np.abs(points[upper, 1] - points[lower, 1]).max() < 2.0, i  # mm
