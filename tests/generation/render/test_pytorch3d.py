"""`--renderer pytorch3d`, with the real package: its compiled part where it has one, else what stands in for that."""

import dataclasses
import sys

import numpy as np
import pytest
from PIL import Image

import pain3d_cli
from dataset_script.errors import WorkFailed
from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation import catalogue
from generation.geometry.camera import Camera
from generation.geometry.visibility import interpolate, rasterize
from generation.heads import makehuman
from generation.heatmap import vertex_heat
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.render.base import HeadPose
from generation.render.raster import renderer as raster

try:
    import torch

    from generation.render.pytorch3d import COMPILED
    from generation.render.pytorch3d.renderer import Pytorch3dRenderer, visible_triangles
    from generation.render.pytorch3d.shading import (
        VertexFinish,
        cameras_of,
        differentiable_render,
        light_tensors,
        rasterized,
        textured_mesh,
    )
    from tests.support.pytorch3d_rasterisers import reference, stand_in
except WorkFailed as absent:
    pytest.skip(str(absent), allow_module_level=True)

SIZE = 96
SPEC = Spec(identities=24, preset="balanced", size=SIZE)


@dataclasses.dataclass
class Sitting:
    """A person in pain, before two cameras."""

    maker: FrameMaker
    person: object
    posed: raster.Posed
    cameras: list[Camera]


@pytest.fixture(scope="module")
def sitting():
    maker = FrameMaker(SPEC)
    plan = Plan(SPEC)[19]
    person, expression = maker.person(plan), max(plan.expressions, key=lambda e: e.pspi)
    control = maker.rig.pose(person.shape, np.array(expression.au, float), expression.extra_au, expression.asymmetry)
    posed = maker.renderer.pose(plan, person.look, HeadPose(control, person.shape.eyes, (3.0, 1.0)), SPEC.seed)
    return Sitting(maker, person, posed, [Camera.from_plan(view, SIZE, (2.0, -3.0, 5.0)) for view in plan.views])


@pytest.fixture(scope="module")
def renderer(sitting):
    return Pytorch3dRenderer(raster.load(makehuman.load()), "cpu")


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(np.ascontiguousarray(values)) for values in arrays]


def head_mesh(sitting: Sitting):
    """The render mesh of the default renderer, all of it, as pytorch3d's."""
    position, albedo = tensors(sitting.posed.dressed, sitting.person.look.skin.albedo)
    return textured_mesh(position, torch.from_numpy(sitting.maker.head.topology.triangles).long(), albedo)


def in_picture(mesh, camera: Camera) -> torch.Tensor:
    """Vertices (V, 3) as pytorch3d rasterises them: x and y from -1 to 1, and depth."""
    cameras = cameras_of(camera)
    points = cameras.transform_points_ndc(mesh.verts_packed())
    depth = cameras.get_world_to_view_transform().transform_points(mesh.verts_packed())[:, 2:]
    return torch.cat([points[:, :2], depth], 1)


# --- agreement with the default renderer


def test_the_camera_is_the_same(sitting):
    points = sitting.posed.vertices[::97]
    for camera in sitting.cameras:
        cameras, expected = cameras_of(camera), camera.project(points.astype(float))
        screen = cameras.transform_points_screen(torch.from_numpy(points), image_size=((SIZE, SIZE),)).numpy()
        depth = cameras.get_world_to_view_transform().transform_points(torch.from_numpy(points))[:, 2].numpy()
        assert np.abs(screen[:, :2] - expected[:, :2]).max() < 2e-3
        assert np.abs(depth - expected[:, 2]).max() < 2e-3
        centre = cameras.get_camera_center()[0].numpy()
        assert np.abs(centre - camera.position).max() < 2e-3


def test_coverage_depth_and_heatmap_are_those_of_the_annotations(sitting):
    topology, mesh = sitting.maker.head.topology, head_mesh(sitting)
    person = sitting.person
    heat = vertex_heat(person.neutral, sitting.posed.vertices, person.normals, topology).astype(np.float32)
    for camera in sitting.cameras:
        ids, depth, weights = rasterize(
            camera.project(sitting.posed.dressed.astype(float)), topology.triangles, 1, SIZE, True
        )
        seen = rasterized(mesh, camera)
        theirs = seen.pix_to_face[0, ..., 0].numpy()
        drawn, both = ids >= 0, (ids >= 0) & (theirs >= 0)
        assert 0.2 < drawn.mean() < 0.9
        assert both.sum() / (drawn | (theirs >= 0)).sum() > 0.999
        assert (ids == theirs).mean() > 0.998
        same = both & (ids == theirs)
        assert np.abs(depth - seen.zbuf[0, ..., 0].numpy())[same].max() < 0.02  # mm, at some 700
        assert np.abs(weights - seen.bary_coords[0, ..., 0, :2].numpy())[same].max() < 2e-2
        expected = interpolate(ids, weights, topology.triangles, heat)
        colours = textured_mesh(mesh.verts_packed(), mesh.faces_packed(), torch.from_numpy(heat)[:, None].expand(-1, 3))
        theirs = colours.sample_textures(seen)[0, ..., 0, 0].numpy()
        assert expected.max() > 2  # mm: it is a face in pain
        assert np.abs(theirs - expected)[same].max() < 0.05 and np.abs(theirs - expected).mean() < 1e-3


