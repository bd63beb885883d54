"""The bootstrap over identities equals the naive loop, resample by resample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from evaluation import macro_auroc, pain_detection, pspi_accuracy, pspi_regression
from evaluation.pain_detection.functions import detection_from_sums, detection_terms
from evaluation.pspi_accuracy.functions import accuracy_from_sums, accuracy_terms
from evaluation.pspi_regression.functions import regression_from_sums, regression_terms
from evaluation.statistics.bootstrap import ClusterBootstrap


def frames(seed: int, size: int = 80, people: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Identities, PSPI and class scores with ties; people differ in how much pain they show."""
    rng = np.random.default_rng(seed)
    identities = rng.integers(100, 100 + people, size)
    labels = np.clip(rng.integers(0, 5, size) + identities % 3, 0, 16)
    return identities, labels, np.round(rng.random((size, 17)), 1)


def naive(bootstrap: ClusterBootstrap, metric) -> np.ndarray:
    """`metric(rows)` on the frames of each resample, a person drawn twice standing there twice; None becomes NaN."""
    values = []
    for weights in bootstrap.weights:
        rows = np.concatenate(
            [np.flatnonzero(bootstrap.index == k) for k in range(bootstrap.size) for _ in range(int(weights[k]))]
        )
        value = metric(rows)
        values.append(np.nan if value is None else value)
    return np.array(values)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_auroc_equals_the_naive_loop(seed):
    identities, labels, scores = frames(seed)
    bootstrap = ClusterBootstrap(identities, 25, seed)
    pain = labels >= 3
    slow = naive(
        bootstrap,
        lambda rows: roc_auc_score(pain[rows], scores[rows, 0]) if 0 < pain[rows].sum() < len(rows) else None,
    )
    np.testing.assert_allclose(bootstrap.auroc(scores[:, 0], pain), slow, rtol=0, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([16, 17]))
def test_macro_auroc_equals_the_naive_loop(seed, classes):
    identities, labels, scores = frames(seed)
    labels = np.where(labels == 4, 16, labels)  # so that the 16-class reading leaves frames out
    bootstrap = ClusterBootstrap(identities, 25, seed)
    slow = naive(bootstrap, lambda rows: macro_auroc(scores[rows], labels[rows], classes)["macro_auroc"])
    np.testing.assert_allclose(bootstrap.macro_auroc(scores, labels, classes), slow, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_sums_equal_the_naive_loop(seed):
    identities, labels, scores = frames(seed)
    estimate = labels + 6 * (scores[:, 0] - 0.5)
    bootstrap = ClusterBootstrap(identities, 40, seed)
    how = {"decision_threshold": 3.0, "pspi_threshold": 2}
    fast = {
        pspi_accuracy: accuracy_from_sums(bootstrap.sums(accuracy_terms(estimate, labels))),
        pspi_regression: regression_from_sums(bootstrap.sums(regression_terms(estimate, labels))),
        lambda p, r: pain_detection(p, r, **how): detection_from_sums(
            bootstrap.sums(detection_terms(estimate, labels, **how))
        ),
    }
    for metric, replicates in fast.items():
        for name, values in replicates.items():
            slow = naive(bootstrap, lambda rows, m=metric, n=name: m(estimate[rows], labels[rows])[n])
            np.testing.assert_allclose(values, slow, rtol=0, atol=1e-9, err_msg=name)


def test_an_undefined_resample_is_nan_and_left_out_of_the_interval():
    identities, pain, scores = np.array([1, 1, 2, 2]), np.array([True, True, False, False]), np.array([3.0, 4, 1, 5])
    bootstrap = ClusterBootstrap(identities, 200, 0)
    areas = bootstrap.auroc(scores, pain)
    alone = (bootstrap.weights == 2).any(axis=1)
    assert alone.any() and not alone.all()
    assert np.isnan(areas[alone]).all()
    assert bootstrap.interval(areas) == [0.5, 0.5]
    assert bootstrap.interval(np.full(200, np.nan)) is None


def test_one_identity_has_no_interval():
    bootstrap = ClusterBootstrap(np.zeros(5), 100, 0)
    assert bootstrap.interval(np.linspace(0, 1, 100)) is None


def test_resamples_depend_on_the_seed_and_the_identities_only():
    """So two models on the same people can be compared resample by resample, whatever the order of their frames."""
    a, b = ClusterBootstrap([5, 5, 9, 7], 50, 3), ClusterBootstrap([9, 7, 5], 50, 3)
    np.testing.assert_array_equal(a.weights, b.weights)
    assert (a.weights.sum(axis=1) == 3).all()
    assert (a.weights != ClusterBootstrap([5, 9, 7], 50, 4).weights).any()


def test_the_interval_covers():
    """Means of 20 people with normal means: the 90 % interval holds the truth in about 90 % of 300 trials."""
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(300):
        values = np.repeat(rng.normal(size=20), 5) + rng.normal(0, 0.1, 100)
        bootstrap = ClusterBootstrap(np.repeat(np.arange(20), 5), 400, trial)
        sums = bootstrap.sums(np.stack([np.ones(100), values], axis=1))
        low, high = bootstrap.interval(sums[:, 1] / sums[:, 0], 0.90)
        hits += low <= 0 <= high
    assert 0.82 <= hits / 300 <= 0.95  # a percentile interval of 20 people is a little narrow
