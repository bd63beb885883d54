"""Calibration by loops over bins and levels; action units by the PSPI metrics, unit by unit."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import au_agreement, pain_detection, pspi_calibration, pspi_regression
from evaluation.statistics.bootstrap import ClusterBootstrap
from evaluation.statistics.measures import calibration_measures

CASES = settings(max_examples=300, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def ece_by_bins(probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray, bins: int) -> float:
    """Guo et al. (2017), equation 3."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    total = 0.0
    for b in range(bins):
        member = (confidence >= b / bins) & ((confidence < (b + 1) / bins) | (b == bins - 1))
        if weights[member].any():
            gap = np.average(right[member], weights=weights[member]) - np.average(
                confidence[member], weights=weights[member]
            )
            total += weights[member].sum() * abs(gap)
    return total / weights.sum()


def interval_by_steps(row: np.ndarray, level: float) -> tuple[int, int]:
    """The narrowest run of levels with at most half of the rest on either side, cut off level by level."""
    tail, low, high = (1 - level) / 2, 0, 16
    while sum(row[: low + 1]) <= tail:
        low += 1
    while sum(row[high:]) <= tail:
        high -= 1
    return low, high


@CASES
@given(seeds, st.sampled_from([1, 7, 15]), st.sampled_from([0.5, 0.9]))
def test_calibration_equals_the_loops(seed, bins, level):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 50)
    probabilities, weights = rng.dirichlet(np.full(17, rng.choice([0.05, 0.5, 5])), n), rng.random(n) + 0.1
    labels = rng.integers(0, 17, n)
    result = pspi_calibration(probabilities, labels, bins, level, weights)
    assert close(result["ece"], ece_by_bins(probabilities, labels, weights, bins))
    truth = np.eye(17)[labels]
    assert close(result["brier"], np.average(((probabilities - truth) ** 2).sum(axis=1), weights=weights))
    ends = np.array([interval_by_steps(row, level) for row in probabilities])
    inside = (ends[:, 0] <= labels) & (labels <= ends[:, 1])
    assert close(result["interval_coverage"], np.average(inside, weights=weights))
    assert close(result["interval_width"], np.average(ends[:, 1] - ends[:, 0], weights=weights))


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_brier_equals_sklearn(seed):
    rng = np.random.default_rng(seed)
    probabilities, labels = rng.dirichlet(np.ones(17), 30), rng.integers(0, 17, 30)
    expected = sk.brier_score_loss(labels, probabilities, labels=range(17), scale_by_half=False)
    assert close(pspi_calibration(probabilities, labels)["brier"], expected)


def test_a_model_that_knows_its_uncertainty_is_calibrated():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(17), 20_000)
    labels = (rng.random((20_000, 1)) > np.cumsum(probabilities, axis=1)).sum(axis=1)
    honest = pspi_calibration(probabilities, labels)
    assert honest["ece"] < 0.02
    assert honest["interval_coverage"] >= 0.9
    sharper = probabilities**4 / (probabilities**4).sum(axis=1, keepdims=True)
    boastful = pspi_calibration(sharper, labels)
    assert boastful["ece"] > 0.2 and boastful["interval_coverage"] < 0.8
    assert boastful["interval_width"] < honest["interval_width"]


def test_the_interval_is_the_one_that_the_model_gives():
    """Coverage and width are those of `pspi_interval` at each frame's temperature; ECE and Brier score stay."""
    import torch

    from modeling_vitpain.heads_vitpain import pspi_interval

    rng = np.random.default_rng(5)
    logits, labels = rng.normal(0, 2, (600, 17)), rng.integers(0, 17, 600)
    warm = np.where(np.arange(600) < 300, 0.5, 3.0)  # two folds
    whole = ClusterBootstrap(np.arange(600) % 20, 3).whole
    found = calibration_measures({"labels": labels, "logits": logits, "interval_temperature": warm}, whole)
    as_they_are = calibration_measures({"labels": labels, "logits": logits}, whole)
    halves = [pspi_interval(torch.tensor(logits[k]), 0.9, t) for k, t in ((slice(300), 0.5), (slice(300, None), 3.0))]
    low, high = (torch.cat([half[end] for half in halves]).numpy() for end in (0, 1))
    assert found["interval_coverage"][0] == pytest.approx(((low <= labels) & (labels <= high)).mean())
    assert found["interval_width"][0] == pytest.approx((high - low).mean())
    assert found["interval_width"][0] != pytest.approx(as_they_are["interval_width"][0], abs=0.1)
    for name in ("ece", "brier"):
        np.testing.assert_array_equal(found[name], as_they_are[name])


def test_a_certain_and_right_model_is_perfect():
    result = pspi_calibration(np.eye(17), np.arange(17))
    assert result == {"ece": 0.0, "brier": 0.0, "interval_coverage": 1.0, "interval_width": 0.0}


@pytest.mark.parametrize(
    ("probabilities", "how", "message"),
    [
        (np.zeros((3, 17)), {}, "softmax"),
        (np.eye(17)[:3] * 2 - np.eye(17)[1:4], {}, "softmax"),
        (np.eye(16)[:3], {}, "shape"),
        (np.eye(17)[:3], {"level": 1.0}, "level"),
        (np.eye(17)[:3], {"bins": 0}, "bins"),
    ],
)
def test_what_is_no_distribution_is_refused(probabilities, how, message):
    with pytest.raises(ValueError, match=message):
        pspi_calibration(probabilities, [1, 2, 3], **how)


@CASES
@given(seeds)
def test_units_equal_the_pspi_metrics(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 40)
    truth = rng.integers(0, rng.choice([1, 2, 6]), (n, 6)).clip(0, (5, 5, 5, 5, 5, 1))
    estimate = np.round(truth + rng.normal(0, rng.choice([0, 1]), (n, 6)), 1)
    weights = rng.integers(1, 3, n)
    result = au_agreement(estimate, truth, 0.5, weights)
    for k, unit in enumerate(result["per_au"].values()):
        regression = pspi_regression(estimate[:, k], truth[:, k], weights)
        detection = pain_detection(
            estimate[:, k], truth[:, k], decision_threshold=0.5, pspi_threshold=1, sample_weight=weights
        )
        for metric, value in unit.items():
            expected = (regression | detection)[metric]
            assert value is None if expected is None else close(value, expected), metric
    for metric, value in result["mean"].items():
        values = [unit[metric] for unit in result["per_au"].values() if unit[metric] is not None]
        assert close(value, np.mean(values)) if values else value is None
    nones = [f"{name}.{m}" for name, unit in result["per_au"].items() for m, value in unit.items() if value is None]
    assert result["undefined"] == nones


def test_a_unit_nobody_shows_is_named_not_nan():
    truth = np.tile([1, 2, 0, 3, 1, 0], (4, 1)) + np.array([[0], [1], [2], [1]]) * [1, 1, 1, 1, 1, 0]
    result = au_agreement(truth + 0.2, truth)
    assert result["per_au"]["AU43"] | {"mae": 0, "mse": 0} == {
        **{"mae": 0, "mse": 0, "pcc": None, "icc_3_1": None, "auroc": None, "f1": None},
        **{"precision": None, "recall": None},
    }
    assert "AU43.auroc" in result["undefined"]
    assert result["mean"]["pcc"] == pytest.approx(1.0)


def test_units_out_of_range_are_refused():
    with pytest.raises(ValueError, match="AU43"):
        au_agreement(np.zeros((1, 6)), [[0, 0, 0, 0, 0, 2]])
    with pytest.raises(ValueError, match="decision_threshold"):
        au_agreement(np.zeros((1, 6)), np.zeros((1, 6)), float("nan"))
