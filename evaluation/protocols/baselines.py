"""Trivial rows of a cross-validation: constants fitted on each fold's training people, scored on its test people.

Everyone together, only what is a mean over frames is given, and F1 from the sum of the counts: a constant that differs from
fold to fold ranks the folds, so that its pooled AUROC, correlation or kappa would say something about the folds alone.
"""

from collections.abc import Sequence

import numpy as np

from ..pain_detection.functions import detection_from_sums
from ..split.baselines import trivial_detection, trivial_scores
from ..statistics.fold_mean import fold_summary
from ..statistics.measures import TrainingLabels

MEANS_OVER_FRAMES = ("accuracy", "accuracy_within_1", "accuracy_within_2", "mae", "mse")


def fold_trivial(labels: Sequence[np.ndarray], training: Sequence[TrainingLabels]) -> dict[str, dict]:
    """The rows majority, prior and mean.

    Args:
        labels: of each fold, `(n,)` PSPI of the test frames.
        training: of each fold, what its training people are like.

    Returns:
        `folds`: row -> metric -> what `fold_summary` gives, and `values`; `pooled`: row -> metric -> value or None.
    """
    rows = [trivial_scores(known.pspi, truth) for known, truth in zip(training, labels, strict=True)]
    sizes = [len(truth) for truth in labels]
    alone, together = {}, {}
    for row in rows[0]:
        values = {metric: [fold[row][metric] for fold in rows] for metric in rows[0][row]}
        alone[row] = {metric: {**fold_summary(v), "values": v} for metric, v in values.items()}
        together[row] = {
            metric: float(np.average(v, weights=sizes)) if metric in MEANS_OVER_FRAMES else None
            for metric, v in values.items()
        }
    return {"folds": alone, "pooled": together}


def fold_trivial_detection(
    labels: Sequence[np.ndarray], training: Sequence[TrainingLabels], pspi_threshold: int
) -> dict[str, dict]:
    """Row -> {folds, pooled} of the F1 of all_pain and coin (pain with the training frequency); arguments as above."""
    pairs = list(zip(training, labels, strict=True))
    alone = [trivial_detection(known.pspi, truth, pspi_threshold) for known, truth in pairs]
    result = {}
    for row in alone[0]:
        counts = np.zeros(3)
        for known, truth in pairs:
            rate = 1.0 if row == "all_pain" else np.mean(known.pspi >= pspi_threshold)
            true = truth >= pspi_threshold
            counts += [rate * true.sum(), rate * (~true).sum(), (1 - rate) * true.sum()]
        values, pooled = [fold[row]["f1"] for fold in alone], detection_from_sums(counts)["f1"]
        result[row] = {
            "folds": {**fold_summary(values), "values": values},
            "pooled": None if np.isnan(pooled) else float(pooled),
        }
    return result
