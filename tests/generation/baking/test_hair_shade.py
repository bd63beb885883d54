"""The shade of hair on a flat patch of skin of one colour."""

import numpy as np
import pytest

from generation.baking.camera import portrait_camera
from generation.baking.hair_shade import light_under_hair, shade_shown

CAMERA = portrait_camera(128)
SHARE = np.full((128, 128), 4.0, np.float32)
PASSED = np.ones((128, 128, 3), np.float32)
PASSED[50:70, 50:70] = 0.6
INSIDE = np.s_[55:65, 55:65]


def skin_shown(inside):
    """Skin of colour 0.5 that is `inside` where hair is expected to shade it."""
    radiance = np.full((128, 128, 3), 0.5, np.float32)
    radiance[50:70, 50:70] = inside
    return radiance


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (0.30, 0.5),  # the whole shade
        (0.40, 0.5),  # half of it
        (0.50, 0.5),  # none: it is not made paler than the skin around it
        (0.27, 0.45),  # a little darker skin, under the whole shade
        (0.05, 0.05),  # hair
    ],
)
def test_skin_in_the_shade_gets_the_colour_of_the_skin_around_and_hair_keeps_its_own(inside, expected):
    radiance = skin_shown(inside)
    found = radiance / light_under_hair(PASSED, shade_shown(radiance, PASSED, SHARE, CAMERA))
    assert found[INSIDE] == pytest.approx(np.full_like(found[INSIDE], expected), abs=0.02)
    assert np.array_equal(found[:40], radiance[:40])


def test_hair_that_shades_nothing_changes_nothing():
    assert not shade_shown(skin_shown(0.3), np.ones_like(PASSED), SHARE, CAMERA).any()
