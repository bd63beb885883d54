"""The rasteriser's records: what people differ in is data, never a type, and keeps its precision on the way."""

import dataclasses

import numpy as np
import pytest

from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.appearance.places.light import Light
from generation.geometry.camera import Camera
from generation.geometry.rotations import bringing_up
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.render.base import HeadPose
from generation.render.raster import renderer as raster
from generation.render.raster.segments import SegmentCodes
from generation.render.raster.shading import shade
from generation.render.raster.strands import SampleBuffer, Strands, draw_kernel, draw_strands

SPEC = Spec(identities=24, preset="balanced", size=64)
PLAN = Plan(SPEC)


@pytest.fixture(scope="module")
def maker():
    return FrameMaker(SPEC)


def posed(maker, identity: int):
    """A person and their neutral face, posed."""
    person = maker.person(PLAN[identity])
    pose = HeadPose(person.shape.control, person.shape.eyes, (0.0, 0.0))
    return person, maker.renderer.pose(person.plan, person.look, pose, SPEC.seed)


@pytest.fixture(scope="module")
def people(maker):
    return [posed(maker, identity) for identity in range(12)]


@pytest.mark.slow
def test_kernels_are_compiled_once_for_all_people(maker, people):
    """A number of another precision in a record would compile anew, and change the pictures in their last bits."""
    kinds = {len(found.strands) for _, found in people}
    assert len(kinds) > 1  # with and without hair or beard
    for person, found in people:
        camera = Camera.from_plan(person.plan.views[1], SPEC.size)
        maker.renderer.render(found, person.look, camera, np.random.default_rng(0))
    for kernel in (shade, draw_kernel):
        assert len(kernel.signatures) == 1, kernel.signatures


def test_strands_keep_single_precision_and_are_named_segments(people):
    for _, found in people:
        names = [SEGMENTS[strands.code] for strands in found.strands]
        assert names[:2] == ["lashes", "brows"] and set(names[2:]) <= {"hair"}
        for strands in found.strands:
            arrays = [strands.points, strands.tint, strands.buried, strands.width, strands.tip, strands.middle]
            assert {values.dtype for values in arrays} == {np.dtype(np.float32)}
            assert len(strands.points) == len(strands.tint) == len(strands.buried) == len(strands.width)


def test_segments_have_the_codes_of_the_schema(maker, people):
    assert {name: SEGMENTS[code] for name, code in raster.CODES._asdict().items()} == {
        name: name for name in SegmentCodes._fields
    }
    seen = set()
    for person, found in people:
        camera = Camera.from_plan(person.plan.views[0], SPEC.size)
        seen |= set(np.unique(maker.renderer.render(found, person.look, camera, np.random.default_rng(0)).segments))
    assert {SEGMENTS.index(name) for name in ("background", "skin", "lips", "eyes", "hair", "clothes")} <= seen


def test_a_strand_is_drawn_where_it_is_seen_and_not_behind_something(people):
    person, found = people[0]
    camera = Camera.from_plan(person.plan.views[0], SPEC.size)
    viewpoint = raster.Viewpoint(camera.position.astype(np.float32), 1.0, camera.projection(2))
    line = np.array([[[-40, 20, 40], [0, 20, 40], [40, 20, 40]]], np.float32)
    strands = Strands(
        points=line,
        tint=np.full((1, 3), 0.1, np.float32),
        buried=np.zeros(1, np.float32),
        width=np.full(1, 5, np.float32),
        tip=np.float32(0.9),
        middle=raster.FRONT,
        shine=0.3,
        bias=1.0,
        code=4,
    )
    side = 2 * SPEC.size
    for wall, drawn in ((1e4, True), (10.0, False)):
        buffer = SampleBuffer(
            np.ones((side, side, 3), np.float32), np.full((side, side), wall, np.float32),
            np.zeros((side, side), np.uint8),
        )  # fmt: skip
        draw_strands(strands, person.look.scene.light, found.shadows, viewpoint, buffer)
        assert (buffer.cover == 4).any() == drawn and (buffer.colour != 1).any() == drawn
        assert (buffer.depth[buffer.cover == 4] < 1e4).all()


def test_the_sky_is_where_up_is():
    """A face under a bright sky is brighter where it looks up at it."""
    spec = Spec(identities=12, size=64)
    maker = FrameMaker(spec)
    plan = Plan(spec)[1]
    person = maker.person(plan)
    dark, shown = np.zeros((3, 3)), {}
    for name, up in (("crown", (0, 1, 0)), ("face", (0, 0, 1)), ("back", (0, 0, -1))):
        above = Light.plain(np.eye(3), dark, np.ones(3), np.full(3, 0.1))
        light = above.turned(bringing_up(up).T)
        look = dataclasses.replace(person.look, scene=dataclasses.replace(person.look.scene, light=light))
        posed = maker.renderer.pose(plan, look, HeadPose(person.shape.control, person.shape.eyes, (0, 0)), 0)
        shown[name] = maker.renderer.skin_light(posed, look, Camera.from_plan(plan.views[0], 64)).light.mean()
    assert shown["face"] > 1.15 * shown["crown"] > 1.3 * shown["back"]
