"""A training run: from a dataset to a model directory, resumable, with its record in `training.json`.

Under `accelerate launch` or `torchrun` every process calls `train`; the first one writes.
"""

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets import Dataset
from safetensors import SafetensorError
from transformers import set_seed

from dataset_script.claim import check_record, read_record
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import write_atomically

from ..frames.dataset import PainFrames, open_other_days, open_people, open_segments, open_split
from ..frames.neutral_frames import NeutralFrames
from ..frames.selection import pain_and_neutral, some_of_each_person
from ..frames.unit_heat import UnitHeat, open_unit_heat
from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.forward import sensible_threads
from ..prediction.load import load_model
from .calibration import calibrate
from .checkpoints import last_complete, remove_incomplete
from .feature_cache import FeatureCache, FeatureFrames
from .fine_tuning import with_recipe_of_start
from .lora import has_lora, merge_lora
from .options import RunOptions
from .recipes import ViTPainTrainingArguments
from .record import PARTS, RECORD, TrainingRecord, record_of_start, run_record
from .starting_model import starting_model
from .teacher_cache import teacher_outputs
from .trainers import DistillationTrainer, ViTPainTrainer

KEPT_COPIES_SEED = 0
"""Of the variations whose tokens are kept: runs of all seeds share them."""
_CHECKPOINTS = "checkpoints"
_OPTIONS = "options.json"
_FEATURES = "features"


def train(
    options: RunOptions,
    out: Path,
    resume: bool = False,
    workers: int = 0,
    people: Mapping[str, Sequence[int]] | None = None,
) -> TrainingRecord:
    """Trains a model and writes it to `out`: weights, configuration, processor, remote code, `training.json`.

    Checkpoints are kept in `out/checkpoints` until the model is written.

    Args:
        options: the run; without a preset that of its starting model is taken (`fine_tuning.py`).
        out: the model directory.
        resume: continue from the last checkpoint, if there is one, of the same options.
        workers: loader processes; the results do not depend on them.
        people: who trains and who selects the checkpoint: "train" and "validation" -> values of `identity_id`, nobody
            in both; None: the splits of the data.

    Returns:
        The record that is in `training.json`.

    Raises:
        InvalidInput: an option that is not allowed, or `out` holds another run.
        WorkFailed: data, teacher or backbone cannot be read, or the record of a run that has ended is damaged.
    """
    if (out / RECORD).is_file() and resume:
        shutil.rmtree(out / _CHECKPOINTS, ignore_errors=True)  # killed after its record was written, before this
        return _recorded(out)
    options = with_recipe_of_start(options)
    before = None if options.start is None else record_of_start(options.start)
    args = options.training_arguments(out / _CHECKPOINTS, workers)
    with args.main_process_first(local=False, desc="claiming the directory"):
        if args.process_index == 0:
            _claim(out, _settings(options, people), resume)
            remove_incomplete(out / _CHECKPOINTS)
        checkpoint = last_complete(out / _CHECKPOINTS)
    started = time.monotonic()

    set_seed(options.seed)
    model, processor = starting_model(options)
    with args.main_process_first(local=False, desc="reading the data"):
        splits = _rows(options, people)
    with sensible_threads(model), _reporting_write_errors(out):
        trainer = build_trainer(options, args, model, processor, splits)
        trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
        trainer.accelerator.wait_for_everyone()  # until the best checkpoint is loaded everywhere
        if trainer.is_world_process_zero():
            if has_lora(model):
                merge_lora(model)
            found = calibrate(model.eval(), trainer.eval_dataset)
            record = run_record(options, trainer, splits, people, found, time.monotonic() - started, before)
            model.save_pretrained(out)
            processor.save_pretrained(out)
            write_atomically(out / RECORD, (json.dumps(record, indent=1) + "\n").encode())
            shutil.rmtree(out / _CHECKPOINTS)
        trainer.accelerator.wait_for_everyone()
    return _recorded(out)


def _recorded(out: Path) -> TrainingRecord:
    try:
        return read_record(out / RECORD, nan=True)
    except WorkFailed as error:
        raise WorkFailed(f"{error}; delete it to train again") from None


