"""Parquet shards (contract C4): a file per configuration and chunk of identities.

Pictures are stored as they come (they are compressed already) and the other columns with zstd. A row group holds about
a hundred rows, which is what the Hub's viewer reads at once. In `pairs` a neutral picture belongs to many rows: it is
dictionary-encoded, so that it is stored once. Pages are cut by content, so that uploads send equal pictures once.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features

from .features import FEATURES
from .manifest import Entry
from .storage import publish, reporting_write_errors, temporary_path
from .vocabulary import OPTIONAL_COLUMNS, VIEWS_PER_EXPRESSION

FOLDERS: dict[str, str] = {"default": "data", "pairs": "pairs", "references": "references", "geometry": "geometry"}
"""Configuration -> folder of its shards."""

CONFIG_OF_FOLDER = {folder: config for config, folder in FOLDERS.items()}

MIN_ROWS_PER_GROUP = 90
"""A row group ends with the identity that reaches this: without others 3 identities, 99 frames or 90 pairs."""

POINTS = re.compile(r"(?:dense_|aam_)?landmarks(?:_3d)?\.")
"""Columns of coordinates, none of which comes twice: they compress where bytes of one significance stand together."""

MESH, MESH_LEVEL = "mesh", 3
"""Column whose values begin or end alike, half a megabyte apart: at this level of zstd the later ones refer to the
first. The views of an expression share one, which a dictionary stores once."""

_DICTIONARY_LIMIT = 1 << 28  # bytes; never reached by the neutral pictures of 3 identities x 3 views

Row = dict[str, Any]


def shard_path(config: str, split: str, index: int, count: int) -> str:
    """Path within the dataset of shard `index` of `count`."""
    return f"{FOLDERS[config]}/{split}-{index:05d}-of-{count:05d}.parquet"


def pair_rows(frames: Sequence[Row]) -> list[Row]:
    """The `pairs` rows of one identity, by view, then expression.

    Args:
        frames: its `default` rows, all of them, by expression, then view.
    """
    neutral = frames[:VIEWS_PER_EXPRESSION]
    return [
        {
            **frames[expression_id * VIEWS_PER_EXPRESSION + view_id],
            "neutral_image": neutral[view_id]["image"],
            "neutral_face_box": neutral[view_id]["face_box"],
        }
        for view_id in range(VIEWS_PER_EXPRESSION)
        for expression_id in range(1, len(frames) // VIEWS_PER_EXPRESSION)
    ]


def reference_row(frame: Row, reference_id: int) -> Row:
    """The row of `references` of a frame that was made on another occasion."""
    return {name: frame[name] for name in FEATURES["references"] if name in frame} | {"reference_id": reference_id}


def to_table(config: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as a table with the schema of `config`. Raises ValueError when a row lacks or adds a column."""
    columns = set(FEATURES[config])
    for row in rows:
        if set(row) != columns:
            wrong = ", ".join(sorted(set(row) ^ columns))
            raise ValueError(f"frame {row.get('frame_id')} does not fit the schema of {config!r}: {wrong}")
    table = pa.Table.from_pylist(list(rows), schema=FEATURES[config].arrow_schema)
    for name in table.column_names:
        if table[name].null_count and name not in OPTIONAL_COLUMNS:
            raise ValueError(f"frame {rows[0]['frame_id']} and after: column {name!r} of {config!r} has missing values")
    return table


class ShardWriter:
    """Writes one shard beside its final place; `commit` puts it there.

    Used as a context manager: left without `commit`, nothing remains on the disk.

    Raises:
        WorkFailed: the file cannot be written (no space, no permission).
    """

    def __init__(
        self, directory: Path, config: str, split: str, index: int, count: int, features: Features | None = None
    ) -> None:
        """Shard `index` of `count`; `features`: its schema, by default that of generated data."""
        self._config, self._split = config, split
        self._name = shard_path(config, split, index, count)
        self._path = directory / self._name
        self._temporary = temporary_path(self._path)
        self._rows: list[Row] = []
        self._num_rows = self._arrow_bytes = 0
        features = features or FEATURES[config]
        with self._reporting():
            self._path.parent.mkdir(exist_ok=True)
            self._file = open(self._temporary, "wb")  # noqa: SIM115 - closed by __exit__
        self._parquet = pq.ParquetWriter(self._file, features.arrow_schema, **_layout(features))

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, *exc: object) -> None:
        self._parquet.is_open = False  # if abandoned, it must not write its footer when it is collected
        with contextlib.suppress(OSError):  # on a full disk the rest cannot be written, and is not wanted
            self._file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, rows: Iterable[Row]) -> None:
        """Adds the rows of one identity; a row group is written when there are enough."""
        self._rows += rows
        if len(self._rows) >= MIN_ROWS_PER_GROUP:
            self._flush()

    def commit(self, spec_hash: str) -> Entry:
        """Finishes the file, gives it its name, and returns its manifest entry."""
        if self._rows:
            self._flush()
        with self._reporting():
            self._parquet.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            size, digest = self._temporary.stat().st_size, file_sha256(self._temporary)
            publish(self._temporary, self._path)
        return Entry(
            path=self._name,
            config=self._config,
            split=self._split,
            rows=self._num_rows,
            bytes=size,
            arrow_bytes=self._arrow_bytes,
            sha256=digest,
            spec_hash=spec_hash,
        )

    def write_table(self, table: pa.Table) -> None:
        """Adds rows as one row group."""
        with self._reporting():
            self._parquet.write_table(table, row_group_size=table.num_rows)
        self._num_rows += table.num_rows
        self._arrow_bytes += table.nbytes

    def _flush(self) -> None:
        self.write_table(to_table(self._config, self._rows))
        self._rows = []

    def _reporting(self):
        return reporting_write_errors(self._path)


def file_sha256(path: Path) -> str:
    """Hex digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _layout(features: Features) -> Mapping[str, Any]:
    """How each column is stored; keyword arguments of ParquetWriter."""
    leaves = [leaf for field in features.arrow_schema for leaf in _leaves(field.name, field.type)]
    pictures = [leaf for leaf in leaves if leaf.endswith(".bytes")]
    plain = [leaf for leaf in leaves if leaf not in pictures]
    points = [leaf for leaf in plain if POINTS.match(leaf)]
    repeated = [leaf for leaf in plain if leaf not in points]
    return {
        "compression": dict.fromkeys(plain, "zstd") | dict.fromkeys(pictures, "none"),
        "compression_level": {MESH: MESH_LEVEL} if MESH in features else None,
        "use_dictionary": [*repeated, "neutral_image.bytes"] if "neutral_image" in features else repeated,
        "use_byte_stream_split": points,
        "dictionary_pagesize_limit": _DICTIONARY_LIMIT,
        "write_statistics": [leaf for leaf in plain if leaf != MESH],  # the least JPEG of a page tells nobody anything
        "use_content_defined_chunking": True,
        "write_page_index": True,
    }


def _leaves(path: str, kind: pa.DataType) -> list[str]:
    """Names of the Parquet columns that hold an Arrow column."""
    if pa.types.is_struct(kind):
        return [leaf for field in kind for leaf in _leaves(f"{path}.{field.name}", field.type)]
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return _leaves(f"{path}.list.element", kind.value_type)
    return [path]
