"""The file of scores: rows as they come, and a record beside it from which the same command goes on after a stop.

`scores.csv.run.json` holds the settings that decide the scores, a stamp of each file to be scored, how many rows each
finished video has, and whether all files are done. Rows are flushed one by one, so that a killed process leaves whole
rows and at most the beginning of one.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import Any

from dataset_script.claim import changed_settings, read_record
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.media_files import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from dataset_script.storage import is_stream, locked, reporting_write_errors, write_atomically
from dataset_script.terminal import print_rows

from .score_rows import CsvRows, JsonRows, RowFormat, ScoreRow, may_be_scores

_ANEW = "name another file, or start anew with --overwrite"

_OTHER_KINDS = frozenset(
    {".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".feather", ".zip", ".gz", ".tsv", ".tab", ".jsonl"}
    | {*PICTURE_SUFFIXES, *VIDEO_SUFFIXES}
)
"""Suffixes of what is not written: programs refuse text of these names, or read it wrongly."""


def record_path(path: Path) -> Path:
    """Where the record of a file of scores is."""
    return path.with_name(f"{path.name}.run.json")


def files_of_scores(path: Path | None) -> list[Path]:
    """The files that `open_scores` writes for `path`."""
    return [] if path is None or str(path) == "-" else [path, record_path(path)]


@dataclass(frozen=True)
class Earlier:
    """What earlier runs of the same command left.

    Attributes:
        rows: all whole rows of the file.
        stamps: of the files that were to be scored.
        rows_of_videos: how many rows each finished video has, by its written name.
        finished: whether the last run ended.
    """

    rows: list[ScoreRow] = field(default_factory=list)
    stamps: Mapping[str, str | None] = field(default_factory=dict)
    rows_of_videos: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False


class ScoreFile:
    """A file of scores that is being written; made by `open_score_file`."""

    def __init__(self, path: Path, file: RawIOBase, row_format: RowFormat, overwrite: bool):
        self.path = path
        self._file, self._format, self._overwrite = file, row_format, overwrite
        self._record: dict[str, Any] = {}
        self._empty = True
        self._rows: Counter[str] = Counter()  # of each file
        self._videos: set[str] = set()
        self._last: str | None = None  # the file of the last row

    def earlier(self, settings: Mapping[str, Any], columns: Sequence[str]) -> Earlier:
        """What is there of the same work. From now on rows have these columns.

        Raises:
            InvalidInput: the file holds other work, was changed by another program, or its record is lost.
        """
        self._format = self._format.with_columns(columns)
        if self._overwrite:
            return Earlier()
        content, record = self.path.read_bytes(), record_path(self.path)
        _check_scores(self.path, content)
        try:
            rows = self._format.read(content)
        except ValueError as error:
            raise InvalidInput(f"{self.path} is there and holds something else: {error}; {_ANEW}") from None
        if not rows:
            return Earlier()
        if not record.is_file():
            raise InvalidInput(
                f"{self.path} holds {len(rows):,} rows of scores, but {record.name} is not beside it, which says what "
                f"they are of; {_ANEW}"
            )
        found = _read_record(record)
        if changed := changed_settings(found["settings"], settings):
            raise InvalidInput(f"{self.path} holds rows of another run: {'; '.join(changed)}; {_ANEW}")
        if not content.startswith(self._encoded(rows)):
            raise InvalidInput(f"{self.path} was changed by another program since it was written; {_ANEW}")
        return Earlier(rows, found["files"], found["rows"], found["finished"])

    def begin(self, settings: Mapping[str, Any], stamps: Mapping[str, str | None], rows: list[ScoreRow]) -> None:
        """Writes the record and leaves `rows` alone in the file. `stamps`: of all files that will be scored."""
        self._record = {"settings": settings, "files": stamps}
        for row in rows:
            self._count(row)
        self._write_record(finished=False)
        with reporting_write_errors(self.path):
            self._file.seek(0)
            self._put(self._encoded(rows))
            self._file.truncate()
        self._empty = not rows

    def write(self, row: ScoreRow) -> None:
        """Adds a row; rows of one file follow each other. Raises WorkFailed when it cannot be written."""
        if row["path"] != self._last and self._last in self._videos:
            self._write_record(finished=False)
        self._count(row)
        with reporting_write_errors(self.path):
            self._put(self._format.row(row, self._empty))
        self._empty = False

    def finish(self) -> None:
        """Ends the file, and notes that all rows are there."""
        with reporting_write_errors(self.path):
            self._put(self._format.foot)
        self._write_record(finished=True)

    def discard_if_empty(self) -> None:
        """Removes a file without rows, and its record."""
        if self._empty:
            self.path.unlink(missing_ok=True)
            record_path(self.path).unlink(missing_ok=True)

    def _put(self, content: bytes) -> None:
        """Writes all of it; a disk that is getting full takes a part, and fails at the next."""
        while content:
            content = content[self._file.write(content) :]

    def _encoded(self, rows: list[ScoreRow]) -> bytes:
        return self._format.head + b"".join(self._format.row(row, k == 0) for k, row in enumerate(rows))

    def _count(self, row: ScoreRow) -> None:
        self._last = row["path"]
        self._rows[self._last] += 1
        if row["frame"] not in (None, ""):
            self._videos.add(self._last)

    def _write_record(self, finished: bool) -> None:
        rows = {name: self._rows[name] for name in sorted(self._videos)}
        text = json.dumps({**self._record, "rows": rows, "finished": finished}, indent=1)
        write_atomically(record_path(self.path), f"{text}\n".encode())


def _check_scores(path: Path, content: bytes) -> None:
    """Raises InvalidInput where a file, of which `content` is the beginning, is somebody's other work."""
    if not may_be_scores(content):
        raise InvalidInput(f"{path} is there and holds no scores; it is never replaced: name another file")


