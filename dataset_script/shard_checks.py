"""Checks of one shard: its file against the manifest, its columns against the schema, its rows by what is in them."""

from collections.abc import Iterator

import pyarrow.parquet as pq
from datasets import Features, Image, Value

from .directory import DatasetDirectory, Shard, features_of_schema
from .errors import InvalidInput, WorkFailed
from .features import FEATURES, IMPORTED_FEATURES, STIMULUS_FEATURES
from .manifest import Entry
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
from .shards import file_sha256
from .spec import Spec, check_version

_NEEDED = {
    "default": ("frame_id", "identity_id", "image", "pspi", "au"),
    "pairs": ("frame_id", "identity_id", "image", "neutral_image", "neutral_frame_id", "pspi", "au"),
    "references": ("frame_id", "identity_id", "image"),
    "geometry": ("frame_id", "identity_id", "depth", "segments", "au_heatmaps"),
}
"""Columns without which rows cannot be checked, in the data of any version."""
_BATCH = 256  # rows in memory


class Schema:
    """The schema of one configuration of a directory.

    That of this version where this version's spec is there, that of imports where data were imported; else, as another
    version made them, the one that the README states, or that of the first shard: all shards must have the same.
    """

    def __init__(self, found: DatasetDirectory, config: str) -> None:
        self.config, self._known = config, FEATURES.get(config)
        self.features: Features | None = None
        if found.is_imported:
            self.features = self._known = STIMULUS_FEATURES if found.has_stimuli else IMPORTED_FEATURES
        elif _is_of_this_version(found):
            self.features = self._known
        elif config in found.infos:
            self.features = found.infos[config].features

    @property
    def is_known(self) -> bool:
        """Whether it is the schema of this version."""
        return self.features is not None and self.features == self._known

    @property
    def can_be_checked(self) -> bool:
        """Whether this version knows what the rows mean."""
        return self._known is not None

    def problems(self, features: Features) -> list[str]:
        """What is wrong with the columns of a shard."""
        if self.features is None:
            self.features = features
        if features != self.features:
            lacks, adds = self.features.keys() - features.keys(), features.keys() - self.features.keys()
            other = {name for name in features.keys() & self.features.keys() if features[name] != self.features[name]}
            parts = {"lacks": lacks, "adds": adds, "has of another type": other}
            said = "; ".join(f"it {verb} {', '.join(sorted(names))}" for verb, names in parts.items() if names)
            return [f"its columns are not those of the schema: {said or 'they are in another order'}"]
        if lacks := [name for name in _NEEDED.get(self.config, ()) if name not in features]:
            return [f"lacks the columns {', '.join(lacks)}, without which its rows cannot be checked"]
        return []

    def notes(self) -> list[str]:
        """In what it differs from the schema of this version: those columns were not checked."""
        if self.features is None or self.is_known:
            return []
        if self._known is None:
            return [f"{self.config}: this version does not know this configuration; its rows were not checked"]
        differ = {name for name in self.features if self.features[name] != self._known.get(name)}
        lacks = self._known.keys() - self.features.keys()
        parts = {"unknown or of another type, and not checked": differ, "absent": lacks}
        said = "; ".join(f"{what}: {', '.join(sorted(names))}" for what, names in parts.items() if names)
        return [f"{self.config}: its columns are not those of this version ({said or 'another order'})"]


