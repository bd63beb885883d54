"""Garments: who wears what, where the rim lies, and what the fabric shows."""

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation.appearance.clothes import GARMENTS, SKIN_RATIOS, choose_clothes, garment, unlike_skin
from generation.appearance.garment import COLUMNS, PATTERNS, STYLES, beside_opening, contact, fabric, under_rim
from generation.geometry.noise import noise_tile
from generation.heads import makehuman
from generation.plan import Plan

PLAN = Plan(Spec(identities=240, preset="balanced", size=64))
STYLE, PATTERN = COLUMNS.index("style"), COLUMNS.index("pattern")


@pytest.fixture(scope="module")
def topology():
    return makehuman.load().topology


@pytest.fixture(scope="module")
def worn():
    return np.stack([choose_clothes(PLAN[i], "home", 0) for i in range(240)])


def inside(cloth: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.array([under_rim(cloth, *point) for point in points.astype(float)])


def test_people_wear_every_style_and_pattern(worn):
    assert worn.shape == (240, len(COLUMNS)) and np.isfinite(worn).all()
    assert set(worn[:, STYLE]) == set(range(len(STYLES))) and set(worn[:, PATTERN]) == set(range(len(PATTERNS)))
    assert np.array_equal(worn[7], choose_clothes(PLAN[7], "home", 0))
    assert all(np.isclose(sum(patterns), 1) for *_, patterns in GARMENTS.values())


def test_patients_wear_gowns_and_few_others_do(worn):
    gown = STYLES.index("gown")
    ward = [choose_clothes(PLAN[i], "ward", 0)[STYLE] == gown for i in range(240)]
    assert 0.45 < np.mean(ward) < 0.75
    assert (worn[:, STYLE] == gown).mean() < 0.15


def test_no_cloth_has_the_hue_of_skin(worn):
    low_rg, high_rg, low_gb, high_gb = SKIN_RATIOS
    for red, green, blue in worn[:, :3].astype(float):
        assert not (low_rg * 1.01 < red / green < high_rg * 0.99 and low_gb * 1.01 < green / blue < high_gb * 0.99)
    skin = np.array([0.45, 0.25, 0.17])
    assert unlike_skin(skin)[2] / unlike_skin(skin)[0] > 1.5 * skin[2] / skin[0]


def test_faces_are_bare_and_shoulders_covered(topology, worn):
    points = topology.reference[: topology.eyeballs[0].start]
    face, shoulders = points[points[:, 1] > -100][::40], points[(points[:, 1] < -215)][::5]
    chin = points[(points[:, 1] > -125) & (points[:, 2] > -20)][::10]
    for cloth in worn[:60]:
        assert inside(cloth, face).max() < -8
        assert inside(cloth, chin).max() < 0
        assert inside(cloth, shoulders).min() > 0


def test_rims_are_symmetric_and_without_jumps(worn):
    x = np.linspace(-60, 60, 241)
    for cloth in worn[:40]:
        for y in (-150.0, -170.0):
            profile = inside(cloth, np.stack([x, np.full(241, y), np.full(241, -50.0)], axis=1))
            assert np.allclose(profile, profile[::-1], atol=1e-6)
            assert np.abs(np.diff(profile)).max() < 1.5  # half a millimetre apart


def test_the_edges_of_a_v_are_straight_whatever_the_chest_is_like(worn):
    cloth = worn[worn[:, STYLE] == STYLES.index("pointed")][0].astype(float)
    depth, width = cloth[COLUMNS.index("depth")], cloth[COLUMNS.index("width")]
    top = cloth[COLUMNS.index("height")] - cloth[COLUMNS.index("front")]
    for share in (0.2, 0.5, 0.8):
        assert abs(beside_opening(cloth, width * share, top - depth * (1 - share))) < 0.6


def test_clothes_stand_off_smoothly_and_leave_the_head_alone(topology, worn):
    for cloth in worn[:30]:
        thickness = garment(cloth, topology)
        assert thickness.dtype == np.float32 and thickness.min() == 0 and 2 < thickness.max() < 16
        assert not thickness[topology.reference[:, 1] > -96].any()
        assert not thickness[topology.eyeballs[0].start :].any()


def painted(cloth: np.ndarray, point: tuple[float, float, float], pixel: float = 0.6) -> np.ndarray:
    out = np.zeros(7)
    under = under_rim(cloth, *point)
    fabric(cloth.astype(np.float32), under, *point, *point, 0.0, 0.2, 0.98, noise_tile(), pixel, out)
    return out


def test_fabric_is_a_colour_and_a_unit_normal(worn):
    for cloth in worn[:60]:
        for x in (-150.0, -30.0, 0.0, 12.0, 90.0):
            out = painted(cloth.astype(float), (x, -200.0, -30.0))
            assert out[:3].min() > 0 and out[:3].max() < 1.2 and np.isclose(np.linalg.norm(out[3:6]), 1)
            assert 0 < out[6] <= 1


def test_patterns_show_both_colours_and_plain_cloth_one():
    cloth = np.zeros(len(COLUMNS))
    cloth[[COLUMNS.index(n) for n in ("red", "green", "blue")]] = 0.1
    cloth[[COLUMNS.index(n) for n in ("red2", "green2", "blue2")]] = 0.6
    cloth[COLUMNS.index("height")], cloth[COLUMNS.index("period")] = -140, 20
    for pattern, name in enumerate(PATTERNS):
        cloth[PATTERN] = pattern
        red = np.array([painted(cloth, (x, y, -30.0))[0] for x in np.arange(40.0) for y in -np.arange(200.0, 240.0, 3)])
        assert (np.ptp(red) < 0.01) if name == "plain" else (red.min() < 0.15 and red.max() > 0.38), name


def test_the_rim_shades_the_skin_beside_it():
    shade = [contact(-distance) for distance in (0.0, 2.0, 6.0, 11.0)]
    assert shade == sorted(shade) and shade[0] < 0.6 and shade[-1] > 0.98
