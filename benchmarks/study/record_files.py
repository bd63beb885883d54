"""The files of a piece that is done: whole, of this piece, and as they were written, or refused.

`NAME.json` holds the hash of itself and, for a row, that of its predictions `NAME.npz`, which are written before it.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dataset_script.claim import read_record as read_json
from dataset_script.errors import WorkFailed
from dataset_script.storage import write_atomically
from evaluation.markdown import to_json

_AGAIN = "delete the record to run the piece again"
_OWN, _OF_PREDICTIONS = "sha256", "predictions_sha256"


def write_record(path: Path, found: Mapping[str, Any]) -> None:
    """Writes the record of the piece that `path` names, after its predictions, if it has some. Raises WorkFailed."""
    record = {"piece": path.stem, **found}
    predictions = predictions_path(path)
    if predictions.is_file():
        record[_OF_PREDICTIONS] = hashlib.sha256(predictions.read_bytes()).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, to_json({**record, _OWN: _hash(record)}).encode())


def read_record(path: Path) -> dict[str, Any]:
    """A record. Raises WorkFailed where it is damaged or of another piece; its predictions are not looked at."""
    try:
        record = read_json(path)
    except WorkFailed as error:
        raise WorkFailed(f"{error}; {_AGAIN}") from None
    if record.pop(_OWN, None) != _hash(record):
        raise WorkFailed(f"{path} is damaged: it is not as it was written; {_AGAIN}")
    if record["piece"] != path.stem:
        raise WorkFailed(f"{path} is the record of {record['piece']}; {_AGAIN}")
    return record


def predictions_path(record: Path) -> Path:
    """Where the predictions beside a record are."""
    return record.with_suffix(".npz")


def write_predictions(record: Path, predictions: Mapping[str, np.ndarray]) -> None:
    """Writes the predictions beside a record that is not there yet. Raises WorkFailed."""
    content = io.BytesIO()
    np.savez_compressed(content, **predictions)
    record.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(predictions_path(record), content.getvalue())


def read_predictions(record: Path) -> dict[str, np.ndarray]:
    """The predictions beside a record. Raises WorkFailed where one of the two is missing, damaged or of other work."""
    path, expected = predictions_path(record), read_record(record).get(_OF_PREDICTIONS)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkFailed(f"{path} cannot be read: {error.strerror}; {_AGAIN}") from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise WorkFailed(f"{path} is damaged: it is not what {record.name} was written with; {_AGAIN}")
    with np.load(io.BytesIO(content)) as found:
        return {name: each.astype(np.float32) if each.dtype == np.float16 else each for name, each in found.items()}


def check(record: Path) -> None:
    """Raises WorkFailed where a record, or the predictions that it was written with, are damaged or missing."""
    if _OF_PREDICTIONS in read_record(record):
        read_predictions(record)


def _hash(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json(record).encode()).hexdigest()
