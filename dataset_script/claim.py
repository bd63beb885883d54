"""One directory, one piece of work: it is locked while the work runs, and records what it is for.

A small JSON file in the directory, the record, holds the settings that decide the result. A run with the same settings
continues what is there; a run with others is refused, with the settings that differ.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import InvalidInput, WorkFailed
from .storage import canonical_json, is_temporary, locked, remove_temporaries, reporting_write_errors, write_atomically
from .strict_json import parse_json

Settings = Mapping[str, Any]
Changes = Callable[[Settings, Settings], list[str]]
"""(settings in the record, settings of now) -> what differs, for people; nothing where the work is the same."""

_PATTERNS = ("*", "?", "[", "::")
"""What `load_dataset` takes for a pattern or a chain of file systems: it finds nothing, or files of other folders."""


def changed_settings(before: Settings, now: Settings) -> list[str]:
    """One "name was this and is that" for every setting that differs; an absent one is None."""
    names = [*before, *(name for name in now if name not in before)]
    return [f"{n} was {before.get(n)!r} and is {now.get(n)!r}" for n in names if before.get(n) != now.get(n)]


def read_record(path: Path, nan: bool = False) -> dict[str, Any]:
    """The settings in a record, with NaN where it may be. Raises WorkFailed when it does not hold a JSON object."""
    return parse_record(path.read_bytes(), str(path), nan)


def parse_record(content: bytes, name: str, nan: bool = False) -> dict[str, Any]:
    """The settings in the content of the record `name`. Raises WorkFailed when it does not hold a JSON object."""
    try:
        found = parse_json(content.decode("utf-8"), nan=nan)
    except ValueError as error:
        raise WorkFailed(f"{name} is damaged: {error}") from None
    if not isinstance(found, dict):
        raise WorkFailed(f"{name} is damaged: it does not hold a JSON object")
    return found


def check_changes(
    place: object, before: Settings, settings: Settings, what: str, changes: Changes = changed_settings
) -> None:
    """Raises InvalidInput where the record of a place has other settings; names what differs."""
    if changed := changes(before, settings):
        raise InvalidInput(f"{place} holds another {what}: {'; '.join(changed)}")


def check_record(record: Path, settings: Settings, what: str, changes: Changes = changed_settings) -> bool:
    """Whether `record` is there; refuses it where it is of other work.

    Args:
        record: the file.
        settings: JSON values that decide the result of the work.
        what: what the work makes, in a word or two, for people.
        changes: how settings are compared.

    Raises:
        InvalidInput: the record is of other work; names what differs.
        WorkFailed: it is damaged.
    """
    if not record.is_file():
        return False
    check_changes(record.parent, read_record(record), settings, what, changes)
    return True


def check_loadable(out: Path | str) -> None:
    """Raises InvalidInput where `load_dataset` would take the path of a directory, or a URL, for a pattern."""
    place = str(out.absolute() if isinstance(out, Path) else out)
    if found := [text for text in _PATTERNS if text in place]:
        raise InvalidInput(
            f"out is {place}, with {' and '.join(found)} in it, which load_dataset takes for a pattern; "
            f"allowed are paths without {', '.join(_PATTERNS)}"
        )


@contextlib.contextmanager
def claimed(
    directory: Path,
    record: str,
    settings: Settings,
    what: str,
    changes: Changes = changed_settings,
) -> Iterator[None]:
    """Holds `directory` for this work alone while the context lasts; makes it and writes its record where it is new.

    What an interrupted writer left half written is removed, at the beginning and at the end.

    Args:
        record: name of the file that says what the directory is for.
        settings, what, changes: as in `check_record`.

    Raises:
        InvalidInput: `directory` is a file, holds other work or anything else, another process works in it, or
            `load_dataset` cannot open what has its name.
        WorkFailed: it cannot be written, or the record is damaged.
    """
    check_loadable(directory)
    if directory.exists() and not directory.is_dir():
        raise InvalidInput(f"{directory} is a file; a directory is needed, for the {what}")
    with reporting_write_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
    with locked(directory):
        mine = check_record(directory / record, settings, what, changes)
        if not mine and (foreign := sorted(path.name for path in directory.iterdir() if not is_temporary(path))):
            raise InvalidInput(
                f"{directory} is not empty and holds no {record} (but {foreign[0]!r}); choose another directory"
            )
        remove_temporaries(directory)
        if not mine:
            write_atomically(directory / record, f"{canonical_json(settings)}\n".encode())
        try:
            yield
        finally:
            remove_temporaries(directory)
