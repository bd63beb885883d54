"""Garments: who wears what, where the rim lies, and what the fabric shows."""

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation.appearance.clothes import (
    CUTS,
    PATTERNS,
    SKIN_RATIOS,
    STYLES,
    Garment,
    choose_clothes,
    unlike_skin,
)
from generation.appearance.fabric import fabric
from generation.appearance.garment import beside_opening, cloth_thickness, contact, under_rim
from generation.geometry.noise import noise_tile
from generation.heads import makehuman
from generation.plan import Plan

PLAN = Plan(Spec(identities=240, preset="balanced", size=64))


@pytest.fixture(scope="module")
def topology():
    return makehuman.load().topology


@pytest.fixture(scope="module")
def worn():
    return [choose_clothes(PLAN[i], "home", 0)[1] for i in range(240)]


def inside(cloth: Garment, points: np.ndarray) -> np.ndarray:
    return np.array([under_rim(cloth, tuple(point)) for point in points.astype(float).tolist()])


def test_people_wear_every_style_and_pattern(worn):
    assert all(np.isfinite(values).all() for cloth in worn for values in cloth)
    assert {cloth.style for cloth in worn} == set(range(len(STYLES)))
    assert {cloth.pattern for cloth in worn} == set(range(len(PATTERNS)))
    name, again = choose_clothes(PLAN[7], "home", 0)
    assert CUTS[name].style == STYLES[again.style]
    assert all(np.array_equal(a, b) for a, b in zip(worn[7], again, strict=True))
    assert all(np.isclose(sum(cut.patterns), 1) and cut.style in STYLES for cut in CUTS.values())


def test_a_garment_is_made_of_single_precision_numbers(worn):
    """Others would change the pictures in their last bits."""
    for cloth in worn[:24]:
        assert isinstance(cloth.style, int) and isinstance(cloth.pattern, int)
        numbers = cloth._asdict() | {"style": np.float32(0), "pattern": np.float32(0)}
        assert {name: values.dtype for name, values in numbers.items()} == dict.fromkeys(Garment._fields, np.float32)


def test_patients_wear_gowns_and_few_others_do(worn):
    gown = STYLES.index("gown")
    ward = [choose_clothes(PLAN[i], "ward", 0)[0] == "gown" for i in range(240)]
    assert 0.45 < np.mean(ward) < 0.75
    assert np.mean([cloth.style == gown for cloth in worn]) < 0.15


def test_no_cloth_has_the_hue_of_skin(worn):
    low_rg, high_rg, low_gb, high_gb = SKIN_RATIOS
    for red, green, blue in (cloth.colour.astype(float) for cloth in worn):
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
    cloth = next(cloth for cloth in worn if STYLES[cloth.style] == "pointed")
    depth, width = float(cloth.depth), float(cloth.width)
    top = float(cloth.neck) - float(cloth.front)
    for share in (0.2, 0.5, 0.8):
        assert abs(beside_opening(cloth, width * share, top - depth * (1 - share))) < 0.6


def test_clothes_stand_off_smoothly_and_leave_the_head_alone(topology, worn):
    for cloth in worn[:30]:
        thickness = cloth_thickness(cloth, topology)
        assert thickness.dtype == np.float32 and thickness.min() == 0 and 2 < thickness.max() < 16
        assert not thickness[topology.reference[:, 1] > -96].any()
        assert not thickness[topology.eyeballs[0].start :].any()


def painted(cloth: Garment, point: tuple[float, float, float], pixel: float = 0.6):
    under = under_rim(cloth, point)
    return fabric(cloth, under, point, point, (0.0, 0.2, 0.98), noise_tile(), pixel)


def test_fabric_is_a_colour_and_a_unit_normal(worn):
    for cloth in worn[:60]:
        for x in (-150.0, -30.0, 0.0, 12.0, 90.0):
            seen = painted(cloth, (x, -200.0, -30.0))
            assert min(seen.albedo) > 0 and max(seen.albedo) < 1.2 and np.isclose(np.linalg.norm(seen.normal), 1)
            assert 0 < seen.ambient <= 1


def test_patterns_show_both_colours_and_plain_cloth_one():
    blank = {name: np.float32(0) for name in Garment._fields}
    colours = {"colour": np.full(3, 0.1, np.float32), "second_colour": np.full(3, 0.6, np.float32)}
    cloth = Garment(**blank | colours | {"style": 0, "neck": np.float32(-140), "period": np.float32(20)})
    for pattern, name in enumerate(PATTERNS):
        made = cloth._replace(pattern=pattern)
        places = [(x, y, -30.0) for x in np.arange(40.0) for y in -np.arange(200.0, 240.0, 3)]
        red = np.array([painted(made, place).albedo[0] for place in places])
        assert (np.ptp(red) < 0.01) if name == "plain" else (red.min() < 0.15 and red.max() > 0.38), name


def test_the_rim_shades_the_skin_beside_it():
    shade = [contact(-distance) for distance in (0.0, 2.0, 6.0, 11.0)]
    assert shade == sorted(shade) and shade[0] < 0.6 and shade[-1] > 0.98
