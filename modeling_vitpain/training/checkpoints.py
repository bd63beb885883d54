"""Which checkpoints of a run are complete: a process may be killed while it writes one, or while it removes one.

A complete checkpoint holds a list of its files with their sizes. A run never resumes from one without the list, with a
file that is missing or of another size, whose list or state cannot be read, or whose best epoch is so: it resumes from
the one before, and ends with the same weights.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from transformers.trainer import TRAINER_STATE_NAME

from dataset_script.errors import WorkFailed
from dataset_script.storage import write_atomically
from dataset_script.strict_json import parse_json

LIST = "files.json"
_PREFIX = "checkpoint-"


def mark_complete(checkpoint: Path) -> None:
    """Writes the list; to be called after all other files. Raises WorkFailed where it cannot be written."""
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in _files(checkpoint)}
    write_atomically(checkpoint / LIST, (json.dumps(sizes, indent=1) + "\n").encode())


def is_complete(checkpoint: Path) -> bool:
    """Whether a run can go on from it: there is a list, and nothing of what is on it was damaged since."""
    return (checkpoint / LIST).is_file() and _damage(checkpoint) is None


def last_complete(directory: Path) -> Path | None:
    """The complete checkpoint of the most steps; None where there is none."""
    return max(filter(is_complete, _checkpoints(directory)), key=_steps, default=None)


def remove_incomplete(directory: Path) -> None:
    """Removes the checkpoints that are not complete; those that once were are named on standard error.

    One without a list was never finished, as of a process that was killed: nothing needs to be said of it.
    """
    found = {checkpoint: _damage(checkpoint) for checkpoint in sorted(_checkpoints(directory), key=_steps)}
    for checkpoint, damage in found.items():
        listed = (checkpoint / LIST).is_file()
        if listed and damage is not None:
            print(f"pain3d: {checkpoint} is damaged, and removed: {damage}", file=sys.stderr)
        if not listed or damage is not None:
            shutil.rmtree(checkpoint)


def _damage(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint, of those before it too that it needs; None: nothing.

    A run ends with the weights of its best epoch, so that one whose best epoch is gone would end with others.
    """
    try:
        _check_files(checkpoint)
        best = _json_object(checkpoint / TRAINER_STATE_NAME).get("best_model_checkpoint")
        if best is not None and (name := Path(str(best)).name) != checkpoint.name:
            _check_files(checkpoint.with_name(name))
    except WorkFailed as error:
        return str(error)
    return None


def _check_files(checkpoint: Path) -> None:
    """Raises WorkFailed where the list or the state cannot be read, or a file on the list has another size."""
    sizes = _json_object(checkpoint / LIST)
    there = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in _files(checkpoint)}
    for name, size in sizes.items():
        if there.get(name) != size:
            has = f"has {there[name]:,} of {size} bytes" if name in there else "is missing"
            raise WorkFailed(f"{checkpoint.name}/{name} {has}")
    _json_object(checkpoint / TRAINER_STATE_NAME)


def _json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises WorkFailed where there is none."""
    try:
        found = parse_json(path.read_text(encoding="utf-8"), nan=True)
    except (OSError, ValueError) as error:
        raise WorkFailed(f"{path.parent.name}/{path.name} cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise WorkFailed(f"{path.parent.name}/{path.name} does not hold an object")
    return found


def _checkpoints(directory: Path) -> list[Path]:
    found = directory.glob(f"{_PREFIX}*")
    return [path for path in found if path.is_dir() and path.name.removeprefix(_PREFIX).isdecimal()]


def _steps(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(_PREFIX))


def _files(checkpoint: Path) -> list[Path]:
    return [path for path in checkpoint.rglob("*") if path.is_file() and path.name != LIST]