class RowChecks:
    """Checks of rows, alone and against those that came before: `default` has to come before `pairs`."""

    def __init__(self, found: DatasetDirectory, quick: bool) -> None:
        size = (found.spec or {}).get("size")
        self._imported, self._quick = found.is_imported, quick
        self._size = size if isinstance(size, int) else None
        self._has_meshes = (found.spec or {}).get("mesh")  # None: the spec does not tell
        self._seen: dict[str, set[str]] = {}  # configuration -> frame ids
        self._split_of: dict[int, str] = {}  # identity -> split
        self._pictures: dict[str, tuple] = {}  # frame id -> hashes of image and heatmap, face_box in `default`
        self._all_read = True  # every shard of `default` so far

    def skip(self, shard: Shard) -> None:
        """Its rows cannot be looked at, which is reported: nothing that only they tell is a problem of other rows."""
        if shard.config == "default":
            self._all_read = False

    def columns(self, schema: Schema) -> list[str]:
        """What has to be read for the checks."""
        features = schema.features.items()
        return [name for name, kind in features if not (self._quick and _has_pictures(kind))]

    def problems(self, shard: Shard, schema: Schema, row: Row, facs: bool) -> Iterator[str]:
        """What is wrong with a row, one line each; `facs`: look at its action units too."""
        yield from self._key_problems(shard, row)
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
            case "default":
                self._pictures[row["frame_id"]] = _pictures_of(row)
                yield from picture_problems(row, self._size)
            case "references":
                yield from picture_problems(row, self._size)
            case "pairs":
                yield from self._pair_problems(row)

    def _key_problems(self, shard: Shard, row: Row) -> Iterator[str]:
        seen = self._seen.setdefault(shard.config, set())
        if row["frame_id"] in seen:
            yield "there is an earlier row of this frame"
        seen.add(row["frame_id"])
        person = row["identity_id"]
        if (split := self._split_of.setdefault(person, shard.split)) != shard.split:
            self._split_of[person] = shard.split  # said once
            yield f"identity {person} is also in {split}; splits must be by person"

    def _pair_problems(self, row: Row) -> Iterator[str]:
        own, neutral = (self._pictures.get(row[name]) for name in ("frame_id", "neutral_frame_id"))
        if not self._all_read and (own is None or neutral is None):
            return
        if own != _pictures_of(row):
            yield "its pictures or face_box differ from those in `default`"
        if neutral is None or neutral[0] != _hash(row["neutral_image"]):
            yield f"its neutral_image is not the image of {row['neutral_frame_id']}"
        elif "neutral_face_box" in row and neutral[2] != _box(row["neutral_face_box"]):
            yield f"its neutral_face_box is not the face_box of {row['neutral_frame_id']}"


def file_problems(found: DatasetDirectory, name: str, entry: Entry | None) -> list[str]:
    """What is wrong with a file of a dataset as such, by its line in the manifest."""
    path = found.path / name
    if not path.is_file():
        return ["missing"]
    if entry is None:
        return []
    if found.origin is not None and entry.spec_hash != found.origin:
        return [f"made {'by another import' if found.is_imported else 'from another spec'}"]
    if (size := path.stat().st_size) != entry.bytes:
        return [f"has {size:,} bytes, the manifest says {entry.bytes:,}"]
    if (digest := file_sha256(path)) != entry.sha256:
        return [f"damaged: its sha256 is {digest[:12]}…, the manifest says {entry.sha256[:12]}…"]
    return []


def read_rows(shard: pq.ParquetFile, columns: list[str]) -> Iterator[tuple[int, Row, bool]]:
    """Its rows, a few hundred in memory at a time: place, row, and whether its action units must be looked at."""
    place = 0
    for batch in shard.iter_batches(_BATCH, columns=columns):
        batch.validate(full=True)  # pa.ArrowInvalid where text is no UTF-8
        rows = batch.to_pylist()
        facs = "pspi" in columns and not facs_is_sound(rows)
        for row in rows:
            yield place, row, facs
            place += 1


def features_of(shard: pq.ParquetFile) -> Features:
    """The schema of a file as `datasets` sees it."""
    return features_of_schema(shard.schema_arrow)


def _is_of_this_version(found: DatasetDirectory) -> bool:
    if found.spec is None:
        return False
    try:
        check_version(Spec.from_dict(found.spec).version)
    except (InvalidInput, WorkFailed):
        return False
    return True


def _pictures_of(row: Row) -> tuple:
    return _hash(row["image"]), _hash(row.get("heatmap")), _box(row.get("face_box"))


def _hash(picture: Row | None) -> int | None:
    return None if picture is None else hash(picture["bytes"])


def _box(box: list[float] | None) -> tuple[float, ...] | None:
    return None if box is None else tuple(box)


def _has_pictures(kind: object) -> bool:
    """Whether a column holds pictures or other files."""
    if isinstance(kind, dict):
        return any(map(_has_pictures, kind.values()))
    return isinstance(kind, Image) or kind == Value("binary")
