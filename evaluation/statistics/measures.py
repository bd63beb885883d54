"""Every metric of a model's predictions at once, under many weightings of its identities.

A `Predictions` is the dict of arrays that `modeling_vitpain.prediction.splits.predict_dataset` returns: `labels` (n,) PSPI,
`logits` (n, 17), `pspi` (n,), `au_labels` and `au` (n, 6), `identity_id`, `view_id`, and the class ids `age_group`,
`ethnicity`, `gender`; where a source does not tell, a class id is -1 and `au_labels` NaN. Optional: `interval_temperature`
(n,), which the logits are divided by for the PSPI interval. The result of each function is metric -> `(rows,)`, one value a row of `weighting.weights`; NaN
where the metric is not defined. With weights of 1 these are the values of the metric folders.
"""

from dataclasses import dataclass

import numpy as np

from dataset_script.errors import WorkFailed
from dataset_script.facs import AU_NAMES

from ..au_agreement.functions import DECISION_THRESHOLD, PRESENT
from ..pain_detection.functions import detection_from_sums, detection_terms
from ..pspi_accuracy.functions import accuracy_from_sums, accuracy_terms
from ..pspi_calibration.functions import calibration_from_sums, calibration_terms
from ..pspi_regression.functions import regression_from_sums, regression_terms
from .bootstrap import ClusterBootstrap, Weighting

Predictions = dict[str, np.ndarray]
CLASSES = 17
PAIN_THRESHOLDS = (1, 2, 3)
"""PSPI from which a frame counts as pain, in turn."""
LEVELS = (90, 95)
LOWER_IS_BETTER = ("mae", "mse", "ece", "brier")


def check_predictions(predictions: Predictions) -> None:
    """Raises WorkFailed when a model gave other than 17 classes, or a number that is not finite."""
    if predictions["logits"].shape[1] != CLASSES:
        raise WorkFailed(f"the model has {predictions['logits'].shape[1]} PSPI classes; evaluation needs {CLASSES}")
    for name in ("logits", "pspi", "au"):
        bad = ~np.isfinite(predictions[name]).reshape(len(predictions[name]), -1).all(axis=1)
        if bad.any():
            raise WorkFailed(f"the model's {name} is not finite on {bad.sum()} of {len(bad)} frames")


def pspi_measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """PSPI metrics. The class is the likeliest one (accuracies); the intensity is the model's `pspi` (the others).

    Macro AUROC ranks the class probabilities. Its 16-class reading renormalises them without PSPI 16.
    """
    labels, logits, estimate = predictions["labels"], predictions["logits"], predictions["pspi"]
    return {
        "macro_auroc": weighting.macro_auroc(softmax(logits), labels),
        "macro_auroc_16": weighting.macro_auroc(softmax(logits[:, : CLASSES - 1]), labels, CLASSES - 1),
        **accuracy_from_sums(weighting.sums(accuracy_terms(logits.argmax(axis=1), labels))),
        **regression_from_sums(weighting.sums(regression_terms(estimate, labels))),
    }


def detection_measures(
    predictions: Predictions, weighting: Weighting, pspi_threshold: int, decision_threshold: float | np.ndarray
) -> dict[str, np.ndarray]:
    """AUROC, F1, precision and recall of PSPI >= `pspi_threshold`, said from `decision_threshold` of probability on.

    The decision threshold is one for all, or `(n,)`: of frames whose models differ, each its own.
    """
    scores, labels = pain_probability(predictions, pspi_threshold), predictions["labels"]
    above = scores - decision_threshold  # its sign is exact
    terms = detection_terms(above, labels, decision_threshold=0.0, pspi_threshold=pspi_threshold)
    return {
        "auroc": weighting.auroc(scores, labels >= pspi_threshold),
        **detection_from_sums(weighting.sums(terms)),
    }


def calibration_measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """Calibration error and Brier score of the class probabilities as they are; coverage and width of the 90 % interval.

    The interval is the one that the model gives: of the logits over its `interval_temperature`, where that is known.
    """
    labels, logits = predictions["labels"], predictions["logits"]
    terms = calibration_terms(softmax(logits), labels)
    if "interval_temperature" in predictions:
        warmed = softmax(logits / predictions["interval_temperature"][:, None])
        terms[:, 2:4] = calibration_terms(warmed, labels)[:, 2:4]  # in the interval or not, and its width
    return calibration_from_sums(weighting.sums(terms))


def unit_measures(predictions: Predictions, weighting: Weighting) -> dict[str, dict[str, np.ndarray]]:
    """AU -> agreement of its intensity, and AUROC, F1, precision and recall of its presence. Of frames whose AUs are known."""
    result = {}
    for name, estimate, truth in zip(AU_NAMES, predictions["au"].T, predictions["au_labels"].T, strict=True):
        terms = detection_terms(estimate, truth, decision_threshold=DECISION_THRESHOLD, pspi_threshold=PRESENT)
        result[name] = {
            **regression_from_sums(weighting.sums(regression_terms(estimate, truth))),
            "auroc": weighting.auroc(estimate, truth >= PRESENT),
            **detection_from_sums(weighting.sums(terms)),
        }
    return result


def pain_probability(predictions: Predictions, pspi_threshold: int) -> np.ndarray:
    """The model's probability of PSPI >= `pspi_threshold`, `(n,)`."""
    return softmax(predictions["logits"])[:, pspi_threshold:].sum(axis=1)


def with_thresholds(predictions: Predictions, thresholds: dict[int, float]) -> Predictions:
    """`predictions` whose frames carry the decision thresholds of their model, t -> threshold of "PSPI >= t"."""
    frames = len(predictions["labels"])
    return {**predictions, **{threshold_key(t): np.full(frames, value) for t, value in thresholds.items()}}


def threshold_key(pspi_threshold: int) -> str:
    """The key of these thresholds, `(n,)`."""
    return f"decision_threshold_pspi_{pspi_threshold}"


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits `(n, classes)`, in float64."""
    logits = np.asarray(logits, dtype=np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def summarise(
    values: dict[str, np.ndarray], bootstrap: ClusterBootstrap, identities: int | None = None
) -> dict[str, dict]:
    """Metric -> {value, interval_90, interval_95, undefined_resamples} of what a measure gave under `bootstrap.whole`.

    `identities` is how many these values are of, where that is not all; of one alone there is no interval.
    """
    result = {}
    for name, (value, *resampled) in values.items():
        replicates = np.array(resampled)
        result[name] = {
            "value": None if np.isnan(value) else float(value),
            **{
                f"interval_{level}": None if identities == 1 else bootstrap.interval(replicates, level / 100)
                for level in LEVELS
            },
            "undefined_resamples": int(np.isnan(replicates).sum()),
        }
    return result


@dataclass(frozen=True)
class TrainingLabels:
    """What the trivial rows know: PSPI `(m,)` int and AU intensities `(m, 6)` of the training frames, NaN where unknown."""

    pspi: np.ndarray
    au: np.ndarray

    @property
    def au_mean(self) -> np.ndarray:
        """`(6,)`, over the frames whose AUs are known; NaN where there are none."""
        known = self.au[~np.isnan(self.au).any(axis=1)]
        return known.mean(axis=0) if len(known) else np.full(self.au.shape[1], np.nan)
