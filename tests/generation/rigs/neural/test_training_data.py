import numpy as np
import pytest
import torch

from dataset_script.errors import InvalidInput, WorkFailed
from generation.geometry.checks import boundary_loops, check_surface
from generation.rigs.neural.channels import CHANNELS, UNITS, gates
from generation.rigs.neural.contacts import contacts, lid_corrections
from generation.rigs.neural.copies import make_copy
from generation.rigs.neural.data import FaceMaker, MeshVariant, random_codes, random_gates
from generation.rigs.neural.ict import load_ict
from generation.rigs.neural.model import NetworkConfig

OPEN = 0.5
COPIES = [("decimated", 1500), ("subdivided", 0), ("remeshed", 2000)]


def open_pose(faces):
    return faces.mean + OPEN * faces.channels[UNITS.index("AU27")]


def test_gates_are_zero_at_rest_and_linear_while_the_eyes_are_open():
    assert not gates(np.zeros(6), np.zeros(7)).any()
    au = np.array([1.0, 2, 3, 4, 5, 0])
    assert np.allclose(gates(au / 2), gates(au) / 2)
    assert np.allclose(gates(au)[:5], [0.2, 0.4, 0.6, 0.8, 1.0])
    assert gates(au).shape == (len(CHANNELS),) and not gates(au)[5:].any()


def test_closed_eyes_take_from_what_lifts_the_lower_lid_and_switch_the_corrections_on():
    shut = gates(np.array([5.0, 5, 5, 5, 5, 1]))
    assert np.allclose(shut[:6], [1, 0.65, 0.4, 1, 1, 1])
    assert np.allclose(shut[len(UNITS) :][:3], [1, 0.65, 0.4])


@pytest.mark.parametrize("unit", range(6))
def test_every_unit_still_grows_with_closed_eyes(unit):
    au = np.tile([2.0, 2, 2, 2, 2, 1], (6, 1))
    au[:, unit] = np.linspace(0, 1 if unit == 5 else 5, 6)
    assert (np.diff(gates(au)[:, unit]) > 0).all()


def test_gates_refuse_intensities_out_of_range():
    with pytest.raises(InvalidInput, match=r"AU6 is 5\.5"):
        gates(np.array([0, 5.5, 0, 0, 0, 0]))
    with pytest.raises(InvalidInput, match="AU12 is 9"):
        gates(np.zeros(6), np.array([0, 0, 9.0, 0, 0, 0, 0]))
    with pytest.raises(InvalidInput, match=r"extra_au has shape \(3,\)"):
        gates(np.zeros(6), np.zeros(3))


def test_lids_that_touch_keep_touching_whatever_else_moves(faces):
    closing = faces.channels[UNITS.index("AU43")]
    pairs = contacts(faces.mean + closing, faces.mean)
    assert len(pairs) >= 10
    alone = closing[pairs[:, 0]] - closing[pairs[:, 1]]
    everything = np.tensordot(gates(np.array([5.0, 5, 5, 5, 5, 1])), faces.channels, axes=1)
    together = everything[pairs[:, 0]] - everything[pairs[:, 1]]
    uncorrected = np.tensordot(
        gates(np.array([5.0, 5, 5, 5, 5, 1]))[: len(UNITS)], faces.channels[: len(UNITS)], axes=1
    )
    without = uncorrected[pairs[:, 0]] - uncorrected[pairs[:, 1]]
    assert np.abs(without - alone).max() > 0.8
    assert np.abs(together - alone).max() < 0.2


def test_lids_that_do_not_close_are_refused(faces):
    closing = 0.2 * faces.channels[UNITS.index("AU43")]
    with pytest.raises(InvalidInput, match="closing brings 0 pairs of points together; allowed is 8 and more"):
        lid_corrections(faces.mean, closing, faces.channels[:2])


def test_faces_are_in_the_head_frame_and_depend_only_on_their_number(faces, pack):
    again = load_ict(pack).neutral(7)
    assert np.array_equal(again, faces.neutral(7))
    assert np.abs(faces.neutral(8) - again).max() > 0.5
    assert not np.array_equal(faces.neutral(7, seed=1), again)
    assert len(boundary_loops(faces.triangles)) == 4  # two eyes, the mouth, the outline


