"""A training run: from a dataset to a model directory, resumable, with its record in `training.json`."""

import contextlib
import json
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoImageProcessor, set_seed

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import read_manifest
from dataset_script.storage import write_atomically

from .configuration_vitpain import ViTPainConfig
from .data import PainFrames, open_split
from .from_scratch import start_from_sine_positions
from .image_processing_vitpain import ViTPainImageProcessor
from .inference import load_model, sensible_threads
from .modeling_vitpain import ViTPainForPainAssessment
from .training import PAPER, SCRATCH, DistillationTrainer, Recipe, ViTPainTrainer, scaled, training_arguments

PAPER_BACKBONE = "google/vit-large-patch16-224-in21k"
RECORD = "training.json"
_CHECKPOINTS = "checkpoints"
_OPTIONS = "options.json"


@dataclass(frozen=True)
class RunOptions:
    """What a run is. Two runs with equal options, on the same platform and versions, give the same weights.

    Attributes:
        data: dataset directory or Hub name.
        config: "tiny", "large" or the path of a ViTPain configuration.
        backbone: pretrained backbone, Hub name or directory; None: the configuration's own weights start at random,
            except for "large", which starts from the paper's.
        input: "image", or "heatmap" to train a teacher.
        teacher: model directory to distil from.
        epochs, batch_size, lr: None for the recipe's; `lr` is that of the heads.
        max_steps: stop after so many steps.
    """

    data: str
    config: str = "tiny"
    backbone: str | None = None
    input: str = "image"
    teacher: str | None = None
    au_head: str = "query"
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    seed: int = 0
    max_steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "lr", "max_steps"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidInput(f"{name} is {value}; allowed is above 0")
        if not 0 <= self.seed < 2**32:
            raise InvalidInput(f"seed is {self.seed}; allowed is 0 to {2**32 - 1}")
        if self.teacher is not None and self.input != "image":
            raise InvalidInput("input is 'heatmap' with a teacher; the student of a distillation sees images")


def train(options: RunOptions, out: Path, resume: bool = False, workers: int = 0) -> dict[str, Any]:
    """Trains a model and writes it to `out`: weights, configuration, processor, remote code, `training.json`.

    Checkpoints stand in `out/checkpoints` until the model is written.

    Args:
        options: the run.
        out: the model directory.
        resume: go on from the last checkpoint of the same options.
        workers: loader processes; changes no number.

    Returns:
        The record, as in `training.json`.

    Raises:
        InvalidInput: an option that is not allowed, or `out` holds another run.
        WorkFailed: data, teacher or backbone cannot be read.
    """
    if (out / RECORD).is_file() and resume:
        return json.loads((out / RECORD).read_text(encoding="utf-8"))
    checkpoint = _claim(out, options, resume)
    started = time.monotonic()

    set_seed(options.seed)
    model, processor, recipe = _model_and_recipe(options)
    if options.input == "heatmap":
        recipe = replace(recipe, heatmap_weight=0.0)  # the answer would be the question
    teacher, teacher_processor = load_model(options.teacher) if options.teacher else (None, None)
    splits = {name: open_split(options.data, name) for name in ("train", "validation")}
    trainer_class, extra = (DistillationTrainer, {"teacher": teacher}) if teacher else (ViTPainTrainer, {})
    with sensible_threads(model):
        trainer = trainer_class(
            model,
            training_arguments(out / _CHECKPOINTS, recipe, options.seed, options.max_steps, workers),
            recipe,
            train_dataset=PainFrames(
                splits["train"],
                processor,
                options.input,
                options.seed,
                teacher_processor,
                with_heatmap=recipe.heatmap_weight > 0,
            ),
            eval_dataset=PainFrames(splits["validation"], processor, options.input),
            **extra,
        )
        with _reporting_write_errors(out):
            trainer.train(resume_from_checkpoint=checkpoint)

    record = {
        "options": asdict(options),
        "recipe": asdict(recipe),
        "data": {
            "path": options.data,
            "spec_hash": _spec_hash(options.data),
            "frames": {name: len(rows) for name, rows in splits.items()},
        },
        "parameters": sum(p.numel() for p in model.parameters()),
        "best": {"epoch": _best_epoch(trainer.state), "validation_pspi_mae": trainer.state.best_metric},
        "steps": trainer.state.global_step,
        "seconds": round(time.monotonic() - started, 1),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "curve": _curve(trainer.state.log_history),
    }
    with _reporting_write_errors(out):
        model.save_pretrained(out)
        processor.save_pretrained(out)
    write_atomically(out / RECORD, (json.dumps(record, indent=1) + "\n").encode())
    shutil.rmtree(out / _CHECKPOINTS)
    return record


