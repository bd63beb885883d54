"""A protocol run fold by fold, resumable: what a fold's model says is kept in a file, and is not computed again."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import write_atomically

from .cross_validation import FoldPredictions
from .measures import Predictions
from .protocols import Split

Run = Callable[[Split], tuple[Predictions, Predictions]]
"""Trains on the people of `split.train`, selects on those of `split.validation`, and predicts: the test people's frames,
and the frames that set the thresholds (validation or training people)."""


def run_folds(splits: Sequence[Split], run: Run, directory: str | Path) -> list[FoldPredictions]:
    """Runs the folds that `directory` does not hold yet, in order, and returns all.

    A fold's file appears when it is complete, so that a run that was killed goes on where it stopped.

    Raises:
        InvalidInput: the directory holds a fold of other people, or predictions are of people in the wrong part.
        WorkFailed: a file is damaged or cannot be written.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    folds = []
    for k, split in enumerate(splits):
        path = directory / f"fold-{k:03d}.npz"
        if path.exists():
            folds.append(read_fold(path, split))
            continue
        fold = FoldPredictions(split, *run(split))
        write_fold(fold, path)
        folds.append(fold)
    return folds


def write_fold(fold: FoldPredictions, path: Path) -> None:
    """Writes the predictions of a fold and its split as NPZ. Raises WorkFailed."""
    parts = {"test": fold.test, "calibration": fold.calibration}
    arrays = {f"{part}.{key}": values for part, rows in parts.items() for key, values in rows.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, split=np.array(_words(fold.split)), **arrays)
    write_atomically(path, buffer.getvalue())


def read_fold(path: Path, split: Split) -> FoldPredictions:
    """What `write_fold` wrote. Raises InvalidInput where it is of another split, WorkFailed where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        words = str(arrays.pop("split"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise WorkFailed(f"cannot read the fold in {path}: {error}") from None
    if words != _words(split):
        raise InvalidInput(f"{path} is of other people than {split.name}: name another directory, or remove it")
    parts: dict[str, Predictions] = {"test": {}, "calibration": {}}
    for name, values in arrays.items():
        part, key = name.split(".", 1)
        parts[part][key] = values
    return FoldPredictions(split, **parts)


def _words(split: Split) -> str:
    return json.dumps(asdict(split), ensure_ascii=False)
