"""A protocol's scores: each fold alone, their mean with a t-interval, and everyone together with a bootstrap over people.

The decision threshold of a fold comes from people of its training folds. For the pooled F1 every frame is judged with the
threshold of its own fold. A pooled AUROC ranks frames of different models against each other; the mean over folds does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_script.errors import InvalidInput

from ..split.scores import action_units
from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.fold_mean import fold_summary
from ..statistics.measures import (
    PAIN_THRESHOLDS,
    Predictions,
    TrainingLabels,
    calibration_measures,
    check_predictions,
    detection_measures,
    pain_probability,
    pspi_measures,
    summarise,
    threshold_key,
    with_thresholds,
)
from ..statistics.thresholds import best_f1_threshold
from .baselines import fold_trivial, fold_trivial_detection
from .splits import Split


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


def score_folds(
    folds: Sequence[FoldPredictions],
    resamples: int = 10_000,
    seed: int = 0,
    training: Sequence[TrainingLabels] | None = None,
) -> dict:
    """All scores of a cross-validation.

    Args:
        folds: of one protocol.
        resamples, seed: of the bootstrap over the people tested.
        training: of each fold, the labels of its training people; the trivial rows know these.

    Returns:
        `folds`: metric -> what `fold_summary` gives, and `values`, one a fold; `pooled`: metric -> {value, intervals} over
        people; `decision_thresholds`: fold -> "pspi>=t" -> number. Metrics are those of `pspi_measures` and
        `calibration_measures`, and AUROC, F1, precision and recall as "f1_pspi_3". With `training` also `trivial`, as
        `fold_trivial`; `detection`: "pspi>=t" -> {prevalence, all_pain, coin}, as `fold_trivial_detection`; `au`: pooled,
        as `scores.action_units`.

    Raises:
        InvalidInput: no fold, or a person tested in two of them.
        WorkFailed: as `check_predictions` and `best_f1_threshold`.
    """
    frames, thresholds = pooled(folds)
    alone: dict[str, list[float | None]] = {}
    for fold, limits in zip(folds, thresholds.values(), strict=True):
        measured = _measures(with_thresholds(fold.test, limits), ClusterBootstrap(fold.test["identity_id"], 1).whole)
        for name, values in measured.items():
            alone.setdefault(name, []).append(None if np.isnan(values[0]) else float(values[0]))
    bootstrap = ClusterBootstrap(frames["identity_id"], resamples, seed)
    result = {
        "folds": {name: {**fold_summary(values), "values": values} for name, values in alone.items()},
        "pooled": summarise(_measures(frames, bootstrap.whole), bootstrap),
        "decision_thresholds": {
            name: {f"pspi>={t}": value for t, value in limits.items()} for name, limits in thresholds.items()
        },
    }
    return result if training is None else {**result, **_beside_trivial(folds, frames, bootstrap, training)}


def pooled(folds: Sequence[FoldPredictions]) -> tuple[Predictions, dict[str, dict[int, float]]]:
    """The test frames of all folds as one, with the decision thresholds of each frame's fold (`with_thresholds`).

    Returns:
        The predictions, and fold -> t -> threshold of "PSPI >= t", from the fold's calibration frames.

    Raises:
        InvalidInput, WorkFailed: as `score_folds`.
    """
    tested = [person for fold in folds for person in np.unique(fold.test["identity_id"]).tolist()]
    if not folds or len(tested) != len(set(tested)):
        raise InvalidInput(f"{len(folds)} folds test {len(set(tested))} people; each must be tested in one fold")
    parts, thresholds = [], {}
    for fold in folds:
        check_predictions(fold.test)
        check_predictions(fold.calibration)
        labels = fold.calibration["labels"]
        limits = {t: best_f1_threshold(pain_probability(fold.calibration, t), labels >= t) for t in PAIN_THRESHOLDS}
        thresholds[fold.split.name] = limits
        parts.append(with_thresholds(fold.test, limits))
    shared = [key for key in parts[0] if all(key in part for part in parts)]
    return {key: np.concatenate([part[key] for part in parts]) for key in shared}, thresholds


def _measures(frames: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """Metric -> value and replicates of frames that carry their decision thresholds."""
    result = {**pspi_measures(frames, weighting), **calibration_measures(frames, weighting)}
    for t in PAIN_THRESHOLDS:
        detection = detection_measures(frames, weighting, t, frames[threshold_key(t)])
        result |= {f"{name}_pspi_{t}": values for name, values in detection.items()}
    return result


def _beside_trivial(
    folds: Sequence[FoldPredictions],
    frames: Predictions,
    bootstrap: ClusterBootstrap,
    training: Sequence[TrainingLabels],
) -> dict[str, dict]:
    labels = [fold.test["labels"] for fold in folds]
    guess = [np.tile(known.au_mean, (len(truth), 1)) for known, truth in zip(training, labels, strict=True)]
    return {
        "trivial": fold_trivial(labels, training),
        "detection": {
            f"pspi>={t}": {
                "prevalence": float(np.mean(frames["labels"] >= t)),
                **fold_trivial_detection(labels, training, t),
            }
            for t in PAIN_THRESHOLDS
        },
        "au": action_units(frames, np.concatenate(guess), bootstrap),
    }
