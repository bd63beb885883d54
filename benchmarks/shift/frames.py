"""The frames of a set, as rows score them and as measures read their labels."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from datasets import Dataset, load_dataset

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES
from dataset_script.manifest import read_manifest
from dataset_script.shards import shard_path
from dataset_script.vocabulary import EXPRESSION_KINDS

from .making import RECORD, SPLIT


@dataclass(frozen=True)
class Frames:
    """Frames, and the JSON values that decide what they are, for `Stored`."""

    rows: Dataset
    key: dict

    @cached_property
    def observed(self) -> "Observed":
        """Their labels."""
        columns = ["frame_id", "identity_id", "expression_kind", "pspi", "au", "extra_au", "hidden_aus"]
        found = self.rows.select_columns(columns)[:]
        au = np.array(found["au"], float)
        smiling = np.array([extra["AU12"] >= 1 for extra in found["extra_au"]]) & (au[:, AU_NAMES.index("AU6")] >= 1)
        kind = np.array(EXPRESSION_KINDS)[found["expression_kind"]]
        return Observed(
            frame_id=np.array(found["frame_id"]),
            identity=np.array(found["identity_id"]),
            neutral=kind == "neutral",
            smile=smiling & (kind == "other"),
            pspi=np.array(found["pspi"]),
            au=au,
            hidden=np.array([[unit in hidden for unit in AU_NAMES] for hidden in found["hidden_aus"]]),
        )


@dataclass(frozen=True)
class Observed:
    """Labels of n frames.

    Attributes:
        frame_id, identity: (n,) str and int.
        neutral: (n,) bool.
        smile: (n,) bool, whether AU6 and AU12 are there and the face is in no pain.
        pspi, au: (n,) and (n, 6).
        hidden: (n, 6) bool, whether a unit cannot be seen because something covers it.
    """

    frame_id: np.ndarray
    identity: np.ndarray
    neutral: np.ndarray
    smile: np.ndarray
    pspi: np.ndarray
    au: np.ndarray
    hidden: np.ndarray


def is_drawn(sets: Path, name: str) -> bool:
    """Whether a set is there and finished: all shards that their names count."""
    directory = sets / name
    shards = read_manifest(directory)
    count = len(shards)
    return (directory / RECORD).is_file() and count > 0 and shards[0].path == shard_path("default", SPLIT, 0, count)


def open_set(sets: Path, name: str) -> Frames:
    """A drawn set. Raises InvalidInput where it is not there or not finished."""
    if not is_drawn(sets, name):
        raise InvalidInput(
            f"{sets} has no whole set {name!r}; to draw it: python -m benchmarks.shift make {sets} {name}"
        )
    shards = [entry.sha256 for entry in read_manifest(sets / name)]
    return Frames(load_dataset(str(sets / name), split=SPLIT), {"shards": shards})
