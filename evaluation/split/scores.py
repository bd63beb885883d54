"""Every number of an evaluation, with intervals over identities, from a model's predictions (see `measures.py`)."""

import numpy as np

from dataset_script.facs import AU_NAMES, PAIN_THRESHOLDS

from .. import macro_auroc
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
)
from ..statistics.thresholds import decision_thresholds, pain_key
from .baselines import trivial_calibration, trivial_detection, trivial_scores
from .expressions import expression_scores
from .pain_probability import pain_probability_scores
from .results import GroupScores, SplitScores
from .units import action_units, companion_units

GROUPS = {**PEOPLE, "view_id": VIEWS}


def evaluate_predictions(
    predictions: Predictions,
    calibration: Predictions | None,
    training: TrainingLabels | None,
    resamples: int = 10_000,
    seed: int = 0,
) -> SplitScores:
    """All scores of `predictions`, beside those of trivial predictors.

    Args:
        predictions: of the frames to score.
        calibration: of other people's frames, which set the decision thresholds; None: they are `EVEN`.
        training: what the trivial predictors know; None: those that know something are left out.
        resamples, seed: of the bootstrap over identities.

    Raises:
        WorkFailed: as `check_predictions` and `best_f1_threshold`.
    """
    check_predictions(predictions)
    thresholds = decision_thresholds(calibration)
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    labels = predictions["labels"]
    seen = None if training is None else training.pspi
    unit_means = np.full(len(AU_NAMES), np.nan) if training is None else training.au_mean
    areas = macro_auroc(softmax(predictions["logits"]), labels)
    scores: SplitScores = {
        "pspi": summarise(pspi_measures(predictions, bootstrap.whole), bootstrap),
        "per_class_auroc": areas["per_class"],
        "classes_absent": areas["classes_absent"],
        "trivial": trivial_scores(seen, labels),
        "calibration": {
            "model": summarise(calibration_measures(predictions, bootstrap.whole), bootstrap),
            **trivial_calibration(seen, labels),
        },
        "detection": {
            pain_key(t): {
                "prevalence": float(np.mean(labels >= t)),
                "decision_threshold": thresholds[t],
                "model": summarise(detection_measures(predictions, bootstrap.whole, t, thresholds[t]), bootstrap),
                **trivial_detection(seen, labels, t),
            }
            for t in PAIN_THRESHOLDS
        },
        "au": action_units(predictions, np.tile(unit_means, (len(labels), 1)), bootstrap),
        "groups": {name: _groups(predictions, name, bootstrap) for name in GROUPS},
        "expressions": expression_scores(predictions, thresholds, bootstrap),
    }
    if companions := companion_units(predictions, training and training.companions, bootstrap):
        scores["companions"] = companions
    if pain := pain_probability_scores(predictions, bootstrap):
        scores["pain_probability"] = pain
    return scores


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
