"""Texels and the points of the head that they show, on the shipped head."""

import numpy as np
import pytest

from generation.baking.atlas import atlas_of, sample

SIDE = 128


@pytest.fixture(scope="module")
def atlas(head):
    return atlas_of(head.topology, SIDE)


def test_texels_lie_where_the_chart_puts_their_points(head, atlas):
    topology = head.topology
    corners = topology.uv[atlas.triangle]
    x, y = np.einsum("pk,pkc->pc", atlas.weights, corners).T
    assert np.allclose(x, (atlas.column + 0.5) / SIDE, atol=0.01 / SIDE)
    assert np.allclose(y, 1 - (atlas.row + 0.5) / SIDE, atol=0.01 / SIDE)
    assert (atlas.weights > -1e-4).all() and np.allclose(atlas.weights.sum(axis=1), 1)
    assert len(set(zip(atlas.row.tolist(), atlas.column.tolist(), strict=True))) == len(atlas.row)


def test_values_of_vertices_are_spread_between_them(head, atlas):
    topology = head.topology
    at = atlas.spread(topology.triangles, topology.reference)
    corners = topology.reference[topology.triangles[atlas.triangle]]
    assert np.allclose(at, np.einsum("pk,pkc->pc", atlas.weights, corners), atol=1e-3)


def test_values_of_texels_are_gathered_by_weight_around_vertices(head, atlas):
    triangles, count = head.topology.triangles, len(head.topology.reference)
    ones = np.ones(len(atlas.row))
    values = np.stack([3 * ones, atlas.column.astype(float)], axis=1)
    found = atlas.gather(triangles, values, ones, count)
    assert found[:, 2].sum() == pytest.approx(len(atlas.row))
    near = found[:, 2] > 1e-3
    assert np.allclose(found[near, 0], 3) and (found[~near, :2] <= 3 + SIDE).all()
    half = atlas.column < SIDE / 2
    left = atlas.gather(triangles, values, half.astype(float), count)
    assert left[:, 2].sum() == pytest.approx(half.sum())
    assert left[left[:, 2] > 1e-6, 1].max() < SIDE / 2


def test_the_picture_holds_each_value_at_its_texel_and_nothing_elsewhere(atlas):
    values = np.random.default_rng(0).random((len(atlas.row), 2)).astype(np.float32)
    picture = atlas.picture(values)
    assert picture.shape == (SIDE, SIDE, 2)
    assert np.array_equal(picture[atlas.row, atlas.column], values)
    picture[atlas.row, atlas.column] = 0
    assert not picture.any()


def test_a_picture_is_sampled_between_the_middles_of_its_pixels():
    picture = np.arange(12, dtype=np.float32).reshape(3, 4, 1)
    found = sample(picture, np.float64([[0.5, 0.5], [2.0, 0.5], [1.5, 2.0], [-9, -9], [9, 9]]))[:, 0]
    assert np.allclose(found[:4], [0, 1.5, 7, 0]) and found[4] == pytest.approx(11, abs=0.01)
