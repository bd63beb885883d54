"""Pictures by pytorch3d are differentiable: gradients against finite differences, and a texture that is found again."""

import numpy as np
import pytest

from dataset_script.errors import WorkFailed
from dataset_script.spec import Spec
from generation.appearance.places.light import Light
from generation.geometry.camera import Camera
from generation.geometry.surface import unit
from generation.plan import Plan

try:
    import torch

    from generation.render.pytorch3d.shading import (
        VertexFinish,
        differentiable_render,
        light_tensors,
        rasterized,
        shaded,
        textured_mesh,
    )
except WorkFailed as absent:
    pytest.skip(str(absent), allow_module_level=True)

CAMERA = Camera.from_plan(Plan(Spec())[0].views[0], 64)
LIGHT = light_tensors(
    Light.plain(
        direction=unit(np.array([[0.5, 0.5, 0.8], [-0.6, 0.2, 0.7], [-0.7, 0.4, -0.2]])),
        colour=np.array([[1.2, 1.1, 1.0], [0.4, 0.4, 0.5], [0.6, 0.6, 0.6]]),
        sky=np.array([0.4, 0.4, 0.45]),
        ground=np.array([0.30, 0.25, 0.20]),
    )
)


@pytest.fixture(scope="module")
def ball():
    """A ball of 60 mm around the camera's pivot: vertices, triangles and albedo."""
    from pytorch3d.utils import ico_sphere

    mesh = ico_sphere(2)
    vertices = 60 * mesh.verts_packed() + torch.tensor([0.0, -22.0, -45.0])
    return vertices, mesh.faces_packed(), 0.5 + 0.25 * torch.sin(vertices / 17)


def finish_of(vertices: torch.Tensor) -> VertexFinish:
    unit = torch.nn.functional.normalize(vertices - vertices.mean(0), dim=-1)
    count = len(vertices)
    shade = torch.linspace(0.4, 1, count)
    gloss = torch.stack([0.2 * shade, torch.zeros(count)], 1)
    return VertexFinish(unit, shade, shade[:, None].expand(-1, 3).contiguous(), gloss)


@pytest.mark.parametrize(
    ("name", "finished"),
    # the relief of a finish turns with the vertices in the gradient only, so there is nothing to measure
    [("vertices", False), *((name, True) for name in ("texture", "direction", "colour", "harmonics", "axes"))],
)
def test_gradients_are_those_of_finite_differences(ball, name, finished):
    vertices, triangles, albedo = ball
    finish = finish_of(vertices) if finished else None
    covered = differentiable_render(vertices, triangles, albedo, LIGHT, CAMERA)[..., 3]
    inside = -torch.nn.functional.max_pool2d(-covered[None], 5, 1, 2)[0]  # outlines have no gradient
    weight = inside[..., None] * torch.rand(64, 64, 3, generator=torch.Generator().manual_seed(1))
    assert inside.sum() > 100

    def loss(values: dict) -> torch.Tensor:
        lit = LIGHT._replace(**{k: v for k, v in values.items() if k in LIGHT._fields})
        shape, paint = values.get("vertices", vertices), values.get("texture", albedo)
        return (weight * differentiable_render(shape, triangles, paint, lit, CAMERA, finish)[..., :3]).double().sum()

    start = {"vertices": vertices, "texture": albedo}.get(name)
    start = getattr(LIGHT, name) if start is None else start
    step = {"vertices": 0.01, "direction": 0.01}.get(name, 0.05)
    asked = start.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss({name: asked}), asked)
    assert torch.isfinite(gradient).all() and gradient.abs().max() > 0
    move = torch.randn(start.shape, generator=torch.Generator().manual_seed(2))
    if name == "vertices":  # smooth: a wave through the ball
        move = torch.sin(vertices / 25 + 1) + 0.3 * torch.cos(vertices.roll(1, 1) / 30)
    measured = (loss({name: start + step * move}) - loss({name: start - step * move})) / (2 * step)
    assert torch.isclose((gradient * move).double().sum(), measured, rtol=0.02)


def test_normals_of_a_relief_turn_with_the_vertices(ball):
    vertices, triangles, albedo = ball
    finish = finish_of(vertices)._replace(relief=textured_mesh(vertices, triangles, albedo).verts_normals_packed())
    flat = VertexFinish(finish.relief, *(torch.ones_like(v) for v in finish[1:3]), torch.zeros_like(finish.gloss))
    gradients = []
    for given in (None, flat):
        asked = vertices.clone().requires_grad_()
        differentiable_render(asked, triangles, albedo, LIGHT, CAMERA, given)[..., :3].sum().backward()
        gradients.append(asked.grad)
    assert torch.allclose(*gradients, atol=1e-4) and gradients[0].abs().max() > 0.01


def test_a_texture_is_found_again_from_its_picture(ball):
    vertices, triangles, albedo = ball
    mesh = textured_mesh(vertices, triangles, albedo)
    seen = rasterized(mesh, CAMERA)
    portrait = shaded(mesh, seen, LIGHT, CAMERA)
    found = torch.full_like(albedo, 0.5).requires_grad_()
    optimiser = torch.optim.Adam([found], 0.05)
    losses = []
    for _ in range(150):
        loss = (shaded(textured_mesh(vertices, triangles, found), seen, LIGHT, CAMERA) - portrait).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 1e-3 * losses[0]
    drawn = triangles[seen.pix_to_face[seen.pix_to_face >= 0].unique()].unique()
    error = (found - albedo).abs().mean(1)[drawn]
    assert error.median() < 0.03  # of 0.25 to 0.75


def test_any_texture_of_pytorch3d_will_do(ball):
    from pytorch3d.renderer import TexturesUV

    vertices, triangles, _ = ball
    picture = torch.full((1, 8, 8, 3), 0.4, requires_grad=True)
    uv = torch.rand(len(vertices), 2, generator=torch.Generator().manual_seed(0))
    drawn = differentiable_render(vertices, triangles, TexturesUV(picture, triangles[None], uv[None]), LIGHT, CAMERA)
    plain = differentiable_render(vertices, triangles, torch.full_like(vertices, 0.4), LIGHT, CAMERA)
    assert torch.allclose(drawn, plain, atol=1e-5)
    drawn.sum().backward()
    assert picture.grad.abs().sum() > 0
