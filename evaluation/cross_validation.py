"""A protocol's scores: each fold alone, their mean with a t-interval, and everyone together with a bootstrap over people.

The decision threshold of a fold comes from people of its training folds. For the pooled F1 every frame is judged with the
threshold of its own fold. A pooled AUROC ranks frames of different models against each other; the mean over folds does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_script.errors import InvalidInput

from .bootstrap import ClusterBootstrap
from .folds import fold_summary
from .measures import PAIN_THRESHOLDS, Predictions, check_predictions, pain_probability, pspi_measures, summarise
from .pain_detection.functions import detection_from_sums, detection_terms
from .protocols import Split
from .thresholds import best_f1_threshold


@dataclass(frozen=True)
class FoldPredictions:
    """What the model of one split says: of its test people, and of the people who set its thresholds.

    Raises:
        InvalidInput: a test frame of somebody who is not tested in this split, or a calibration frame of somebody who is.
    """

    split: Split
    test: Predictions
    calibration: Predictions

    def __post_init__(self) -> None:
        for part, predictions, allowed in (
            ("test", self.test, self.split.test),
            ("calibration", self.calibration, (*self.split.train, *self.split.validation)),
        ):
            wrong = np.setdiff1d(predictions["identity_id"], allowed)
            if wrong.size:
                raise InvalidInput(f"{self.split.name}: the {part} frames hold {wrong[0]}, who belongs elsewhere")


def score_folds(folds: Sequence[FoldPredictions], resamples: int = 10_000, seed: int = 0) -> dict:
    """All scores of a cross-validation.

    Returns:
        `folds`: metric -> what `fold_summary` gives, and `values`, one a fold; `pooled`: metric -> {value, intervals} over
        people; `decision_thresholds`: fold -> "pspi>=t" -> number. Metrics are those of `pspi_measures`, and AUROC, F1,
        precision and recall as "f1_pspi_3".

    Raises:
        InvalidInput: no fold, or a person tested in two of them.
        WorkFailed: as `check_predictions` and `best_f1_threshold`.
    """
    tested = [person for fold in folds for person in np.unique(fold.test["identity_id"]).tolist()]
    if not folds or len(tested) != len(set(tested)):
        raise InvalidInput(f"{len(folds)} folds test {len(set(tested))} people; each must be tested in one fold")
    for fold in folds:
        check_predictions(fold.test)
        check_predictions(fold.calibration)
    thresholds = [
        {
            t: best_f1_threshold(pain_probability(f.calibration, t), f.calibration["labels"] >= t)
            for t in PAIN_THRESHOLDS
        }
        for f in folds
    ]
    per_fold = [
        _measures([fold], [limits], ClusterBootstrap(fold.test["identity_id"], 1))
        for fold, limits in zip(folds, thresholds, strict=True)
    ]
    alone = {name: [_defined(measures[name][0]) for measures in per_fold] for name in per_fold[0]}
    people = np.concatenate([fold.test["identity_id"] for fold in folds])
    bootstrap = ClusterBootstrap(people, resamples, seed)
    return {
        "folds": {name: {**fold_summary(values), "values": values} for name, values in alone.items()},
        "pooled": summarise(_measures(folds, thresholds, bootstrap), bootstrap),
        "decision_thresholds": {
            fold.split.name: {f"pspi>={t}": value for t, value in limits.items()}
            for fold, limits in zip(folds, thresholds, strict=True)
        },
    }


def _measures(
    folds: Sequence[FoldPredictions], thresholds: Sequence[dict[int, float]], bootstrap: ClusterBootstrap
) -> dict[str, np.ndarray]:
    """Metric -> value and replicates of the test frames of `folds` together."""
    frames = {key: np.concatenate([fold.test[key] for fold in folds]) for key in ("labels", "logits", "pspi")}
    result = pspi_measures(frames, bootstrap.whole)
    for t in PAIN_THRESHOLDS:
        terms = [
            detection_terms(
                pain_probability(fold.test, t), fold.test["labels"], decision_threshold=limits[t], pspi_threshold=t
            )
            for fold, limits in zip(folds, thresholds, strict=True)
        ]
        detection = {
            "auroc": bootstrap.whole.auroc(pain_probability(frames, t), frames["labels"] >= t),
            **detection_from_sums(bootstrap.whole.sums(np.concatenate(terms))),
        }
        result |= {f"{name}_pspi_{t}": values for name, values in detection.items()}
    return result


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
