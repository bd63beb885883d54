"""The frames of a dataset directory by their labels: what a visitor filters, and the pictures of those that are shown.

The labels that are filtered are held in memory; pictures and the other labels are read when a frame is shown.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from dataset_script.directory import DatasetDirectory, Shard
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import ALL_AU_NAMES, AU_NAMES, EXTRA_AU_NAMES, PSPI_MAX
from dataset_script.rows import DAMAGED_PICTURE, why_damaged
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, EXPRESSION_KINDS, GENDERS, SPLITS
from modeling_vitpain.pictures_vitpain import open_picture, to_rgb

CLASSES: dict[str, tuple[str, ...]] = {
    "expression_kind": EXPRESSION_KINDS,
    "gender": GENDERS,
    "age_group": AGE_GROUPS,
    "ethnicity": ETHNICITIES,
}
"""Columns of class numbers -> the names of the classes."""

_LABELS = ("frame_id", "subject_id", "identity_id", "pspi", "au", "extra_au", "age", "expression", *CLASSES)
_SHOWN = ("prompt", "scene", "posture", "licence")
"""Read with the pictures."""


@dataclass(frozen=True)
class Wanted:
    """Which frames are wanted. An empty tuple wants all classes.

    Attributes:
        pspi: lowest and highest, both included. Frames without PSPI are wanted where it is the whole scale.
        unit, level: an action unit and its lowest intensity; None: whatever the units.
        splits, and the columns of `CLASSES`: names of those that are wanted.
    """

    pspi: tuple[float, float] = (0, PSPI_MAX)
    unit: str | None = None
    level: float = 1.0
    splits: tuple[str, ...] = ()
    expression_kind: tuple[str, ...] = ()
    gender: tuple[str, ...] = ()
    age_group: tuple[str, ...] = ()
    ethnicity: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises InvalidInput for a class, split or unit that does not exist."""
        for name, allowed in {"splits": SPLITS, **CLASSES}.items():
            for value in getattr(self, name):
                if value not in allowed:
                    raise InvalidInput(f"{name} is {value!r}; allowed are {', '.join(allowed)}")
        if self.unit is not None and self.unit not in ALL_AU_NAMES:
            raise InvalidInput(f"unit is {self.unit!r}; allowed are {', '.join(ALL_AU_NAMES)}")


@dataclass(frozen=True)
class StoredFrame:
    """A frame as it lies in the dataset.

    Attributes:
        labels: column -> value, of text and numbers that the dataset's author wrote; classes by their names; None
            where the dataset does not tell.
        picture, heat: RGB, and the heatmap (mode L) where there is one. None where `error` says why.
        error: why the picture cannot be shown, in one line.
    """

    labels: dict[str, Any]
    picture: Image.Image | None = None
    heat: Image.Image | None = None
    error: str | None = None


