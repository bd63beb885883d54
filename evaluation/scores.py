"""Every number of an evaluation, with intervals over identities, from a model's predictions.

A `Predictions` is the dict of arrays that `modeling_vitpain.inference.predict_dataset` returns: `labels` (n,) PSPI,
`logits` (n, 17), `pspi` (n,), `au_labels` and `au` (n, 6), `identity_id`, `view_id`, and the class ids `age_group`,
`ethnicity`, `gender`.
"""

from dataclasses import dataclass

import numpy as np

from dataset_script.errors import WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.features import AGE_GROUPS, ETHNICITIES, GENDERS

from . import macro_auroc, pain_detection, pspi_accuracy, pspi_regression
from .baselines import CLASSES, trivial_detection, trivial_scores
from .bootstrap import ClusterBootstrap
from .pain_detection.functions import detection_from_sums, detection_terms
from .pspi_accuracy.functions import accuracy_from_sums, accuracy_terms
from .pspi_regression.functions import regression_from_sums, regression_terms
from .thresholds import best_f1_threshold

Predictions = dict[str, np.ndarray]
LEVELS = (90, 95)
PAIN_THRESHOLDS = (1, 2, 3)
GROUPS = {
    "age_group": AGE_GROUPS,
    "ethnicity": ETHNICITIES,
    "gender": GENDERS,
    "view_id": ("frontal", "yawed 1", "yawed 2"),
}


@dataclass(frozen=True)
class TrainingLabels:
    """What the trivial rows know: PSPI `(m,)` int and AU intensities `(m, 6)` of the training frames."""

    pspi: np.ndarray
    au: np.ndarray


def check_predictions(predictions: Predictions) -> None:
    """Raises WorkFailed when a model gave other than 17 classes, or a number that is not finite."""
    if predictions["logits"].shape[1] != CLASSES:
        raise WorkFailed(f"the model has {predictions['logits'].shape[1]} PSPI classes; evaluation needs {CLASSES}")
    for name in ("logits", "pspi", "au"):
        bad = ~np.isfinite(predictions[name]).reshape(len(predictions[name]), -1).all(axis=1)
        if bad.any():
            raise WorkFailed(f"the model's {name} is not finite on {bad.sum()} of {len(bad)} frames")


def evaluate_predictions(
    predictions: Predictions,
    calibration: Predictions,
    training: TrainingLabels,
    resamples: int = 10_000,
    seed: int = 0,
) -> dict:
    """All scores of `predictions`; `calibration`, other people's frames, sets the decision thresholds.

    Returns:
        `pspi`: metric -> {value, interval_90, interval_95, undefined_resamples}. `per_class_auroc`: PSPI -> AUROC.
        `trivial`: row -> metric -> value. `detection`: "pspi>=t" -> {model, all_pain, coin, prevalence,
        decision_threshold}. `au`: AU -> {mae, mse, pcc, icc_3_1, qwk, mae_of_mean}. `groups`: attribute -> group ->
        {frames, identities, and the metrics of `pspi` and "auroc_pspi_3"}. Values that are not defined are None.
    """
    check_predictions(predictions)
    check_predictions(calibration)
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    labels = predictions["labels"]
    areas = macro_auroc(_probabilities(predictions), labels)
    return {
        "pspi": pspi_scores(predictions, bootstrap),
        "per_class_auroc": areas["per_class"],
        "classes_absent": areas["classes_absent"],
        "trivial": trivial_scores(training.pspi, labels),
        "detection": {
            f"pspi>={t}": {
                **_detection(predictions, calibration, bootstrap, t),
                **trivial_detection(training.pspi, labels, t),
            }
            for t in PAIN_THRESHOLDS
        },
        "au": _action_units(predictions, training, bootstrap),
        "groups": {name: _groups(predictions, name, resamples, seed) for name in GROUPS},
    }


