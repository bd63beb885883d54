"""Checks a dataset directory against itself: files against the manifest, rows against the plan, pictures by decoding.

The plan is computed again from `spec.json`, so a label that was changed after generation is found, in whatever file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Image

from generation.run.audit import label_problems

from .errors import WorkFailed
from .features import FEATURES
from .hub_readme import README
from .manifest import Entry, read_manifest
from .rows import geometry_problems, picture_problems
from .shards import FOLDERS, file_sha256
from .storage import is_temporary

if TYPE_CHECKING:
    from generation.plan import Chunk, Plan

    from .spec import Spec

_MAX_PROBLEMS_PER_SHARD = 20


@dataclass
class Report:
    """What `verify` looked at and what it found, one line each."""

    shards: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(directory: str | Path, quick: bool = False, progress: Callable[[int, int], None] | None = None) -> Report:
    """Checks everything that can be checked and reports all that is wrong.

    Args:
        quick: leave the pictures undecoded; checksums and labels are still checked.
        progress: called with (rows checked, rows of the dataset).

    Raises:
        WorkFailed: this is no dataset directory, its manifest is damaged, or another generator version made it.
    """
    from generation.plan import Plan
    from generation.run.chunks import shard_names  # generation builds on this package: only reached when called

    from .spec import GENERATOR_VERSION, Spec

    directory = Path(directory)
    spec = Spec.load(directory)
    if spec.version != GENERATOR_VERSION:
        raise WorkFailed(
            f"{directory} was made by generator version {spec.version}, this is version {GENERATOR_VERSION}: "
            "its plan cannot be computed here"
        )
    plan, report = Plan(spec), Report()
    entries = {entry.path: entry for entry in read_manifest(directory)}
    chunks = [(chunk, shard_names(spec, chunk)) for chunk in plan.chunks()]
    report.problems += _file_problems(directory, entries, {name for _, names in chunks for name in names.values()})
    total = sum(entry.rows for entry in entries.values())
    for chunk, names in chunks:
        check = _ChunkCheck(directory, spec, plan, chunk, quick)
        for config, name in names.items():
            if (entry := entries.get(name)) is None:
                report.problems.append(f"{name}: not made yet; `pain3d generate` with the same options makes it")
                continue
            report.shards += 1
            report.rows += entry.rows
            report.problems += _first_few(name, check.problems(config, entry))
            if progress is not None:
                progress(report.rows, total)
    return report


def _first_few(name: str, problems: Iterator[str]) -> Iterator[str]:
    for number, problem in enumerate(problems):
        if number == _MAX_PROBLEMS_PER_SHARD:
            yield f"{name}: and more; only the first {_MAX_PROBLEMS_PER_SHARD} are listed"
            return
        yield f"{name}: {problem}"


def _file_problems(directory: Path, entries: dict[str, Entry], planned: set[str]) -> Iterator[str]:
    for name in entries.keys() - planned:
        yield f"{name}: stands in the manifest, but the spec has no such shard"
    for folder in FOLDERS.values():
        for path in sorted((directory / folder).glob("*")):
            name = f"{folder}/{path.name}"
            if name not in entries and name not in planned and not is_temporary(path):
                yield f"{name}: does not belong here"
    if entries.keys() >= planned and not (directory / README).is_file():
        yield f"{README}: missing; `pain3d generate` with the same options writes it"


class _ChunkCheck:
    """Checks the shards of one chunk; those after `default` are compared with its pictures."""

    def __init__(self, directory: Path, spec: "Spec", plan: "Plan", chunk: "Chunk", quick: bool) -> None:
        self._directory, self._spec, self._quick = directory, spec, quick
        self._people = {identity: plan[identity] for identity in chunk.identities}
        self._pictures: dict[str, tuple] = {}  # frame_id -> hashes of image and heatmap, face_box in `default`

    def problems(self, config: str, entry: Entry) -> Iterator[str]:
        path = self._directory / entry.path
        if not path.is_file():
            yield "missing"
            return
        if entry.spec_hash != self._spec.hash:
            yield "made from another spec"
        if (size := path.stat().st_size) != entry.bytes:
            yield f"has {size:,} bytes, the manifest says {entry.bytes:,}"
            return
        if (digest := file_sha256(path)) != entry.sha256:
            yield f"damaged: its sha256 is {digest[:12]}…, the manifest says {entry.sha256[:12]}…"
            return
        try:
            yield from self._content_problems(config, entry, path)
        except (pa.ArrowException, OSError) as error:
            yield f"cannot be read: {str(error).splitlines()[0]}"

    def _content_problems(self, config: str, entry: Entry, path: Path) -> Iterator[str]:
        with pq.ParquetFile(path) as shard:
            if Features.from_arrow_schema(shard.schema_arrow) != FEATURES[config]:
                yield "its columns are not those of the schema"
                return
            expected = self._expected_keys(config)
            if not shard.metadata.num_rows == entry.rows == len(expected):
                yield f"has {shard.metadata.num_rows} rows, the manifest says {entry.rows}, the plan {len(expected)}"
                return
            columns = [name for name, kind in FEATURES[config].items() if not (self._quick and _has_pictures(kind))]
            keys = iter(expected)
            for group in range(shard.num_row_groups):
                for row in shard.read_row_group(group, columns=columns).to_pylist():
                    identity_id, expression_id, view_id = next(keys)
                    person = self._people[identity_id]
                    for problem in self._row_problems(config, row, person, expression_id, view_id):
                        yield f"frame {row['frame_id']}: {problem}"

    def _expected_keys(self, config: str) -> list[tuple[int, int, int]]:
        keys = []
        for person in self._people.values():
            views = [view.view_id for view in person.views]
            expressions = [expression.expression_id for expression in person.expressions]
            if config == "pairs":
                keys += [(person.identity_id, e, v) for v in views for e in expressions if e]
            else:
                keys += [(person.identity_id, e, v) for e in expressions for v in views]
        return keys

    def _row_problems(
        self, config: str, row: dict[str, Any], person: Any, expression_id: int, view_id: int
    ) -> Iterator[str]:
        yield from label_problems(config, row, self._spec, person, expression_id, view_id)
        if self._quick:
            return
        if config == "geometry":
            yield from geometry_problems(row, self._spec.size)
            return
        mine = hash(row["image"]["bytes"]), hash(row["heatmap"]["bytes"]), tuple(row["face_box"])
        if config == "default":
            self._pictures[row["frame_id"]] = mine
            yield from picture_problems(row, self._spec.size)
        elif self._pictures:  # decoded there already; empty when `default` could not be read, which was reported
            if self._pictures.get(row["frame_id"]) != mine:
                yield "its pictures or face_box differ from those in `default`"
            neutral = self._pictures.get(row["neutral_frame_id"])
            if neutral is None or neutral[0] != hash(row["neutral_image"]["bytes"]):
                yield f"its neutral_image is not the image of {row['neutral_frame_id']}"
            elif neutral[2] != tuple(row["neutral_face_box"]):
                yield f"its neutral_face_box is not the face_box of {row['neutral_frame_id']}"


def _has_pictures(kind: object) -> bool:
    return isinstance(kind, Image) or (isinstance(kind, dict) and any(map(_has_pictures, kind.values())))
