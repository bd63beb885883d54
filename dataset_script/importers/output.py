"""Writing an imported dataset: shards, manifest, folds, report, README. Interrupted, it goes on when it is run again."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InvalidInput, WorkFailed
from ..features import SPLITS
from ..hub_readme import README
from ..manifest import Entry, append_manifest, read_manifest, write_manifest
from ..shards import FOLDERS, file_sha256, shard_path
from ..storage import (
    is_temporary,
    locked,
    publish,
    remove_temporaries,
    reporting_write_errors,
    temporary_path,
    write_atomically,
)
from .frame import Frame, Source, to_table, with_bytes
from .readme import import_readme
from .report import Report
from .subjects import Folds

RECORD = "import.json"
REPORT = "report.json"
FOLDS = "folds.json"

ROWS_PER_SHARD = 50_000
COPIED_ROWS_PER_SHARD = 1_000
_COPIED_ROWS_PER_GROUP = 100


def write_dataset(
    out: Path,
    source: Source,
    frames: Sequence[Frame],
    folds: Folds | None,
    report: Report,
    copy: bool,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Writes `frames` (each with its split) and what belongs to them into `out`.

    Raises:
        InvalidInput: `out` holds something else, or another process writes it.
        WorkFailed: a picture cannot be read any more, or a file cannot be written.
    """
    members = {split: [frame for frame in frames if frame.split == split] for split in SPLITS}
    tables = {
        split: to_table(chosen, [None if copy else source.path(frame) for frame in chosen])
        for split, chosen in members.items()
        if chosen
    }
    digest = _hash(tables, [frame.where for frame in frames] if copy else [])
    rows = COPIED_ROWS_PER_SHARD if copy else ROWS_PER_SHARD
    if out.exists() and not out.is_dir():
        raise InvalidInput(f"out is {out}, which is not a directory")
    with reporting_write_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        _prepare(out, digest, report)
        done = {entry.path: entry for entry in read_manifest(out)}
        written = 0
        for split, table in tables.items():
            count = -(-table.num_rows // rows)
            for index in range(count):
                path = shard_path("default", split, index, count)
                part = table.slice(index * rows, rows)
                if path not in done or not _has_size(out / path, done[path].bytes):
                    if copy:
                        part = with_bytes(part, _pictures(source, members[split][index * rows :][:rows]))
                    done[path] = _write_shard(out, path, part, copy, split, digest)
                    append_manifest(out, [done[path]])
                written += part.num_rows
                if copy and progress is not None:
                    progress(written, len(frames))
        entries = list(done.values())
        write_manifest(out, entries)
        if folds is not None:
            lists = [{"train_subjects": training, "validation_subjects": held_out} for training, held_out in folds]
            write_atomically(out / FOLDS, _json({"folds": lists}))
        write_atomically(out / REPORT, _json(report.to_dict()))
        licences = sorted({frame.licence for frame in frames if frame.licence})
        write_atomically(out / README, import_readme(entries, report, licences, folds is not None).encode())


def _prepare(out: Path, digest: str, report: Report) -> None:
    """Checks that `out` is empty or holds the beginning of this very import, and says in it which one it is."""
    record = out / RECORD
    if record.is_file():
        try:
            found = json.loads(record.read_text(encoding="utf-8"))["hash"]
        except (ValueError, KeyError, TypeError):
            raise WorkFailed(f"{record} is damaged; remove {out} and import again") from None
        if found != digest:
            raise InvalidInput(
                f"{out} holds another import, or its source or options have changed; name a new directory"
            )
    elif any(not is_temporary(path) for path in out.iterdir()):
        raise InvalidInput(f"out is {out}, which exists and is not empty")
    else:
        write_atomically(record, _json({"layout": report.layout, "source": report.source, "hash": digest}))
    remove_temporaries(out)
    with reporting_write_errors(out):
        (out / FOLDERS["default"]).mkdir(exist_ok=True)


def _write_shard(out: Path, path: str, table: pa.Table, copy: bool, split: str, digest: str) -> Entry:
    temporary = temporary_path(out / path)
    with reporting_write_errors(out / path):
        try:
            with open(temporary, "wb") as file:
                group = _COPIED_ROWS_PER_GROUP if copy else table.num_rows
                pq.write_table(table, file, compression="zstd", row_group_size=group, write_page_index=True)
                file.flush()
                os.fsync(file.fileno())
            size, sha256 = temporary.stat().st_size, file_sha256(temporary)
            publish(temporary, out / path)
        finally:
            temporary.unlink(missing_ok=True)
    return Entry(path, "default", split, table.num_rows, size, table.nbytes, sha256, digest)


def _pictures(source: Source, frames: Sequence[Frame]) -> list[bytes]:
    contents = []
    for frame in frames:
        try:
            contents.append(source.read(frame))
        except OSError as error:
            raise WorkFailed(f"frame {frame.frame_id} cannot be read any more: {error}") from None
    return contents


def _hash(tables: dict[str, pa.Table], copied: list) -> str:
    """Of every label, and of every path or place in an archive: a changed source never continues an old import."""
    digest = hashlib.sha256(repr(copied).encode())
    for split, table in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        digest.update(split.encode() + sink.getvalue())
    return digest.hexdigest()


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _json(values: dict) -> bytes:
    return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()