def _read_record(path: Path) -> dict[str, Any]:
    """The record beside rows. Raises InvalidInput where it is damaged, as after a power cut."""
    try:
        found = read_record(path)
    except WorkFailed as error:
        raise InvalidInput(f"{error}; {_ANEW}") from None
    if absent := {"settings", "files", "rows", "finished"} - found.keys():
        raise InvalidInput(f"{path} is damaged: it has no {', '.join(sorted(absent))}; {_ANEW}")
    return found


class ScoreStream:
    """Rows to where nothing can be read again: standard output, a pipe, a device. `write`: takes bytes."""

    def __init__(self, write: Callable[[bytes], object], row_format: RowFormat):
        self._write, self._format, self._empty = write, row_format, True

    def earlier(self, settings: Mapping[str, Any], columns: Sequence[str]) -> Earlier:
        """Nothing. From now on rows have these columns."""
        self._format = self._format.with_columns(columns)
        return Earlier()

    def begin(self, settings: Mapping[str, Any], stamps: Mapping[str, str | None], rows: list[ScoreRow]) -> None:
        """Does nothing: the head goes out with the first row, and not at all where there is none."""

    def write(self, row: ScoreRow) -> None:
        """Adds a row."""
        self._write((self._format.head if self._empty else b"") + self._format.row(row, self._empty))
        self._empty = False

    def finish(self) -> None:
        """Ends the stream's text."""
        if self._format.foot:
            self._write(self._format.foot)


def _format_of(path: Path | None, as_json: bool) -> RowFormat:
    suffix = "" if path is None else path.suffix.lower()
    if suffix in _OTHER_KINDS:
        raise InvalidInput(f"out is {path}; what is written is CSV or, with --json, JSON: name it .csv or .json")
    if suffix == ".csv" and as_json:
        raise InvalidInput(f"out is {path}, and --json was given; allowed is a file named .json, or CSV without --json")
    return JsonRows() if as_json or suffix == ".json" else CsvRows()


@contextlib.contextmanager
def open_scores(path: Path | None, as_json: bool, overwrite: bool) -> Iterator[ScoreFile | ScoreStream]:
    """Where scores are written; `path`: None or "-" for standard output, .json for JSON without `as_json` too.

    Raises:
        InvalidInput: `path` has the suffix of another kind of file; and as `open_score_file`.
        WorkFailed: as `open_score_file`.
    """
    row_format = _format_of(path, as_json)
    if path is None or str(path) == "-":
        yield ScoreStream(lambda content: print_rows(content.decode()), row_format)
    elif is_stream(path):
        with reporting_write_errors(path), open(path, "wb", buffering=0) as stream:
            yield ScoreStream(stream.write, row_format)
    else:
        with open_score_file(path, row_format, overwrite) as scores:
            yield scores


@contextlib.contextmanager
def open_score_file(path: Path, row_format: RowFormat, overwrite: bool) -> Iterator[ScoreFile]:
    """Holds a file of scores for this process; nothing in one that exists is changed before `ScoreFile.begin`.

    Raises:
        InvalidInput: another process writes it, or it holds something else.
        WorkFailed: it cannot be written.
    """
    with contextlib.ExitStack() as held:
        with reporting_write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists() or not path.stat().st_size
            path.touch()
            file = held.enter_context(open(path, "r+b", buffering=0))  # nothing is left to fail when it is closed
            held.enter_context(locked(path))
        if overwrite:
            _check_scores(path, file.read(4096))
        scores = ScoreFile(path, file, row_format, overwrite)
        if is_new:
            held.callback(scores.discard_if_empty)
            with reporting_write_errors(path):  # a full disk is told now and not after the model was loaded
                file.write(row_format.head)
        yield scores
