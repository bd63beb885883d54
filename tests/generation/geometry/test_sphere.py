"""Light from all directions: harmonics against integrals over the sphere, octahedral maps against what they map."""

import numpy as np
import pytest

from generation.geometry.sphere import (
    bordered,
    irradiance_harmonics,
    map_directions,
    map_place,
    mirrored_from,
    received,
    texel_areas,
)
from generation.geometry.surface import unit

SIDE = 48
DIRECTIONS, AREA = map_directions(SIDE), texel_areas(SIDE)
NORMALS = unit(np.random.default_rng(0).standard_normal((60, 3)))


def lit(radiance: np.ndarray) -> np.ndarray:
    return irradiance_harmonics(DIRECTIONS.reshape(-1, 3), radiance.reshape(-1, 3), AREA.ravel())


def smooth_radiance() -> np.ndarray:
    """A bright side, a dim ground, a coloured sky."""
    x, y, z = np.moveaxis(DIRECTIONS, 2, 0)
    grey = 0.3 + np.exp(2 * (0.8 * z + 0.5 * x - 1)) + 0.4 * np.maximum(y, 0)
    return np.stack([grey, grey * (1 + 0.3 * y), grey * (1 + 0.5 * y * y)], axis=2)


def test_texels_cover_the_sphere_evenly():
    assert np.isclose(AREA.sum(), 4 * np.pi) and np.allclose(np.linalg.norm(DIRECTIONS, axis=2), 1)
    assert np.abs((DIRECTIONS * AREA[..., None]).sum(axis=(0, 1))).max() < 1e-9
    second = np.einsum("ija,ijb,ij->ab", DIRECTIONS, DIRECTIONS, AREA) / (4 * np.pi)
    assert np.allclose(second, np.eye(3) / 3, atol=1e-3)


def test_harmonics_are_irradiance_by_brute_force():
    radiance = smooth_radiance()
    harmonics = lit(radiance)
    for normal in NORMALS:
        cosine = np.maximum(DIRECTIONS @ normal, 0) * AREA / np.pi
        expected = (radiance * cosine[..., None]).sum(axis=(0, 1))
        assert np.allclose(received(harmonics, tuple(normal)), expected, rtol=0.03)


def test_uniform_light_is_received_and_mirrored_the_same_everywhere():
    radiance = np.ones((SIDE, SIDE, 3)) * [0.5, 0.6, 0.7]
    harmonics, maps = lit(radiance), bordered(radiance[None].repeat(5, axis=0))
    for normal in NORMALS:
        assert np.allclose(received(harmonics, tuple(normal)), [0.5, 0.6, 0.7], atol=1e-3)
        assert np.allclose(mirrored_from(maps, normal, 2.3), [0.5, 0.6, 0.7])


def test_nothing_is_received_less_than_nothing():
    spot = np.zeros((SIDE, SIDE, 3))
    spot[SIDE // 2, SIDE // 2] = 1000
    harmonics = lit(spot)
    assert min(min(received(harmonics, tuple(normal))) for normal in NORMALS) == 0


def test_maps_show_what_lies_in_a_direction_across_every_fold():
    x, y, z = np.moveaxis(DIRECTIONS, 2, 0)
    maps = bordered(np.stack([x, y, z], axis=2)[None].repeat(2, axis=0))
    folds = [(1, 0, 0), (0, 0, 1), (-1, 0, 0), (0, 0, -1), (0, -1, 0), (0, 1, 0), (0.7, -0.7, 0), (0, -0.7, -0.7)]
    for direction in (*NORMALS, *unit(np.array(folds, float))):
        assert np.allclose(mirrored_from(maps, direction, 0.0), direction, atol=0.03)
        column, row = map_place(tuple(direction), SIDE)
        assert 0.5 <= column <= SIDE + 0.5 and 0.5 <= row <= SIDE + 0.5


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0, 7.0])
def test_levels_mix_and_end_at_the_roughest(level):
    maps = bordered(np.stack([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]))
    assert np.allclose(mirrored_from(maps, NORMALS[0], level), min(level, 1.0), atol=2e-3)
