"""Checks of rows: each alone, which any process can do, and each against the others, in the order of the shards."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.parquet as pq
from datasets import Image, Value

from .directory import DatasetDirectory, Shard
from .rows import (
    Row,
    facs_is_sound,
    facs_problems,
    geometry_problems,
    imported_picture_problems,
    key_problems,
    label_problems,
    picture_problems,
)
from .shard_checks import Schema

_BATCH = 256  # rows in memory

Box = tuple[float, ...] | None


@dataclass(frozen=True)
class RowFacts:
    """What is compared between rows, and what is wrong with this one alone.

    Attributes:
        frame_id, identity_id: of the row.
        problems: one line each.
        pictures: digests of image and heatmap, and the face box; None where pictures are not looked at.
        neutral: of a pair, the id, digest and face box (None: has none) of its neutral picture; else None.
    """

    frame_id: str
    identity_id: int
    problems: tuple[str, ...]
    pictures: tuple[bytes | None, bytes | None, Box] | None = None
    neutral: tuple[str, bytes | None, Box] | None = None


class RowChecks:
    """Checks of each row alone."""

    def __init__(self, found: DatasetDirectory, quick: bool) -> None:
        size = (found.spec or {}).get("size")
        self._imported, self._quick = found.is_imported, quick
        self._size = size if isinstance(size, int) else None
        self._has_meshes = (found.spec or {}).get("mesh")  # None: the spec does not tell

    def read(self, file: pq.ParquetFile, schema: Schema) -> Iterator[tuple[int, Row, bool]]:
        """Rows, as far as they are checked: place, row, whether to look at its FACS. A few hundred are in memory."""
        columns = [name for name, kind in schema.features.items() if not (self._quick and _has_pictures(kind))]
        place = 0
        for batch in file.iter_batches(_BATCH, columns=columns):
            batch.validate(full=True)  # pa.ArrowInvalid where text is no UTF-8
            rows = batch.to_pylist()
            facs = "pspi" in columns and not facs_is_sound(rows)
            for row in rows:
                yield place, row, facs
                place += 1

    def facts(self, shard: Shard, schema: Schema, row: Row, facs: bool, problems: Iterator[str]) -> RowFacts:
        """What there is to know of a row; `problems`: what is known to be wrong with it already."""
        found = (*problems, *self._problems(shard, schema, row, facs))
        if self._quick or self._imported or shard.config not in ("default", "pairs"):
            return RowFacts(row["frame_id"], row["identity_id"], found)
        pictures = _digest(row["image"]), _digest(row.get("heatmap")), _box(row.get("face_box"))
        neutral = None
        if shard.config == "pairs":
            neutral = row["neutral_frame_id"], _digest(row["neutral_image"]), _box(row.get("neutral_face_box"))
        return RowFacts(row["frame_id"], row["identity_id"], found, pictures, neutral)

    def _problems(self, shard: Shard, schema: Schema, row: Row, facs: bool) -> Iterator[str]:
        if facs:
            yield from facs_problems(row)
        if schema.is_known and not self._imported:
            yield from key_problems(row)
        yield from label_problems(row, nullable=self._imported or not schema.is_known)
        if self._quick:
            return
        match shard.config:
            case "geometry":
                yield from geometry_problems(row, self._size)
                if self._has_meshes is not None and "mesh" in row and (row["mesh"] is not None) != self._has_meshes:
                    yield f"mesh has {'no value' if self._has_meshes else 'a value, which the spec does not ask for'}"
            case "default" if self._imported:
                yield from imported_picture_problems(row)
            case "default" | "references":
                yield from picture_problems(row, self._size)


class CrossChecks:
    """Checks of rows against those that came before: `default` has to come before `pairs`."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}  # configuration -> frame ids
        self._split_of: dict[int, str] = {}  # identity -> split
        self._pictures: dict[str, tuple] = {}  # frame id -> `RowFacts.pictures` in `default`
        self._all_read = True  # every shard of `default` so far

    def skip(self, shard: Shard) -> None:
        """Not all its rows could be read, which is reported: nothing that only they tell is a problem of other rows."""
        if shard.config == "default":
            self._all_read = False

    def problems(self, shard: Shard, row: RowFacts) -> Iterator[str]:
        """All that is wrong with a row, one line each."""
        yield from row.problems
        yield from self._key_problems(shard, row)
        if row.neutral is not None:
            yield from self._pair_problems(row)
        elif row.pictures is not None:
            self._pictures[row.frame_id] = row.pictures

    def _key_problems(self, shard: Shard, row: RowFacts) -> Iterator[str]:
        seen = self._seen.setdefault(shard.config, set())
        if row.frame_id in seen:
            yield "there is an earlier row of this frame"
        seen.add(row.frame_id)
        person = row.identity_id
        if (split := self._split_of.setdefault(person, shard.split)) != shard.split:
            self._split_of[person] = shard.split  # said once
            yield f"identity {person} is also in {split}; splits must be by person"

    def _pair_problems(self, row: RowFacts) -> Iterator[str]:
        neutral_id, digest, box = row.neutral
        own, neutral = self._pictures.get(row.frame_id), self._pictures.get(neutral_id)
        if not self._all_read and (own is None or neutral is None):
            return
        if own != row.pictures:
            yield "its pictures or face_box differ from those in `default`"
        if neutral is None or neutral[0] != digest:
            yield f"its neutral_image is not the image of {neutral_id}"
        elif box is not None and neutral[2] != box:
            yield f"its neutral_face_box is not the face_box of {neutral_id}"


def _digest(picture: Row | None) -> bytes | None:
    """Short, and the same in every process."""
    if picture is None or picture["bytes"] is None:
        return None
    return hashlib.blake2b(picture["bytes"], digest_size=8).digest()


def _box(box: list[float] | None) -> Box:
    return None if box is None else tuple(box)


def _has_pictures(kind: object) -> bool:
    """Whether a column holds pictures or other files."""
    if isinstance(kind, dict):
        return any(map(_has_pictures, kind.values()))
    return isinstance(kind, Image) or kind == Value("binary")
