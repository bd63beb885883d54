"""Looking for files quickly, and reading small ones."""

import os
from collections.abc import Iterator
from pathlib import Path

from ..media_files import PHOTO_SUFFIXES, is_hidden, visible_files
from .report import Unusable

CHECKPOINTS = (".ckpt", ".pt", ".pth")
"""Files that are no data but models, which `pain3d convert` reads."""
PICTURES = PHOTO_SUFFIXES
"""What importers take for pictures: those that `load_dataset` decodes without further packages."""
TABLES = (".csv", ".tsv")

_MAX_LABEL_BYTES = 1 << 20


def walk(folder: Path) -> Iterator[os.DirEntry]:
    """Every visible file below `folder`, as `visible_files`. Raises OSError where a folder cannot be opened."""
    return visible_files(folder)


def read_label(path: str | Path) -> str:
    """The text of a small file. Raises Unusable when it cannot be read, is no text, or is larger than 1 MiB."""
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_LABEL_BYTES + 1)
    except OSError as error:
        raise Unusable("unreadable label", f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _MAX_LABEL_BYTES:
        raise Unusable("unreadable label", f"{path} is larger than any label")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("unreadable label", f"{path} is not text") from None


def tables_in(folder: Path) -> list[Path]:
    """The visible files of `folder` itself that are tables by their suffix, in letters of any case; sorted."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in TABLES and not is_hidden(path.name) and path.is_file()
    )
