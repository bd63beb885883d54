"""Which checkpoints of a run are whole: a process may be killed while it writes one, or while it removes one.

A finished checkpoint holds a list of its files with their sizes. One without the list, or with a file that is missing or
shorter, is never gone on from: the run goes on from the one before it, and ends the same.
"""

import json
import shutil
from pathlib import Path

from dataset_script.storage import write_atomically

LIST = "files.json"
_PREFIX = "checkpoint-"


def mark_whole(checkpoint: Path) -> None:
    """Writes the list, once everything else is there. Raises WorkFailed where it cannot be written."""
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in _files(checkpoint)}
    write_atomically(checkpoint / LIST, (json.dumps(sizes, indent=1) + "\n").encode())


def is_whole(checkpoint: Path) -> bool:
    """Whether everything on the list is there."""
    try:
        sizes = json.loads((checkpoint / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    there = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in _files(checkpoint)}
    return sizes.items() <= there.items()


def last_whole(directory: Path) -> Path | None:
    """The whole checkpoint of the most steps; None where there is none."""
    return max(filter(is_whole, _checkpoints(directory)), key=_steps, default=None)


def remove_broken(directory: Path) -> None:
    """Removes the checkpoints that are not whole, so that nothing takes them for others."""
    for checkpoint in _checkpoints(directory):
        if not is_whole(checkpoint):
            shutil.rmtree(checkpoint)


def _checkpoints(directory: Path) -> list[Path]:
    found = directory.glob(f"{_PREFIX}*")
    return [path for path in found if path.is_dir() and path.name.removeprefix(_PREFIX).isdecimal()]


def _steps(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(_PREFIX))


def _files(checkpoint: Path) -> list[Path]:
    return [path for path in checkpoint.rglob("*") if path.is_file() and path.name != LIST]
