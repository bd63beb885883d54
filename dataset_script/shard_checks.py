"""Checks of one shard as such: its file against the manifest, its columns against the schema."""

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features

from .directory import DatasetDirectory, features_of_schema
from .errors import InvalidInput, WorkFailed
from .features import FEATURES, IMPORTED_FEATURES, STIMULUS_FEATURES
from .manifest import Entry
from .shards import file_sha256
from .spec import Spec, check_version

_NEEDED = {
    "default": ("frame_id", "identity_id", "image", "pspi", "au"),
    "pairs": ("frame_id", "identity_id", "image", "neutral_image", "neutral_frame_id", "pspi", "au"),
    "references": ("frame_id", "identity_id", "image"),
    "geometry": ("frame_id", "identity_id", "depth", "segments", "au_heatmaps"),
}
"""Columns without which rows cannot be checked, in the data of any version."""


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
        else:
            self.features = _first_features(found, config)

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


def _first_features(found: DatasetDirectory, config: str) -> Features | None:
    """The schema of the first shard that is as the manifest says and can be read."""
    for shard in found.of_config(config):
        if not file_problems(found, shard.path, shard.entry):
            try:
                with pq.ParquetFile(found.path / shard.path) as file:
                    return features_of(file)
            except (pa.ArrowException, OSError):
                continue  # it will be reported when its rows are to be read
    return None
