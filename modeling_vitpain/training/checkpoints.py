"""Which checkpoints of a run are complete: a process may be killed while it writes one, or while it removes one.

A complete checkpoint holds a list of its files with their sizes. A run never resumes from one without the list, or with
a file that is missing or shorter: it resumes from the one before, and ends with the same weights.
"""

import json
import shutil
from pathlib import Path

from dataset_script.storage import write_atomically

LIST = "files.json"
_PREFIX = "checkpoint-"


def mark_complete(checkpoint: Path) -> None:
    """Writes the list; to be called after all other files. Raises WorkFailed where it cannot be written."""
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in _files(checkpoint)}
    write_atomically(checkpoint / LIST, (json.dumps(sizes, indent=1) + "\n").encode())


def is_complete(checkpoint: Path) -> bool:
    """Whether there is a list, and every file on it with its size."""
    try:
        sizes = json.loads((checkpoint / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    there = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in _files(checkpoint)}
    return sizes.items() <= there.items()


def last_complete(directory: Path) -> Path | None:
    """The complete checkpoint of the most steps; None where there is none."""
    return max(filter(is_complete, _checkpoints(directory)), key=_steps, default=None)


def remove_incomplete(directory: Path) -> None:
    """Removes the checkpoints that are not complete."""
    for checkpoint in _checkpoints(directory):
        if not is_complete(checkpoint):
            shutil.rmtree(checkpoint)


def _checkpoints(directory: Path) -> list[Path]:
    found = directory.glob(f"{_PREFIX}*")
    return [path for path in found if path.is_dir() and path.name.removeprefix(_PREFIX).isdecimal()]


def _steps(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(_PREFIX))


def _files(checkpoint: Path) -> list[Path]:
    return [path for path in checkpoint.rglob("*") if path.is_file() and path.name != LIST]
