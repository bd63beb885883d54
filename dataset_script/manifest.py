"""`manifest.jsonl`: one line per finished shard. A shard that has no line is not finished.

Lines hold nothing that differs between two runs (no times, no hosts), and are sorted once the dataset is complete.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .errors import WorkFailed
from .features import FEATURES
from .storage import append_durably, write_atomically
from .strict_json import parse_json
from .vocabulary import SPLITS

MANIFEST = "manifest.jsonl"
SHARD_SUFFIX = ".parquet"

_REMEDY = "delete it and run the same command again, which makes all its files again"
_PATH = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Entry:
    """A finished shard, or a picture that frames were made with.

    Attributes:
        config: one of `FEATURES`, or one that another version of the generator has; the folder of a picture.
        path: relative to the dataset directory, with forward slashes.
        bytes: of the file.
        arrow_bytes: of the rows in memory; what `datasets` calls `num_bytes`.
        sha256: of the file, hex.
        spec_hash: of the spec that it was made from.
    """

    path: str
    config: str
    split: str
    rows: int
    bytes: int
    arrow_bytes: int
    sha256: str
    spec_hash: str

    @property
    def is_shard(self) -> bool:
        """Whether it is of rows; else it is of a picture that frames were made with."""
        return self.path.endswith(SHARD_SUFFIX)

    def has_file(self, directory: Path) -> bool:
        """Whether its file is in `directory` and has its size."""
        path = directory / self.path
        return path.is_file() and path.stat().st_size == self.bytes

    def to_line(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Entry":
        """Raises ValueError on anything that `to_line` did not write."""
        values = parse_json(line)
        if not isinstance(values, dict) or set(values) != {field.name for field in fields(cls)}:
            raise ValueError("not a manifest line")
        for field in fields(cls):
            if not isinstance(values[field.name], field.type):
                raise ValueError(f"{field.name} is not of type {field.type.__name__}")
        if values["split"] not in SPLITS:
            raise ValueError(f"unknown split {values['split']!r}")
        if not _PATH.fullmatch(values["path"]):
            raise ValueError(f"path is {values['path']!r}, which is not FOLDER/FILE")
        return cls(**values)


def picture_entry(directory: Path, path: str, split: str, spec_hash: str) -> Entry:
    """The line of a picture that frames were made with, `path` in a dataset directory."""
    content = (directory / path).read_bytes()
    folder = path.partition("/")[0]
    return Entry(path, folder, split, 0, len(content), 0, hashlib.sha256(content).hexdigest(), spec_hash)


def read_manifest(directory: Path) -> list[Entry]:
    """All entries of a dataset directory, sorted.

    An unfinished last line (the machine stopped while it was written) is left out, as if it had never been begun.

    Raises:
        WorkFailed: a line that is not a manifest line.
    """
    try:
        return parse_manifest((directory / MANIFEST).read_bytes(), str(directory / MANIFEST))
    except FileNotFoundError:
        return []


def parse_manifest(content: bytes, name: str) -> list[Entry]:
    """As `read_manifest`, of the content of the manifest `name`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise WorkFailed(f"{name} is damaged: it is not text; {_REMEDY}") from None
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            entry = Entry.from_line(line)
        except ValueError as error:
            raise WorkFailed(f"{name} is damaged: line {number}: {error}; {_REMEDY}") from None
        entries[entry.path] = entry  # a chunk that was made again after a kill may stand there twice
    return _sorted(entries.values())


def append_manifest(directory: Path, entries: Iterable[Entry]) -> None:
    """Adds lines, and returns once they are on the disk."""
    append_durably(directory / MANIFEST, _lines(entries).encode())


def write_manifest(directory: Path, entries: Iterable[Entry]) -> None:
    """Replaces the manifest by these entries, sorted."""
    write_atomically(directory / MANIFEST, manifest_text(entries).encode())


def manifest_text(entries: Iterable[Entry]) -> str:
    """The manifest of these entries, sorted."""
    return _lines(_sorted(entries))


def _lines(entries: Iterable[Entry]) -> str:
    return "".join(entry.to_line() for entry in entries)


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    entries = list(entries)
    configs = [*FEATURES, *sorted(entry.config for entry in entries)]
    return sorted(entries, key=lambda e: (configs.index(e.config), SPLITS.index(e.split), e.path))