def pspi_scores(predictions: Predictions, bootstrap: ClusterBootstrap) -> dict[str, dict]:
    """PSPI metrics. The class is the likeliest one (accuracies); the intensity is the model's `pspi` (the others).

    Macro AUROC ranks the class probabilities. Its 16-class reading renormalises them without PSPI 16.
    """
    labels, logits, estimate = predictions["labels"], predictions["logits"], predictions["pspi"]
    values, replicates = {}, {}
    for name, classes in {"macro_auroc": CLASSES, "macro_auroc_16": CLASSES - 1}.items():
        probabilities = _softmax(logits[:, :classes])
        values[name] = macro_auroc(probabilities, labels, classes)["macro_auroc"]
        replicates[name] = bootstrap.macro_auroc(probabilities, labels, classes)
    likeliest = logits.argmax(axis=1)
    values |= pspi_accuracy(likeliest, labels)
    replicates |= accuracy_from_sums(bootstrap.sums(accuracy_terms(likeliest, labels)))
    values |= pspi_regression(estimate, labels)
    replicates |= regression_from_sums(bootstrap.sums(regression_terms(estimate, labels)))
    return {name: _summary(values[name], replicates[name], bootstrap) for name in replicates}


def pain_probability(predictions: Predictions, pspi_threshold: int) -> np.ndarray:
    """The model's probability of PSPI >= `pspi_threshold`, `(n,)`."""
    return _probabilities(predictions)[:, pspi_threshold:].sum(axis=1)


def _detection(predictions: Predictions, calibration: Predictions, bootstrap: ClusterBootstrap, t: int) -> dict:
    threshold = best_f1_threshold(pain_probability(calibration, t), calibration["labels"] >= t)
    scores, labels = pain_probability(predictions, t), predictions["labels"]
    how = {"decision_threshold": threshold, "pspi_threshold": t}
    values = pain_detection(scores, labels, **how)
    replicates = {"auroc": bootstrap.auroc(scores, labels >= t)}
    replicates |= detection_from_sums(bootstrap.sums(detection_terms(scores, labels, **how)))
    model = {name: _summary(values[name], replicates[name], bootstrap) for name in replicates}
    return {"prevalence": float(np.mean(labels >= t)), "decision_threshold": threshold, "model": model}


def _action_units(predictions: Predictions, training: TrainingLabels, bootstrap: ClusterBootstrap) -> dict[str, dict]:
    result = {}
    for k, name in enumerate(AU_NAMES):
        estimate, truth = predictions["au"][:, k], predictions["au_labels"][:, k]
        values = pspi_regression(estimate, truth)
        replicates = regression_from_sums(bootstrap.sums(regression_terms(estimate, truth)))
        result[name] = {metric: _summary(values[metric], replicates[metric], bootstrap) for metric in replicates}
        result[name]["mae_of_mean"] = float(np.abs(training.au[:, k].mean() - truth).mean())
    return result


def _groups(predictions: Predictions, attribute: str, resamples: int, seed: int) -> dict[str, dict]:
    result = {}
    for k, name in enumerate(GROUPS[attribute]):
        member = predictions[attribute] == k
        if not member.any():
            continue
        group = {key: values[member] for key, values in predictions.items()}
        bootstrap = ClusterBootstrap(group["identity_id"], resamples, seed)
        scores, pain = pain_probability(group, 3), group["labels"] >= 3
        area = pain_detection(scores, group["labels"], decision_threshold=0.5)["auroc"]
        result[name] = {
            "frames": int(member.sum()),
            "identities": bootstrap.size,
            **pspi_scores(group, bootstrap),
            "auroc_pspi_3": _summary(area, bootstrap.auroc(scores, pain), bootstrap),
        }
    return result


def _summary(value: float | None, replicates: np.ndarray, bootstrap: ClusterBootstrap) -> dict:
    return {
        "value": value,
        **{f"interval_{level}": bootstrap.interval(replicates, level / 100) for level in LEVELS},
        "undefined_resamples": int(np.isnan(replicates).sum()),
    }


def _probabilities(predictions: Predictions) -> np.ndarray:
    return _softmax(predictions["logits"])


def _softmax(logits: np.ndarray) -> np.ndarray:
    logits = np.asarray(logits, dtype=np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
