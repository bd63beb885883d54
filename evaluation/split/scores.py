"""Every number of an evaluation, with intervals over identities, from a model's predictions (see `measures.py`)."""

import numpy as np

from .. import macro_auroc
from ..au_agreement.functions import PRESENT
from ..statistics.bootstrap import ClusterBootstrap
from ..statistics.groups import PEOPLE, VIEWS, members
from ..statistics.measures import (
    PAIN_THRESHOLDS,
    Predictions,
    TrainingLabels,
    calibration_measures,
    check_predictions,
    detection_measures,
    pain_probability,
    pspi_measures,
    softmax,
    summarise,
    unit_measures,
)
from ..statistics.thresholds import best_f1_threshold
from .baselines import trivial_calibration, trivial_detection, trivial_scores

GROUPS = {**PEOPLE, "view_id": VIEWS}


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
        mae_of_mean and f1_all_present, of the frames whose AUs are known; empty where there are none. `groups`: attribute -> group -> {frames, identities, and the metrics of `pspi` and
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
        "au": action_units(predictions, np.tile(training.au_mean, (len(labels), 1)), bootstrap),
        "groups": {name: _groups(predictions, name, bootstrap) for name in GROUPS},
    }


def _detection(predictions: Predictions, calibration: Predictions, bootstrap: ClusterBootstrap, t: int) -> dict:
    threshold = best_f1_threshold(pain_probability(calibration, t), calibration["labels"] >= t)
    return {
        "prevalence": float(np.mean(predictions["labels"] >= t)),
        "decision_threshold": threshold,
        "model": summarise(detection_measures(predictions, bootstrap.whole, t, threshold), bootstrap),
    }


def action_units(predictions: Predictions, guess: np.ndarray, bootstrap: ClusterBootstrap) -> dict[str, dict]:
    """The part `au` of `evaluate_predictions`. `guess` `(n, 6)`: the training mean for each frame, NaN where unknown."""
    known = ~np.isnan(predictions["au_labels"]).any(axis=1)
    if not known.any():
        return {}
    frames = {key: values[known] for key, values in predictions.items()}
    weighting = bootstrap.part(known)
    result = {}
    for k, (name, values) in enumerate(unit_measures(frames, weighting).items()):
        truth = frames["au_labels"][:, k]
        of_mean = float(np.abs(guess[known, k] - truth).mean())
        result[name] = {
            **summarise(values, bootstrap, weighting.size),
            "mae_of_mean": None if np.isnan(of_mean) else of_mean,
            "f1_all_present": trivial_detection(truth, truth, PRESENT)["all_pain"]["f1"],
        }
    return result


def _groups(predictions: Predictions, attribute: str, bootstrap: ClusterBootstrap) -> dict[str, dict]:
    result = {}
    for name, member in members(predictions[attribute], GROUPS[attribute]).items():
        group = {key: values[member] for key, values in predictions.items()}
        weighting = bootstrap.part(member)
        area = weighting.auroc(pain_probability(group, 3), group["labels"] >= 3)
        with np.errstate(invalid="ignore"):  # a resample without anyone of the group is NaN
            measures = {**pspi_measures(group, weighting), "auroc_pspi_3": area}
        sizes = {"frames": int(member.sum()), "identities": weighting.size}
        result[name] = {**sizes, **summarise(measures, bootstrap, weighting.size)}
    return result
