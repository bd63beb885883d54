"""Everything that `pain3d cross-validate` computes: the folds of a protocol, trained, tested and scored."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dataset_script.claim import changed_settings, check_record
from dataset_script.errors import InvalidInput
from dataset_script.storage import write_atomically
from modeling_vitpain.training.fine_tuning import with_recipe_of_start
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.record import TrainingRecord

from ..provenance import spec_hash, versions, weight_hashes
from ..results import Comparison
from ..statistics.comparison import compare
from ..statistics.measures import Predictions
from .fold_runs import fold_path, read_fold, run_folds
from .leakage import refuse_seen
from .results import CrossValidation, FoldTraining, ProtocolContext
from .scores import FoldPredictions, pooled, score_folds
from .splits import Split, protocol_words, read_splits, splits_of, write_splits
from .trained_folds import Labels, TrainedFolds

CLAIM, SPLITS, FOLDS, MODELS = "protocol.json", "splits.json", "folds", "models"


@dataclass(frozen=True)
class Settings:
    """How a protocol is run, but for what each fold trains: see `pain3d cross-validate --help`."""

    protocol: str
    validation: int | None = None
    split_seed: int | None = None
    workers: int = 0
    keep_models: bool = False
    resamples: int = 10_000
    against: str | None = None


@dataclass(frozen=True)
class ProtocolPlan:
    """A protocol that can be run.

    Attributes:
        options: of every fold's training; its seed is also that of the bootstrap.
        settings: as given.
        labels: of all frames of the data.
        splits: the folds.
        trained_on_unknown: starting models and teachers that may have seen the people tested.
        against: the folds of the run that this one is compared with, or None.
    """

    options: RunOptions
    settings: Settings
    labels: Labels
    splits: list[Split]
    trained_on_unknown: list[str]
    against: list[FoldPredictions] | None


def plan_protocol(options: RunOptions, settings: Settings) -> ProtocolPlan:
    """Finds what is wrong with a call before anything is written or trained.

    Raises:
        InvalidInput: as `splits_of`, `Labels.check_thresholds_can_be_set`, `refuse_seen`, `with_recipe_of_start`, or
            `against` is no protocol run.
        WorkFailed: a file of the data, of a model or of that run is damaged.
    """
    labels = Labels.read(options.data)
    splits = splits_of(settings.protocol, labels.population, settings.validation, settings.split_seed)
    labels.check_thresholds_can_be_set(splits)
    unknown = refuse_seen(options, splits, labels.population)
    against = None if settings.against is None else _read_folds(Path(settings.against))
    return ProtocolPlan(with_recipe_of_start(options), settings, labels, splits, unknown, against)


def cross_validate(
    plan: ProtocolPlan, out: Path, tell: Callable[[str], None] | None = None
) -> tuple[CrossValidation, list[FoldPredictions]]:
    """Trains, tests and scores every fold; what an earlier call into `out` finished is not done again.

    Args:
        plan: the protocol.
        out: a directory that exists; empty, or of a run of the same plan.
        tell: called with a line before and after each fold.

    Returns:
        The result, and what the model of each fold predicts.

    Raises:
        InvalidInput: `out` holds something else; as `train` and `run_folds`.
        WorkFailed: as `train`, `run_folds` and `score_folds`.
    """
    settings, seed = plan.settings, plan.options.seed
    _claim(out, plan)
    trained = TrainedFolds(plan.options, plan.splits, out / MODELS, settings.workers, settings.keep_models)
    folds = run_folds(plan.splits, trained, out / FOLDS, tell)
    trained.remove_weights()
    training = [plan.labels.of(split.train) for split in plan.splits]
    records = [trained.record_of(split) for split in plan.splits]
    result: CrossValidation = {
        "context": _context(plan, folds, records),
        **score_folds(folds, training, settings.resamples, seed),
    }
    if plan.against is not None:
        result["comparison"] = _comparison(folds, plan)
    return result, folds


def _claim(out: Path, plan: ProtocolPlan) -> None:
    """Makes `out` this protocol's. Raises InvalidInput where it holds another, naming what differs."""

    def changes(before: Mapping, now: Mapping) -> list[str]:
        changed = changed_settings(before, now)
        if not changed and read_splits(out / SPLITS) != plan.splits:
            changed = [f"the people in {SPLITS} were others"]
        return changed

    claim = _claim_of(plan)
    if check_record(out / CLAIM, claim, "protocol run", changes):
        return
    if any(out.iterdir()):
        raise InvalidInput(f"out is {out}, which is not empty and holds no {CLAIM}; choose another directory")
    write_splits(plan.splits, out / SPLITS)
    write_atomically(out / CLAIM, (json.dumps(claim, indent=1) + "\n").encode())


