import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.rigs.neural.copies import make_copy
from generation.rigs.neural.places import locate


@pytest.fixture(scope="module")
def copy(faces):
    return make_copy("remeshed", 0.5 * (faces.mean + faces.open), faces.triangles, 2500)


def test_points_are_found_by_their_places_on_a_face_of_another_shape_and_topology(faces, copy):
    person = faces.neutral(5)
    found = locate(faces.landmarks(faces.mean), copy.of(faces.mean), copy.triangles) @ copy.of(person)
    assert np.linalg.norm(found - faces.landmarks(person), axis=1).mean() < 0.5
    assert np.abs(faces.landmarks(person) - faces.landmarks(faces.mean)).max() > 1


def test_what_is_no_face_is_refused(faces):
    with pytest.raises(InvalidInput, match="not a head, or not in the head frame"):
        locate(faces.landmarks(faces.mean), faces.mean * 1.3, faces.triangles)
