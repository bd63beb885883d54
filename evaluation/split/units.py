"""Scores of a model's action units: the six of the PSPI, companions, and the interval of each."""

import numpy as np

from dataset_script.facs import ALL_AU_NAMES, AU_NAMES, EXTRA_AU_NAMES

from ..au_agreement.functions import PRESENT
from ..results import UnitScores
from ..statistics.bootstrap import ClusterBootstrap
from ..statistics.measures import Predictions, summarise, unit_measures
from .baselines import trivial_detection


def action_units(
    predictions: Predictions, training_mean: np.ndarray, bootstrap: ClusterBootstrap
) -> dict[str, UnitScores]:
    """AU -> its scores, over the frames whose AUs are known; empty where there are none.

    `training_mean` `(n, 6)`: for each frame, the mean of the training frames that its model saw, NaN where unknown.
    """
    known = ~np.isnan(predictions["au_labels"]).any(axis=1)
    if not known.any():
        return {}
    return {
        name: _unit(
            name, predictions["au"][:, k], predictions["au_labels"][:, k], training_mean[:, k], predictions, bootstrap
        )
        for k, name in enumerate(AU_NAMES)
    }


def companion_units(
    predictions: Predictions, training: np.ndarray | None, bootstrap: ClusterBootstrap
) -> dict[str, UnitScores]:
    """Companion -> its scores, of those that the model predicts and the data know; empty where there are none.

    `training` `(m, 7)`: those of the training frames, NaN where unknown; None: not known of any.
    """
    if "companions" not in predictions:
        return {}
    said, truth = predictions["companions"], predictions["companion_labels"]
    result = {}
    for k, name in enumerate(EXTRA_AU_NAMES):
        if np.isnan(said[:, k]).any() or np.isnan(truth[:, k]).all():
            continue
        seen = np.array([]) if training is None else training[:, k][~np.isnan(training[:, k])]
        mean = np.full(len(truth), seen.mean() if len(seen) else np.nan)
        result[name] = _unit(name, said[:, k], truth[:, k], mean, predictions, bootstrap)
    return result


def _unit(
    name: str,
    said: np.ndarray,
    truth: np.ndarray,
    mean: np.ndarray,
    predictions: Predictions,
    bootstrap: ClusterBootstrap,
) -> UnitScores:
    """The scores of one unit on the frames where it is known. All arrays `(n,)`."""
    known = ~np.isnan(truth)
    weighting, truth, interval = bootstrap.part(known), truth[known], None
    if "au_low" in predictions:
        place = ALL_AU_NAMES.index(name)
        interval = np.stack([predictions[end][known, place] for end in ("au_low", "au_high")], axis=1)
    of_mean = float(np.abs(mean[known] - truth).mean())
    return {
        **summarise(unit_measures(said[known], truth, interval, weighting), bootstrap, weighting.size),
        "mae_of_mean": None if np.isnan(of_mean) else of_mean,
        "f1_all_present": trivial_detection(truth, truth, PRESENT)["all_pain"]["f1"],
    }
