"""HOG + ridge on the frames of a model: fitted to the training frames, its strength set on validation people."""

from pathlib import Path

import numpy as np
from datasets import Dataset

from dataset_script.facs import AU_NAMES, PAIN_THRESHOLDS

from ..statistics.bootstrap import ClusterBootstrap
from ..statistics.measures import Predictions, detection_measures, pspi_measures, summarise
from ..statistics.thresholds import decision_thresholds, pain_key
from .hog import NEEDED, hog_features, is_installed
from .results import HogScores
from .ridge import Described, fit_ridge
from .units import action_units

_FITTED_TO = ("train", "validation")
MOST_FRAMES = 6000
"""Of a split that are fitted to; of a larger one so many, evenly spaced."""


def why_without_hog(split: str, input: str, there: set[str]) -> str | None:
    """Why a model that sees `input` of `split` has no such row beside it, in a sentence; None: it has one.

    `there`: the splits of the data.
    """
    if input != "image":
        return "HOG + ridge is left out: this model sees heatmaps, which are made from the labels."
    if split != "test":
        return "HOG + ridge is left out: it stands beside models on the test split alone."
    if absent := [name for name in _FITTED_TO if name not in there]:
        return f"HOG + ridge is left out: the data have no {' and no '.join(absent)} split to fit it to."
    if not is_installed():
        return f"HOG + ridge is left out: OpenCV is not installed ({NEEDED})."
    return None


def hog_scores(data: str | Path, split: str, predictions: Predictions, resamples: int, seed: int) -> HogScores:
    """The scores of HOG + ridge on the frames of `predictions`, all of `split` in its order.

    Args:
        data: a dataset directory with the splits train and validation.
        resamples, seed: of the bootstrap over identities.

    Raises:
        InvalidInput: as `open_split`.
        WorkFailed: as `open_split` and `hog_features`.
    """
    from modeling_vitpain.frames.dataset import open_split

    training, validation = (_described(_evenly(open_split(data, name))) for name in _FITTED_TO)
    ridge = fit_ridge(training, validation)
    chosen = ridge.predict(validation.features) | {"labels": validation.pspi}
    thresholds = decision_thresholds(chosen | {"au": np.nan_to_num(chosen["au"])})
    scored = ridge.predict(hog_features(open_split(data, split)))
    scored |= {"labels": predictions["labels"], "au_labels": predictions["au_labels"][:, : len(AU_NAMES)]}
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    mean = np.tile(training.au.mean(axis=0), (len(scored["pspi"]), 1))
    return {
        "strength": ridge.strength,
        "training_frames": len(training.pspi),
        "pspi": summarise(pspi_measures(scored, bootstrap.whole), bootstrap),
        "detection": {
            pain_key(t): summarise(detection_measures(scored, bootstrap.whole, t, thresholds[t]), bootstrap)
            for t in PAIN_THRESHOLDS
        },
        "au": {} if np.isnan(scored["au"]).any() else action_units(scored, mean, bootstrap),
    }


def _evenly(rows: Dataset) -> Dataset:
    if len(rows) <= MOST_FRAMES:
        return rows
    return rows.select(np.linspace(0, len(rows), MOST_FRAMES, endpoint=False).astype(int))


def _described(rows: Dataset) -> Described:
    from modeling_vitpain.frames.dataset import au_array

    return Described(hog_features(rows), np.array(rows["pspi"][:]), au_array(rows["au"][:]))
