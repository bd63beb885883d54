"""Checks a dataset directory against itself: files against manifest and names, rows against schema and FACS, pictures by
decoding. It needs no generator: generated data of any version, imported data and Hub downloads are checked alike.

`generation.run.audit` adds the comparison with the plan, by which a label that was changed after generation is found.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from .directory import DatasetDirectory, Shard
from .errors import WorkFailed
from .features import SPLITS
from .hub_readme import README
from .rows import Row
from .shard_checks import RowChecks, Schema, features_of, file_problems, read_rows
from .shards import CONFIG_OF_FOLDER
from .storage import is_temporary

NOT_COMPARED = "not compared with the plan"
"""How the note begins that says why not."""

_MAX_PROBLEMS_PER_SHARD = 20


@dataclass
class Report:
    """What `verify` looked at.

    Attributes:
        shards, rows: how many.
        problems: what is wrong, one line each.
        notes: what could not be checked and why, one line each. They are no problem.
        compared: whether the rows were compared with the plan of the generator.
    """

    shards: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    compared: bool = False

    @property
    def ok(self) -> bool:
        return not self.problems


class PlannedRows(Protocol):
    """What must stand in a dataset by the plan that it was made from."""

    def shards(self) -> Collection[str]:
        """Paths of all shards of the complete dataset."""

    def num_rows(self, path: str) -> int:
        """Rows of one of them."""

    def problems(self, path: str, place: int, row: dict) -> Iterator[str]:
        """Where the row at `place` of a shard differs from the plan."""


def verify(
    directory: str | Path,
    quick: bool = False,
    progress: Callable[[int, int], None] | None = None,
    plan: PlannedRows | None = None,
) -> Report:
    """Checks everything that can be checked and reports all that is wrong.

    Args:
        directory: a dataset directory, complete or not.
        quick: leave the pictures undecoded; checksums and labels are still checked.
        progress: called with (rows checked, rows of the dataset).
        plan: also compare the rows with it.

    Raises:
        InvalidInput: this is no dataset directory.
        WorkFailed: its manifest or `spec.json` is damaged.
    """
    found = DatasetDirectory.open(directory)
    report = Report(compared=plan is not None)
    report.problems += _directory_problems(found, plan)
    schemas = {config: Schema(found, config) for config in found.configs}
    rows = RowChecks(found, quick)
    total = sum(shard.entry.rows for shard in found.shards if shard.entry)
    for shard in sorted(found.shards, key=_beside_each_other):
        check = _ShardCheck(found, shard, schemas[shard.config], rows, plan)
        report.problems += _first_few(shard.path, check.problems())
        report.shards += 1
        report.rows += check.num_rows
        if progress is not None:
            progress(report.rows, max(total, report.rows))
    if not found.has_manifest:
        report.notes.append("there is no manifest.jsonl: sizes and checksums of the files could not be compared")
    report.notes += [note for schema in schemas.values() for note in schema.notes()]
    return report


def _beside_each_other(shard: Shard) -> tuple[int, str]:
    """The shards of the same people follow each other, `default` first."""
    return SPLITS.index(shard.split), shard.path.rpartition("/")[2]


class _ShardCheck:
    """The check of one shard; `num_rows` is known once it is done."""

    def __init__(
        self, found: DatasetDirectory, shard: Shard, schema: Schema, rows: RowChecks, plan: PlannedRows | None
    ) -> None:
        self._found, self._shard, self._schema, self._rows, self._plan = found, shard, schema, rows, plan
        self.num_rows = 0 if shard.entry is None else shard.entry.rows

    def problems(self) -> Iterator[str]:
        if problems := file_problems(self._found, self._shard):
            yield from problems
            return
        try:
            with pq.ParquetFile(self._found.path / self._shard.path) as file:
                yield from self._content_problems(file)
        except (pa.ArrowException, OSError) as error:
            yield f"cannot be read: {str(error).splitlines()[0]}"

    def _content_problems(self, file: pq.ParquetFile) -> Iterator[str]:
        self.num_rows, path = file.metadata.num_rows, self._shard.path
        if problems := self._schema.problems(features_of(file)):
            yield from problems
            return
        said = {} if self._shard.entry is None else {"the manifest says": self._shard.entry.rows}
        if self._plan is not None and path in self._plan.shards():
            said["the plan"] = self._plan.num_rows(path)
        if any(rows != self.num_rows for rows in said.values()):
            yield f"has {self.num_rows} rows, {', '.join(f'{what} {rows}' for what, rows in said.items())}"
            return
        if not self._schema.can_be_checked:
            return
        for place, row in enumerate(read_rows(file, self._rows.columns(self._schema))):
            for problem in self._row_problems(place, row):
                yield f"frame {row['frame_id']}: {problem}"

    def _row_problems(self, place: int, row: Row) -> Iterator[str]:
        if self._plan is not None and self._shard.path in self._plan.shards():
            yield from self._plan.problems(self._shard.path, place, row)
        yield from self._rows.problems(self._shard, self._schema, row)


def _first_few(name: str, problems: Iterator[str]) -> Iterator[str]:
    for number, problem in enumerate(problems):
        if number == _MAX_PROBLEMS_PER_SHARD:
            yield f"{name}: and more; only the first {_MAX_PROBLEMS_PER_SHARD} are listed"
            return
        yield f"{name}: {problem}"


def _directory_problems(found: DatasetDirectory, plan: PlannedRows | None) -> Iterator[str]:
    """Files that are missing or do not belong here; what is in them is another matter."""
    names = {shard.path for shard in found.shards}
    command = "import" if found.is_imported else "generate"
    missing = found.missing_shards() if plan is None else sorted(plan.shards() - names)
    for name in missing:
        yield f"{name}: not made yet; `pain3d {command}` with the same options makes it"
    for name in sorted(names - plan.shards()) if plan is not None else ():
        yield f"{name}: stands in the manifest, but the spec has no such shard"
    for folder in sorted({*CONFIG_OF_FOLDER, *(name.partition("/")[0] for name in names)}):
        for path in sorted((found.path / folder).glob("*")):
            name = f"{folder}/{path.name}"
            if name not in names and name not in missing and not is_temporary(path):
                yield f"{name}: does not belong here"
    if missing:
        return
    if plan is None:
        yield from _count_problems(found, command)
    if not (found.path / README).is_file():
        yield f"{README}: missing; `pain3d {command}` with the same options writes it"


def _count_problems(found: DatasetDirectory, command: str) -> Iterator[str]:
    """Where a configuration has other numbers of rows than the directory says that it has when it is complete."""
    planned = found.planned_rows()
    for config in planned:
        with contextlib.suppress(WorkFailed):  # a damaged shard is reported by itself
            rows = sum(map(found.num_rows, found.of_config(config)))
            if rows < planned[config]:
                yield f"{config}: has {rows:,} of {planned[config]:,} rows; `pain3d {command}` with the same options goes on"