def _claim_of(plan: ProtocolPlan) -> dict:
    """What two runs into one directory must have in common."""
    options, settings = plan.options, plan.settings
    models = {name: getattr(options, name) for name in ("start", "teacher", "backbone")}
    return {
        "protocol": settings.protocol,
        "validation": settings.validation,
        "split_seed": settings.split_seed,
        "spec_hash": spec_hash(options.data),
        "weights": {name: weight_hashes(model) for name, model in models.items() if model},
        **{f"options.{name}": value for name, value in asdict(options).items()},
    }


def _context(plan: ProtocolPlan, folds: list[FoldPredictions], records: list[TrainingRecord]) -> ProtocolContext:
    options, settings = plan.options, plan.settings
    return {
        "model": Path(options.start or options.backbone or options.config or options.recipe.backbone or "tiny").name,
        "starts_from": "trained ViTPain" if options.start else "backbone" if options.pretrained_backbone else "random",
        "protocol": settings.protocol,
        "protocol_words": protocol_words(settings.protocol),
        "data": Path(options.data).resolve().name,
        "spec_hash": spec_hash(options.data),
        "input": options.input,
        "frames": sum(len(fold.test["labels"]) for fold in folds),
        "identities": sum(len(np.unique(fold.test["identity_id"])) for fold in folds),
        "preset": records[0]["preset"],
        "recipe": records[0]["recipe"],
        "parameters": records[0]["parameters"],
        "folds": [_fold_training(fold, record) for fold, record in zip(folds, records, strict=True)],
        "resamples": settings.resamples,
        "seed": options.seed,
        "versions": versions(),
        "trained_on_unknown": [Path(model).name for model in plan.trained_on_unknown],
    }


def _fold_training(fold: FoldPredictions, record: TrainingRecord) -> FoldTraining:
    """How a fold was trained; nothing that differs between two runs, as times do."""
    split = fold.split
    return {
        "name": split.name,
        "people": {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        "frames": {**record["data"]["frames"], "test": len(fold.test["labels"])},
        "best": record["best"],
        "steps": record["steps"],
        "interval_temperature": float(fold.test["interval_temperature"][0]),
    }


def _read_folds(directory: Path) -> list[FoldPredictions]:
    """The folds of a finished protocol run. Raises InvalidInput where there is none, WorkFailed where it is damaged."""
    if not (directory / SPLITS).is_file():
        raise InvalidInput(f"against is {directory}, which holds no protocol run; allowed is the --out of one")
    splits = read_splits(directory / SPLITS)
    return [read_fold(fold_path(directory / FOLDS, k), split) for k, split in enumerate(splits)]


def _comparison(folds: list[FoldPredictions], plan: ProtocolPlan) -> Comparison:
    mine, other = _by_name(folds), _by_name(plan.against)
    return {
        "model": Path(plan.settings.against).name,
        "metrics": compare(mine, other, resamples=plan.settings.resamples, seed=plan.options.seed),
    }


def _by_name(folds: list[FoldPredictions]) -> Predictions:
    """All test frames, in the order of their names: protocols may test them in another order."""
    frames = pooled(folds)[0]
    order = np.argsort(frames["frame_id"], kind="stable")
    return {key: values[order] for key, values in frames.items()}
