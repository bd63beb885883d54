"""A protocol run fold by fold, resumable: what a fold's model predicts is kept in a file, and is not computed again."""

import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dataset_script.array_files import DAMAGED_ARRAYS, read_arrays
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.progress import clock
from dataset_script.storage import write_atomically

from ..statistics.measures import Predictions
from .scores import FoldPredictions
from .splits import Split

_MOST_BYTES = 1 << 30
"""That the predictions of a fold may take: 100,000 frames take some 30 MB."""

Run = Callable[[Split], tuple[Predictions, Predictions]]
"""Trains on the people of `split.train`, selects on those of `split.validation`, and predicts: the test people's
frames, and the frames that set the thresholds (validation or training people)."""


def run_folds(
    splits: Sequence[Split], run: Run, directory: str | Path, tell: Callable[[str], None] | None = None
) -> list[FoldPredictions]:
    """Runs the folds that `directory` does not hold yet, in order, and returns all.

    A fold's file appears when it is complete, so that a run that was killed goes on where it stopped.

    Args:
        splits: the folds.
        run: makes the predictions of one.
        directory: where their files are, "fold-000.npz" and on.
        tell: called with a line before and after each fold, with the time left.

    Raises:
        InvalidInput: the directory holds a fold of other people, or predictions are of people in the wrong part.
        WorkFailed: a file is damaged or cannot be written.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    progress = _Progress(sum(not fold_path(directory, k).exists() for k in range(len(splits))), tell)
    folds = []
    for k, split in enumerate(splits):
        path = fold_path(directory, k)
        if path.exists():
            folds.append(read_fold(path, split))
            continue
        progress.begin(split, k + 1, len(splits))
        fold = FoldPredictions(split, *run(split))
        write_fold(fold, path)
        progress.end(split)
        folds.append(fold)
    return folds


def fold_path(directory: Path, place: int) -> Path:
    """The file of the fold at index `place`."""
    return directory / f"fold-{place:03d}.npz"


class _Progress:
    """Tells which fold runs, and how long the others will take at the pace so far."""

    def __init__(self, left: int, tell: Callable[[str], None] | None) -> None:
        self._left, self._tell = left, tell
        self._done, self._began = 0, time.monotonic()

    def begin(self, split: Split, number: int, count: int) -> None:
        if self._tell is not None:
            sizes = f"{len(split.train)} people train, {len(split.validation)} select, {len(split.test)} are tested"
            self._tell(f"{split.name} ({number} of {count}): {sizes}")

    def end(self, split: Split) -> None:
        self._done, self._left = self._done + 1, self._left - 1
        if self._tell is not None:
            spent = time.monotonic() - self._began
            rest = f"; {self._left} left, about {clock(spent / self._done * self._left)}" if self._left else ""
            self._tell(f"{split.name} done, {clock(spent)} in all{rest}")


def write_fold(fold: FoldPredictions, path: Path) -> None:
    """Writes the predictions of a fold, and its split, as NPZ. Raises WorkFailed."""
    parts = {"test": fold.test, "calibration": fold.calibration}
    arrays = {f"{part}.{key}": values for part, rows in parts.items() for key, values in rows.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, split=np.array(_split_text(fold.split)), **arrays)
    write_atomically(path, buffer.getvalue())


def read_fold(path: Path, split: Split) -> FoldPredictions:
    """The fold that `write_fold` wrote. Raises InvalidInput if it is of another split, WorkFailed if it is damaged."""
    try:
        arrays = read_arrays(path, _MOST_BYTES)
        words = str(arrays.pop("split"))
    except DAMAGED_ARRAYS as error:
        raise WorkFailed(f"cannot read the fold in {path}: {error}") from None
    if words != _split_text(split):
        raise InvalidInput(f"{path} is of other people than {split.name}: name another directory, or remove it")
    parts: dict[str, Predictions] = {"test": {}, "calibration": {}}
    for name, values in arrays.items():
        part, _, key = name.partition(".")
        if part not in parts:
            raise WorkFailed(f"cannot read the fold in {path}: it holds {name[:40]!r}")
        parts[part][key] = values
    if absent := [part for part, found in parts.items() if "identity_id" not in found]:
        raise WorkFailed(f"cannot read the fold in {path}: it has no {absent[0]}.identity_id")
    return FoldPredictions(split, **parts)


def _split_text(split: Split) -> str:
    return json.dumps(asdict(split), ensure_ascii=False)
