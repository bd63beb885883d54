import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.rigs.neural.channels import CHANNELS, CORRECTED, UNITS
from generation.rigs.neural.contacts import contacts
from generation.rigs.neural.copies import make_copy
from generation.rigs.neural.rims import EYES, find_rims, sealed


@pytest.fixture(scope="module")
def copy(faces):
    return make_copy("remeshed", 0.5 * (faces.mean + faces.open), faces.triangles, 3000)


@pytest.fixture(scope="module")
def landmarks(faces):
    """Those of the eyes of person 3, off by about a millimetre; the stand-in for ICT-FaceKit has them elsewhere."""
    person, marks = faces.neutral(3), np.zeros((68, 3))
    pairs = contacts(faces.closed, faces.mean)
    for first, last, above, below in EYES:
        side = pairs[(faces.mean[pairs[:, 0], 0] > 0) == (first == 42)]
        side = side[person[side[:, 0], 0].argsort()]
        marks[first], marks[last] = person[side[0]].mean(axis=0), person[side[-1]].mean(axis=0)
        for share, up, down in zip((1 / 3, 2 / 3), above, below, strict=True):
            marks[up], marks[down] = person[side[int(share * len(side))]] + [[0.7, 0.8, 0], [-0.5, 0.9, 0.5]]
    return marks


def heights(vertices, rims):
    """Upper less lower rim along the middle of both eyes."""
    found = []
    for upper, lower in (tuple(rim @ vertices for rim in both) for both in rims):
        inner = (upper[:, 0] > np.quantile(upper[:, 0], 0.15)) & (upper[:, 0] < np.quantile(upper[:, 0], 0.85))
        lower = lower[lower[:, 0].argsort()]
        found.append((upper[:, 1] - np.interp(upper[:, 0], lower[:, 0], lower[:, 1]))[inner])
    return np.concatenate(found)


def test_rims_are_the_edges_of_the_slit(faces, copy, landmarks):
    vertices = copy.of(faces.neutral(3))
    for (upper, lower), (first, last, *_) in zip(find_rims(landmarks, vertices, copy.triangles), EYES, strict=True):
        assert upper.shape[0] > 15 and lower.shape[0] > 15
        for rim in (upper, lower):
            x = (rim @ vertices)[:, 0]
            assert (np.diff(x) >= 0).all() and landmarks[first, 0] - 1 < x[0] and x[-1] < landmarks[last, 0] + 1
    assert heights(vertices, find_rims(landmarks, vertices, copy.triangles)).min() > 1
    with pytest.raises(InvalidInput, match="on the rim of a lid"):
        find_rims(landmarks + np.array([0, 0, 300.0]), vertices, copy.triangles)


@pytest.mark.parametrize("short", [0.75, 1.1])
def test_a_seal_closes_lids_that_stay_open_or_cross_and_holds_them_under_other_units(faces, copy, landmarks, short):
    vertices, channels = copy.of(faces.neutral(3)), copy.of(faces.channels)
    channels[UNITS.index("AU43")] *= short
    for unit in CORRECTED:
        channels[CHANNELS.index(f"{unit}xAU43")] = 0
    rims = find_rims(landmarks, vertices, copy.triangles)
    shut = sealed(vertices, copy.triangles, channels, rims)

    def gap(moved, units):
        change = moved[UNITS.index("AU43")]
        for unit in units:
            change = change + moved[UNITS.index(unit)] + moved[CHANNELS.index(f"{unit}xAU43")]
        return np.abs(heights(vertices + change, rims)).max()

    assert gap(channels, ()) > 0.5 and gap(channels, ("AU7", "AU6")) > 0.8
    assert gap(shut, ()) < 0.3 and gap(shut, CORRECTED) < 0.3
    assert np.array_equal(shut[UNITS.index("AU6")], channels[UNITS.index("AU6")])
    far = np.linalg.norm(vertices - vertices[np.argmin(vertices[:, 1])], axis=1) < 20
    assert np.abs(shut - channels)[:, far].max() < 1e-3
