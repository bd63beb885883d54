import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.rigs.deformation_transfer import DeformationTransfer, SourceFace, deformation_gradients
from generation.rigs.neural.channels import UNITS
from generation.rigs.neural.copies import make_copy

MARKS = slice(300, 11248, 137)


@pytest.fixture(scope="module")
def transfer(faces):
    return DeformationTransfer(SourceFace(faces.mean, faces.triangles, faces.channels, faces.mean[MARKS]))


def test_onto_itself_the_source_gets_its_own_expressions(faces, transfer):
    bound = transfer.bind(faces.mean, faces.triangles, faces.mean[MARKS])
    error = np.linalg.norm(bound.channels - faces.channels, axis=2)
    assert error.max() < 0.1  # a translation: the anchor's mean is not quite still


def test_another_person_on_another_topology_moves_alike(faces, transfer):
    neutral = faces.neutral(4)
    pose = faces.mean + 0.5 * faces.channels[UNITS.index("AU27")]
    copy = make_copy("remeshed", pose, faces.triangles, 4000)
    bound = transfer.bind(copy.of(neutral), copy.triangles, neutral[MARKS])
    truth = copy.of(faces.channels)
    error = np.linalg.norm(bound.channels - truth, axis=2).mean(axis=1)
    still = np.linalg.norm(truth, axis=2).mean(axis=1)
    units = [UNITS.index(unit) for unit in ("AU4", "AU6", "AU9", "AU10", "AU12")]
    assert (error[units] < 0.5 * still[units]).all()


def test_nothing_moves_without_units(faces, transfer):
    bound = transfer.bind(faces.mean, faces.triangles, faces.mean[MARKS])
    assert np.array_equal(bound.pose(np.zeros(6)), faces.mean)


def test_gradients_of_a_rotation_are_that_rotation(faces):
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved = (faces.mean @ turn.T - faces.mean)[None]
    assert np.allclose(deformation_gradients(faces.mean, moved, faces.triangles), turn, atol=1e-8)


def test_other_landmarks_are_refused(faces, transfer):
    with pytest.raises(InvalidInput, match=r"landmarks has shape \(68, 3\)"):
        transfer.bind(faces.mean, faces.triangles, faces.mean[:68])
