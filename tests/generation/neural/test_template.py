from itertools import pairwise

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.rigs.neural.channels import CHANNELS, CORRECTED, UNITS
from generation.rigs.neural.contacts import contacts, sealed
from generation.rigs.neural.copies import make_copy
from generation.rigs.neural.template import RIMS, Template, check_slits, locate


@pytest.fixture(scope="module")
def template(faces):
    return Template.of(faces)


@pytest.fixture(scope="module")
def copy(faces):
    return make_copy("remeshed", 0.5 * (faces.mean + faces.open), faces.triangles, 2500)


def test_points_are_found_by_their_places_on_a_face_of_another_shape_and_topology(faces, template, copy):
    person = faces.neutral(5)
    found = locate(template.landmarks, copy.of(faces.mean), copy.triangles) @ copy.of(person)
    assert np.linalg.norm(found - faces.landmarks(person), axis=1).mean() < 0.5
    assert np.abs(faces.landmarks(person) - template.landmarks).max() > 1


def test_what_is_no_face_is_refused(faces, template):
    with pytest.raises(InvalidInput, match="not a head, or not in the head frame"):
        locate(template.landmarks, faces.mean * 1.3, faces.triangles)


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


def test_a_seal_closes_lids_that_stay_open_and_holds_them_under_other_units(faces, template, copy):
    vertices = copy.of(faces.neutral(3))
    channels = copy.of(faces.channels)
    channels[UNITS.index("AU43")] *= 0.85
    for unit in CORRECTED:
        channels[CHANNELS.index(f"{unit}xAU43")] = 0
    upper, lower = (locate(template.lids[:, side], copy.of(faces.mean), copy.triangles) for side in (0, 1))
    shut = sealed(vertices, copy.triangles, channels, upper, lower, template.lids_meet)

    def gaps(moved, units):
        change = moved[UNITS.index("AU43")]
        for unit in units:
            change = change + moved[UNITS.index(unit)] + moved[CHANNELS.index(f"{unit}xAU43")]
        return np.linalg.norm((upper - lower) @ (vertices + change) - template.lids_meet, axis=1)

    assert gaps(channels, ()).max() > 0.5 and gaps(channels, ("AU7", "AU6")).max() > 1
    assert gaps(shut, ()).max() < 0.1
    assert gaps(shut, CORRECTED).max() < 0.2
    assert np.array_equal(shut[UNITS.index("AU6")], channels[UNITS.index("AU6")])
    far = np.linalg.norm(vertices - vertices[:, None][np.argmin(vertices[:, 1])], axis=1) < 30
    assert np.abs(shut - channels)[:, far].max() < 1e-3
