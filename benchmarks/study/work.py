"""What a piece does, with the product's own commands and functions, and the record that it leaves.

A record `NAME.json` is written when a piece is done; beside that of a row stand its predictions of test frames,
`NAME.npz`. What a killed piece had done is taken up: data, features and training each go on where they stopped.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.results import commit, hardware
from dataset_script.errors import WorkFailed
from model_cards.shift_file import SHIFT, read_shifts

from .cost import EXPLAINED
from .pieces import DRAWN, Piece, features_name, pieces
from .record_files import read_record, write_predictions, write_record
from .rows import GENERATED, MAIN, OF_ALL_DATA, Row
from .scale import Scale

if TYPE_CHECKING:
    from datasets import Dataset

CHECKOUT = Path(__file__).parents[2]
DRAWN_SETS = ("home", "clinical", "unseen", "others")
"""Shift sets that need neither a pack nor Blender."""
KEPT = ("frame_id", "identity_id", "view_id", "age_group", "ethnicity", "gender", "labels", "au_labels", "expression")
PREDICTED = ("logits", "pspi", "au")
_BATCH = 64
_SIMPLE = ("mean", "hog", "frozen")


class Study:
    """A folder with all that a study makes.

    Args:
        folder: of data, features, models and records.
        scale: of all its pieces.
        sets: directory of the shift sets, see docs/shift.md; None: none is scored.
        ict: the ICT-FaceKit pack, for the shift set of its people.
        mediapipe: MediaPipe's own scores stand among the simple rows of the shift sets, see docs/judges.md.
        records: directory of the records of rows, which outlive the folder; None: they lie in it.
    """

    def __init__(
        self,
        folder: Path,
        scale: Scale,
        sets: Path | None = None,
        ict: Path | None = None,
        mediapipe: bool = False,
        records: Path | None = None,
    ):
        self.folder, self.scale, self.sets, self.ict, self.mediapipe = folder, scale, sets, ict, mediapipe
        self.records = folder / "records" if records is None else records

    def data(self, name: str) -> Path:
        return self.folder / "data" / name

    def features(self, row: Row) -> Path | None:
        name = features_name(row)
        return None if name is None else self.folder / "features" / name

    @property
    def scored(self) -> Path:
        """Tokens of the frames that models with a frozen backbone are scored on."""
        return self.folder / "scored"

    def lock(self, name: str) -> Path:
        """Held by the process that runs a piece."""
        return self.folder / "running" / name

    def model(self, name: str) -> Path:
        return self.folder / "models" / name

    def record(self, name: str) -> Path:
        return (self.folder / "records" if name in DRAWN else self.records) / f"{name}.json"

    def has(self, piece: Piece) -> bool:
        """Whether what others need of a piece is in the folder: data, shift sets, or a model."""
        if piece.row is None:
            return self.record(piece.name).is_file()
        from modeling_vitpain.training.record import RECORD

        return (self.model(piece.name) / RECORD).is_file()


def do(piece: Piece, study: Study) -> None:
    """Runs a piece and writes its record. Raises WorkFailed and InvalidInput as the commands."""
    started = time.monotonic()
    found = {"data": _draw, "sets": _draw_sets, "train": _train}[piece.kind](piece, study)
    record = {
        "kind": piece.kind,
        **found,
        "seconds": round(time.monotonic() - started, 1),
        "commit": commit(),
        "hardware": hardware(),
    }
    write_record(study.record(piece.name), record)


def generate_command(piece: Piece, study: Study) -> list[str]:
    """The arguments of `pain3d` that draw a piece's data."""
    people = study.scale.people if piece.data == MAIN else study.scale.part
    sizes = ("--identities", str(people), "--size", str(study.scale.size), "--workers", "1")
    return ["generate", str(study.data(piece.data)), *GENERATED[piece.data], *OF_ALL_DATA, *sizes]


def run_options(row: Row, seed: int, study: Study) -> dict[str, Any]:
    """Of `modeling_vitpain.training.options.RunOptions`, for a row with a seed."""
    scale = study.scale
    options = {
        "data": str(study.data(row.data)),
        "preset": "small",
        "seed": seed,
        "batch_size": _BATCH,
        "max_steps": scale.tuned_steps if row.tuned else scale.steps,
    }
    if "config" not in row.options:
        options |= {"backbone": scale.backbone, "layers": scale.layers, "size": scale.pixels}
        options["reference"] = "none"
    if row.frozen:
        options |= {"features": str(study.features(row)), "feature_copies": scale.copies}
    if row.teacher is not None:
        options["teacher"] = str(study.model(f"{row.teacher}-0"))
        options["cache_teacher"] = str(study.folder / "teachers")
    options |= row.options
    return options


def chosen_people(row: Row, study: Study) -> dict[str, list[int]] | None:
    """Who trains and who selects the checkpoint: the first of each split, in the splits' ratio; None: everybody."""
    if row.people is None or row.people >= study.scale.people:
        return None
    from modeling_vitpain.frames.dataset import open_split

    from .scale import SPLITS

    chosen = {}
    for name in ("train", "validation"):
        people = list(dict.fromkeys(open_split(study.data(row.data), name)["identity_id"][:]))
        chosen[name] = people[: max(1, round(row.people * SPLITS[name] / sum(SPLITS.values())))]
    return chosen


def _draw(piece: Piece, study: Study) -> dict:
    command = generate_command(piece, study)
    _run(["-m", "pain3d_cli", *command])
    size = sum(path.stat().st_size for path in study.data(piece.data).rglob("*") if path.is_file())
    return {"command": f"pain3d {' '.join(command)}", "bytes": size}