class FrameIndex:
    """The frames of a dataset directory, numbered from 0 in the order of its shards."""

    def __init__(self, directory: str | Path) -> None:
        """Reads the labels of all frames.

        Raises:
            InvalidInput: it is no dataset directory.
            WorkFailed: it has no finished shard, or a shard is missing or damaged.
        """
        self.found = DatasetDirectory.open(directory)
        self._shards: list[Shard] = []
        tables = []
        for shard, table in self.found.read(_LABELS):
            self._shards.append(shard)
            tables.append(_complete(table))
        if not tables:
            raise WorkFailed(f"{self.found.path} holds no finished shard of a Pain3D dataset")
        self._shard_of = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        self._labels = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
        self._numbers = {name: _numbers(self._labels[name]) for name in ("pspi", *CLASSES)}
        self._units = {name: self._unit(name) for name in ALL_AU_NAMES}

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def units(self) -> list[str]:
        """The action units of which any frame has an intensity."""
        return [name for name, values in self._units.items() if np.isfinite(values).any()]

    def find(self, wanted: Wanted) -> np.ndarray:
        """The numbers of the frames that are wanted, rising."""
        found = np.ones(len(self), bool)
        low, high = wanted.pspi
        if low > 0 or high < PSPI_MAX:
            found &= (self._numbers["pspi"] >= low) & (self._numbers["pspi"] <= high)
        if wanted.unit is not None:
            found &= self._units[wanted.unit] >= wanted.level
        if wanted.splits:
            of_shard = np.array([shard.split in wanted.splits for shard in self._shards])
            found &= of_shard[self._shard_of]
        for name, classes in CLASSES.items():
            if chosen := getattr(wanted, name):
                found &= np.isin(self._numbers[name], [classes.index(each) for each in chosen])
        return np.flatnonzero(found)

    def labels(self, number: int) -> dict[str, Any]:
        """The labels of a frame, see `StoredFrame`; its split and its shard are among them."""
        row = self._labels.slice(number, 1).to_pylist()[0]
        for name, classes in CLASSES.items():
            code = row[name]
            row[name] = classes[code] if code is not None and 0 <= code < len(classes) else None
        shard = self._shards[self._shard_of[number]]
        return {**row, "split": shard.split, "shard": shard.path}

    def frames(self, numbers: Sequence[int], with_heat: bool = False) -> list[StoredFrame]:
        """Frames with their pictures, in the given order. Raises WorkFailed: a shard is missing or damaged."""
        labels = {number: self.labels(number) for number in numbers}
        columns = ["frame_id", "image", *_SHOWN, *(["heatmap"] if with_heat else [])]
        rows: dict[tuple[int, str], dict[str, Any]] = {}
        for place in sorted({int(self._shard_of[number]) for number in numbers}):
            ids = [labels[number]["frame_id"] for number in numbers if self._shard_of[number] == place]
            for _, table in self.found.read(columns, [self._shards[place]], [("frame_id", "in", ids)]):
                rows |= {(place, row["frame_id"]): row for row in table.to_pylist()}
        return [
            _stored(labels[number], rows[int(self._shard_of[number]), labels[number]["frame_id"]]) for number in numbers
        ]

    def _unit(self, name: str) -> np.ndarray:
        """The intensity of a unit in each frame, (n,) float; NaN where it is not known."""
        if name in EXTRA_AU_NAMES:
            kind = self._labels.schema.field("extra_au").type
            known = pa.types.is_struct(kind) and kind.get_field_index(name) >= 0
            column = pc.struct_field(self._labels["extra_au"], name) if known else None
        else:
            known = not pa.types.is_null(self._labels.schema.field("au").type)
            column = pc.list_element(self._labels["au"], AU_NAMES.index(name)) if known else None
        return np.full(len(self), np.nan) if column is None else _numbers(column)


def _complete(table: pa.Table) -> pa.Table:
    """A table with all columns of `_LABELS`, those that it lacks without values."""
    return pa.table({name: table[name] if name in table.column_names else pa.nulls(len(table)) for name in _LABELS})


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """(n,) float64; NaN where there is no value."""
    return column.cast(pa.float64()).to_numpy()


def _stored(labels: dict[str, Any], row: dict[str, Any]) -> StoredFrame:
    labels = labels | {name: row.get(name) for name in _SHOWN}
    try:
        picture = _decoded(row["image"])
        heat = _decoded(row["heatmap"]).convert("L") if row.get("heatmap") else None
    except DAMAGED_PICTURE as error:
        return StoredFrame(labels, error=f"the picture cannot be read: {why_damaged(error)}")
    return StoredFrame(labels, picture, heat)


def _decoded(stored: dict[str, Any]) -> Image.Image:
    """A picture that lies in its row, as RGB. A path in a row is not followed: it may name any file of the server."""
    if stored["bytes"] is None:
        raise ValueError("it lies in a file of its own, outside of the shard")
    return to_rgb(open_picture(io.BytesIO(stored["bytes"])))
