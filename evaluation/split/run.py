"""Everything that `pain3d evaluate` computes: a model's predictions of a split, and their scores."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed

from ..provenance import spec_hash, versions, weight_hashes
from ..results import Comparison
from ..statistics.comparison import compare
from ..statistics.measures import Predictions, TrainingLabels, check_predictions
from ..statistics.thresholds import thresholds_unset
from .hog_scores import hog_scores, why_without_hog
from .labels import read_training_labels, splits_of
from .results import Evaluation, EvaluationContext, HogScores
from .scores import evaluate_predictions


@dataclass(frozen=True)
class Settings:
    """What of a dataset is scored, and how: see `pain3d evaluate --help`."""

    split: str = "test"
    input: str = "image"
    batch_size: int = 32
    resamples: int = 10_000
    seed: int = 0
    against: str | None = None

    def calibration_split(self, there: set[str]) -> str | None:
        """The split that sets the decision thresholds: never the one that is scored; None: it is not `there`."""
        split = "train" if self.split == "validation" else "validation"
        return split if split in there else None


@dataclass(frozen=True)
class Evaluated:
    """The scores, and the predictions that they are of. `calibration` set the decision thresholds, if there is any."""

    result: Evaluation
    predictions: Predictions
    calibration: Predictions | None


def evaluate_model(model: str | Path, data: str | Path, settings: Settings) -> Evaluated:
    """Runs a model, and the one that it is compared with, over a split of `data`, and scores it.

    Data of that split alone are enough: what the others are for, decision thresholds and rows that know the training
    frames, is left out then.

    Raises:
        InvalidInput: as `read_columns`, `predict_dataset` and `compare`.
        WorkFailed: as these and `evaluate_predictions`.
    """
    there = splits_of(data)
    if settings.split not in there:
        raise InvalidInput(f"split is {settings.split!r}; {data} has {', '.join(sorted(there))}")
    labels = {split: read_training_labels(data, split) for split in {settings.split, "train"} & there}
    training = labels.get("train")  # all this before torch is imported: other data fail at once

    calibration_split = settings.calibration_split(there)
    calibration = None if calibration_split is None else _predict(model, data, calibration_split, settings)
    predictions = _predict(model, data, settings.split, settings)
    result: Evaluation = {
        "context": _context(model, data, settings, predictions, training, there) | _unset(calibration),
        **evaluate_predictions(predictions, calibration, training, settings.resamples, settings.seed),
    }
    result |= _hog(data, settings, predictions, there)
    if settings.against is not None:
        result["comparison"] = _comparison(predictions, data, settings)
    return Evaluated(result, predictions, calibration)


def _unset(calibration: Predictions | None) -> dict[str, list[int]]:
    """The part of the context that says which decision thresholds could not be set."""
    unset = [] if calibration is None else thresholds_unset(calibration)
    return {"thresholds_unset": unset} if unset else {}


def _predict(model: str | Path, data: str | Path, split: str, settings: Settings) -> Predictions:
    from transformers.utils import logging

    from modeling_vitpain.prediction.splits import predict_dataset

    logging.disable_progress_bar()  # of loading the weights; predicting has its own
    return predict_dataset(model, data, split, settings.input, settings.batch_size)


def _hog(data: str | Path, settings: Settings, predictions: Predictions, there: set[str]) -> dict[str, HogScores | str]:
    """The scores of HOG + ridge, or why there are none."""
    if reason := why_without_hog(settings.split, settings.input, there):
        return {"hog_left_out": reason}
    try:
        scores = hog_scores(data, settings.split, predictions, settings.resamples, settings.seed)
    except WorkFailed as error:  # evaluation alone needs no training pictures
        return {"hog_left_out": f"HOG + ridge is left out: {error}."}
    return {"hog_ridge": scores}


def _comparison(predictions: Predictions, data: str | Path, settings: Settings) -> Comparison:
    other = _predict(settings.against, data, settings.split, settings)
    check_predictions(other)
    return {
        "model": Path(settings.against).name,
        "weights": weight_hashes(settings.against),
        "metrics": compare(predictions, other, resamples=settings.resamples, seed=settings.seed),
    }


def _context(
    model: str | Path,
    data: str | Path,
    settings: Settings,
    predictions: Predictions,
    training: TrainingLabels | None,
    there: set[str],
) -> EvaluationContext:
    return {
        "model": Path(model).name,
        "data": Path(data).resolve().name,
        "split": settings.split,
        "input": settings.input,
        "frames": len(predictions["labels"]),
        "identities": len(np.unique(predictions["identity_id"])),
        "calibration_split": settings.calibration_split(there),
        "training_frames": 0 if training is None else len(training.pspi),
        "spec_hash": spec_hash(data),
        "weights": weight_hashes(model),
        "interval_temperature": float(predictions["interval_temperature"][0]),
        "resamples": settings.resamples,
        "seed": settings.seed,
        "versions": versions(),
    }
