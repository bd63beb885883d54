"""A dataset directory against the plan that its spec gives: whatever label was changed after generation is found."""

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Any

from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.features import rows_per_identity
from dataset_script.rows import Row
from dataset_script.spec import Spec, check_version
from dataset_script.verify import NOT_COMPARED, Report, verify

from ..catalogue import check
from ..labels import planned_row
from ..plan import Chunk, IdentityPlan, Plan
from ..prompts import prompt_of
from .chunks import shard_names


def audit(
    directory: str | Path,
    quick: bool = False,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> Report:
    """`verify`, and the comparison with the plan where there is one; the first note says where not, and why.

    Args:
        directory, quick, progress, workers: as for `verify`.

    Raises:
        InvalidInput, WorkFailed: as `verify`.
    """
    try:
        plan = PlannedDataset(planned_spec(DatasetDirectory.open(directory)))
    except NoPlan as reason:
        report = verify(directory, quick, progress, workers=workers)
        report.notes.insert(0, f"{NOT_COMPARED}: {reason}")
        return report
    return verify(directory, quick, progress, plan, workers)


MEASURED = frozenset({"camera", "head_pose"})
"""Columns of numbers that files hold as float32."""


class NoPlan(Exception):
    """Why the plan of a dataset cannot be computed here."""


def planned_spec(found: DatasetDirectory) -> Spec:
    """The specification from which the plan of a directory can be computed. Raises NoPlan with the reason."""
    if found.is_imported:
        raise NoPlan("imported data have none")
    if found.spec is None:
        raise NoPlan("there is no spec.json")
    try:
        check_version(found.spec.get("version"))
        spec = Spec.from_dict(found.spec)
        check(spec)
    except (InvalidInput, WorkFailed) as error:
        raise NoPlan(f"spec.json: {error}") from None
    return spec


class PlannedDataset:
    """What this version of the generator puts into every row; a `PlannedRows` for `verify`."""

    def __init__(self, spec: Spec) -> None:
        self._spec, self._plan = spec, Plan(spec)
        chunks = self._plan.chunks()
        self._shards = {name: (config, c) for c in chunks for config, name in shard_names(spec, c).items()}
        self._rows_of = functools.lru_cache(maxsize=1)(self._planned_rows)  # the shards of a chunk follow each other

    def __reduce__(self) -> tuple:
        return PlannedDataset, (self._spec,)  # planned again in another process

    def shards(self) -> Set[str]:
        return self._shards.keys()

    def num_rows(self, path: str) -> int:
        config, chunk = self._shards[path]
        return len(chunk.identities) * rows_per_identity(self._spec.to_dict())[config]

    def problems(self, path: str, place: int, row: Row) -> Iterator[str]:
        config, chunk = self._shards[path]
        planned = self._rows_of(chunk)[config][place]
        for name in sorted(MEASURED & row.keys()):
            yield from itertools.islice(_measured_problems(name, row[name], planned[name]), 1)
        for name, value in planned.items():
            if name not in MEASURED and name in row and row[name] != value:
                yield f"{name} is {row[name]!r}; planned is {value!r}"

    def _planned_rows(self, chunk: Chunk) -> dict[str, list[Row]]:
        """The rows of a chunk, in the order of each configuration."""
        frames, pairs, references = [], [], []
        for person in map(self._plan.__getitem__, chunk.identities):
            prompt = prompt_of(person, self._spec.seed)
            rows = [[planned_row(self._spec, person, prompt, e, v) for v in person.views] for e in person.expressions]
            frames += [row for views in rows for row in views]
            pairs += [rows[e][v] for v in range(len(person.views)) for e in range(1, len(rows))]
            references += [self._planned_reference(day) for day in self._plan.references(person.identity_id)]
        return {"default": frames, "pairs": pairs, "references": references, "geometry": frames}

    def _planned_reference(self, day: IdentityPlan) -> Row:
        prompt = prompt_of(day, self._spec.seed)
        return planned_row(self._spec, day, prompt, day.expressions[0], day.views[0]) | {"reference_id": day.occasion}


def _measured_problems(name: str, found: Any, planned: Any) -> Iterator[str]:
    """Differences of numbers beyond the rounding of float32; what is absent or not finite was reported already."""
    match planned:
        case dict():
            for part, value in planned.items():
                yield from _measured_problems(f"{name}.{part}", (found or {}).get(part), value)
        case list():
            for place, value in enumerate(planned):
                yield from _measured_problems(f"{name}[{place}]", found[place] if found else None, value)
        case _ if found is not None and math.isfinite(found):
            if not math.isclose(found, planned, rel_tol=1e-5, abs_tol=1e-4):
                yield f"{name} is {found:g}; planned is {planned:g}"
