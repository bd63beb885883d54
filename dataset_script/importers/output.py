"""Writing an imported dataset: shards, manifest, folds, report, README. Interrupted and run again, it continues."""

import contextlib
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from PIL import Image

from ..claim import Settings, claimed
from ..directory import IMPORT_RECORD, IMPORT_REPORT
from ..errors import WorkFailed
from ..hub_readme import README
from ..manifest import Entry, append_manifest, read_manifest, write_manifest
from ..rows import DAMAGED_PICTURE, why_damaged
from ..shards import ShardWriter, shard_path
from ..storage import write_atomically
from ..vocabulary import SPLITS
from .frame import Source, SourceFrame, features_of, frames_table, with_bytes
from .readme import import_readme
from .report import ImportReport, Unusable
from .subjects import Folds

FOLDS = "folds.json"

ROWS_PER_SHARD = 50_000
COPIED_ROWS_PER_SHARD = 1_000
_COPIED_ROWS_PER_GROUP = 100


def write_dataset(
    out: Path,
    source: Source,
    frames: Sequence[SourceFrame],
    folds: Folds | None,
    report: ImportReport,
    copy: bool,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Writes `frames` (each with its split) and what belongs to them into `out`.

    After an error nothing is left of an `out` that was new; what a killed run wrote stays, to be continued.

    Raises:
        InvalidInput: `out` holds something else, or another process writes it.
        WorkFailed: a picture cannot be read any more, or a file cannot be written.
    """
    members = {split: chosen for split in SPLITS if (chosen := [frame for frame in frames if frame.split == split])}
    tables = {
        split: frames_table(chosen, [None if copy else source.path(frame) for frame in chosen])
        for split, chosen in members.items()
    }
    digest = _hash(tables, [frame.where for frame in frames] if copy else [])
    files = _hash_of_files(dict.fromkeys(map(source.file, frames))) if copy else None
    settings = {"layout": report.layout, "source": report.source, "hash": digest, "files": files}
    with _removed_on_error(out) as hold, claimed(out, IMPORT_RECORD, settings, "import", _changes):
        hold()
        done = {entry.path: entry for entry in read_manifest(out) if entry.has_file(out)}
        written = 0
        for shard in _shards(members, tables, copy):
            if shard.path not in done:
                done[shard.path] = shard.write(out, source if copy else None, digest)
                append_manifest(out, [done[shard.path]])
            written += len(shard.frames)
            if copy and progress is not None:
                progress(written, len(frames))
        write_manifest(out, done.values())
        _write_texts(out, frames, folds, report)


@contextlib.contextmanager
def _removed_on_error(out: Path) -> Iterator[Callable[[], None]]:
    """Removes `out` after an error, where it was new and the function that this yields was called: it is ours."""
    new = not out.exists()
    held = []
    try:
        yield lambda: held.append(True)
    except Exception:
        if new and held:
            shutil.rmtree(out, ignore_errors=True)
        raise


@dataclass(frozen=True)
class _Shard:
    """Part `index` of the `count` parts of a split: its frames, and their rows without pictures."""

    split: str
    index: int
    count: int
    frames: Sequence[SourceFrame]
    table: pa.Table

    @property
    def path(self) -> str:
        return shard_path("default", self.split, self.index, self.count)

    def write(self, out: Path, pictures: Source | None, digest: str) -> Entry:
        """Writes it; `pictures`: where they are read from, if they are to be put into the rows."""
        with ShardWriter(out, "default", self.split, self.index, self.count, features_of(self.frames)) as writer:
            if pictures is None:
                writer.write_table(self.table)
            for start in range(0, len(self.frames) if pictures else 0, _COPIED_ROWS_PER_GROUP):
                part = slice(start, start + _COPIED_ROWS_PER_GROUP)
                contents = _pictures(pictures, self.frames[part])
                writer.write_table(with_bytes(self.table.slice(start, _COPIED_ROWS_PER_GROUP), contents))
            return writer.commit(digest)


def _shards(
    members: Mapping[str, Sequence[SourceFrame]], tables: Mapping[str, pa.Table], copy: bool
) -> Iterator[_Shard]:
    rows = COPIED_ROWS_PER_SHARD if copy else ROWS_PER_SHARD
    for split, frames in members.items():
        count = -(-len(frames) // rows)
        for index in range(count):
            start = index * rows
            yield _Shard(split, index, count, frames[start : start + rows], tables[split].slice(start, rows))


def _write_texts(out: Path, frames: Sequence[SourceFrame], folds: Folds | None, report: ImportReport) -> None:
    """Folds, report and README; the README comes last, so that a directory that has one is finished."""
    if folds is not None:
        lists = [{"train_subjects": training, "validation_subjects": held_out} for training, held_out in folds]
        write_atomically(out / FOLDS, _json({"folds": lists}))
    write_atomically(out / IMPORT_REPORT, _json(report.to_dict()))
    licences = sorted({frame.licence for frame in frames if frame.licence})
    readme = import_readme(read_manifest(out), report, licences, folds is not None)
    write_atomically(out / README, readme.encode())


def _changes(before: Settings, now: Settings) -> list[str]:
    """The same archive may lie in another place by now, if its time of change is the same."""
    if before.get("hash") != now["hash"]:
        return ["its source or options have changed since; name a new directory"]
    if before.get("files") != now["files"]:
        return ["its pictures have changed since (size or time of a file that holds them); name a new directory"]
    return []


def _pictures(source: Source, frames: Sequence[SourceFrame]) -> list[bytes]:
    contents = []
    for frame in frames:
        try:
            contents.append(source.read(frame))
            _check_is_picture(contents[-1])
        except (OSError, Unusable) as error:
            raise WorkFailed(
                f"frame {frame.frame_id} cannot be read: {error}; --check-images finds such frames and leaves them out"
            ) from None
    return contents


def _check_is_picture(content: bytes) -> None:
    """Raises Unusable where a file does not begin as a picture: a link may lead from others' data to any of the user's.

    No pixel is decoded.
    """
    try:
        Image.open(io.BytesIO(content)).close()
    except DAMAGED_PICTURE as error:
        raise Unusable("unreadable picture", why_damaged(error)) from None


def _hash(tables: dict[str, pa.Table], copied: list) -> str:
    """Of every label, and of every path or place in an archive: a changed source never continues an old import."""
    digest = hashlib.sha256(repr(copied).encode())
    for split, table in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        digest.update(split.encode() + sink.getvalue())
    return digest.hexdigest()


def _hash_of_files(paths: Iterable[str]) -> str:
    """Of name, size and time of change of each file: pictures that changed in between are found without reading any."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            state = os.stat(path)
        except OSError as error:
            raise WorkFailed(f"{path} cannot be read any more: {error.strerror}") from None
        digest.update(repr((os.path.basename(path), state.st_size, state.st_mtime_ns)).encode())
    return digest.hexdigest()


def _json(values: dict) -> bytes:
    return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()
