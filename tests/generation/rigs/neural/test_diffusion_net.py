import numpy as np
import pytest
import torch

from generation.geometry.mesh import uv_sphere
from generation.rigs.neural.diffusion_net import DiffusionBlock, DiffusionNet, LearnedDiffusion, SurfaceTensors
from generation.rigs.neural.operators import MeshOperators, mesh_operators, tangent_frames, tangent_gradients

torch.set_num_threads(1)


def bumpy() -> tuple[np.ndarray, np.ndarray]:
    points, triangles = uv_sphere(9, 13)
    radius = 1 + 0.15 * np.sin(3 * points[:, :1] + 1) + 0.1 * np.cos(4 * points[:, 1:2] - points[:, 2:])
    return points * radius, triangles.astype(np.int64)


@pytest.fixture(scope="module")
def operators() -> MeshOperators:
    return mesh_operators(*bumpy(), k=24)


def plain_block(block: DiffusionBlock, x: np.ndarray, operators: MeshOperators) -> np.ndarray:
    """Sharp et al. 2022, equations 7-9, one channel and one vertex at a time, in complex numbers."""
    p = {name: value.detach().double().numpy() for name, value in block.named_parameters()}
    phi, mass = operators.eigenvectors, np.diag(operators.mass)
    diffused = np.zeros_like(x)
    for c in range(x.shape[1]):
        heat = np.diag(np.exp(-operators.eigenvalues * np.exp(p["diffusion.log_time"][c])))
        diffused[:, c] = phi @ heat @ phi.T @ mass @ x[:, c]
    gradient = operators.gradient_x.toarray() @ diffused + 1j * (operators.gradient_y.toarray() @ diffused)
    mixing = p["gradients.real.weight"] + 1j * p["gradients.imaginary.weight"]
    features = np.zeros_like(x)
    for v in range(len(x)):
        features[v] = np.tanh(np.real(np.conj(gradient[v]) * (mixing @ gradient[v])))
    hidden = np.concatenate([x, diffused, features], axis=1) @ p["mix.0.weight"].T + p["mix.0.bias"]
    return x + np.maximum(hidden, 0) @ p["mix.2.weight"].T + p["mix.2.bias"]


def test_a_block_equals_the_plain_formulation(operators):
    torch.manual_seed(0)
    block = DiffusionBlock(7)
    x = np.random.default_rng(0).normal(size=(len(operators.mass), 7))
    found = block(torch.from_numpy(x).float(), SurfaceTensors.of(operators)).detach().numpy()
    expected = plain_block(block, x, operators)
    assert np.abs(expected - x).max() > 0.1
    assert np.abs(found - expected).max() < 1e-5


def test_all_parameters_of_a_block_get_a_gradient(operators):
    block = DiffusionBlock(4)
    block(torch.randn(len(operators.mass), 4), SurfaceTensors.of(operators)).square().sum().backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("start", [1e-8, 1e-5, 1.0])
def test_a_time_far_too_short_or_long_is_learned_again(operators, start):
    """A time that had fallen to zero never came back, because the clamp that kept it positive passed no gradient."""
    surface = SurfaceTensors.of(operators)
    features = torch.randn(len(operators.mass), 3, generator=torch.Generator().manual_seed(0))
    target, diffusion = LearnedDiffusion(3), LearnedDiffusion(3)
    target.log_time.data.fill_(float(np.log(1e-2)))
    diffusion.log_time.data.fill_(float(np.log(start)))
    wanted = target(features, surface).detach()
    optimiser = torch.optim.Adam(diffusion.parameters(), 0.05)
    for _ in range(1000):
        optimiser.zero_grad()
        (diffusion(features, surface) - wanted).square().mean().backward()
        optimiser.step()
    assert np.allclose(diffusion.log_time.detach().exp(), 1e-2, rtol=0.02)


