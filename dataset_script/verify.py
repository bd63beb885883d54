"""Checks a dataset directory against itself: files against the manifest, rows against schema and FACS, pictures by
decoding. It needs no generator: generated data of any version, imported data and Hub downloads are checked alike.

`generation.run.audit` adds the comparison with the plan, by which a label that was changed after generation is found.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .directory import DatasetDirectory, Shard
from .errors import InvalidInput
from .hub_readme import README
from .row_checks import CrossChecks
from .shard_checks import Schema, file_problems
from .shard_findings import Findings, PlannedRows, ShardReader, look_at_all
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


def verify(
    directory: str | Path,
    quick: bool = False,
    progress: Callable[[int, int], None] | None = None,
    plan: PlannedRows | None = None,
    workers: int = 1,
) -> Report:
    """Checks everything that can be checked and reports all that is wrong.

    Args:
        directory: a dataset directory, complete or not.
        quick: leave the pictures undecoded; checksums and labels are still checked.
        progress: called with (rows checked, rows of the dataset).
        plan: also compare the rows with it.
        workers: processes; the report does not depend on it.

    Raises:
        InvalidInput: this is no dataset directory, or `workers` is below 1.
        WorkFailed: its manifest or `spec.json` is damaged.
    """
    if workers < 1:
        raise InvalidInput(f"workers is {workers}; allowed: 1 or more")
    found = DatasetDirectory.open(directory)
    missing = found.missing_shards() if plan is None else sorted(plan.shards() - {shard.path for shard in found.shards})
    report = Report(problems=[*_file_problems(found, missing, plan)], compared=plan is not None)
    schemas = {config: Schema(found, config) for config in found.configs}
    cross, rows = CrossChecks(), Counter[str]()
    total = sum(shard.entry.rows for shard in found.shards if shard.entry)
    groups = _groups(found, by_people=plan is not None)
    for shard, findings in look_at_all(ShardReader(found, schemas, quick, plan), groups, workers):
        report.problems += _first_few(shard.path, _shard_problems(shard, findings, cross))
        report.shards += 1
        rows[shard.config] += findings.num_rows
        report.rows = rows.total()
        if progress is not None:
            progress(report.rows, max(total, report.rows))
    if not missing:
        report.problems += _completeness_problems(found, rows if plan is None else None)
    if not found.has_manifest:
        report.notes.append("there is no manifest.jsonl: sizes and checksums of the files could not be compared")
    report.notes += [note for schema in schemas.values() for note in schema.notes()]
    return report


def _groups(found: DatasetDirectory, by_people: bool) -> list[list[Shard]]:
    """What is looked at in one go, in order: a split after the other, in each `default` before `pairs`.

    By people, the shards of the same people follow each other, so that they are planned once.
    """
    if not by_people:
        return [[shard] for shard in sorted(found.shards, key=lambda shard: SPLITS.index(shard.split))]
    groups: dict[tuple[int, str], list[Shard]] = {}
    for shard in found.shards:
        groups.setdefault((SPLITS.index(shard.split), shard.path.rpartition("/")[2]), []).append(shard)
    return [groups[key] for key in sorted(groups)]


def _shard_problems(shard: Shard, findings: Findings, cross: CrossChecks) -> Iterator[str]:
    if findings.problems:
        cross.skip(shard)
    for row in findings.rows:
        for problem in cross.problems(shard, row):
            yield f"frame {row.frame_id}: {problem}"
    yield from findings.problems


def _first_few(name: str, problems: Iterator[str]) -> Iterator[str]:
    found = list(problems)  # all of them: rows that come later are compared with these
    for problem in found[:_MAX_PROBLEMS_PER_SHARD]:
        yield f"{name}: {problem}"
    if len(found) > _MAX_PROBLEMS_PER_SHARD:
        yield f"{name}: and more; only the first {_MAX_PROBLEMS_PER_SHARD} are listed"


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
