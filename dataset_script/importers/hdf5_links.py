"""What an HDF5 file of others holds, in itself and in the files beside it that it links to.

A file may name any other file of the machine as a part of its own: those outside of its folder are not read. A few of
its bytes may stand for any number of values: what is larger than `MOST_BYTES` is not read either.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, WorkFailed
from .report import Unusable

MOST_BYTES = 1 << 28
"""That a column of labels, a picture, or the block that a picture is compressed in may take in memory."""

_MOST_NAMES = 10_000
_MOST_DEEP = 64
"""Data sets and groups, and groups within groups: links can make any number of either out of a few."""

_DAMAGE = (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError)
"""What h5py raises on damaged files."""


@contextmanager
def reading(name: Any) -> Iterator[None]:
    """Turns what h5py raises on a damaged file, `name`, into WorkFailed."""
    try:
        yield
    except (InvalidInput, WorkFailed, Unusable):
        raise
    except _DAMAGE as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WorkFailed(f"{name} is damaged, or holds what cannot be read: {said}") from None


def walk_links(file: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """All data sets of an open file, also those behind soft and external links, and the links that lead nowhere.

    Returns:
        path in the file -> data set, and path of a broken link -> what it is and where it leads.

    Raises:
        WorkFailed: the file is damaged, or holds more than any data set has.
    """
    walk = _Walk(Path(file.filename))
    with reading(file.filename):
        walk.look_into(file, "", [file["/"]])
    return walk.found, walk.broken


def whole_data(data: Any) -> Any:
    """`data`, a data set.

    Raises:
        WorkFailed: a file with a part of it is not there, where HDF5 reads zeros, or lies in another folder; or it is
            compressed in blocks of more than `MOST_BYTES`.
    """
    own = data.file.filename
    with reading(own):
        folder = Path(own).parent
        parts = [source.file_name for source in data.virtual_sources()] if data.is_virtual else []
        parts += [name for name, *_ in data.external or ()]
        parts = [part for part in dict.fromkeys(parts) if part != "."]
        absent = [part for part in parts if not (folder / part).exists()]
        block = math.prod(data.chunks or ()) * data.dtype.itemsize
    if absent:
        more = f" (and {len(absent) - 1} more files)" if absent[1:] else ""
        raise WorkFailed(f"{own}: {data.name} lies in part in {absent[0]}{more}, which is not there")
    for part in parts:
        if not _is_beside(folder / part, folder):
            raise WorkFailed(f"{own}: {data.name} lies in part in {part}, in another folder: put it into {folder}")
    if data.chunks and block > MOST_BYTES:
        raise WorkFailed(f"{own}: {data.name} is stored in blocks of {block:,} bytes; allowed are {MOST_BYTES:,}")
    return data


def values_of(data: Any) -> Any:
    """All values of a data set. Raises WorkFailed where it is damaged, or larger than `MOST_BYTES`."""
    name = f"{data.file.filename}: {data.name}"
    with reading(name):
        if (size := data.size * data.dtype.itemsize) > MOST_BYTES:
            raise WorkFailed(f"{name} holds {size:,} bytes; allowed are {MOST_BYTES:,}")
        return data[()]


class _Walk:
    """The names in the file at `path`: see `walk_links`."""

    def __init__(self, path: Path) -> None:
        self.found: dict[str, Any] = {}
        self.broken: dict[str, str] = {}
        self._path = path
        self._names = 0

    def look_into(self, group: Any, path: str, above: list[Any]) -> None:
        """Takes note of what a group holds, which has that path and lies in those above."""
        for name in group:
            here = f"{path}/{name}".lstrip("/")
            self._names += 1
            if self._names > _MOST_NAMES or len(above) > _MOST_DEEP:
                raise WorkFailed(
                    f"{self._path} holds more than {_MOST_NAMES:,} names, or groups more than {_MOST_DEEP} deep, such "
                    f"as {here[:60]!r}: it is no data set of pictures"
                )
            try:
                item = group[name]
            except (KeyError, OSError):
                self.broken[here] = _broken(here, group.get(name, getlink=True))
                continue
            if hasattr(item, "file") and not _is_beside(Path(item.file.filename), self._path.parent):
                self.broken[here] = f"its link {here!r} leads to {item.file.filename}, in another folder: put it beside"
            elif hasattr(item, "dtype") and hasattr(item, "shape"):
                self.found[here] = item
            elif hasattr(item, "keys") and item not in above:  # links may lead in circles
                self.look_into(item, here, [*above, item])


def _is_beside(file: Path, folder: Path) -> bool:
    """Whether a file lies in a folder or below it."""
    return file.resolve().is_relative_to(folder.resolve())


def _broken(path: str, link: Any) -> str:
    leads = f"{link.path!r}" + (f" of {link.filename}" if hasattr(link, "filename") else "")
    return f"its link {path!r} leads to {leads}, which is not there or cannot be read"
