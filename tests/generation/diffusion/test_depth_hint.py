"""Depth maps as ControlNets see them."""

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.diffusion.depth_hint import depth_hint


def test_nearer_is_brighter_in_inverse_depth_and_nothing_is_black():
    depth = np.full((64, 64), np.inf)
    depth[:, :32] = 600.0
    depth[:, 32:48] = 800.0
    depth[:, 40:42] = 1 / (0.5 / 600 + 0.5 / 800)  # half way in inverse depth
    hint = depth_hint(depth, 64)
    assert hint.dtype == np.float32 and hint.shape == (64, 64)
    assert np.allclose(hint[0, [0, 31, 32, 40, 47, 48, 63]], [1, 1, 0.3, 0.65, 0.3, 0, 0])


def test_stray_points_do_not_set_the_scale():
    depth = np.full((100, 100), 600.0)
    depth[50:] = 800.0
    plain = depth_hint(depth, 100)
    depth[0, :20], depth[99, :20] = 5.0, 1e6
    hint = depth_hint(depth, 100)
    assert np.allclose(hint[1:99], plain[1:99]) and hint.min() >= np.float32(0.3) and hint.max() <= 1


def test_a_flat_surface_is_bright_and_sizes_are_met():
    depth = np.full((30, 30), np.inf)
    depth[10:20, 10:20] = 500.0
    assert set(np.unique(depth_hint(depth, 30))) == {0.0, 1.0}
    resized = depth_hint(depth, 64)
    assert resized.shape == (64, 64) and resized.min() == 0 and resized.max() == 1


@pytest.mark.parametrize(
    "depth",
    [
        np.full((8, 8), np.inf),
        np.full((8, 8), np.nan),
        np.zeros((8, 8)),
        np.full((8, 9), 5.0),
        np.full((8, 8), -np.inf),
    ],
)
def test_what_is_no_depth_map_is_refused(depth):
    with pytest.raises(InvalidInput, match=r"^depth has shape .*; allowed is \(S, S\) with some positive depth in mm"):
        depth_hint(depth, 64)
