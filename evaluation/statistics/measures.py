"""Every metric of a model's predictions at once, under many weightings of its identities.

The functions return metric -> `(rows,)`, one value for each row of `weighting.weights`; NaN where the metric is not
defined. With weights of 1 these are the values of the metric folders.
"""

from dataclasses import dataclass

import numpy as np

from dataset_script.errors import WorkFailed
from dataset_script.facs import PSPI_CLASSES

from ..au_agreement.functions import DECISION_THRESHOLD, PRESENT
from ..interval_coverage.functions import interval_from_sums, interval_terms
from ..pain_detection.functions import detection_from_sums, detection_terms
from ..pspi_accuracy.functions import accuracy_from_sums, accuracy_terms
from ..pspi_calibration.functions import calibration_from_sums, calibration_terms
from ..pspi_regression.functions import regression_from_sums, regression_terms
from ..results import Score
from .bootstrap import ClusterBootstrap, Weighting

Predictions = dict[str, np.ndarray]
"""What `modeling_vitpain.prediction.splits.predict_dataset` returns, a row a frame: `labels` (n,) the true PSPI,
`logits` (n, 17), `pspi` (n,) predicted, `au_labels` and `au` (n, 6), `identity_id`, `view_id`, and the class ids
`age_group`, `ethnicity`, `gender`. Where the data do not tell, a class id is -1 and `au_labels` NaN. Optional:
`frame_id` (n,), `expression` (n,), "" where the data do not tell, `interval_temperature` (n,), by which the logits are
divided for the PSPI interval, and of models that say more than PSPI and the six units: `companions` and
`companion_labels` (n, 7), `au_low` and `au_high` (n, 13), NaN where there are none, and `pain_probability` (n,)."""
LEVELS = (90, 95)
LOWER_IS_BETTER = ("mae", "mse", "ece", "brier")


@dataclass(frozen=True)
class TrainingLabels:
    """What trivial predictors know of the training frames, NaN where unknown.

    PSPI `(m,)` int, AUs `(m, 6)` and, where they are read, companions `(m, 7)`.
    """

    pspi: np.ndarray
    au: np.ndarray
    companions: np.ndarray | None = None

    @property
    def au_mean(self) -> np.ndarray:
        """`(6,)`, over the frames whose AUs are known; NaN where there are none."""
        known = self.au[~np.isnan(self.au).any(axis=1)]
        return known.mean(axis=0) if len(known) else np.full(self.au.shape[1], np.nan)


def check_predictions(predictions: Predictions) -> None:
    """Raises WorkFailed when a model gave other than 17 classes, or a number that is not finite."""
    classes = predictions["logits"].shape[1]
    if classes != PSPI_CLASSES:
        raise WorkFailed(f"the model has {classes} PSPI classes; evaluation needs {PSPI_CLASSES}")
    for name in ("logits", "pspi", "au", "pain_probability"):
        if name not in predictions:
            continue
        bad = ~np.isfinite(predictions[name]).reshape(len(predictions[name]), -1).all(axis=1)
        if bad.any():
            raise WorkFailed(f"the model's {name} is not finite on {bad.sum()} of {len(bad)} frames")


def subset(predictions: Predictions, mask: np.ndarray) -> Predictions:
    """The frames of `mask` `(n,)` alone."""
    return {key: values[mask] for key, values in predictions.items()}


def pspi_measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """PSPI metrics. Accuracies are of the likeliest class; errors and correlations are of the predicted `pspi`.

    Macro AUROC ranks the class probabilities. Its 16-class reading renormalises them without PSPI 16.
    """
    labels, logits, predicted = predictions["labels"], predictions["logits"], predictions["pspi"]
    fewer = PSPI_CLASSES - 1
    return {
        "macro_auroc": weighting.macro_auroc(softmax(logits), labels),
        "macro_auroc_16": weighting.macro_auroc(softmax(logits[:, :fewer]), labels, fewer),
        **accuracy_from_sums(weighting.sums(accuracy_terms(logits.argmax(axis=1), labels))),
        **regression_from_sums(weighting.sums(regression_terms(predicted, labels))),
    }


