"""What surfaces make of light: a furnace, bounds of occlusion, refraction and light through flesh."""

from itertools import pairwise

import numpy as np
import pytest

from generation.appearance.eyes import EyePaint
from generation.appearance.places.light import Light
from generation.geometry.surface import unit
from generation.render.raster.lighting import ambient, mirror_seen, passed, surface_mirror
from generation.render.raster.materials import F0_SKIN, NO_WRAP, SKIN_WRAP, Material, between_lids
from generation.render.raster.skin_detail import through_cornea

NORMALS = unit(np.random.default_rng(0).standard_normal((40, 3)))
FURNACE = Light.plain(np.zeros((0, 3)), np.zeros((0, 3)), np.ones(3), np.ones(3))


def material(normal: np.ndarray, occlusion: float = 1.0, roughness: float = 0.5, wrap=NO_WRAP) -> Material:
    return Material(
        albedo=(0.5, 0.4, 0.3),
        normal=tuple(map(float, normal)),
        occlusion=occlusion,
        specular=1.0,
        roughness=roughness,
        f0=F0_SKIN,
        wrap=wrap,
        coat=0.0,
        brightest=1.5,
    )


@pytest.mark.parametrize("wrap", [NO_WRAP, SKIN_WRAP])
def test_in_a_furnace_everything_is_shaded_alike(wrap):
    """Uniform surroundings: shading depends on the angle to the viewer, not on where a surface faces."""
    for angle in (0.0, 0.6, 1.2):
        found = []
        for normal in NORMALS:
            aside = unit(np.cross(normal, [0.3, 0.5, 0.8])[None])[0]
            viewer = np.cos(angle) * normal + np.sin(angle) * aside
            entering, mirrored = ambient(material(normal, wrap=wrap), tuple(viewer), FURNACE)
            found.append([*entering, *mirrored])
        assert np.ptp(found, axis=0).max() < 2e-3
        assert np.allclose(np.array(found)[:, :3], 1, atol=1e-3)


def test_surfaces_mirror_no_more_than_they_receive():
    for nv in np.linspace(0.04, 1, 25):
        for roughness in np.linspace(0.04, 1, 13):
            share = surface_mirror(F0_SKIN, nv, roughness, 1.0)
            assert 0 <= surface_mirror(F0_SKIN, nv, roughness, 0.5) <= share <= 1
    assert np.isclose(surface_mirror(0.04, 1.0, 0.1, 1.0), 0.04, atol=0.01)  # Fresnel, head-on
    assert surface_mirror(0.04, 0.1, 0.1, 1.0) > 0.3  # and at the rim


def test_hidden_surroundings_are_not_mirrored():
    for nv in np.linspace(0.04, 1, 13):
        for roughness in (0.04, 0.3, 0.6, 1.0):
            seen = [mirror_seen(nv, occlusion, roughness) for occlusion in np.linspace(0, 1, 21)]
            assert min(seen) >= 0 and max(seen) <= 1 and np.diff(seen).min() >= -1e-9
            assert seen[0] < 0.05 and np.isclose(seen[-1], 1)


def test_occlusion_darkens_skin_and_keeps_it_warm():
    normal, viewer = (0.0, 0.0, 1.0), (0.0, 0.0, 1.0)
    shades = [ambient(material(np.array(normal), o, wrap=SKIN_WRAP), viewer, FURNACE)[0] for o in (0.2, 0.5, 0.8, 1.0)]
    for darker, paler in pairwise(shades):
        assert all(a < b for a, b in zip(darker, paler, strict=True))
    assert shades[0][0] > shades[0][1] > shades[0][2] and shades[0][0] < 0.4


def test_thin_flesh_lets_red_light_through_and_thick_none():
    shadow = np.full((4, 4), 10.0, np.float32)
    thin, ear, thick = (passed(shadow, 1.0, 1.0, 10.0 + mm) for mm in (2.0, 5.0, 13.0))
    assert thin[0] > ear[0] > 0.05 and ear[0] > 3 * ear[1] and thick == (0, 0, 0)
    assert max(thin) < 0.6  # no glowing
    assert passed(np.full((4, 4), np.inf, np.float32), 9.0, -2.0, 10.0)[0] <= 0.6


def eyes() -> EyePaint:
    gaze = np.float32([[0, 0, 1], [0, 0, 1]])
    zero = np.zeros(3, np.float32)
    return EyePaint(zero, zero, np.float32([0.5, 0.5]), np.float32([0.2, 0.2]), gaze)


def test_the_cornea_refracts_the_iris_towards_the_viewer():
    ahead, aside = (0.0, 0.0, 1.0), (np.sin(0.7), 0.0, np.cos(0.7))
    assert np.allclose(through_cornea(ahead, 0, eyes(), ahead), ahead, atol=1e-6)
    behind = through_cornea(ahead, 0, eyes(), aside)
    assert behind[0] < -0.02 and np.isclose(np.linalg.norm(behind), 1, atol=1e-6)  # the sight line goes on inwards
    for angle in np.linspace(0, 0.53, 12):  # no jump at the edge of the iris
        here = (np.sin(angle), 0.0, np.cos(angle))
        assert np.linalg.norm(np.subtract(through_cornea(here, 0, eyes(), ahead), here)) < 0.09
    beside = (np.sin(0.6), 0.0, np.cos(0.6))
    assert through_cornea(beside, 0, eyes(), aside) == beside


def test_lids_lie_where_their_rims_run():
    along = np.linspace(-0.6, 0.6, 9)
    ball = np.array([[31.0, 0, -10, 12], [-31.0, 0, -10, 12]])

    def rim(height: float, side: int) -> np.ndarray:
        way = np.stack([along, height - 0.5 * height * along**2, np.sqrt(1 - along**2 - 0.09)], axis=1)
        return ball[side, :3] + 13 * unit(way)

    lids = eyes().between([rim(h, side) for side in (0, 1) for h in (0.3, -0.25)], ball).lids
    below, above = between_lids((0.0, 0.1, 1.0), lids[0])
    assert np.isclose(below, 0.2, atol=0.03) and np.isclose(above, 0.35, atol=0.03)
    assert between_lids((0.0, 0.5, 0.9), lids[1])[0] == 0
    assert min(between_lids((0.0, 0.0, 1.0), eyes().lids[0])) > 1  # by default they are out of the way
