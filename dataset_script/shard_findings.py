"""Looking at shards one by one, in this process or in several, for what is wrong with each file and each row alone."""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from .directory import DatasetDirectory, Shard, check_row_count
from .errors import WorkFailed
from .processes import working
from .row_checks import RowChecks, RowFacts
from .rows import Row
from .shard_checks import Schema, features_of, file_problems


class PlannedRows(Protocol):
    """What must stand in a dataset by the plan that it was made from. Other processes get it pickled."""

    def shards(self) -> Collection[str]:
        """Paths of all shards of the complete dataset."""

    def num_rows(self, path: str) -> int:
        """Rows of one of them."""

    def problems(self, path: str, place: int, row: dict) -> Iterator[str]:
        """Where the row at `place` of a shard differs from the plan."""


@dataclass
class Findings:
    """What was found in a shard.

    Attributes:
        num_rows: as the file says, or else the manifest.
        rows: those that were read.
        problems: why not all of them could be.
    """

    num_rows: int
    rows: list[RowFacts] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ShardReader:
    """Looks at the shards of one dataset; arguments as those of `verify`."""

    found: DatasetDirectory
    schemas: dict[str, Schema]
    quick: bool
    plan: PlannedRows | None

    def look_at(self, shard: Shard) -> Findings:
        """Reads a shard and checks its rows alone."""
        findings = Findings(0 if shard.entry is None else shard.entry.rows)
        findings.problems += file_problems(self.found, shard.path, shard.entry)
        if findings.problems:  # no need to read rows
            return findings
        try:
            with pq.ParquetFile(self.found.path / shard.path) as file:
                findings.num_rows = file.metadata.num_rows
                findings.problems += self._form_problems(shard, file)
                if not findings.problems and self.schemas[shard.config].can_be_checked:
                    findings.rows.extend(self._rows(shard, file))
        except (pa.ArrowException, OSError) as error:
            findings.problems.append(f"cannot be read: {str(error).splitlines()[0]}")
        return findings

    def _form_problems(self, shard: Shard, file: pq.ParquetFile) -> list[str]:
        """What is wrong with columns and number of rows."""
        check_row_count(self.found.path / shard.path, file.metadata.num_rows)
        if problems := self.schemas[shard.config].problems(features_of(file)):
            return problems
        rows = file.metadata.num_rows
        said = {} if shard.entry is None else {"the manifest says": shard.entry.rows}
        if self.plan is not None and shard.path in self.plan.shards():
            said["the plan"] = self.plan.num_rows(shard.path)
        if any(number != rows for number in said.values()):
            return [f"has {rows} rows, {', '.join(f'{what} {number}' for what, number in said.items())}"]
        return []

    def _rows(self, shard: Shard, file: pq.ParquetFile) -> Iterator[RowFacts]:
        checks, schema = RowChecks(self.found, self.quick), self.schemas[shard.config]
        for place, row, facs in checks.read(file, schema):
            yield checks.facts(shard, schema, row, facs, self._plan_problems(shard, place, row))

    def _plan_problems(self, shard: Shard, place: int, row: Row) -> Iterator[str]:
        if self.plan is not None and shard.path in self.plan.shards():
            yield from self.plan.problems(shard.path, place, row)


def look_at_all(
    reader: ShardReader, groups: Sequence[Sequence[Shard]], workers: int
) -> Iterator[tuple[Shard, Findings]]:
    """Every shard and what is found in it, in their order.

    Args:
        groups: shards that one process looks at, one after the other.
        workers: processes; 1 stays in this one.

    Raises:
        WorkFailed: a worker was killed.
    """
    if workers == 1 or len(groups) < 2:
        for shard in (shard for group in groups for shard in group):
            yield shard, reader.look_at(shard)
        return
    given = (reader.found.path, reader.schemas, reader.quick, reader.plan)
    try:
        with working(min(workers, len(groups)), _start, given, _look_at, ((group,) for group in groups)) as futures:
            for number, group in enumerate(groups):
                yield from zip(group, futures[number].result(), strict=True)
                futures[number] = None  # its rows are no longer needed
    except BrokenProcessPool:
        raise WorkFailed("a worker process was killed (out of memory?): run it again with fewer workers") from None


_reader: ShardReader


def _start(directory: Path, schemas: dict[str, Schema], quick: bool, plan: PlannedRows | None) -> None:
    global _reader
    _reader = ShardReader(DatasetDirectory.open(directory), schemas, quick, plan)


def _look_at(group: Sequence[Shard]) -> list[Findings]:
    return [_reader.look_at(shard) for shard in group]