def detection_measures(
    predictions: Predictions, weighting: Weighting, pspi_threshold: int, decision_threshold: float | np.ndarray
) -> dict[str, np.ndarray]:
    """AUROC, F1, precision and recall of pain, PSPI >= `pspi_threshold`.

    Pain is predicted where its probability is at least the decision threshold. The decision threshold is one for all
    frames, or `(n,)`, one for each: frames of different models have their own.
    """
    scores, labels = pain_probability(predictions, pspi_threshold), predictions["labels"]
    above = scores - decision_threshold  # its sign is exact
    terms = detection_terms(above, labels, decision_threshold=0.0, pspi_threshold=pspi_threshold)
    return {
        "auroc": weighting.auroc(scores, labels >= pspi_threshold),
        **detection_from_sums(weighting.sums(terms)),
    }


def calibration_measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """Calibration error and Brier score of the class probabilities; coverage and width of the model's 90 % interval.

    The interval is of the logits divided by `interval_temperature`, where the predictions have it.
    """
    labels, logits = predictions["labels"], predictions["logits"]
    terms = calibration_terms(softmax(logits), labels)
    if "interval_temperature" in predictions:
        scaled = softmax(logits / predictions["interval_temperature"][:, None])
        terms[:, 2:4] = calibration_terms(scaled, labels)[:, 2:4]  # in the interval or not, and its width
    return calibration_from_sums(weighting.sums(terms))


def unit_measures(
    predicted: np.ndarray, truth: np.ndarray, interval: np.ndarray | None, weighting: Weighting
) -> dict[str, np.ndarray]:
    """Metrics of an action unit's intensity, AUROC, F1, precision and recall of its presence, and of its interval.

    `predicted` and `truth` `(n,)` are intensities, all known; `interval` `(n, 2)`, or None for a model without.
    """
    terms = detection_terms(predicted, truth, decision_threshold=DECISION_THRESHOLD, pspi_threshold=PRESENT)
    result = {
        **regression_from_sums(weighting.sums(regression_terms(predicted, truth))),
        "auroc": weighting.auroc(predicted, truth >= PRESENT),
        **detection_from_sums(weighting.sums(terms)),
    }
    if interval is not None:
        result |= interval_from_sums(weighting.sums(interval_terms(interval, truth)))
    return result


def means(values: dict[str, np.ndarray], weighting: Weighting) -> dict[str, np.ndarray]:
    """Name -> the mean over the frames of `values` `(n,)`; NaN in a resample that draws none of them."""
    columns = np.stack([*values.values(), np.ones(len(weighting.index))], axis=1).astype(np.float64)
    sums = weighting.sums(columns)
    with np.errstate(invalid="ignore"):
        found = sums[:, :-1] / sums[:, -1:]
    return dict(zip(values, found.T, strict=True))


def pain_probability(predictions: Predictions, pspi_threshold: int) -> np.ndarray:
    """The model's probability of PSPI >= `pspi_threshold`, `(n,)`."""
    return softmax(predictions["logits"])[:, pspi_threshold:].sum(axis=1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits `(n, classes)`, in float64."""
    logits = np.asarray(logits, dtype=np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def summarise(
    values: dict[str, np.ndarray], bootstrap: ClusterBootstrap, identities: int | None = None
) -> dict[str, Score]:
    """Metric -> its score, from what a measure gives under `bootstrap.whole`, `(1 + resamples,)` each.

    `identities` is the number of identities that the values are of, where it is not all of them: one alone has no
    interval.
    """
    result = {}
    for name, row in values.items():
        replicates = row[1:]
        intervals = {
            f"interval_{level}": None if identities == 1 else bootstrap.interval(replicates, level / 100)
            for level in LEVELS
        }
        result[name] = {
            "value": None if np.isnan(row[0]) else float(row[0]),
            **intervals,
            "undefined_resamples": int(np.isnan(replicates).sum()),
        }
    return result
