import numpy as np
import pytest
import torch

from dataset_script.errors import InvalidInput
from generation.geometry.mesh import uv_sphere
from generation.heads import makehuman
from generation.rigs.neural.operators import face_gradients
from generation.rigs.neural.poisson import PoissonSolver

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def ball():
    points, triangles = uv_sphere(5, 7)
    return points.astype(float), triangles.astype(np.int64)


@pytest.fixture(scope="module")
def solver(ball):
    return PoissonSolver(*ball, anchor=np.linspace(0, 1, len(ball[0])))


def test_vertices_come_back_from_their_jacobians_on_a_head():
    head = makehuman.load()
    with np.load("generation/heads/assets/makehuman_head.npz") as asset:
        quads = asset["quads"][asset["quad_part"] == list(asset["part_names"]).index("skin")].astype(np.int64)
    used, faces = np.unique(np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]), return_inverse=True)
    vertices = head.canonical[used].astype(float)
    solver = PoissonSolver(vertices, faces.reshape(-1, 3))
    moved = np.stack([head.targets("fu/jawOpen")[used], head.targets("fu/mouthSmileLeft")[used]]).astype(float)
    moved -= moved.mean(axis=1, keepdims=True)
    back = solver.displacements(solver.jacobians(torch.from_numpy(moved)))
    assert np.abs(moved).max() > 5
    assert np.abs(back.numpy() - moved).max() < 1e-4


def test_the_solution_is_that_of_dense_least_squares(ball, solver):
    vertices, faces = ball
    gradient, area = face_gradients(vertices, faces)
    wanted = np.random.default_rng(0).normal(size=(len(faces), 3, 3))
    root = np.sqrt(np.repeat(area, 3))[:, None]
    right = wanted.transpose(0, 2, 1).reshape(-1, 3)
    dense = np.linalg.lstsq(root * gradient.toarray(), root * right, rcond=None)[0]
    anchor = np.linspace(0, 1, len(vertices))
    dense -= anchor @ dense / anchor.sum()
    found = solver.displacements(torch.from_numpy(wanted)[None])[0].numpy()
    assert np.allclose(found, dense, atol=1e-10)


def test_gradcheck(ball, solver):
    deltas = torch.randn(2, len(ball[1]), 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(solver.displacements, (deltas.requires_grad_(),), fast_mode=False)


def test_a_batch_of_any_size_gives_what_each_gives_alone(ball, solver):
    deltas = torch.randn(40, len(ball[1]), 3, 3, generator=torch.Generator().manual_seed(1))  # 120 right-hand sides
    together = solver.displacements(deltas)
    assert together.dtype == torch.float32 and together.shape == (40, len(ball[0]), 3)
    alone = torch.cat([solver.displacements(row[None]) for row in deltas])
    assert torch.allclose(together, alone, atol=1e-6)


def test_no_jacobian_delta_no_displacement_and_the_identity_gives_the_neutral(ball, solver):
    eye = torch.eye(3, dtype=torch.float64).expand(1, len(ball[1]), 3, 3)
    assert torch.equal(
        solver.displacements(torch.zeros_like(eye)), torch.zeros(1, len(ball[0]), 3, dtype=torch.float64)
    )
    assert torch.equal(solver.positions(eye)[0], torch.from_numpy(ball[0]))


def test_a_rotation_everywhere_turns_the_surface(ball, solver):
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)
    moved = solver.positions(turn.expand(1, len(ball[1]), 3, 3))[0].numpy()
    expected = ball[0] @ turn.numpy().T
    difference = moved - expected
    assert np.allclose(difference, difference[0], atol=1e-10)  # up to a translation


def test_the_anchor_stays(ball):
    anchor = np.zeros(len(ball[0]))
    anchor[3] = 2.0
    solver = PoissonSolver(*ball, anchor=anchor)
    moved = solver.displacements(torch.ones(1, len(ball[1]), 3, 3, dtype=torch.float64))[0]
    assert moved[3].abs().max() < 1e-12 and moved.abs().max() > 0.1


@pytest.mark.parametrize("anchor", [np.zeros(30), -np.ones(30), np.full(30, np.nan)])
def test_senseless_anchors_are_refused(ball, anchor):
    with pytest.raises(InvalidInput, match="anchor has weights"):
        PoissonSolver(*ball, anchor=np.resize(anchor, len(ball[0])))
    with pytest.raises(InvalidInput, match=r"anchor has shape \(3,\)"):
        PoissonSolver(*ball, anchor=np.ones(3))


def test_jacobians_of_another_mesh_are_refused(solver):
    with pytest.raises(InvalidInput, match=r"deltas has shape \(1, 4, 3, 3\)"):
        solver.displacements(torch.zeros(1, 4, 3, 3))


@pytest.fixture(scope="module")
def screened(ball):
    return PoissonSolver(*ball, screen=0.7)


def test_the_screened_solution_is_that_of_dense_least_squares(ball, screened):
    vertices, faces = ball
    gradient, area = face_gradients(vertices, faces)
    rng = np.random.default_rng(0)
    wanted, guess = rng.normal(size=(len(faces), 3, 3)), rng.normal(size=(len(vertices), 3))
    root, mass = np.sqrt(np.repeat(area, 3))[:, None], np.bincount(faces.ravel(), np.repeat(area / 3, 3))
    keep = np.sqrt(mass)[:, None] / 0.7
    system = np.concatenate([root * gradient.toarray(), keep * np.eye(len(vertices))])
    right = np.concatenate([root * wanted.transpose(0, 2, 1).reshape(-1, 3), keep * guess])
    dense = np.linalg.lstsq(system, right, rcond=None)[0]
    found = screened.displacements(torch.from_numpy(wanted)[None], torch.from_numpy(guess)[None])[0].numpy()
    assert np.allclose(found, dense, atol=1e-10)


def test_screened_gradcheck(ball, screened):
    generator = torch.Generator().manual_seed(0)
    deltas = torch.randn(1, len(ball[1]), 3, 3, dtype=torch.float64, generator=generator).requires_grad_()
    guess = torch.randn(1, len(ball[0]), 3, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(screened.displacements, (deltas, guess))


def test_a_guess_that_agrees_with_the_jacobians_is_kept(ball, screened):
    moved = torch.randn(1, len(ball[0]), 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(screened.displacements(screened.jacobians(moved), moved), moved, atol=1e-10)


def test_guesses_belong_to_screens(ball, solver, screened):
    deltas, guess = torch.zeros(1, len(ball[1]), 3, 3), torch.zeros(1, len(ball[0]), 3)
    with pytest.raises(InvalidInput, match="guess is needed by a solver with a screen, and by no other"):
        solver.displacements(deltas, guess)
    with pytest.raises(InvalidInput, match="guess is needed"):
        screened.displacements(deltas)
    with pytest.raises(InvalidInput, match="guess has shape"):
        screened.displacements(deltas, guess[:, 1:])
    with pytest.raises(InvalidInput, match="screen is 0"):
        PoissonSolver(*ball, screen=0)
