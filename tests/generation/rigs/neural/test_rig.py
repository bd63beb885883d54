from dataclasses import replace

import numpy as np
import pytest
import torch

from dataset_script.errors import InvalidInput, WorkFailed
from generation.rigs.neural.channels import CHANNELS, UNITS
from generation.rigs.neural.copies import make_copy
from generation.rigs.neural.data import FaceMaker, MeshVariant
from generation.rigs.neural.model import NetworkConfig, NeuralRigNetwork, RigMesh
from generation.rigs.neural.operators import mesh_operators
from generation.rigs.neural.rig import NeuralRig

torch.set_num_threads(1)
SMALL = NetworkConfig(width=12, blocks=2, eigenvectors=24, identity=4, decoder_width=24, decoder_layers=2)


@pytest.fixture(scope="module")
def surface(faces):
    pose = faces.mean + 0.5 * faces.channels[UNITS.index("AU27")]
    copy = make_copy("decimated", pose, faces.triangles, 700)
    return copy.of(faces.neutral(1)), copy.triangles


@pytest.fixture(scope="module")
def rig(faces):
    torch.manual_seed(0)
    network = NeuralRigNetwork(SMALL)
    torch.nn.init.normal_(network.decoder[-1].weight, std=0.05)
    return NeuralRig(network)


@pytest.fixture(scope="module")
def bound(rig, surface):
    return rig.bind(*surface, seal=False)


def test_no_units_give_the_neutral_exactly(bound, surface):
    assert np.array_equal(bound.pose(np.zeros(6), np.zeros(7)), surface[0])


def test_vertices_move_on_a_straight_line_with_each_unit_and_continuously(bound, surface):
    for unit in range(5):
        au = np.zeros((6, 6))
        au[:, unit] = np.linspace(0, 5, 6)
        moved = bound.pose(au) - surface[0]
        assert np.abs(moved[-1]).max() > 0.05
        assert np.allclose(moved, np.linspace(0, 1, 6)[:, None, None] * moved[-1], atol=1e-9)


def test_vertex_order_and_triangle_order_do_not_matter(rig, bound, surface):
    vertices, faces = surface
    rng = np.random.default_rng(0)
    order, triangles = rng.permutation(len(vertices)), rng.permutation(len(faces))
    other = rig.bind(vertices[order], np.argsort(order)[faces][triangles], seal=False)
    au = np.array([5.0, 3, 2, 4, 1, 1])
    difference = other.pose(au) - bound.pose(au)[order]
    assert np.abs(bound.pose(au) - vertices).max() > 0.1
    assert np.abs(difference).max() < 1e-3


def test_a_network_is_a_pure_function_of_gates_also_when_units_interact(surface, faces):
    torch.manual_seed(0)
    network = NeuralRigNetwork(replace(SMALL, linear=False))
    torch.nn.init.normal_(network.decoder[-1].weight, std=0.05)
    mesh = RigMesh(mesh_operators(*surface, k=24), SMALL.screen_mm)
    gates = torch.zeros(3, len(CHANNELS))
    gates[1, 0], gates[2, 0] = 0.5, 1.0
    deltas, guess = network(mesh, gates)
    assert torch.equal(guess[0], torch.zeros_like(guess[0]))
    assert torch.equal(deltas[0], torch.zeros_like(deltas[0]))
    assert (deltas[2] - 2 * deltas[1]).abs().max() > 1e-4  # not linear
    with pytest.raises(InvalidInput, match="linear is False"):
        NeuralRig(network)


def test_jacobians_have_nothing_along_the_normals(rig, surface):
    mesh = RigMesh(mesh_operators(*surface, k=24), SMALL.screen_mm)
    with torch.no_grad():
        deltas = rig.network.channels(mesh).deltas
    along = torch.einsum("cfij,fj->cfi", deltas, mesh.face_features[:, 3:])
    assert along.abs().max() < 1e-5 < deltas.abs().max()


def test_without_a_screen_jacobians_are_all_there_is(surface, faces):
    torch.manual_seed(0)
    network = NeuralRigNetwork(replace(SMALL, screen_mm=0))
    torch.nn.init.normal_(network.decoder[-1].weight, std=0.05)
    bound = NeuralRig(network).bind(*surface, seal=False)
    mesh = RigMesh(mesh_operators(*surface, k=24))
    with torch.no_grad():
        predicted = network.channels(mesh)
        moved = predicted.displacements(mesh).double().numpy()
    assert predicted.guess is None and np.abs(moved).max() > 0.1
    assert np.array_equal(bound.channels, moved)


def test_a_rig_comes_back_from_its_file(rig, bound, surface, tmp_path):
    rig.save(tmp_path / "rig.safetensors")
    again = NeuralRig.load(tmp_path / "rig.safetensors").bind(*surface, seal=False)
    assert np.array_equal(again.channels, bound.channels)
    (tmp_path / "bad.safetensors").write_bytes(b"x")
    with pytest.raises(WorkFailed, match="cannot be read"):
        NeuralRig.load(tmp_path / "bad.safetensors")
    with pytest.raises(WorkFailed, match="cannot be read"):
        NeuralRig.load(tmp_path / "none.safetensors")


def test_a_mask_without_the_sides_of_a_head_is_refused(rig, surface):
    with pytest.raises(InvalidInput, match="a head must have its skull"):
        rig.bind(surface[0] + [0, -100, 200], surface[1])


def test_the_gradient_reaches_every_parameter(pack):
    maker = FaceMaker(pack, 0, SMALL, None)
    face = maker.face(0, MeshVariant("head", "decimated", 600))
    torch.manual_seed(0)
    network = NeuralRigNetwork(SMALL)
    torch.nn.init.normal_(network.decoder[-1].weight, std=0.05)
    predicted = network(face.mesh, torch.eye(len(CHANNELS)))
    (predicted.displacements(face.mesh) - face.truth).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name