@contextlib.contextmanager
def _reporting_write_errors(out: Path) -> Iterator[None]:
    """A full disk, which safetensors reports in its own way, as WorkFailed."""
    try:
        yield
    except SafetensorError as error:
        raise WorkFailed(f"{out} cannot be written: {error}") from error


def _claim(out: Path, options: RunOptions, resume: bool) -> str | None:
    """Makes `out` this run's, and returns the checkpoint to go on from."""
    directory = out / _CHECKPOINTS
    if (out / RECORD).is_file():
        raise InvalidInput(f"out is {out}, which holds a trained model; choose another directory")
    stored = directory / _OPTIONS
    if stored.is_file():
        if not resume:
            raise InvalidInput(f"out is {out}, which holds an unfinished run; --resume goes on with it")
        before, now = json.loads(stored.read_text(encoding="utf-8")), asdict(options)
        changed = [
            f"{name} was {before.get(name)!r} and is {now[name]!r}" for name in now if before.get(name) != now[name]
        ]
        if changed:
            raise InvalidInput(f"out is {out}, which holds another run: {'; '.join(changed)}")
    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(stored, (json.dumps(asdict(options), indent=1) + "\n").encode())
    return transformers.trainer_utils.get_last_checkpoint(str(directory))


def _model_and_recipe(options: RunOptions) -> tuple[ViTPainForPainAssessment, ViTPainImageProcessor, Recipe]:
    backbone = options.backbone or (PAPER_BACKBONE if options.config == "large" else None)
    normalisation = {}
    if backbone is None:
        recipe = SCRATCH
        model = ViTPainForPainAssessment(_config(options))
        start_from_sine_positions(model)
    else:
        recipe = PAPER
        try:
            model = ViTPainForPainAssessment.from_backbone(backbone, au_head=options.au_head)
            own = AutoImageProcessor.from_pretrained(backbone)
        except (OSError, ValueError) as error:
            raise WorkFailed(f"backbone {backbone} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
        normalisation = {"image_mean": own.image_mean, "image_std": own.image_std}
    height, width = model.config.image_size
    processor = ViTPainImageProcessor(
        size={"height": height, "width": width}, face_crop=recipe.face_crop, **normalisation
    )
    if options.lr is not None:
        recipe = scaled(recipe, options.lr)
    chosen = {name: getattr(options, name) for name in ("epochs", "batch_size") if getattr(options, name) is not None}
    return model, processor, replace(recipe, **chosen)


def _config(options: RunOptions) -> ViTPainConfig:
    if options.config == "tiny":
        return ViTPainConfig.tiny(au_head=options.au_head)
    if not Path(options.config).exists():
        raise InvalidInput(f"config is {options.config!r}; allowed are tiny, large or the path of a configuration")
    try:
        return ViTPainConfig.from_pretrained(options.config, au_head=options.au_head)
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"config {options.config} is no ViTPain configuration: {str(error).splitlines()[0]}"
        ) from error


def _spec_hash(data: str) -> str | None:
    """The dataset's specification, if it is a directory that `pain3d generate` wrote."""
    entries = read_manifest(Path(data)) if Path(data).is_dir() else []
    return entries[0].spec_hash if entries else None


def _best_epoch(state) -> int | None:
    scores = [(log["eval_pspi_mae"], log["epoch"]) for log in state.log_history if "eval_pspi_mae" in log]
    return round(min(scores)[1]) if scores else None


def _curve(log_history: list[dict[str, float]]) -> list[dict[str, float]]:
    """One entry an epoch: training loss and learning rate, validation loss and errors."""
    names = {
        "loss": "train_loss",
        "learning_rate": "backbone_lr",
        "eval_loss": "validation_loss",
        "eval_pspi_mae": "validation_pspi_mae",
        "eval_pspi_accuracy": "validation_pspi_accuracy",
        "eval_au_mae": "validation_au_mae",
    }
    epochs: dict[float, dict[str, float]] = {}
    for log in log_history:
        found = {new: log[old] for old, new in names.items() if old in log}
        if found:
            epochs.setdefault(log["epoch"], {"epoch": log["epoch"]}).update(found)
    return list(epochs.values())
