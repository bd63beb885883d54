"""Painted regions in pictures."""

import numpy as np

from generation.diffusion.compositing import composite, mixed


def test_a_painted_side_that_is_off_in_colour_meets_the_kept_side_without_a_step():
    down, right = np.mgrid[0:128, 0:128]
    picture = np.stack([right, down, right + down], 2).astype(np.uint8) // 2 + 60
    mask = right >= 64
    painted = picture + np.uint8(20)  # all of it, also what should be kept, 20 too bright
    result = composite(picture, painted, mask)
    assert np.array_equal(result[~mask], picture[~mask])
    off = (result.astype(int) - picture)[:, 64:, 0].mean(axis=0)
    assert off[0] <= 8 and abs(off[-1] - 20) < 1 and (np.diff(off) >= -0.01).all()


def test_nothing_of_what_was_there_shines_through():
    picture = np.zeros((64, 64, 3), np.uint8)
    mask = np.zeros((64, 64), bool)
    mask[16:48, 16:48] = True
    painted = np.zeros_like(picture)
    painted[mask] = 200
    picture[mask] = 77  # to be replaced
    assert (composite(picture, painted, mask)[mask] == 200).all()


def test_a_mixture_keeps_what_is_kept():
    picture, painted = np.full((4, 4, 3), 200, np.uint8), np.full((4, 4, 3), 100, np.uint8)
    keep = np.tile([0, 0.25, 0.5, 1], (4, 1))
    assert mixed(picture, painted, keep)[0, :, 0].tolist() == [100, 125, 150, 200]