def test_no_step_makes_a_time_negative(operators):
    """Times shorter than a step of the optimiser stay positive, whichever way they are pushed."""
    surface = SurfaceTensors.of(operators)
    features = torch.randn(len(operators.mass), 8, generator=torch.Generator().manual_seed(1))
    diffusion = LearnedDiffusion(8)
    optimiser = torch.optim.Adam(diffusion.parameters(), 0.5)
    for _ in range(50):  # the sharper the better: every time is pushed towards zero
        optimiser.zero_grad()
        (-diffusion(features, surface).square().mean()).backward()
        optimiser.step()
    assert (diffusion.log_time.exp() > 0).all()
    diffusion(features, surface).square().mean().backward()
    assert (diffusion.log_time.grad != 0).all()


def test_renumbered_vertices_give_renumbered_features(operators):
    torch.manual_seed(1)
    net = DiffusionNet(3, 5, 16, 2).double()
    points, faces = bumpy()
    order = np.random.default_rng(0).permutation(len(points))
    place = np.argsort(order)
    renumbered = mesh_operators(points[order], place[faces][::-1], k=24)

    def features(o: MeshOperators) -> np.ndarray:
        surface = SurfaceTensors.of(o, dtype=torch.float64)
        return net(torch.from_numpy(o.vertices), surface).detach().numpy()

    assert np.abs(features(renumbered) - features(operators)[order]).max() < 1e-6


def test_moved_and_turned_surfaces_give_the_same_features_for_the_same_inputs(operators):
    """The operators are intrinsic; only inputs that are coordinates, as the rig's, tell directions apart."""
    torch.manual_seed(2)
    net = DiffusionNet(3, 5, 16, 2).double()
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    points, faces = bumpy()
    moved = mesh_operators(points @ turn.T + [3, -2, 5], faces, k=24)
    inputs = torch.from_numpy(points)

    def features(o: MeshOperators) -> torch.Tensor:
        return net(inputs, SurfaceTensors.of(o, dtype=torch.float64))

    assert (features(moved) - features(operators)).abs().max() < 1e-5
    coordinates = net(torch.from_numpy(moved.vertices), SurfaceTensors.of(moved, dtype=torch.float64))
    assert (coordinates - features(operators)).abs().max() > 0.1


def test_the_choice_of_tangent_frames_does_not_matter(operators):
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, len(operators.mass))[:, None]
    first, second = tangent_frames(operators.normals).transpose(1, 0, 2)
    turned = np.stack(
        [np.cos(angle) * first + np.sin(angle) * second, np.cos(angle) * second - np.sin(angle) * first], 1
    )
    x, y = tangent_gradients(operators.vertices, operators.faces, turned)
    other = MeshOperators(**{**vars(operators), "gradient_x": x, "gradient_y": y})
    torch.manual_seed(3)
    block = DiffusionBlock(6).double()
    inputs = torch.randn(len(operators.mass), 6, dtype=torch.float64)
    results = [block(inputs, SurfaceTensors.of(o, dtype=torch.float64)) for o in (operators, other)]
    assert (results[0] - results[1]).abs().max() < 1e-9


def test_a_unit_of_length_is_the_same_as_scaling_the_mesh(operators):
    points, faces = bumpy()
    direct = SurfaceTensors.of(mesh_operators(points / 10, faces, k=24), dtype=torch.float64)
    scaled = SurfaceTensors.of(operators, scale=10, dtype=torch.float64)
    assert torch.allclose(direct.eigenvalues, scaled.eigenvalues, rtol=1e-6, atol=1e-5)
    assert torch.allclose(direct.mass, scaled.mass)
    kernels = [s.eigenvectors @ (torch.exp(-s.eigenvalues)[:, None] * s.eigenvectors.T) for s in (direct, scaled)]
    assert torch.allclose(*kernels, rtol=1e-6, atol=1e-6 * float(kernels[0].abs().max()))
    assert torch.allclose(direct.gradient_x.to_dense(), scaled.gradient_x.to_dense(), rtol=1e-4, atol=1e-3)
