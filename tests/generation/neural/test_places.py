from itertools import pairwise

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.rigs.neural.contacts import contacts
from generation.rigs.neural.copies import make_copy
from generation.rigs.neural.places import RIMS, check_slits, locate


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


def slit_pairs(faces, name):
    """(K, 2) vertices that touch, along the slit."""
    pairs = contacts(faces.mean, faces.open) if name == "mouth" else contacts(faces.closed, faces.mean)
    if name != "mouth":
        pairs = pairs[(faces.mean[pairs[:, 0], 0] > 0) == (name == "left eye")]
    return pairs[faces.mean[pairs[:, 0], 0].argsort()]


@pytest.fixture(scope="module")
def landmarks(faces):
    """Only those of the rims, which the stand-in for ICT-FaceKit has elsewhere."""
    marks = np.zeros((68, 3))
    for name, rims in RIMS.items():
        pairs = slit_pairs(faces, name)
        for rim, vertex in zip(rims, pairs[len(pairs) // 2], strict=True):
            marks[list(rim)] = faces.mean[vertex]
    return marks


def test_slits_pass(faces, landmarks):
    check_slits(landmarks, faces.mean, faces.triangles)


@pytest.mark.parametrize("name", RIMS)
def test_fused_rims_are_named(faces, landmarks, name):
    bridge = [[a, b, c] for (a, b), (c, _) in pairwise(slit_pairs(faces, name))]
    with pytest.raises(InvalidInput, match=f"the {name} is no slit"):
        check_slits(landmarks, faces.mean, np.concatenate([faces.triangles, bridge]))