def _draw_sets(piece: Piece, study: Study) -> dict:
    names = [*DRAWN_SETS, *(["ict"] if study.ict is not None else [])]
    command = ["-m", "benchmarks.shift", "make", str(study.sets), *names]
    if study.ict is not None:
        command += ["--ict", str(study.ict)]
    _run(command)
    return {"command": f"python {' '.join(command)}"}


def _train(piece: Piece, study: Study) -> dict:
    from modeling_vitpain.training.options import RunOptions
    from modeling_vitpain.training.run import train

    row, seconds, started = piece.row, {}, time.monotonic()
    options, pictures = run_options(row, piece.seed, study), _test_pictures(study)
    model = study.model(piece.name)
    model.parent.mkdir(parents=True, exist_ok=True)
    trained = train(RunOptions(**options), model, resume=True, people=chosen_people(row, study))
    seconds["train"], started = _since(started)
    _predict(piece, study, options.get("input", "image"))
    seconds["test"], started = _since(started)
    found: dict[str, Any] = {"row": row.key, "seed": piece.seed, "people": row.people, "test_pictures": pictures}
    found["options"] = {name: _without_place(value, study) for name, value in options.items()}
    found["training"] = {name: trained[name] for name in ("parameters", "steps", "seconds", "best", "calibration")}
    if study.sets is not None and options.get("input", "image") == "image":
        found["shift"] = _shift(piece, study)
        seconds["shift"], started = _since(started)
    if row.explained:
        found["explained"] = _explain(model, study)
        seconds["explain"], started = _since(started)
    return found | {"seconds_of": seconds}


def _without_place(value: Any, study: Study) -> Any:
    """An option as it is on any machine."""
    if value == study.scale.backbone:
        return Path(value).name
    return value.replace(str(study.folder), "study") if isinstance(value, str) else value


def _test_rows(study: Study) -> "Dataset":
    from modeling_vitpain.frames.dataset import open_split

    rows = open_split(study.data(MAIN), "test")
    return rows.select(range(min(study.scale.test_frames, len(rows))))


def _test_pictures(study: Study) -> str:
    """Hash of the pictures that rows are scored on. Raises WorkFailed where rows with a record had other ones."""
    from modeling_vitpain.training.content_hash import pictures_hash

    found = pictures_hash(_test_rows(study), "image", "test")
    for piece in pieces(study.scale):
        path = study.record(piece.name)
        if piece.row is not None and path.is_file() and read_record(path)["test_pictures"] != found:
            raise WorkFailed(
                f"the test pictures are not those of {path}: another version of the generator drew them; move the "
                f"records of {path.parent} away to begin again"
            )
    return found


def _predict(piece: Piece, study: Study, seen: str) -> None:
    """Keeps the predictions of test people of the main data, with the yaw of each frame."""
    from modeling_vitpain.prediction.splits import model_with_frames, predict_frames
    from modeling_vitpain.training.feature_cache import FeatureCache

    rows = _test_rows(study)
    network, frames = model_with_frames(study.model(piece.name), rows, rows, seen)
    if piece.row.frozen:
        frames = FeatureCache(study.scored, network, _BATCH).frames(frames, f"test-{seen}")
    found = predict_frames(network, frames, rows, _BATCH, "predict test")
    kept = {name: np.asarray(found[name]) for name in KEPT}
    kept |= {name: np.asarray(found[name], np.float16) for name in PREDICTED}  # half the size, and they are committed
    yaw = np.array([camera["yaw"] for camera in rows["camera"]])
    write_predictions(study.record(piece.name), {"yaw": yaw, **kept})


def _shift(piece: Piece, study: Study) -> dict:
    """What `benchmarks.shift` measures; the simple rows beside the first seed of a row that has them."""
    out, simple = study.folder / "shift" / piece.name, piece.row.simple and piece.seed == 0
    names = [*_SIMPLE, *(["mediapipe"] if study.mediapipe else [])] if simple else []
    command = ["-m", "benchmarks.shift", str(study.model(piece.name)), "--sets", str(study.sets)]
    command += ["--training", str(study.data(piece.row.data)), "--out", str(out), "--rows", *names]
    if piece.row.frozen:
        command += ["--features", str(study.scored)]
    if simple and Path(study.scale.backbone).is_dir():
        command += ["--backbone", study.scale.backbone]
    _run(command)
    found = read_shifts(out / SHIFT)
    return {name: found[name] for name in ("sets", "held_out", "measured")}


def _explain(model: Path, study: Study) -> Mapping[str, Any]:
    """The agreement of attention with the true heat, of `pain3d explain`."""
    from evaluation.explanations.run import Settings, explain

    frames, resamples = min(study.scale.test_frames, EXPLAINED), study.scale.resamples
    # taking patches away costs some 200 passes a frame, and the page does not show it: one frame is the fewest
    settings = Settings(frames=frames, training_frames=frames, removal_frames=1, resamples=resamples, gradients=False)
    found, _ = explain(model, study.data(MAIN), settings)
    return {"truth": found["context"]["truth"], "frames": found["context"]["frames"], "agreement": found["agreement"]}


def _run(arguments: list[str]) -> None:
    """A Python command of this checkout, with its progress and without its tables. Raises WorkFailed where it fails.

    It holds the piece, as `run.run_program` says, until it has ended.
    """
    done = subprocess.run(
        [sys.executable, *arguments], cwd=CHECKOUT, stdout=subprocess.DEVNULL, close_fds=False, check=False
    )
    if done.returncode:
        raise WorkFailed(f"python {' '.join(arguments)} ended with {done.returncode}")


def _since(started: float) -> tuple[float, float]:
    now = time.monotonic()
    return round(now - started, 1), now


def settings_of(study: Study) -> dict[str, Any]:
    """What two runs in one folder, or with the same records, must have in common."""
    return {**asdict(study.scale), "backbone": Path(study.scale.backbone).name}
