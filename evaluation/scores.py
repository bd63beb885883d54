"""Every number of an evaluation, with intervals over identities, from a model's predictions (see `measures.py`)."""

from dataclasses import dataclass

import numpy as np

from . import macro_auroc
from .au_agreement.functions import PRESENT
from .baselines import trivial_calibration, trivial_detection, trivial_scores
from .bootstrap import ClusterBootstrap
from .groups import PEOPLE, VIEWS
from .measures import (
    PAIN_THRESHOLDS,
    Predictions,
    calibration_measures,
    check_predictions,
    detection_measures,
    pain_probability,
    pspi_measures,
    softmax,
    summarise,
    unit_measures,
)
from .thresholds import best_f1_threshold

GROUPS = {**PEOPLE, "view_id": VIEWS}


@dataclass(frozen=True)
class TrainingLabels:
    """What the trivial rows know: PSPI `(m,)` int and AU intensities `(m, 6)` of the training frames."""

    pspi: np.ndarray
    au: np.ndarray


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
        `trivial`: row -> metric -> value. `calibration`: {model, prior, uniform}. `detection`: "pspi>=t" -> {model,
        all_pain, coin, prevalence, decision_threshold}. `au`: AU -> the metrics of `au_agreement`, icc_2_1, qwk,
        mae_of_mean and f1_all_present. `groups`: attribute -> group -> {frames, identities, and the metrics of `pspi` and
        "auroc_pspi_3"}. Values that are not defined are None.
    """
    check_predictions(predictions)
    check_predictions(calibration)
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    labels = predictions["labels"]
    areas = macro_auroc(softmax(predictions["logits"]), labels)
    return {
        "pspi": summarise(pspi_measures(predictions, bootstrap.whole), bootstrap),
        "per_class_auroc": areas["per_class"],
        "classes_absent": areas["classes_absent"],
        "trivial": trivial_scores(training.pspi, labels),
        "calibration": {
            "model": summarise(calibration_measures(predictions, bootstrap.whole), bootstrap),
            **trivial_calibration(training.pspi, labels),
        },
        "detection": {
            f"pspi>={t}": {
                **_detection(predictions, calibration, bootstrap, t),
                **trivial_detection(training.pspi, labels, t),
            }
            for t in PAIN_THRESHOLDS
        },
        "au": _action_units(predictions, training, bootstrap),
        "groups": {name: _groups(predictions, name, bootstrap) for name in GROUPS},
    }


def _detection(predictions: Predictions, calibration: Predictions, bootstrap: ClusterBootstrap, t: int) -> dict:
    threshold = best_f1_threshold(pain_probability(calibration, t), calibration["labels"] >= t)
    return {
        "prevalence": float(np.mean(predictions["labels"] >= t)),
        "decision_threshold": threshold,
        "model": summarise(detection_measures(predictions, bootstrap.whole, t, threshold), bootstrap),
    }


def _action_units(predictions: Predictions, training: TrainingLabels, bootstrap: ClusterBootstrap) -> dict[str, dict]:
    result = {}
    for k, (name, values) in enumerate(unit_measures(predictions, bootstrap.whole).items()):
        truth = predictions["au_labels"][:, k]
        result[name] = {
            **summarise(values, bootstrap),
            "mae_of_mean": float(np.abs(training.au[:, k].mean() - truth).mean()),
            "f1_all_present": trivial_detection(training.au[:, k], truth, PRESENT)["all_pain"]["f1"],
        }
    return result


def _groups(predictions: Predictions, attribute: str, bootstrap: ClusterBootstrap) -> dict[str, dict]:
    result = {}
    for k, name in enumerate(GROUPS[attribute]):
        member = predictions[attribute] == k
        if not member.any():
            continue
        group = {key: values[member] for key, values in predictions.items()}
        weighting = bootstrap.part(member)
        area = weighting.auroc(pain_probability(group, 3), group["labels"] >= 3)
        with np.errstate(invalid="ignore"):  # a resample without anyone of the group is NaN
            measures = {**pspi_measures(group, weighting), "auroc_pspi_3": area}
        sizes = {"frames": int(member.sum()), "identities": weighting.size}
        result[name] = {**sizes, **summarise(measures, bootstrap, weighting.size)}
    return result
