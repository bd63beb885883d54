"""Labels of a dataset directory, from the Parquet columns alone: no picture is read."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataset_script.errors import InvalidInput, NoPspi, WorkFailed
from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES
from dataset_script.manifest import Entry, read_manifest

from ..statistics.measures import TrainingLabels


def splits_of(data: str | Path) -> set[str]:
    """The splits of a dataset directory that have frames. Raises InvalidInput where `data` is none."""
    return {entry.split for entry in _entries(data)}


def _entries(data: str | Path) -> list[Entry]:
    """The shards of frames."""
    entries = [entry for entry in read_manifest(Path(data)) if entry.config == "default"]
    if not entries:
        raise InvalidInput(f"{data} is not a Pain3D dataset directory: its manifest.jsonl lists no frames")
    return entries


def read_columns(data: str | Path, split: str, columns: Sequence[str]) -> pa.Table:
    """`columns` of every frame of `split`, in the order of the rows.

    Raises:
        InvalidInput: `data` is no dataset directory, or has no such split.
        WorkFailed: a shard is missing or damaged.
    """
    entries = _entries(data)
    shards = [entry for entry in entries if entry.split == split]
    if not shards:
        raise InvalidInput(f"split is {split!r}; {data} has {', '.join(sorted({entry.split for entry in entries}))}")
    tables = []
    for shard in shards:
        try:
            tables.append(pq.read_table(Path(data) / shard.path, columns=list(columns)))
        except (pa.ArrowException, OSError) as error:
            raise WorkFailed(f"cannot read {Path(data) / shard.path}: {error}") from None
    return pa.concat_tables(tables)


def read_training_labels(data: str | Path, split: str = "train") -> TrainingLabels:
    """PSPI, action units and companions of a split.

    Raises as `read_columns`, and InvalidInput where PSPI is unknown.
    """
    columns = read_columns(data, split, ["pspi", "au", "extra_au"])
    if columns["pspi"].null_count:
        raise NoPspi(data)
    units = [[np.nan] * len(AU_NAMES) if row is None else row for row in columns["au"].to_pylist()]
    companions = [[(row or {}).get(name) for name in EXTRA_AU_NAMES] for row in columns["extra_au"].to_pylist()]
    return TrainingLabels(
        columns["pspi"].to_numpy(), np.array(units, dtype=np.float64), np.array(companions, dtype=np.float64)
    )
