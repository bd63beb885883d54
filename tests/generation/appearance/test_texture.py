"""Pictures on the skin."""

import numpy as np
import pytest

from generation.appearance.texture import NO_TEXELS, SMALLEST, TEXELS_PER_MM, Texture, covered, texels_at


def test_texels_between_four_are_their_mean_by_distance():
    texels = np.zeros((4, 4, 4), np.float32)
    texels[..., 0] = np.arange(4)  # columns, to the right
    texels[..., 1] = np.arange(4)[:, None]  # rows, down
    texels[..., 3] = 1
    texels[1, 2, 2] = 8
    places = np.float32([[0.625, 0.625], [0.5, 0.5], [0.55, 0.7], [0, 1], [1, 0], [-1, -1]])
    found = texels_at(texels, places)
    assert np.allclose(found[0], [2, 1, 8, 1])  # the middle of the texel in row 1, column 2
    assert np.allclose(found[1], [1.5, 1.5, 2, 1])
    assert np.allclose(found[2], [1.7, 0.7, 8 * 0.7 * 0.7, 1])
    assert np.allclose(found[3], [0, 0, 0, 1]) and np.allclose(found[4], [3, 3, 0, 1], atol=0.01)
    assert (found[5] == 0).all()  # nowhere


def test_what_is_not_hidden_of_the_paint_shows():
    half = covered((0.2, 0.4, 0.6), (0.1, 0.05, 0.0, 0.5))
    assert half == pytest.approx((0.2, 0.25, 0.3))
    assert covered((0.2, 0.4, 0.6), (0.0, 0.0, 0.0, 0.0)) == (0.2, 0.4, 0.6)


def test_levels_are_half_as_wide_each_and_keep_the_mean():
    texels = np.random.default_rng(0).random((256, 256, 4)).astype(np.float32)
    texture = Texture.of(texels)
    assert [len(level) for level in texture.levels] == [256, 128, SMALLEST]
    for level in texture.levels:
        assert np.allclose(level.mean(axis=(0, 1)), texels.mean(axis=(0, 1)), atol=1e-5)
    assert np.allclose(texture.levels[1][3, 5], texels[6:8, 10:12].mean(axis=(0, 1)), atol=1e-6)


def test_the_level_is_the_smallest_one_that_is_finer_than_a_pixel():
    texture = Texture.of(np.zeros((1024, 1024, 4), np.float32))
    for level in texture.levels:
        texel_mm = 1024 / (TEXELS_PER_MM * len(level))
        assert texture.at(1.4 * texel_mm) is level
        finer = texture.at(1.2 * texel_mm)
        assert len(finer) == min(2 * len(level), 1024)
    assert texture.at(0.001) is texture.levels[0] and texture.at(1000) is texture.levels[-1]


def test_there_are_no_texels_where_there_is_no_texture():
    places = np.array([[0.5, 0.5], [0.1, 0.9], [-1, -1]], np.float32)
    assert not texels_at(NO_TEXELS, places).any()  # bilinear reading of the one texel would leave the array
