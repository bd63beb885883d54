"""Planted attention is found, the baselines are what they say, intervals are those of a loop over resampled people."""

from itertools import combinations, permutations

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from evaluation.explanations.agreement import (
    METRICS,
    ROWS,
    UnitMaps,
    agreement,
    centre_map,
    hot_regions,
    map_terms,
    random_terms,
    within_tolerance,
)

PEOPLE, FRAMES, GRID = 6, 5, (4, 4)
N = PEOPLE * FRAMES


@pytest.fixture(scope="module")
def scene() -> dict[str, np.ndarray]:
    """Heat of each unit at a place of its own, a little elsewhere in every frame."""
    random = np.random.default_rng(0)
    heat = random.random((N, 6, *GRID)) ** 4
    for k in range(6):
        heat[:, k, k // 2, k % 4] += 3 + random.random(N)
    return {
        "heat": heat,
        "present": random.random((N, 6)) < 0.7,
        "identities": np.repeat(np.arange(PEOPLE), FRAMES),
        "training_heat": heat.mean(axis=0),
    }


def test_the_hot_region_is_the_smallest_with_half_of_the_heat():
    heat = np.random.default_rng(1).random((20, 7)) ** 3
    for row, mask in zip(heat, hot_regions(heat), strict=True):
        enough = [
            set(chosen)
            for size in range(1, 8)
            for chosen in combinations(range(7), size)
            if row[list(chosen)].sum() >= row.sum() / 2
        ]
        smallest = min(map(len, enough))
        assert mask.sum() == smallest
        assert row[mask].sum() == pytest.approx(max(row[list(c)].sum() for c in enough if len(c) == smallest))


def test_attention_that_is_the_heat_hits_everything_and_its_opposite_nothing(scene):
    found = agreement(UnitMaps(scene["heat"], **scene), resamples=20)
    for unit in found["units"].values():
        for metric in ("pointing", "pointing_strict", "iou"):
            assert unit[metric]["attention"]["value"] == 1
        assert unit["energy"]["attention"]["value"] >= 0.5
        assert unit["energy"]["other_units"]["value"] < 0.3
    opposite = agreement(UnitMaps(scene["heat"].max() - scene["heat"], **scene), resamples=20)
    assert opposite["mean"]["pointing_strict"]["attention"]["value"] == 0
    assert opposite["mean"]["iou"]["attention"]["value"] == 0


def test_random_is_the_mean_over_all_orders():
    heat = np.random.default_rng(2).random((3, 6))
    regions = hot_regions(heat)
    near = regions @ within_tolerance(2, 3).T > 0
    orders = np.array(list(permutations(range(6))), dtype=float)
    for row in range(3):
        many = [np.repeat(values[[row]], len(orders), axis=0) for values in (regions, near)]
        everyone = map_terms(orders, *many).mean(axis=0)
        expected = random_terms(regions[[row]], near[[row]])[0]
        np.testing.assert_allclose(expected, everyone, atol=1e-12)


def test_a_peak_beside_the_region_counts_with_tolerance_only():
    """On a fine grid two patches are within 15 of 224 pixels; on a coarse one only those that share an edge."""
    fine = within_tolerance(28, 28).reshape(28, 28, 28, 28)
    assert fine[10, 10, 10, 12] and not fine[10, 10, 10, 13] and fine[10, 10, 11, 11]
    coarse = within_tolerance(4, 4).reshape(4, 4, 4, 4)
    assert coarse[1, 1, 1, 2] and coarse[1, 1, 1, 1] and not coarse[1, 1, 2, 2] and not coarse[1, 1, 1, 3]


def test_equal_peaks_share_the_point():
    region = np.array([[True, False, False, False]])
    flat = np.ones((1, 4))
    energy, pointing, strict, _ = map_terms(flat, region, region)[0]
    assert (energy, pointing, strict) == (0.25, 0.25, 0.25)


def test_scores_and_intervals_are_those_of_a_plain_loop(scene):
    random = np.random.default_rng(3)
    attention = random.random((N, 6, *GRID)) + scene["heat"] / 4
    found = agreement(UnitMaps(attention, **scene), resamples=200, seed=5)
    member = scene["present"][:, 2]
    energies = []
    for a, h in zip(attention[member, 2], scene["heat"][member, 2], strict=True):
        order = np.argsort(-h.ravel())
        count = 1 + int(np.sum(np.cumsum(h.ravel()[order]) < h.sum() / 2))
        energies.append(a.ravel()[order[:count]].sum() / a.sum())
    energies, people = np.array(energies), scene["identities"][member]
    entry = found["units"]["AU7"]["energy"]["attention"]
    assert entry["value"] == pytest.approx(np.mean(energies))
    drawn = np.random.default_rng(5).integers(PEOPLE, size=(200, PEOPLE))
    means = [np.concatenate([energies[people == person] for person in row]).mean() for row in drawn]
    assert entry["interval_95"] == pytest.approx(np.quantile(means, [0.025, 0.975]).tolist())
    assert found["units"]["AU7"]["frames"] == member.sum()
    units = [unit["energy"]["attention"]["value"] for unit in found["units"].values()]
    assert found["mean"]["energy"]["attention"]["value"] == pytest.approx(np.mean(units))


def test_a_difference_stands_beside_every_row_that_does_not_look(scene):
    found = agreement(UnitMaps(scene["heat"] + 0.1, **scene, gradient=scene["heat"] + 0.1), resamples=200)
    for metric in METRICS:
        rows = found["mean"][metric]
        assert tuple(rows) == ROWS
        for name in ROWS[1:]:
            assert rows[name]["difference"] == pytest.approx(rows["attention"]["value"] - rows[name]["value"])
        assert rows["gradient"]["difference"] == 0
        assert rows["gradient"]["p"] == 1
    assert found["mean"]["energy"]["random"]["p"] == 2 / 2**6  # the least that six people can show
    assert "gradient" not in agreement(UnitMaps(scene["heat"] + 0.1, **scene), resamples=20)["mean"]["iou"]


def test_a_unit_that_nobody_shows_is_left_out(scene):
    present = scene["present"].copy()
    present[:, 3] = False
    heat = scene["heat"].copy()
    heat[:, 5] = 0
    found = agreement(UnitMaps(scene["heat"], **{**scene, "present": present, "heat": heat}), resamples=20)
    assert list(found["units"]) == ["AU4", "AU6", "AU7", "AU10"]


def test_one_person_gives_no_interval(scene):
    alone = agreement(UnitMaps(scene["heat"], **{**scene, "identities": np.zeros(N)}), resamples=20)
    entry = alone["mean"]["energy"]["random"]
    assert entry["interval_95"] is None and entry["p"] is None and entry["value"] > 0


def test_the_centre_is_in_the_middle():
    map_ = centre_map(5, 7)
    assert np.unravel_index(map_.argmax(), map_.shape) == (2, 3)
    np.testing.assert_allclose(map_, map_[::-1, ::-1])


def test_wrong_input_is_named(scene):
    attention = scene["heat"]
    for change, message in (
        ({"heat": scene["heat"][:, :, :2]}, "heat has shape"),
        ({"present": np.zeros((N, 6), bool)}, "no action unit is present"),
        ({"training_heat": -scene["training_heat"]}, "training_heat holds a value below 0"),
        ({"gradient": np.zeros_like(attention)}, "gradient holds an empty map"),
        ({"gradient": attention[1:]}, "gradient has shape"),
    ):
        with pytest.raises(InvalidInput, match=message):
            agreement(UnitMaps(attention, **{**scene, **change}), resamples=5)
    with pytest.raises(InvalidInput, match="attention has shape"):
        UnitMaps(attention[:, :5], **scene)
    with pytest.raises(InvalidInput, match="attention holds a value below 0 or not finite"):
        UnitMaps(np.where(attention == attention.max(), np.nan, attention), **scene)
