import hashlib

import numpy as np
import pytest
import torch

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from generation.heads.base import HeadShape
from generation.plan import Plan
from generation.rigs.neural.head_rig import NeuralHeadRig, _parts, load, moved_rigidly
from generation.rigs.neural.model import NetworkConfig, NeuralRigNetwork
from generation.rigs.neural.rig import NeuralRig

SMALL = NetworkConfig(width=8, blocks=1, eigenvectors=16, identity=4, decoder_width=16, decoder_layers=1)
PAIN = np.array([3.0, 2, 4, 1, 5, 0])


@pytest.fixture(scope="module")
def neural(head, faces) -> NeuralHeadRig:
    """Random weights: what holds here holds whatever was learned."""
    torch.manual_seed(0)
    network = NeuralRigNetwork(SMALL)
    torch.nn.init.normal_(network.decoder[-1].weight, std=0.05)
    return NeuralHeadRig(head, NeuralRig(network))


@pytest.fixture(scope="module")
def person(head) -> HeadShape:
    return head.shape(Plan(Spec(identities=24))[3], 0)


def test_no_units_give_the_neutral_face_itself(neural, person):
    assert np.array_equal(neural.pose(person, np.zeros(6), {}), person.control)


def test_every_part_moves_with_what_it_is_attached_to(neural, person):
    parts = _parts()
    moved = neural.pose(person, np.zeros(6), {"AU27": 5.0}) - person.control
    assert not moved[parts["upper_teeth"]].any() and not moved[parts["left_eye"]].any()
    jaw = np.concatenate([parts["lower_teeth"], parts["tongue"]])
    before, after = person.control[jaw], (person.control + moved)[jaw]
    lengths = [np.linalg.norm(np.diff(v, axis=0), axis=1) for v in (before, after)]
    assert np.abs(lengths[0] - lengths[1]).max() < 1e-3  # rigid
    assert np.abs(moved[jaw]).max() > 0
    smiling = neural.pose(person, np.zeros(6), {"AU12": 5.0}) - person.control
    assert not smiling[jaw].any()


def test_lashes_stay_on_their_lids(person, head):
    """With the shipped weights: those of the upper lids come down with them."""
    moved = load(head).pose(person, np.array([0, 0, 0, 0, 0, 1.0]), {}) - person.control
    skin = np.flatnonzero(head.skin_control)
    for k, (roots, _) in enumerate(head.topology.lashes):
        nearest = skin[np.linalg.norm(person.control[roots][:, None] - person.control[skin], axis=2).argmin(axis=1)]
        assert np.median(np.linalg.norm(moved[roots] - moved[nearest], axis=1)) < 1.2
        if k % 2 == 0:
            assert moved[roots, 1].min() < -4


def test_asymmetry_moves_the_left_more(neural, person, head):
    even, uneven = (neural.pose(person, PAIN, {}, share) - person.control for share in (0.0, 0.15))
    left = head.skin_control & (person.control[:, 0] > 30) & (person.control[:, 1] < -20)
    assert np.linalg.norm(uneven[left]) > 1.1 * np.linalg.norm(even[left])
    with pytest.raises(InvalidInput, match="asymmetry is 2"):
        neural.pose(person, PAIN, {}, 2)
    with pytest.raises(InvalidInput, match="AU4 is 6"):
        neural.pose(person, np.array([6.0, 0, 0, 0, 0, 0]), {})


def test_bytes_do_not_depend_on_threads_or_on_who_was_posed_before(neural, person, head):
    other = head.shape(Plan(Spec(identities=24))[4], 0)
    au = PAIN + np.array([0, 0, 0, 0, 0, 1])
    digests = set()
    for threads in (1, 2, 1):
        torch.set_num_threads(threads)
        neural.pose(other, au, {})
        digests.add(hashlib.sha256(neural.pose(person, au, {}).tobytes()).hexdigest())
    torch.set_num_threads(1)
    assert len(digests) == 1


def test_what_is_carried_follows_a_rigid_motion_exactly():
    rng = np.random.default_rng(0)
    points, others = rng.normal(size=(20, 3)), rng.normal(size=(5, 3)) + 3
    angle = 0.3
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    shift = np.array([1.0, -2, 0.5])
    assert np.allclose(
        moved_rigidly(points, points @ turn.T + shift - points, others), others @ turn.T + shift - others
    )
