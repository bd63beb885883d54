"""Every number of an evaluation, with intervals over identities, from a model's predictions (see `measures.py`)."""

import numpy as np

from dataset_script.facs import PAIN_THRESHOLDS

from .. import macro_auroc
from ..au_agreement.functions import PRESENT
from ..results import IntensityAndPresence, UnitScores
from ..statistics.bootstrap import ClusterBootstrap
from ..statistics.groups import PEOPLE, VIEWS, members
from ..statistics.measures import (
    Predictions,
    TrainingLabels,
    calibration_measures,
    check_predictions,
    detection_measures,
    pain_probability,
    pspi_measures,
    softmax,
    subset,
    summarise,
    unit_measures,
)
from ..statistics.thresholds import decision_thresholds, pain_key
from .baselines import trivial_calibration, trivial_detection, trivial_scores
from .expressions import expression_scores
from .results import GroupScores, SplitScores

GROUPS = {**PEOPLE, "view_id": VIEWS}


def evaluate_predictions(
    predictions: Predictions,
    calibration: Predictions,
    training: TrainingLabels,
    resamples: int = 10_000,
    seed: int = 0,
) -> SplitScores:
    """All scores of `predictions`, beside those of trivial predictors.

    Args:
        predictions: of the frames to score.
        calibration: of other people's frames, which set the decision thresholds.
        training: what the trivial predictors know.
        resamples, seed: of the bootstrap over identities.

    Raises:
        WorkFailed: as `check_predictions` and `best_f1_threshold`.
    """
    check_predictions(predictions)
    thresholds = decision_thresholds(calibration)
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
            pain_key(t): {
                "prevalence": float(np.mean(labels >= t)),
                "decision_threshold": thresholds[t],
                "model": summarise(detection_measures(predictions, bootstrap.whole, t, thresholds[t]), bootstrap),
                **trivial_detection(training.pspi, labels, t),
            }
            for t in PAIN_THRESHOLDS
        },
        "au": action_units(predictions, np.tile(training.au_mean, (len(labels), 1)), bootstrap),
        "groups": {name: _groups(predictions, name, bootstrap) for name in GROUPS},
        "expressions": expression_scores(predictions, thresholds, bootstrap),
    }


def action_units(
    predictions: Predictions, training_mean: np.ndarray, bootstrap: ClusterBootstrap
) -> dict[str, UnitScores]:
    """AU -> its scores, over the frames whose AUs are known; empty where there are none.

    `training_mean` `(n, 6)`: for each frame, the mean of the training frames that its model saw, NaN where unknown.
    """
    known = _with_units(predictions)
    result = {}
    for k, (name, values) in enumerate(unit_scores(predictions, bootstrap).items()):
        truth = predictions["au_labels"][known, k]
        of_mean = float(np.abs(training_mean[known, k] - truth).mean())
        result[name] = {
            **values,
            "mae_of_mean": None if np.isnan(of_mean) else of_mean,
            "f1_all_present": trivial_detection(truth, truth, PRESENT)["all_pain"]["f1"],
        }
    return result


def unit_scores(predictions: Predictions, bootstrap: ClusterBootstrap) -> dict[str, IntensityAndPresence]:
    """AU -> metrics of its intensity and presence, over the frames whose AUs are known; empty where there are none."""
    known = _with_units(predictions)
    if not known.any():
        return {}
    weighting = bootstrap.part(known)
    found = unit_measures(subset(predictions, known), weighting)
    return {name: summarise(values, bootstrap, weighting.size) for name, values in found.items()}


def _with_units(predictions: Predictions) -> np.ndarray:
    return ~np.isnan(predictions["au_labels"]).any(axis=1)


def _groups(predictions: Predictions, attribute: str, bootstrap: ClusterBootstrap) -> dict[str, GroupScores]:
    result = {}
    for name, member in members(predictions[attribute], GROUPS[attribute]).items():
        group, weighting = subset(predictions, member), bootstrap.part(member)
        area = weighting.auroc(pain_probability(group, 3), group["labels"] >= 3)
        with np.errstate(invalid="ignore"):  # NaN in a resample that draws nobody of the group
            measures = {**pspi_measures(group, weighting), "auroc_pspi_3": area}
        result[name] = {
            "frames": int(member.sum()),
            "identities": weighting.size,
            **summarise(measures, bootstrap, weighting.size),
        }
    return result
