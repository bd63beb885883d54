"""Changing a dataset directory as a careless tool or person would."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_script.manifest import read_manifest, write_manifest
from dataset_script.shards import file_sha256
from dataset_script.storage import canonical_json


def rewrite(directory: Path, name: str, change: Callable[[list[dict]], list[dict] | None]) -> None:
    """Changes the rows of a shard, and the manifest with it."""
    path = directory / name
    schema = pq.read_schema(path)
    rows = pq.read_table(path).to_pylist()
    rows = change(rows) or rows
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, row_group_size=90)
    update_manifest(directory, name, rows=len(rows))


def update_manifest(directory: Path, name: str, **changes: Any) -> None:
    """Makes the manifest true again for a shard that was changed."""
    path = directory / name
    entries = [
        dataclasses.replace(e, bytes=path.stat().st_size, sha256=file_sha256(path), **changes) if e.path == name else e
        for e in read_manifest(directory)
    ]
    write_manifest(directory, entries)


def change_spec(directory: Path, **changes: Any) -> None:
    """Writes another spec.json, and its hash into the manifest, as if the data had been made from it."""
    path = directory / "spec.json"
    text = canonical_json(json.loads(path.read_text()) | changes)
    path.write_text(text + "\n")
    digest = hashlib.sha256(text.encode()).hexdigest()
    write_manifest(directory, [dataclasses.replace(e, spec_hash=digest) for e in read_manifest(directory)])
