"""The record of a training run: what was done, with what, and how it went. `training.json` holds it."""

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict

import torch
import transformers
from datasets import Dataset
from transformers import Trainer, TrainerState
from transformers.utils import cached_file

from dataset_script.claim import read_record
from dataset_script.errors import WorkFailed
from dataset_script.manifest import read_manifest

from ..prediction.load import located
from .calibration import Calibration
from .options import RunOptions

RECORD = "training.json"
"""Name of the file."""
PARTS = ("train", "validation")
"""The frames that train, and those that select the checkpoint."""

_CURVE = {  # names in Trainer's log: names here
    "loss": "train_loss",
    "learning_rate": "backbone_lr",
    "eval_loss": "validation_loss",
    "eval_pspi_mae": "validation_pspi_mae",
    "eval_pspi_accuracy": "validation_pspi_accuracy",
    "eval_au_mae": "validation_au_mae",
    "eval_companion_mae": "validation_companion_mae",
    "eval_pain_auroc": "validation_pain_auroc",
}


class RecordedData(TypedDict):
    """The data of a run.

    Attributes:
        path: dataset directory or Hub name.
        spec_hash: of the specification, if `pain3d generate` wrote the directory.
        frames: how many, for each of `PARTS`.
        people: values of `identity_id` in each part, where the caller chose them.
        frames_without_au: how many have PSPI alone, for each part.
        licences: the different values of their column `licence`; None of frames that have none.
    """

    path: str
    spec_hash: str | None
    frames: dict[str, int]
    people: dict[str, list[int]] | None
    frames_without_au: dict[str, int]
    licences: list[str | None]


class BestEpoch(TypedDict):
    """The epoch whose weights were kept (None if there was no evaluation), and its PSPI error."""

    epoch: int | None
    validation_pspi_mae: float | None


class CurveEntry(TypedDict, total=False):
    """One epoch, or part of one: training loss and backbone learning rate, validation loss and errors."""

    epoch: float
    train_loss: float
    backbone_lr: float
    validation_loss: float
    validation_pspi_mae: float
    validation_pspi_accuracy: float
    validation_au_mae: float
    validation_companion_mae: float
    validation_pain_auroc: float


class TrainingRecord(TypedDict):
    """A finished run.

    Attributes:
        options: of `RunOptions`.
        preset: name of the recipe.
        recipe: arguments of the recipe, the options' included.
        data: what it was trained on.
        parameters: numbers in the model.
        processes: how many shared the batches.
        best: the epoch that was kept.
        steps: optimizer steps.
        versions: of Python, torch and transformers.
        curve: epoch by epoch.
        calibration: of the intervals.
        seconds: that the run took, of its last start if it was resumed.
        start: record of the model that it went on from, without its curve, or None: there is none.
    """

    options: dict[str, Any]
    preset: str
    recipe: dict[str, Any]
    data: RecordedData
    parameters: int
    processes: int
    best: BestEpoch
    steps: int
    versions: dict[str, str]
    curve: list[CurveEntry]
    calibration: Calibration
    seconds: float
    start: dict[str, Any] | None


def run_record(
    options: RunOptions,
    trainer: Trainer,
    splits: dict[str, Dataset],
    people: Mapping[str, Sequence[int]] | None,
    calibration: Calibration,
    seconds: float,
    start: Mapping[str, Any] | None,
) -> TrainingRecord:
    """The record of a run that `trainer` has finished; `start` is that of the model that it went on from."""
    state = trainer.state
    return {
        "options": asdict(options),
        "preset": options.preset_name,
        "recipe": trainer.args.recipe(),
        "data": {
            "path": options.data,
            "spec_hash": _spec_hash(options.data),
            "frames": {name: len(rows) for name, rows in splits.items()},
            "people": None if people is None else {name: [*people[name]] for name in PARTS},
            "frames_without_au": {name: rows["au"][:].count(None) for name, rows in splits.items()},
            "licences": _licences(splits),
        },
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "processes": trainer.args.world_size,
        "best": {"epoch": _best_epoch(state), "validation_pspi_mae": state.best_metric},
        "steps": state.global_step,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "curve": _curve(state.log_history),
        "calibration": calibration,
        "seconds": round(seconds, 1),
        "start": None if start is None else {name: value for name, value in start.items() if name != "curve"},
    }


def record_of_start(model: str) -> dict[str, Any] | None:
    """The record of the training of a model; None: it has none, as converted ones.

    Raises:
        InvalidInput: there is no such model.
        WorkFailed: its record is damaged.
    """
    missing = {"_raise_exceptions_for_missing_entries": False, "_raise_exceptions_for_connection_errors": False}
    path = cached_file(str(located(model)), RECORD, **missing)
    if path is None:
        return None
    record = read_record(Path(path), nan=True)
    if not isinstance(record.get("preset"), str):
        raise WorkFailed(f"{path} is damaged: preset is {record.get('preset')!r}")
    return record


def _spec_hash(data: str) -> str | None:
    entries = read_manifest(Path(data)) if Path(data).is_dir() else []
    return entries[0].spec_hash if entries else None


def _licences(splits: dict[str, Dataset]) -> list[str | None]:
    found = [rows["licence"][:] if "licence" in rows.column_names else [None] for rows in splits.values()]
    return list(dict.fromkeys(licence for part in found for licence in part))


def _best_epoch(state: TrainerState) -> int | None:
    scores = [(log["eval_pspi_mae"], log["epoch"]) for log in state.log_history if "eval_pspi_mae" in log]
    return math.ceil(round(min(scores)[1], 6)) if scores else None  # where `max_steps` cut an epoch short, that one


def _curve(log_history: list[dict[str, float]]) -> list[CurveEntry]:
    epochs: dict[float, CurveEntry] = {}
    for log in log_history:
        found = {new: log[old] for old, new in _CURVE.items() if old in log}
        if found:
            epochs.setdefault(log["epoch"], {"epoch": log["epoch"]}).update(found)
    return list(epochs.values())