def build_trainer(
    options: RunOptions,
    args: ViTPainTrainingArguments,
    model: ViTPainForPainAssessment,
    processor: ViTPainImageProcessor,
    splits: dict[str, Dataset],
) -> ViTPainTrainer:
    """The trainer with its frames and, in a distillation, its teacher or the teacher's outputs."""
    trainer_class, extra, teacher_data = ViTPainTrainer, {}, None
    if options.teacher is not None:
        trainer_class = DistillationTrainer
        teacher, teacher_data = load_model(options.teacher)
        if options.cache_teacher is None:
            extra["teacher"] = teacher
        else:
            with args.main_process_first(local=False, desc="running the teacher"):
                cache = Path(options.cache_teacher)
                teacher_data = teacher_outputs(teacher, teacher_data, splits["train"], cache, bf16=args.bf16)
    augmentation = options.augmentation_name
    caches_features = args.tune == 0 and options.caches_features
    train_frames = {
        "augment_seed": KEPT_COPIES_SEED if caches_features else options.seed,
        "with_heatmap": args.heatmap_weight > 0,
        "teacher": teacher_data,
        "augmentation": augmentation,
        "segments": open_segments(options.data, "train") if augmentation == "strong" else None,
        "au_names": model.config.au_names,
    }
    validation_frames = {"au_names": model.config.au_names}
    if args.attention_weight:
        grid = model.config.patch_grid(*model.config.image_size)
        train_frames["unit_heat"] = UnitHeat(splits["train"], open_unit_heat(options.data), processor, grid)
    if model.config.reference == "neutral":
        people = set(splits["train"]["identity_id"][:])
        other_days = open_other_days(options.data, people) if options.other_day_share else None
        train_frames["reference"] = NeutralFrames(
            dropout=args.reference_dropout,
            same_view_share=args.same_view_share,
            other_days=other_days,
            other_day_share=options.other_day_share,
            required=False,  # the model's fallback learns from them, as it does from those of the dropout
        )
        validation_frames["reference"] = NeutralFrames(required=False)
    datasets = {
        "train_dataset": PainFrames(splits["train"], processor, options.input, **train_frames),
        "eval_dataset": PainFrames(splits["validation"], processor, options.input, **validation_frames),
    }
    references = datasets["train_dataset"].references
    if references is not None and not references.some:
        print(
            "pain3d: no training frame has a neutral one of the same person beside it: only what stands for it learns",
            file=sys.stderr,
        )
    if caches_features:
        directory = Path(args.output_dir) / _FEATURES if options.features is None else Path(options.features)
        datasets = _cached(datasets, directory, model.to(args.device), args)
    return trainer_class(model, args, **datasets, **extra)


def _cached(
    frames: dict[str, PainFrames],
    directory: Path,
    model: ViTPainForPainAssessment,
    args: ViTPainTrainingArguments,
) -> dict[str, FeatureFrames]:
    """The frames with the tokens of the frozen backbone in place of pictures."""
    cache = FeatureCache(directory, model, args.per_device_eval_batch_size, args.dataloader_num_workers, args.bf16)
    with args.main_process_first(local=False, desc="running the backbone"):
        return {
            "train_dataset": cache.frames(frames["train_dataset"], "train", args.feature_copies),
            "eval_dataset": cache.frames(frames["eval_dataset"], "validation"),
        }


def _rows(options: RunOptions, people: Mapping[str, Sequence[int]] | None) -> dict[str, Dataset]:
    """The frames of each part that the run takes."""
    parts = _parts(options.data, people)
    if options.without_others:
        parts = {name: pain_and_neutral(rows) for name, rows in parts.items()}
    if options.pictures is not None:
        parts["train"] = some_of_each_person(parts["train"], options.pictures)
    return parts


def _parts(data: str, people: Mapping[str, Sequence[int]] | None) -> dict[str, Dataset]:
    """The frames of each part. Raises InvalidInput where somebody is in both parts, or a part is empty."""
    if people is None:
        return {name: open_split(data, name) for name in PARTS}
    if set(people) != set(PARTS) or not all(map(len, people.values())):
        raise InvalidInput(
            f"people has the parts {', '.join(people)}; allowed are train and validation, none of them empty"
        )
    if both := sorted({*people["train"]} & {*people["validation"]}):
        raise InvalidInput(f"people has {both[0]} in train and in validation; allowed is one part each")
    return {name: open_people(data, people[name]) for name in PARTS}


def _settings(options: RunOptions, people: Mapping[str, Sequence[int]] | None) -> dict[str, Any]:
    """What a run's weights depend on, as JSON values."""
    chosen = {} if people is None else {"people": {name: [*people[name]] for name in sorted(people)}}
    return asdict(options) | chosen


@contextlib.contextmanager
def _reporting_write_errors(out: Path) -> Iterator[None]:
    """Turns safetensors' own error of a full disk into WorkFailed."""
    try:
        yield
    except SafetensorError as error:
        raise WorkFailed(f"{out} cannot be written: {error}") from error


def _claim(out: Path, settings: dict[str, Any], resume: bool) -> None:
    """Writes the run's settings into `out`. Raises InvalidInput if it holds a model, or a run not to be resumed."""
    directory = out / _CHECKPOINTS
    if (out / RECORD).is_file():
        raise InvalidInput(f"out is {out}, which holds a trained model; choose another directory")
    stored = directory / _OPTIONS
    if stored.is_file() and not resume:
        raise InvalidInput(f"out is {out}, which holds an unfinished run; --resume continues it")
    if not check_record(stored, settings, "run"):
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(stored, (json.dumps(settings, indent=1) + "\n").encode())
