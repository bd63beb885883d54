"""Every row on every set."""

import argparse
from pathlib import Path
from typing import Any

from dataset_script.errors import InvalidInput
from dataset_script.progress import Progress
from evaluation.provenance import spec_hash, weight_hashes
from model_cards.shift_file import ShiftSet
from modeling_vitpain.configuration_vitpain import ViTPainConfig

from .frames import Frames, is_drawn, open_set
from .measures import measure
from .photographs import measure_photographs, open_photographs
from .rows import MEAN, Row, frozen_rows, hog_rows, mean_row, mediapipe_rows, model_rows
from .ruined import RUINED, ruined
from .sets import HELD_OUT, SETS, UNSHIFTED
from .stored import Arrays, Stored
from .training_frames import TrainingFrames

HOME = "home"


def measure_all(args: argparse.Namespace) -> dict[str, Any]:
    """What `model_cards.shift_file.Shifts` has beside command, commit and hardware; arguments as the command has them.

    Raises:
        InvalidInput: no such model, set or dataset.
        WorkFailed: as the model and the judges.
    """
    stored = Stored(args.sets / "stored")
    training = TrainingFrames(args.training, args.training_frames)
    rows, sets = _rows(args, training, stored), _sets(args)

    def scores_of(row: Row, frames: Frames) -> Arrays:
        return stored.get(_file_name(row), row.key | {"row": row.name} | frames.key, lambda: row.predict(frames))

    measured = {}
    with Progress("rows of sets") as progress:
        for k, (name, frames) in enumerate(sets.items()):
            measured[name] = {}
            for n, row in enumerate(rows):
                home = None if name in UNSHIFTED else (scores_of(row, sets[HOME]), sets[HOME].observed)
                measured[name][row.name] = measure(scores_of(row, frames), frames.observed, home)
                progress(k * len(rows) + n + 1, len(sets) * len(rows))
    result = {
        "model": args.model.resolve().name,
        "weights": weight_hashes(args.model),
        "sets": {name: _described(args.sets, name, len(frames.rows)) for name, frames in sets.items()},
        "held_out": _held_out(training),
        "measured": measured,
    }
    if args.photographs is not None:
        judge = mediapipe_rows(args.workers, stored)[0]
        alone = [row for row in rows if not row.with_neutral and row.name not in (MEAN, judge.name)]
        result["photographs"] = measure_photographs(alone, judge, open_photographs(args.photographs), scores_of)
    return result


def _sets(args: argparse.Namespace) -> dict[str, Frames]:
    """Name -> frames, home first; where none are named, those that are whole."""
    for name in args.only or ():
        if name not in SETS and name not in RUINED:
            raise InvalidInput(f"--only names {name!r}; allowed: {', '.join([*SETS, *RUINED])}")
    drawn = [name for name in SETS if is_drawn(args.sets, name)]
    wanted = args.only or [*drawn, *RUINED]
    found = {name: open_set(args.sets, name) for name in SETS if name == HOME or name in wanted}
    home = found[HOME]
    changed = {"ruined": None, **home.key}
    for name in RUINED:
        if name in wanted:
            found[name] = Frames(ruined(home.rows, name), changed | {"ruined": [name, RUINED[name][0]]})
    return found


def _rows(args: argparse.Namespace, training: TrainingFrames, stored: Stored) -> list[Row]:
    rows = model_rows(args.model, args.features)
    config = ViTPainConfig.from_pretrained(args.model)
    neutral = config.reference == "neutral"
    if "mean" in args.rows:
        rows.append(mean_row(training))
    if "hog" in args.rows:
        rows += hog_rows(training, neutral, stored)
    if "frozen" in args.rows and args.backbone is not None:
        layers = args.layers or config.backbone_config.num_hidden_layers
        rows += frozen_rows(args.backbone, layers, args.model, training, neutral, stored)
    if "mediapipe" in args.rows:
        rows += mediapipe_rows(args.workers, stored)
    return rows


def _file_name(row: Row) -> str:
    return "".join(c if c.isalnum() else "-" for c in row.name)


def _described(sets: Path, name: str, frames: int) -> ShiftSet:
    if name in SETS:
        return {"what": SETS[name].what, "frames": frames, "spec_hash": spec_hash(sets / name)}
    return {"what": RUINED[name][0], "frames": frames, "spec_hash": spec_hash(sets / HOME), "made_of": HOME}


def _held_out(training: TrainingFrames) -> str:
    found, worn = training.held_out_seen(), ", ".join(HELD_OUT)
    if found is None:
        return f"The training data do not tell whether they show what people of `unseen` wear ({worn})."
    return f"Of {found[1]:,} frames to train on, {found[0]:,} show something that people of `unseen` wear ({worn})."
