"""Beds, chairs and wheelchairs: where they touch a body, and where they do not."""

import dataclasses

import numpy as np
import pytest

from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.appearance.props.care import hair_on_support
from generation.appearance.props.heights import BodyHeights, Rest, sampled
from generation.geometry.camera import PIVOT, Camera
from generation.geometry.mesh import vertex_normals
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.plan.cameras import CAMERA_KINDS

SPEC = Spec(identities=48, preset="balanced", size=96, scene="clinical")
PLAN = Plan(SPEC)
MAKER = FrameMaker(SPEC)
BEDDING, SKIN = SEGMENTS.index("bedding"), SEGMENTS.index("skin")


def people(posture: str, support: str, count: int) -> list:
    found = (p for p in PLAN if (p.circumstances.posture, p.circumstances.support) == (posture, support))
    return [next(found) for _ in range(count)]


@pytest.fixture(scope="module", params=[("lying", "bed"), ("propped", "bed"), ("seated", "chair")], ids="-".join)
def resting(request):
    """People of a posture: their plans and looks."""
    return [(plan, MAKER.person(plan)) for plan in people(*request.param, 3)]


def test_everything_that_supports_a_person_is_closed_solid_bedding(resting):
    for plan, person in resting:
        worn = {prop.name for prop in person.look.props if prop.code == "accessory"}
        assert worn <= set(plan.accessories)
        supports = [prop for prop in person.look.props if prop.name not in worn]
        assert supports
        for prop in supports:
            assert prop.code == "bedding" and prop.finish.opacity == 1
            assert prop.vertices.dtype == np.float32 and prop.triangles.dtype == np.int32
            assert np.isfinite(prop.vertices).all() and prop.triangles.max() < len(prop.vertices)
            assert prop.albedo.min() >= 0 and prop.albedo.max() < 0.95
            assert prop.occlusion.min() >= 0 and prop.occlusion.max() <= 1


def test_the_head_rests_in_a_dent_that_does_not_cut_it(resting):
    for plan, person in resting:
        (pad,) = [prop for prop in person.look.props if prop.name in ("pillow", "chair")][:1]
        normal = np.array(plan.circumstances.normal)
        head = person.look.neutral[person.look.neutral[:, 1] > -60]
        lowest = (head @ normal).min()
        across = np.linalg.norm(
            pad.vertices - np.outer(pad.vertices @ normal, normal) - middle_of(head, normal), axis=1
        )
        under = pad.vertices[across < 25] @ normal
        assert len(under) and under.max() < lowest + 25  # nothing of it stands in the head
        if pad.name == "pillow":
            assert under.max() > lowest - 12  # and the head does not float
            rim = pad.vertices[(across > 110) & (across < 160)] @ normal
            assert rim.max() > lowest  # it swells around the head


