"""Deletion and insertion of a model whose answer is known: what it depends on is removed first, and put back first."""

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from evaluation.explanations.removal import area, remaining, removal_scores
from evaluation.statistics.bootstrap import ClusterBootstrap

STEPS, PATCHES, FRAMES, PEOPLE = 4, 8, 30, 5
IDENTITIES = np.arange(FRAMES) % PEOPLE


def estimates(order_of: str, mode: str, offset: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """PSPI of a model that adds up weights of the patches it sees; without its picture half of the frames rise."""
    random = np.random.default_rng(7)
    found = []
    for frame in range(FRAMES):
        weights = random.random(PATCHES) ** 3 * (1 if frame % 2 else -1)
        order = {"best": np.argsort(-np.abs(weights)), "worst": np.argsort(np.abs(weights))}.get(order_of)
        order = random.permutation(PATCHES) if order is None else order
        gone = [order[: PATCHES * step // STEPS] for step in range(STEPS + 1)]
        kept = np.array([weights.sum() - weights[out].sum() for out in gone])
        found.append(offset + scale * (kept if mode == "deletion" else weights.sum() - kept))
    return np.array(found)


def both(order: str, **how) -> dict[str, np.ndarray]:
    return {mode: estimates(order, mode, **how) for mode in ("deletion", "insertion")}


@pytest.fixture(scope="module")
def found() -> dict:
    return removal_scores(
        {"blur": {"attention": both("best"), "heat": both("worst"), "random": both("random")}}, IDENTITIES, 500
    )["blur"]


def test_curves_go_from_all_to_nothing_and_back(found):
    for modes in found.values():
        assert (modes["deletion"]["curve"][0], modes["deletion"]["curve"][-1]) == (1, 0)
        assert modes["insertion"]["curve"][0] == pytest.approx(0) and modes["insertion"]["curve"][-1] == 1


def test_the_right_order_beats_random_and_the_wrong_one_loses(found):
    least = 2 / 2 ** len(set(IDENTITIES))  # that so many people can show
    for mode, sign in (("deletion", -1), ("insertion", 1)):
        best, worst, random = (found[order][mode]["area"] for order in ("attention", "heat", "random"))
        assert sign * best["difference"] > 0.1 and best["p"] == least
        assert sign * worst["difference"] < -0.1 and worst["p"] == least
        assert best["difference"] == pytest.approx(best["value"] - random["value"])
        assert "p" not in random


def test_the_scale_and_zero_of_the_estimate_do_not_matter(found):
    again = {"blur": {name: both(name, offset=6.5, scale=-3) for name in ("best", "random")}}
    other = removal_scores(again, IDENTITIES, 50)["blur"]["best"]["deletion"]
    np.testing.assert_allclose(other["curve"], found["attention"]["deletion"]["curve"], atol=1e-12)
    np.testing.assert_allclose(other["pspi"], estimates("best", "deletion", 6.5, -3).mean(axis=0))


def test_a_curve_is_the_sum_of_ways_over_the_sum_of_whole_ways():
    values = np.array([[10.0, 8, 4], [2, 3, 6], [5, 9, 4]])  # falls, rises, falls by 1 only
    curve = remaining(values, "deletion", ClusterBootstrap(np.arange(3), 10).whole)[0]
    np.testing.assert_allclose(curve, [1, (4 + 3 + 5) / (6 + 4 + 1), 0])
    assert area(curve[None])[0] == pytest.approx((0.5 + (4 + 3 + 5) / 11) / 2)


def test_intervals_are_those_of_resampled_people(found):
    values = estimates("best", "insertion")
    drawn = np.random.default_rng(0).integers(PEOPLE, size=(500, PEOPLE))
    areas = []
    for row in drawn:
        frames = np.concatenate([values[person == IDENTITIES] for person in row])
        way = (frames - frames[:, :1]) * np.sign(frames[:, -1:] - frames[:, :1])
        areas.append(np.trapezoid(way.sum(axis=0) / way[:, -1].sum(), dx=1 / STEPS))
    expected = np.quantile(areas, [0.025, 0.975]).tolist()
    assert found["attention"]["insertion"]["area"]["interval_95"] == pytest.approx(expected)


def test_a_model_that_sees_nothing_has_no_curve():
    flat = {"deletion": np.ones((FRAMES, 3)), "insertion": np.ones((FRAMES, 3))}
    entry = removal_scores({"mean": {"random": flat}}, IDENTITIES, 20)["mean"]["random"]["deletion"]
    assert entry["area"]["value"] is None and entry["curve"] == [None] * 3 and entry["curve_95"] is None


def test_wrong_input_is_named():
    with pytest.raises(InvalidInput, match="'random' must be among them"):
        removal_scores({"blur": {"attention": both("best")}}, IDENTITIES)
    with pytest.raises(InvalidInput, match=r"predicted has shape \(30, 5\)"):
        removal_scores({"blur": {"random": both("random")}}, IDENTITIES[1:])
