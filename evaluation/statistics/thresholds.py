"""Where a probability of pain becomes a decision. Thresholds come from other data than those they are judged on."""

import numpy as np

from dataset_script.errors import WorkFailed
from dataset_script.facs import PAIN_THRESHOLDS

from .bootstrap import Weighting
from .measures import Predictions, check_predictions, detection_measures, pain_probability

EVEN = 0.5
"""The decision threshold where no other people's frames can set one: pain is more probable than none."""


def pain_key(pspi_threshold: int) -> str:
    """The key of "pain from this PSPI on" in results: "pspi>=3"."""
    return f"pspi>={pspi_threshold}"


def by_pain_key(thresholds: dict[int, float]) -> dict[str, float]:
    """PSPI threshold -> decision threshold, with the keys that results have."""
    return {pain_key(t): value for t, value in thresholds.items()}


def decision_thresholds(calibration: Predictions | None) -> dict[int, float]:
    """PSPI threshold -> the decision threshold with the best F1 on the frames of `calibration`.

    It is `EVEN` without such frames, and where none of them shows as much pain: see `thresholds_unset`.

    Raises:
        WorkFailed: as `check_predictions`.
    """
    found = dict.fromkeys(PAIN_THRESHOLDS, EVEN)
    if calibration is None:
        return found
    check_predictions(calibration)
    labels, unset = calibration["labels"], thresholds_unset(calibration)
    set_here = [t for t in PAIN_THRESHOLDS if t not in unset]
    return found | {t: best_f1_threshold(pain_probability(calibration, t), labels >= t) for t in set_here}


def thresholds_unset(calibration: Predictions) -> list[int]:
    """The PSPI thresholds that no frame of `calibration` reaches: any decision threshold would be as good."""
    return [t for t in PAIN_THRESHOLDS if not (calibration["labels"] >= t).any()]


def with_thresholds(predictions: Predictions, thresholds: dict[int, float]) -> Predictions:
    """`predictions` whose frames carry their model's decision thresholds (PSPI threshold -> probability)."""
    frames = len(predictions["labels"])
    return {**predictions, **{threshold_key(t): np.full(frames, value) for t, value in thresholds.items()}}


def threshold_key(pspi_threshold: int) -> str:
    """The key of the decision thresholds `(n,)` that frames carry."""
    return f"decision_threshold_pspi_{pspi_threshold}"


def detection_at_thresholds(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """`detection_measures` at every PSPI threshold, of frames that carry their decision thresholds: "f1_pspi_3" etc."""
    result = {}
    for t in PAIN_THRESHOLDS:
        detection = detection_measures(predictions, weighting, t, predictions[threshold_key(t)])
        result |= {f"{name}_pspi_{t}": values for name, values in detection.items()}
    return result


def best_f1_threshold(scores: np.ndarray, positive: np.ndarray) -> float:
    """The threshold t with the highest F1 for `scores >= t`; of equally good ones the strictest.

    It lies midway between the two scores that it separates, because other people's scores are never exactly these; it
    is 0 where calling every frame pain is best.

    Args:
        scores: `(n,)` probabilities of pain.
        positive: `(n,)` booleans.

    Raises:
        WorkFailed: no frame, or none that is positive: every threshold would be as good.
    """
    if not positive.any():
        raise WorkFailed("cannot calibrate a decision threshold: the calibration frames hold no pain")
    values, called, hits = _calls(scores, positive)
    f1 = 2 * hits / (called + positive.sum())
    best = int(np.flatnonzero(f1 == f1.max())[-1])
    return 0.0 if best == 0 else _between(values, best)


def best_accuracy_threshold(scores: np.ndarray, positive: np.ndarray) -> float:
    """The threshold t with the highest accuracy for `scores >= t`; of equally good ones the strictest.

    It lies midway between the two scores that it separates; where one answer for all is best, at the lowest score or
    just above the highest one.

    Args:
        scores: `(n,)`, at least one, of any scale.
        positive: `(n,)` booleans.
    """
    values, called, hits = _calls(scores, positive)
    right = np.append(2 * hits - called, 0.0)  # right answers, less those of calling none
    best = int(np.flatnonzero(right == right.max())[-1])
    if best == len(values):
        return float(np.nextafter(values[-1], np.inf))
    return float(values[0]) if best == 0 else _between(values, best)


def _calls(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values of `scores`, ascending, and of a threshold at each: how many it calls positive, how many rightly."""
    values, index = np.unique(scores, return_inverse=True)  # a threshold takes equal scores all or none
    called = np.bincount(index)[::-1].cumsum()[::-1]
    return values, called, np.bincount(index, weights=positive)[::-1].cumsum()[::-1]


def _between(values: np.ndarray, place: int) -> float:
    """Midway between the value at `place` and the one below."""
    middle = (values[place - 1] + values[place]) / 2
    return float(middle if middle > values[place - 1] else values[place])
