"""Files that are either wholly there or not there at all, whatever happens to the process or the machine."""

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import InvalidInput, WorkFailed

_TEMPORARY = ".tmp-"


def canonical_json(values: Mapping[str, Any]) -> str:
    """JSON with sorted keys, no spaces and nothing that is null: equal values give equal text."""
    kept = {name: value for name, value in values.items() if value is not None}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)


def temporary_path(path: Path) -> Path:
    """Where to write `path` before it is renamed; hidden from loaders, and no two processes of any machine share it."""
    return path.with_name(f"{_TEMPORARY}{path.name}.{os.uname().nodename}.{os.getpid()}")


def publish(temporary: Path, path: Path) -> None:
    """Gives a finished, fsynced file its final name."""
    os.replace(temporary, path)
    sync_directory(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Creates or replaces a file. Raises WorkFailed when it cannot be written; the old content is then still there.

    A device or pipe is written to as it is.
    """
    temporary = temporary_path(path)
    with reporting_write_errors(path):
        if is_stream(path):
            path.write_bytes(content)
            return
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            publish(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def is_stream(path: Path) -> bool:
    """Whether `path` is a device or a pipe, which can be written to but not replaced."""
    return path.exists() and not (path.is_file() or path.is_dir())


def append_durably(path: Path, content: bytes) -> None:
    """Appends to a file; a crash may leave a beginning of `content`. Raises WorkFailed when it cannot be written."""
    with reporting_write_errors(path):
        created = not path.exists()
        with open(path, "ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if created:
            sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Makes renames and new files in `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(directory: Path) -> None:
    """Removes what an interrupted process left in `directory` and the folders in it."""
    for pattern in (f"{_TEMPORARY}*", f"*/{_TEMPORARY}*"):
        for stale in directory.glob(pattern):
            stale.unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    return path.name.startswith(_TEMPORARY)


@contextlib.contextmanager
def locked(directory: Path, wait: bool = False, inherited: bool = False) -> Iterator[None]:
    """Holds `directory` for this process alone; the system lets go of it when the process ends, however it ends.

    Args:
        directory: it must be there.
        wait: until no other process holds it.
        inherited: programs that are started with `close_fds=False` meanwhile hold it too, each until it ends.

    Raises:
        InvalidInput: another process holds it, and it is not waited for.
        WorkFailed: its file system has no locks.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    os.set_inheritable(descriptor, inherited)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise InvalidInput(f"{directory} is being written by another run; wait for it or stop it") from None
        except OSError as error:  # Lustre without `-o flock`, some network file systems
            raise WorkFailed(
                f"{directory} is on a file system that cannot lock ({error.strerror}), so that nothing would keep two "
                "runs apart; write to a disk of this machine and copy or merge the result, or have locks turned on"
            ) from error
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def reporting_write_errors(path: Path) -> Iterator[None]:
    """Turns an OSError into one line that says what to do."""
    try:
        yield
    except OSError as error:
        advice = "free some space and run the same command again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        reason = error.strerror or str(error)
        raise WorkFailed(f"cannot write {path}: {reason}" + (f"; {advice}" if advice else "")) from error