@pytest.mark.parametrize("kind,size", COPIES)
def test_copies_are_manifold_and_have_exact_positions_of_every_face(faces, kind, size):
    copy = make_copy(kind, open_pose(faces), faces.triangles, size)
    check_surface(copy.of(open_pose(faces)), copy.triangles)
    assert np.allclose(copy.weights.sum(axis=1), 1) and copy.weights.min() >= 0
    if size:
        assert 0.9 * size < len(copy.weights.indptr) < 1.1 * size
    both = copy.of(np.stack([faces.mean, faces.neutral(3)]))
    assert np.allclose(both[1], copy.of(faces.neutral(3)))
    assert len(boundary_loops(copy.triangles)) == len(boundary_loops(faces.triangles))


def test_no_vertex_of_a_copy_joins_the_two_lips_or_lids(faces):
    """Tied to both, it would stay between them when they part."""
    opening = faces.channels[UNITS.index("AU27")]
    upper, lower = contacts(faces.mean, faces.mean + opening).T
    sides = np.zeros(len(faces.mean))
    sides[upper], sides[lower] = 1, -1
    copy = make_copy("remeshed", open_pose(faces), faces.triangles, 2500)
    entries = copy.weights.tocoo()
    heavy = entries.data > 0.05
    row, side = entries.row[heavy], sides[entries.col[heavy]]
    both = set(row[side > 0]) & set(row[side < 0])
    slit = np.abs(copy.of(faces.mean)[:, 0]) < 8  # beside it the lips are one skin
    assert not [v for v in both if slit[v]]


def test_remeshed_copies_repeat_and_differ_by_number(faces):
    first, again, other = (make_copy("remeshed", open_pose(faces), faces.triangles, 1500, n) for n in (0, 0, 1))
    assert np.array_equal(first.of(faces.mean), again.of(faces.mean))
    assert first.triangles.shape != other.triangles.shape or not np.array_equal(first.triangles, other.triangles)


def test_a_training_face_is_consistent(pack):
    maker = FaceMaker(pack, 0, NetworkConfig(eigenvectors=8, screen_mm=0), cache=None)
    face = maker.face(3, MeshVariant("head", "decimated", 1200))
    back = face.mesh.solver.displacements(face.jacobians.double())
    assert (back - face.truth).abs().max() < 0.05  # the anchor's mean is not quite still
    assert face.weights.mean() == pytest.approx(1, abs=1e-5) and face.weights.min() > 0
    moved = face.truth.permute(1, 0, 2).flatten(1)
    between = (face.rims @ moved).unflatten(1, (len(CHANNELS), 3)).transpose(0, 1)
    assert torch.allclose(between.mean(dim=1), face.rim_truth.mean(dim=1), atol=1.5)  # the copy is coarse


def test_codes_are_in_range_and_repeat():
    codes = random_codes(0, 5, 200)
    assert np.array_equal(codes, random_codes(0, 5, 200)) and not np.array_equal(codes, random_codes(0, 6, 200))
    assert (codes >= 0).all() and (codes[:, 5] <= 1).all() and (codes <= 5).all() and (codes == 0).mean() > 0.4
    drawn = random_gates(0, 5, 4, 3)
    assert drawn.shape == (7, len(CHANNELS)) and np.array_equal(drawn[4:].sum(axis=1), np.ones(3))


def test_a_pack_that_is_not_there_or_is_none_says_how_to_make_it(tmp_path):
    with pytest.raises(WorkFailed, match="does not exist; make it from a checkout of ICT-FaceKit"):
        load_ict(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"not a pack")
    with pytest.raises(WorkFailed, match="which is not an ICT-FaceKit pack"):
        load_ict(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", V=np.zeros((4, 3)))
    with pytest.raises(WorkFailed, match="which is not an ICT-FaceKit pack"):
        load_ict(tmp_path / "other.npz")


def test_unknown_regions_and_copies_are_refused(pack, faces):
    with pytest.raises(InvalidInput, match="region is 'ear'; allowed are head, mouth, sockets"):
        load_ict(pack, "ear")
    with pytest.raises(InvalidInput, match="kind is 'melted'"):
        make_copy("melted", faces.mean, faces.triangles, 500)
    with pytest.raises(InvalidInput, match="size is 50; allowed is 100 to 11247"):
        make_copy("decimated", faces.mean, faces.triangles, 50)
