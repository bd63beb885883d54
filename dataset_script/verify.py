"""Checks a dataset directory against itself: files against the manifest, rows against schema and FACS, pictures by
decoding. It needs no generator: generated data of any version, imported data and Hub downloads are checked alike.

`generation.run.audit` adds the comparison with the plan, by which a label that was changed after generation is found.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from .directory import DatasetDirectory, Shard, check_row_count
from .hub_readme import README
from .rows import Row
from .shard_checks import RowChecks, Schema, features_of, file_problems, read_rows
from .shards import CONFIG_OF_FOLDER
from .storage import is_temporary
from .vocabulary import SPLITS

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
    missing = found.missing_shards() if plan is None else sorted(plan.shards() - {shard.path for shard in found.shards})
    report = Report(problems=[*_file_problems(found, missing, plan)], compared=plan is not None)
    schemas = {config: Schema(found, config) for config in found.configs}
    checks, rows = RowChecks(found, quick), Counter[str]()
    total = sum(shard.entry.rows for shard in found.shards if shard.entry)
    for shard in sorted(found.shards, key=_by_split if plan is None else _by_people):
        check = _ShardCheck(found, shard, schemas[shard.config], checks, plan)
        report.problems += _first_few(shard.path, check.problems())
        report.shards += 1
        rows[shard.config] += check.num_rows
        report.rows = rows.total()
        if progress is not None:
            progress(report.rows, max(total, report.rows))
    if not missing:
        report.problems += _completeness_problems(found, rows if plan is None else None)
    if not found.has_manifest:
        report.notes.append("there is no manifest.jsonl: sizes and checksums of the files could not be compared")
    report.notes += [note for schema in schemas.values() for note in schema.notes()]
    return report


def _by_split(shard: Shard) -> int:
    """`default` comes before `pairs`, as in the list of shards."""
    return SPLITS.index(shard.split)


def _by_people(shard: Shard) -> tuple[int, str]:
    """The shards of the same people follow each other too, so that they are planned once."""
    return SPLITS.index(shard.split), shard.path.rpartition("/")[2]


class _ShardCheck:
    """The check of one shard; `num_rows` is known once it is done."""

    def __init__(
        self, found: DatasetDirectory, shard: Shard, schema: Schema, rows: RowChecks, plan: PlannedRows | None
    ) -> None:
        self._found, self._shard, self._schema, self._rows, self._plan = found, shard, schema, rows, plan
        self.num_rows = 0 if shard.entry is None else shard.entry.rows

    def problems(self) -> Iterator[str]:
        if problems := file_problems(self._found, self._shard.path, self._shard.entry):  # no need to read rows
            self._rows.skip(self._shard)
            yield from problems
            return
        try:
            with pq.ParquetFile(self._found.path / self._shard.path) as file:
                if problems := self._form_problems(file):
                    self._rows.skip(self._shard)
                    yield from problems
                elif self._schema.can_be_checked:
                    yield from self._content_problems(file)
        except (pa.ArrowException, OSError) as error:
            self._rows.skip(self._shard)
            yield f"cannot be read: {str(error).splitlines()[0]}"

    def _form_problems(self, file: pq.ParquetFile) -> list[str]:
        """What is wrong with columns and number of rows."""
        self.num_rows, path = file.metadata.num_rows, self._shard.path
        check_row_count(self._found.path / path, self.num_rows)
        if problems := self._schema.problems(features_of(file)):
            return problems
        said = {} if self._shard.entry is None else {"the manifest says": self._shard.entry.rows}
        if self._plan is not None and path in self._plan.shards():
            said["the plan"] = self._plan.num_rows(path)
        if any(rows != self.num_rows for rows in said.values()):
            return [f"has {self.num_rows} rows, {', '.join(f'{what} {rows}' for what, rows in said.items())}"]
        return []

    def _content_problems(self, file: pq.ParquetFile) -> Iterator[str]:
        for place, row, facs in read_rows(file, self._rows.columns(self._schema)):
            for problem in self._row_problems(place, row, facs):
                yield f"frame {row['frame_id']}: {problem}"

    def _row_problems(self, place: int, row: Row, facs: bool) -> Iterator[str]:
        if self._plan is not None and self._shard.path in self._plan.shards():
            yield from self._plan.problems(self._shard.path, place, row)
        yield from self._rows.problems(self._shard, self._schema, row, facs)


def _first_few(name: str, problems: Iterator[str]) -> Iterator[str]:
    for number, problem in enumerate(problems):
        if number == _MAX_PROBLEMS_PER_SHARD:
            yield f"{name}: and more; only the first {_MAX_PROBLEMS_PER_SHARD} are listed"
            return
        yield f"{name}: {problem}"


def _file_problems(found: DatasetDirectory, missing: list[str], plan: PlannedRows | None) -> Iterator[str]:
    """Shards that are missing, and files that do not belong here."""
    names = {shard.path for shard in found.shards}
    for name in missing:
        yield f"{name}: not made yet; {_again(found)} makes it"
    for name in sorted(names - plan.shards()) if plan is not None else ():
        yield f"{name}: is in the manifest, but the spec has no such shard"
    for entry in found.pictures:
        for problem in file_problems(found, entry.path, entry):
            yield f"{entry.path}: {problem}"
    for folder in sorted({*CONFIG_OF_FOLDER, *(name.partition("/")[0] for name in names)}):
        for path in sorted((found.path / folder).glob("*")):
            name = f"{folder}/{path.name}"
            if name not in names and name not in missing and not is_temporary(path):
                yield f"{name}: does not belong here"


def _completeness_problems(found: DatasetDirectory, rows: Counter[str] | None) -> Iterator[str]:
    """Where a configuration has too few rows, or the README is missing; `rows`: None where there are enough."""
    short = [] if rows is None else [(c, n) for c, n in found.planned_rows().items() if rows[c] < n]
    for config, planned in short:
        yield f"{config}: has {rows[config]:,} of {planned:,} rows; {_again(found)} continues"
    if not short and not (found.path / README).is_file():
        yield f"{README}: missing; {_again(found)} writes it"


def _again(found: DatasetDirectory) -> str:
    return f"`pain3d {'import' if found.is_imported else 'generate'}` with the same options"
