"""Which files of a directory go to the Hub, and as which bytes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dataset_script.storage import is_temporary

from ..training_words import without_folders

IGNORED_FOLDERS = ("__pycache__",)


@dataclass(frozen=True)
class PublishedFile:
    """One file of a publication.

    Attributes:
        path: in the repository, and in the directory.
        source: the file.
        content: the bytes that go to the Hub where they are not those of the file.
        made: where they are not, how they were made from it, in a few words.
    """

    path: str
    source: Path
    content: bytes | None = None
    made: str = ""

    @property
    def num_bytes(self) -> int:
        return self.source.stat().st_size if self.content is None else len(self.content)


def root_files(directory: Path, suffixes: Iterable[str]) -> list[PublishedFile]:
    """The files beside the card that have one of these suffixes; hidden and temporary ones are left out.

    JSON records name folders of the machine that wrote them: of those the last part goes to the Hub.
    """
    suffixes = tuple(suffixes)
    paths = [path for path in sorted(directory.iterdir()) if path.is_file() and path.suffix in suffixes]
    return [_without_folders(path) for path in paths if not _is_hidden(path)]


def all_files(directory: Path) -> list[PublishedFile]:
    """Every file below a directory but hidden and compiled ones. Links to folders are not followed."""
    found = []
    for path in sorted(directory.rglob("*")):
        inside = path.relative_to(directory)
        if path.is_file() and not any(_is_hidden(Path(part)) or part in IGNORED_FOLDERS for part in inside.parts):
            found.append(PublishedFile(inside.as_posix(), path))
    return found


def left_out(directory: Path, files: Iterable[PublishedFile]) -> list[str]:
    """Names beside the card that are not published, folders with a slash."""
    sent = {file.path.partition("/")[0] for file in files}
    return [path.name + "/" * path.is_dir() for path in sorted(directory.iterdir()) if path.name not in sent]


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or is_temporary(path)


def _without_folders(path: Path) -> PublishedFile:
    """A file; of a JSON record that names folders of this machine a version without them."""
    file = PublishedFile(path.name, path)
    if path.suffix != ".json":
        return file
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        return file  # whether it may be damaged is for the checks to say
    if (shortened := _shortened(value)) == value:
        return file
    content = (json.dumps(shortened, indent=2, ensure_ascii=False) + "\n").encode()
    return PublishedFile(path.name, path, content, "folders of this machine left out")


def _shortened(value: object) -> object:
    match value:
        case dict():
            return {name: _shortened(inner) for name, inner in value.items()}
        case list():
            return [_shortened(inner) for inner in value]
        case str():
            return without_folders(value)
        case _:
            return value
