"""Props in the rasteriser: what they change in pictures and annotations, and what they leave as it is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.appearance.props.base import HIDES, Finish, Prop
from generation.geometry.mesh import uv_sphere
from generation.pipeline import FrameMaker
from generation.plan import Plan, ViewPlan

SPEC = Spec(identities=24, preset="balanced", size=160, geometry=True)
VIEW = ViewPlan(0, 3.0, 0.0, 0.0, 26.0, 1.0)
ACCESSORY, BEDDING = SEGMENTS.index("accessory"), SEGMENTS.index("bedding")


@pytest.fixture(scope="module")
def maker() -> FrameMaker:
    return FrameMaker(SPEC)


@pytest.fixture(scope="module")
def person(maker):
    return maker.person(replace(Plan(SPEC)[2], accessories=()))


def ball(person, maker, landmark: int, off=(0, 0, 0), radius=11.0, name="ball", **options) -> Prop:
    points, triangles = uv_sphere()
    at = person.neutral[maker.head.topology.landmarks[landmark]] + off
    return Prop(
        name, (at + radius * points).astype(np.float32), triangles, np.full((len(points), 3), 0.5, np.float32),
        **options,
    )  # fmt: skip


def seen(maker, person, props: tuple[Prop, ...], expression: int = 3):
    person = replace(person, look=replace(person.look, props=props))
    planned = person.plan.expressions[expression]
    return maker._render(person, planned, VIEW, maker._pose(person, planned), SPEC.size)


def heat(maker, person, view):
    return maker._heat(person, view.vertices, view.picture)


def test_an_opaque_prop_is_seen_and_everything_else_stays(maker, person):
    bare, worn = (seen(maker, person, props) for props in ((), (ball(person, maker, 30, radius=13.0),)))
    covering = worn.picture.covering
    assert bare.picture.covering is None and covering.names == ("ball",)
    hidden = covering.hidden_by == 0
    assert 0.003 < hidden.mean() < 0.1
    assert (worn.picture.ids[hidden] == -1).all() and (worn.picture.segments[hidden] == ACCESSORY).all()
    warm = heat(maker, person, worn)
    assert (warm[hidden] == 0).all() and (heat(maker, person, bare)[hidden] > 0).any()
    assert (worn.depth()[hidden] < bare.depth()[hidden]).all()
    for name in ("ids", "depth", "segments"):
        assert np.array_equal(getattr(worn.picture, name)[~hidden], getattr(bare.picture, name)[~hidden]), name
    assert np.array_equal(covering.behind, bare.picture.ids)
    assert np.array_equal(warm[~hidden], heat(maker, person, bare)[~hidden])
    assert np.array_equal(worn.normals()[~hidden], bare.normals()[~hidden])
    length = np.linalg.norm(worn.normals()[hidden] / 127.5 - 1, axis=1)
    assert np.allclose(length, 1, atol=0.02)
    assert np.array_equal(worn.landmarks(), bare.landmarks())
    changed = bare.landmarks_visible() & ~worn.landmarks_visible()
    assert changed[[30, 33]].all() and changed.sum() < 20 and not changed[[36, 45, 8]].any()


def test_the_picture_changes_only_at_the_prop_its_shadow_and_what_light_scatters(maker, person):
    bare, worn = (seen(maker, person, props).picture for props in ((), (ball(person, maker, 30),)))
    differ = (bare.rgb != worn.rgb).any(axis=2)
    hidden = worn.covering.hidden_by == 0
    assert differ[hidden].mean() > 0.95
    rows, columns = np.nonzero(hidden)
    far = np.ones_like(hidden)
    far[max(rows.min() - 25, 0) : rows.max() + 45, max(columns.min() - 45, 0) : columns.max() + 45] = False
    assert not differ[far].any()


def test_what_light_goes_through_leaves_the_annotations_to_the_face(maker, person):
    lens = ball(person, maker, 30, finish=Finish(0.04, 1.0, 0.0, 0.1))
    bare, worn = (seen(maker, person, props).picture for props in ((), (lens,)))
    for name in ("ids", "depth", "weights", "segments"):
        assert np.array_equal(getattr(bare, name), getattr(worn, name)), name
    assert (bare.rgb != worn.rgb).any() and (worn.covering.covered_by == -1).all()
    veil = replace(lens, finish=Finish(0.2, 1.0, 0.0, 0.3))
    veiled = seen(maker, person, (veil,)).picture
    assert (veiled.covering.hidden_by == -1).all() and (veiled.covering.covered_by == 0).any()
    milky = replace(lens, finish=Finish(0.2, 1.0, 0.0, HIDES))
    assert (seen(maker, person, (milky,)).picture.segments == ACCESSORY).any()


def test_a_prop_behind_the_head_hides_nothing_of_it_and_has_its_own_code(maker, person):
    pillow = ball(person, maker, 30, off=(0, 70, -330), radius=130, name="pillow", code="bedding")
    bare, worn = (seen(maker, person, props) for props in ((), (pillow,)))
    face = bare.picture.ids >= 0
    assert np.array_equal(worn.picture.ids[face], bare.picture.ids[face])
    around = worn.picture.segments == BEDDING
    assert around.any() and (bare.picture.segments[around] == 0).all()
    assert np.array_equal(worn.landmarks_visible(), bare.landmarks_visible())


def test_props_cast_shadows_and_stand_in_them(maker, person):
    key = person.look.scene.light.direction[0]
    above = tuple(70 * key)
    bare, worn = (seen(maker, person, props).picture for props in ((), (ball(person, maker, 30, above, 14.0),)))
    free = (worn.covering.hidden_by < 0) & (bare.ids >= 0)
    darker = bare.rgb[free].astype(int).sum(axis=1) - worn.rgb[free].astype(int).sum(axis=1)
    assert (darker > 30).sum() > 40


def test_props_follow_the_skin_they_are_carried_by(maker, person):
    vertex = int(maker.head.topology.landmarks[57])  # the lower lip
    still = ball(person, maker, 57)
    count = len(still.vertices)
    rows, columns = np.arange(count), np.full(count, vertex)
    carrier = sparse.csr_matrix((np.ones(count), (rows, columns)), shape=(count, len(person.neutral)))
    displacement = np.zeros_like(person.neutral)
    displacement[vertex] = (1.0, -4.0, 2.0)
    assert np.array_equal(still.moved(displacement), still.vertices)
    assert np.allclose(replace(still, carrier=carrier).moved(displacement) - still.vertices, (1, -4, 2), atol=1e-4)


def test_hair_is_drawn_before_and_behind_props(maker):
    plan = next(p for p in Plan(SPEC) if maker.person(replace(p, accessories=())).look.hair is not None)
    person = maker.person(replace(plan, accessories=()))
    hair = SEGMENTS.index("hair")
    bare = seen(maker, person, ()).picture
    before = seen(maker, person, (ball(person, maker, 27, (0, 90, 60), 25.0),)).picture
    inside = seen(maker, person, (ball(person, maker, 27, (0, 60, -70), 20.0),)).picture
    grown = bare.segments == hair
    assert (before.segments[grown] == ACCESSORY).any() and (inside.segments[grown] == ACCESSORY).mean() < 0.02


def test_a_frame_with_accessories_is_the_same_again(maker):
    plan = replace(Plan(SPEC)[1], accessories=("oxygen_mask", "glasses", "head_bandage"))
    once, again = maker.make_frame(plan, 4, 1), FrameMaker(SPEC).make_frame(plan, 4, 1)
    assert once.row == again.row and once.geometry == again.geometry