def middle_of(head: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Where the lowest part of a head is, on the plane through the origin across `normal`."""
    height = head @ normal
    point = head[height < height.min() + 3].mean(axis=0)
    return point - (point @ normal) * normal


def test_faces_point_out_of_soft_things(resting):
    for plan, person in resting:
        for prop in person.look.props:
            if prop.name in ("pillow", "sheet", "blanket"):
                outward = vertex_normals(prop.vertices, prop.triangles) @ np.array(plan.circumstances.normal)
                assert (outward > 0).mean() > 0.75


def test_no_support_hides_the_face_from_its_camera(resting):
    for plan, person in resting:
        for view in plan.views:
            seen = MAKER._render(person, plan.expressions[0], view, MAKER._pose(person, plan.expressions[0]), 96)
            face = MAKER.head.topology.masks["face"] > 0.5
            triangles = MAKER.head.topology.triangles[seen.picture.covering.behind]
            of_face = (seen.picture.covering.behind >= 0) & face[triangles].all(axis=2)
            hidden = of_face & (seen.picture.segments == BEDDING)
            assert hidden.sum() <= 0.16 * of_face.sum()


def test_landmarks_are_in_the_picture_and_faces_as_large_as_their_cameras_say():
    widths: dict[str, list[float]] = {}
    for plan in (p for p in PLAN if p.identity_id < 30):
        shape = MAKER.head.shape(plan, 0)
        vertices = MAKER.head.vertices(shape.control, shape.eyes)
        for view in plan.views:
            for expression in plan.expressions[:3]:
                camera = Camera.from_plan(view, 512, expression.head_motion)
                seen = camera.project(vertices[MAKER.head.topology.landmarks].astype(float))[:, :2]
                assert seen.min() > 0 and seen.max() < 512
                face = camera.project(vertices[MAKER.head.topology.masks["face"] > 0.5].astype(float))[:, :2]
                widths.setdefault(view.camera, []).append(np.ptp(face, axis=0).max() / 512)
    assert set(widths) == set(CAMERA_KINDS)
    for kind, shares in widths.items():
        low, high = (0.11, 0.36) if kind == "ceiling" else (0.25, 0.75)
        assert low < min(shares) and max(shares) < high
    assert np.median(widths["ceiling"]) < 0.6 * np.median(widths["tripod"])


def test_a_persons_bed_is_a_pure_function_of_plan_and_seed():
    plan = people("lying", "bed", 1)[0]
    one, same = (MAKER.person(plan).look.props for _ in range(2))
    for prop, again in zip(one, same, strict=True):
        assert np.array_equal(prop.vertices, again.vertices) and np.array_equal(prop.albedo, again.albedo)
    neighbour = MAKER.person(dataclasses.replace(plan, identity_id=plan.identity_id + 1)).look.props
    assert not np.array_equal(one[0].vertices, neighbour[0].vertices)


def test_ceiling_cameras_compress_more():
    plan = people("lying", "bed", 1)[0]
    view = dataclasses.replace(plan.views[0], camera="ceiling")
    person = MAKER.person(plan)
    qualities = {
        kind: [MAKER._quality(person, e, dataclasses.replace(view, camera=kind)) for e in plan.expressions]
        for kind in CAMERA_KINDS
    }
    assert max(qualities["ceiling"]) <= 62 < min(qualities["tripod"])


def test_a_bed_with_a_raised_back_is_level_below_the_hips():
    for plan in people("propped", "bed", 4):
        props = {prop.name: prop for prop in MAKER.person(plan).look.props}
        sheet, up, down = props["sheet"], np.array(plan.circumstances.up), plan.circumstances.axes[2]
        legs = sheet.vertices[(sheet.vertices - PIVOT) @ down > 900]
        upper = legs[legs @ up > np.percentile(legs @ up, 60)]
        slope = np.polyfit(upper @ down, upper @ up, 1)[0]
        assert len(legs) > 100 and abs(slope) < 0.1
        assert 250 < -(upper @ up).mean() < 900  # as far below the head as a seat is


@pytest.mark.slow
def test_hair_lies_on_the_pillow_and_keeps_its_roots():
    for plan in people("lying", "bed", 6):
        look = MAKER.person(plan).look
        if look.hair is None:
            continue
        normal = np.array(plan.circumstances.normal)
        sunk = look.hair.points - np.float32(60 * normal)
        lifted = hair_on_support(sunk, plan, look.props)
        assert np.array_equal(lifted[:, 0], sunk[:, 0])
        rest = Rest.facing(plan.circumstances.normal)
        pillow = look.props[0]
        surface = BodyHeights.of(pillow.vertices, pillow.triangles, rest).highest
        across, along, height = rest.local(lifted[:, 1:].reshape(-1, 3)).T
        inside = (np.abs(across) < 250) & (np.abs(along) < 150)
        over = height[inside] - sampled(np.where(np.isfinite(surface), surface, -1e4), across[inside], along[inside])
        assert over.min() > -0.5
        moved = rest.local((lifted - sunk + PIVOT).reshape(-1, 3))
        assert np.abs(moved[:, :2]).max() < 0.01 and moved[:, 2].min() > -0.01


def test_hair_of_people_who_rest_on_nothing_stays_as_it_is():
    spec = Spec(identities=6, size=64)
    plan = next(p for p in Plan(spec) if FrameMaker(spec).person(p).look.hair is not None)
    points = FrameMaker(spec).person(plan).look.hair.points
    assert hair_on_support(points, plan, ()) is points
