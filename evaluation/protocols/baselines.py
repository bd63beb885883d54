"""Trivial predictors of a cross-validation: constants of each fold's training people, scored on its test people.

Over all test frames together, only metrics that are means over frames are given, and F1 from the sum of the counts. A
constant that differs from fold to fold ranks the folds, so its pooled AUROC, correlation or kappa would depend on the
folds alone.
"""

from collections.abc import Sequence

import numpy as np

from ..pain_detection.functions import detection_from_sums
from ..split.baselines import detection_rates, expected_counts, trivial_detection, trivial_scores
from ..statistics.fold_mean import fold_summary
from ..statistics.measures import TrainingLabels
from .results import TrivialFoldF1, TrivialFolds

MEANS_OVER_FRAMES = ("accuracy", "accuracy_within_1", "accuracy_within_2", "mae", "mse")


def fold_trivial(labels: Sequence[np.ndarray], training: Sequence[TrainingLabels]) -> TrivialFolds:
    """The rows majority, prior and mean.

    Args:
        labels: for each fold, `(n,)` PSPI of the test frames.
        training: for each fold, the labels of its training people.
    """
    rows = [trivial_scores(known.pspi, truth) for known, truth in zip(training, labels, strict=True)]
    sizes = [len(truth) for truth in labels]
    per_fold, pooled = {}, {}
    for row in rows[0]:
        values = {metric: [fold[row][metric] for fold in rows] for metric in rows[0][row]}
        per_fold[row] = {metric: fold_summary(v) for metric, v in values.items()}
        pooled[row] = {
            metric: float(np.average(v, weights=sizes)) if metric in MEANS_OVER_FRAMES else None
            for metric, v in values.items()
        }
    return {"folds": per_fold, "pooled": pooled}


def fold_trivial_detection(
    labels: Sequence[np.ndarray], training: Sequence[TrainingLabels], pspi_threshold: int
) -> dict[str, TrivialFoldF1]:
    """F1 of the rows all_pain and coin (pain with the training frequency); arguments as in `fold_trivial`."""
    pairs = list(zip(training, labels, strict=True))
    per_fold = [trivial_detection(known.pspi, truth, pspi_threshold) for known, truth in pairs]
    result = {}
    for row in per_fold[0]:
        counts = sum(
            expected_counts(detection_rates(known.pspi, pspi_threshold)[row], truth >= pspi_threshold)
            for known, truth in pairs
        )
        pooled = detection_from_sums(counts)["f1"]
        result[row] = {
            "folds": fold_summary([fold[row]["f1"] for fold in per_fold]),
            "pooled": None if np.isnan(pooled) else float(pooled),
        }
    return result
