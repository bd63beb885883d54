"""A protocol's scores: of each fold, their mean with a t-interval, and of all test frames with a bootstrap over people.

The decision threshold of a fold comes from people of its training folds. For the pooled F1 every frame is judged with
the threshold of its own fold. A pooled AUROC ranks frames of different models against each other; the mean over folds
does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.facs import PAIN_THRESHOLDS

from ..split.units import action_units
from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.fold_mean import fold_summary
from ..statistics.measures import (
    Predictions,
    TrainingLabels,
    calibration_measures,
    check_predictions,
    pspi_measures,
    summarise,
)
from ..statistics.thresholds import by_pain_key, decision_thresholds, detection_at_thresholds, pain_key, with_thresholds
from .baselines import fold_trivial, fold_trivial_detection
from .results import ProtocolScores
from .splits import Split


@dataclass(frozen=True)
class FoldPredictions:
    """What the model of one split predicts: for its test people, and for the people who set its decision thresholds.

    Raises:
        InvalidInput: a test frame of somebody who is not tested in this split, or a calibration frame of somebody who
            is.
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


def score_folds(
    folds: Sequence[FoldPredictions],
    training: Sequence[TrainingLabels],
    resamples: int = 10_000,
    seed: int = 0,
) -> ProtocolScores:
    """All scores of a protocol, beside those of trivial predictors.

    Args:
        folds: of one protocol.
        training: for each fold, the labels of its training people, which the trivial predictors know.
        resamples, seed: of the bootstrap over the people tested.

    Raises:
        InvalidInput: no fold, or a person tested in two of them.
        WorkFailed: as `check_predictions` and `best_f1_threshold`.
    """
    frames, thresholds = pooled(folds)
    bootstrap = ClusterBootstrap(frames["identity_id"], resamples, seed)
    labels = [fold.test["labels"] for fold in folds]
    means = [np.tile(known.au_mean, (len(truth), 1)) for known, truth in zip(training, labels, strict=True)]
    return {
        "folds": {name: fold_summary(values) for name, values in _fold_values(folds, thresholds).items()},
        "pooled": summarise(_measures(frames, bootstrap.whole), bootstrap),
        "decision_thresholds": {name: by_pain_key(values) for name, values in thresholds.items()},
        "trivial": fold_trivial(labels, training),
        "detection": {
            pain_key(t): {
                "prevalence": float(np.mean(frames["labels"] >= t)),
                **fold_trivial_detection(labels, training, t),
            }
            for t in PAIN_THRESHOLDS
        },
        "au": action_units(frames, np.concatenate(means), bootstrap),
    }


def pooled(folds: Sequence[FoldPredictions]) -> tuple[Predictions, dict[str, dict[int, float]]]:
    """The test frames of all folds together, each with the decision thresholds of its fold (`with_thresholds`).

    Returns:
        The predictions, and fold -> PSPI threshold -> decision threshold, from the fold's calibration frames.

    Raises:
        InvalidInput, WorkFailed: as `score_folds`.
    """
    tested = [person for fold in folds for person in np.unique(fold.test["identity_id"]).tolist()]
    if not folds or len(tested) != len(set(tested)):
        raise InvalidInput(f"{len(folds)} folds test {len(set(tested))} people; each must be tested in one fold")
    parts, thresholds = [], {}
    for fold in folds:
        check_predictions(fold.test)
        thresholds[fold.split.name] = decision_thresholds(fold.calibration)
        parts.append(with_thresholds(fold.test, thresholds[fold.split.name]))
    shared = [key for key in parts[0] if all(key in part for part in parts)]
    return {key: np.concatenate([part[key] for part in parts]) for key in shared}, thresholds


def _fold_values(
    folds: Sequence[FoldPredictions], thresholds: dict[str, dict[int, float]]
) -> dict[str, list[float | None]]:
    """Metric -> its value in each fold, None where it is not defined."""
    result: dict[str, list[float | None]] = {}
    for fold in folds:
        frames = with_thresholds(fold.test, thresholds[fold.split.name])
        for name, values in _measures(frames, ClusterBootstrap(frames["identity_id"], 1).whole).items():
            result.setdefault(name, []).append(None if np.isnan(values[0]) else float(values[0]))
    return result


def _measures(frames: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """Every metric of frames that carry their decision thresholds."""
    return {
        **pspi_measures(frames, weighting),
        **calibration_measures(frames, weighting),
        **detection_at_thresholds(frames, weighting),
    }