def test_the_reference_rasteriser_of_pytorch3d_sees_the_same_faces(sitting):
    """Pure Python, a face and a pixel at a time: asked about some pixels, with the faces whose boxes hold them."""
    camera, mesh = sitting.cameras[1], head_mesh(sitting)
    triangles = sitting.maker.head.topology.triangles
    projected = camera.project(sitting.posed.dressed.astype(float))
    ids, depth, _ = rasterize(projected, triangles, 1, SIZE, True)
    edge = np.zeros_like(ids, bool)
    edge[:-1] = (ids[:-1] >= 0) != (ids[1:] >= 0)
    chosen = np.random.default_rng(0).choice(
        np.flatnonzero(edge | (np.arange(SIZE * SIZE) % 40 == 0).reshape(ids.shape)), 120
    )
    corners = in_picture(mesh, camera)[mesh.faces_packed()]
    wrong = 0
    for pixel in chosen:
        row, column = divmod(int(pixel), SIZE)
        centre = torch.tensor([1 - (2 * column + 1) / SIZE, 1 - (2 * row + 1) / SIZE])
        ends = corners[..., :2]
        near = ((ends.amin(1) <= centre) & (ends.amax(1) >= centre)).all(1).nonzero()[:, 0]
        face, z = -1, np.inf
        if len(near):
            moved = corners[near] - torch.cat([centre, torch.zeros(1)])
            found, zbuf, *_ = reference(moved, 1)
            if found.item() >= 0:
                face, z = near[found.item()].item(), zbuf.item()
        wrong += face != ids[row, column]
        assert face != ids[row, column] or face < 0 or abs(z - depth[row, column]) < 0.02
    assert wrong <= 1  # a pixel centre on an edge


def test_every_detail_of_the_refined_head_is_within_the_triangles_that_are_drawn(sitting, renderer):
    camera = sitting.cameras[1]
    vertices = renderer.painted(sitting.posed, sitting.person.look)
    some = visible_triangles(vertices, renderer.mesh.triangles, camera)
    assert len(some) < 0.5 * len(renderer.mesh.triangles)
    position, albedo, *finish = tensors(*vertices)
    light = light_tensors(sitting.person.look.scene.light)
    pictures = [
        differentiable_render(position, torch.from_numpy(t).long(), albedo, light, camera, VertexFinish(*finish), 2)
        for t in (some, renderer.mesh.triangles)
    ]
    assert torch.equal(*pictures)


@pytest.mark.skipif(not COMPILED, reason="pytorch3d is installed without its compiled part")
def test_the_stand_in_is_the_compiled_rasteriser(sitting):
    camera, mesh = sitting.cameras[1], head_mesh(sitting)
    compiled = rasterized(mesh, camera)
    found = stand_in(in_picture(mesh, camera)[mesh.faces_packed()], SIZE)
    assert (found[0] == compiled.pix_to_face).float().mean() > 0.999
    same = found[0] == compiled.pix_to_face
    assert (found[1] - compiled.zbuf)[same].abs().max() < 0.02


# --- frames


def test_a_frame_is_the_same_again_and_its_annotations_are_the_rasterisers(sitting, renderer):
    look, camera = sitting.person.look, sitting.cameras[1]
    first, again = (renderer.render(sitting.posed, look, camera, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.rgb, again.rgb)
    plain = sitting.maker.renderer.render(sitting.posed, look, camera, np.random.default_rng(5))
    for name in ("ids", "depth", "weights", "segments"):
        assert np.array_equal(getattr(first, name), getattr(plain, name))
    assert first.rgb.shape == (SIZE, SIZE, 3) and first.rgb.dtype == np.uint8
    difference = np.abs(first.rgb.astype(float) - plain.rgb)
    assert 1 < difference.mean() < 12  # the same picture with other light transport: neither a copy nor another scene
    hair = plain.segments == SEGMENTS.index("hair")
    assert hair.sum() > 100 and difference[hair].mean() < 12  # strands are drawn


def test_the_command_line_renders_with_it(tmp_path):
    out = tmp_path / "face.png"
    assert pain3d_cli.main(["render", "--au4", "3", "--renderer", "pytorch3d", "--size", "64", "--out", str(out)]) == 0
    assert np.asarray(Image.open(out)).std() > 10


def test_without_pytorch3d_one_line_says_how_to_install_it(monkeypatch):
    for name in list(sys.modules):
        if name.startswith("generation.render.pytorch3d"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pytorch3d", None)
    monkeypatch.delattr("generation.render.pytorch3d")
    with pytest.raises(WorkFailed, match=r"needs the package pytorch3d; to install it: .*pip install") as failure:
        catalogue.open_renderer(Spec(renderer="pytorch3d"), makehuman.load())
    assert "\n" not in str(failure.value)


def test_what_is_worn_is_drawn_as_the_default_renderer_draws_it(sitting, renderer):
    plan = dataclasses.replace(sitting.person.plan, accessories=("glasses", "oxygen_mask", "head_bandage"))
    look = sitting.maker.appearance.wear(plan, sitting.person.look, SPEC.seed)
    shape = sitting.person.shape
    pose = HeadPose(shape.control, shape.eyes, (0.0, 0.0))
    posed = renderer.pose(plan, look, pose, SPEC.seed)
    drawn = [
        each.render(posed, look, sitting.cameras[0], np.random.default_rng(0))
        for each in (sitting.maker.renderer, renderer)
    ]
    hidden = drawn[0].covering.hidden_by >= 0
    assert np.array_equal(drawn[0].segments, drawn[1].segments) and hidden.mean() > 0.02
    theirs, ours = (view.rgb[hidden].astype(float) for view in drawn)
    assert np.abs(theirs.mean(axis=0) - ours.mean(axis=0)).max() < 30
    bare = renderer.render(sitting.posed, sitting.person.look, sitting.cameras[0], np.random.default_rng(0))
    assert (np.abs(bare.rgb[hidden].astype(float) - theirs) > 8).any(axis=1).mean() > 0.5
