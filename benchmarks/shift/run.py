"""Every row on every set."""

import argparse

from dataset_script.errors import InvalidInput
from dataset_script.progress import Progress
from modeling_vitpain.configuration_vitpain import ViTPainConfig

from .frames import Frames, open_set
from .making import RECORD
from .measures import measure
from .rows import Row, frozen_rows, hog_rows, mean_row, mediapipe_rows, model_rows
from .ruined import RUINED, ruined
from .sets import HELD_OUT, SETS
from .stored import Stored
from .training_frames import TrainingFrames

HOME = "home"


def measure_all(args: argparse.Namespace) -> dict:
    """What `shift.json` holds beside command, commit and hardware; arguments as the command has them.

    Raises:
        InvalidInput: no such model, set or dataset.
        WorkFailed: as the model and the judges.
    """
    stored = Stored(args.sets / "stored")
    training = TrainingFrames(args.training, args.training_frames)
    rows, sets = _rows(args, training, stored), _sets(args)
    measured, scored_home = {}, {}
    with Progress("rows of sets") as progress:
        for k, (name, frames) in enumerate(sets.items()):
            measured[name] = {}
            for n, row in enumerate(rows):
                scores = stored.get(
                    name, row.key | {"row": row.name} | frames.key, lambda r=row, f=frames: r.predict(f)
                )
                if name == HOME:
                    scored_home[row.name] = scores
                home = None if name == HOME else (scored_home[row.name], sets[HOME].observed)
                measured[name][row.name] = measure(scores, frames.observed, home)
                progress(k * len(rows) + n + 1, len(sets) * len(rows))
    result = {
        "model": args.model.name,
        "sets": {name: f"{_words(name)}; {len(sets[name].rows)} frames" for name in sets},
        "held_out": _held_out(training),
        "measured": measured,
    }
    if args.photographs is not None:
        from .photographs import measure_photographs

        result["photographs"] = measure_photographs(args.model, args.photographs, args.workers)
    return result


def _sets(args: argparse.Namespace) -> dict[str, Frames]:
    """Name -> frames, home first; those that were drawn, where none are named."""
    for name in args.only or ():
        if name not in SETS and name not in RUINED:
            raise InvalidInput(f"--only names {name!r}; allowed: {', '.join([*SETS, *RUINED])}")
    drawn = [name for name in SETS if (args.sets / name / RECORD).is_file()]
    wanted = args.only or [*drawn, *RUINED]
    found = {name: open_set(args.sets, name) for name in SETS if name == HOME or name in wanted}
    home = found[HOME]
    changed = {"ruined": None, **home.key}
    for name in RUINED:
        if name in wanted:
            found[name] = Frames(ruined(home.rows, name), changed | {"ruined": [name, RUINED[name][0]]})
    return found


def _rows(args: argparse.Namespace, training: TrainingFrames, stored: Stored) -> list[Row]:
    rows = model_rows(args.model)
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


def _words(name: str) -> str:
    return SETS[name].what if name in SETS else RUINED[name][0]


def _held_out(training: TrainingFrames) -> str:
    seen, frames = training.held_out_seen()
    worn = ", ".join(HELD_OUT)
    return f"Of {frames:,} frames to train on, {seen:,} show something that people of `unseen` wear ({worn})."
