"""Trivial rows by brute force, and thresholds by trying them all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_script.errors import WorkFailed
from evaluation.split.baselines import trivial_detection, trivial_scores
from evaluation.statistics.thresholds import best_f1_threshold

TRAINING = np.array([0] * 5 + [2] * 3 + [9] * 2)
LABELS = np.array([0, 0, 1, 2, 3, 9, 10, 12])


def test_majority_and_mean_are_constants():
    rows = trivial_scores(TRAINING, LABELS)
    assert rows["majority"]["accuracy"] == np.mean(LABELS == 0)
    assert rows["majority"]["mae"] == np.mean(LABELS)
    assert rows["mean"]["mae"] == pytest.approx(np.abs(LABELS - 2.4).mean())
    assert rows["mean"]["accuracy"] == np.mean(LABELS == 2)
    assert rows["mean"]["pcc"] is None
    assert all(row["macro_auroc"] == row["macro_auroc_16"] == 0.5 for row in rows.values())


def test_prior_is_the_mean_over_many_draws():
    row = trivial_scores(TRAINING, LABELS)["prior"]
    drawn = np.random.default_rng(0).choice(TRAINING, (200_000, len(LABELS)))
    assert row["accuracy"] == pytest.approx(np.mean(drawn == LABELS), abs=2e-3)
    assert row["accuracy_within_2"] == pytest.approx(np.mean(np.abs(drawn - LABELS) <= 2), abs=2e-3)
    assert row["mae"] == pytest.approx(np.abs(drawn - LABELS).mean(), abs=2e-2)
    assert row["mse"] == pytest.approx(((drawn - LABELS) ** 2).mean(), rel=1e-2)


def test_all_pain_and_coin():
    rows = trivial_detection(TRAINING, LABELS, 3)
    share = np.mean(LABELS >= 3)
    assert rows["all_pain"] == {"auroc": 0.5, "f1": 2 * share / (1 + share), "precision": share, "recall": 1.0}
    assert rows["coin"]["recall"] == pytest.approx(0.2)
    assert rows["coin"]["precision"] == pytest.approx(share)
    assert trivial_detection(TRAINING, np.zeros(4, int), 1)["all_pain"]["auroc"] is None


def f1_score(positive: np.ndarray, said: np.ndarray) -> float:
    return 2 * (positive & said).sum() / (positive.sum() + said.sum())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_threshold_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    scores = np.round(rng.random(rng.integers(1, 40)), rng.integers(1, 4))
    positive = rng.random(len(scores)) < 0.4
    positive[rng.integers(len(scores))] = True
    threshold = best_f1_threshold(scores, positive)
    best = max(f1_score(positive, scores >= t) for t in scores)
    assert f1_score(positive, scores >= threshold) == pytest.approx(best)
    stricter = [t for t in scores if (scores >= t).sum() < (scores >= threshold).sum()]
    assert all(f1_score(positive, scores >= t) < best - 1e-12 for t in stricter)


def test_the_threshold_parts_the_scores_in_the_middle():
    positive = np.array([False, True, True])
    assert best_f1_threshold(np.array([0.2, 0.4, 0.9]), positive) == pytest.approx(0.3)
    tiny = np.nextafter(0.4, 1)
    assert best_f1_threshold(np.array([0.4, tiny, 0.9]), positive) == tiny
    assert best_f1_threshold(np.full(3, 0.7), positive) == 0.0  # nothing to part: everything is pain


def test_no_threshold_without_pain():
    with pytest.raises(WorkFailed, match="no pain"):
        best_f1_threshold(np.array([0.1, 0.2]), np.array([False, False]))
