"""Where a dataset is written: a directory, or a prefix in an object store that fsspec knows (S3, GCS, Azure, …).

Both hold the same files. They differ in what keeps a run that is killed, or a second one, from doing harm: `outputs` of
a directory are locked, those of a store are not, as stores cannot be; see `ObjectOutput`.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .claim import Settings, check_changes, check_loadable, claimed, parse_record
from .errors import InvalidInput, WorkFailed
from .manifest import MANIFEST, Entry, append_manifest, manifest_text, parse_manifest
from .shards import file_sha256
from .storage import canonical_json, write_atomically

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from .claim import Changes

_EXTRA_OF = {"s3": "s3fs: pip install 'pain3d[s3]'", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class Output(Protocol):
    """A place for the files of one dataset. Names are relative, with forward slashes."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def is_of_one_process(self) -> bool:
        """Whether other processes do not see it."""

    def claimed(
        self, record: str, settings: Settings, what: str, changes: "Changes"
    ) -> contextlib.AbstractContextManager[None]:
        """As `claim.claimed`."""

    def read(self, name: str) -> bytes | None:
        """A small file; None where it is not there."""

    def write(self, name: str, content: bytes) -> None:
        """Creates or replaces a small file; at no time is it there in part."""

    def intact(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of the entries whose files are there, undamaged as far as that can be told."""

    def add_to_manifest(self, entries: list[Entry], known: Iterable[Entry]) -> None:
        """Notes finished files; `known`: all of them, with `entries`."""

    def workspace(self) -> contextlib.AbstractContextManager[Path]:
        """A directory on this machine; the files that are written in it are in the output once the context ends."""

    def fetch(self, name: str, path: Path) -> None:
        """Copies a file to `path`, which does not exist. Raises WorkFailed where it cannot be read."""

    def folders(self) -> list[str]:
        """Names of the folders in it."""

    def inside(self, folder: str) -> "Output":
        """The output in one of its folders."""


def open_output(place: str | Path) -> Output:
    """The output at a path or URL (`s3://bucket/prefix`, `memory://prefix`, `file:///path`); nothing is written.

    Raises:
        InvalidInput: there is no such kind of URL, or `load_dataset` could not read from there.
        WorkFailed: a package is missing that it needs.
    """
    if "://" not in str(place):
        return DirectoryOutput(Path(place))
    return _object_output(str(place))


def read_output_manifest(output: Output) -> list[Entry]:
    """The entries of the manifest, sorted; none where there is no manifest. Raises WorkFailed where it is damaged."""
    content = output.read(MANIFEST)
    return [] if content is None else parse_manifest(content, f"{output.name}/{MANIFEST}")


def write_output_manifest(output: Output, entries: Iterable[Entry]) -> None:
    """Replaces the manifest by these entries, sorted."""
    output.write(MANIFEST, manifest_text(entries).encode())


@dataclass(frozen=True)
class DirectoryOutput:
    """A directory. It is locked while one process writes; every file has its whole content before it has its name."""

    path: Path

    is_of_one_process = False

    @property
    def name(self) -> str:
        return str(self.path)

    def claimed(
        self, record: str, settings: Settings, what: str, changes: "Changes"
    ) -> contextlib.AbstractContextManager[None]:
        return claimed(self.path, record, settings, what, changes)

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        write_atomically(self.path / name, content)

    def intact(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those whose files have the right size and checksum."""
        entries = list(entries)
        with ThreadPoolExecutor(os.cpu_count()) as readers:  # sums and reading both leave the interpreter to others
            return [entry for entry, good in zip(entries, readers.map(self._is_intact, entries), strict=True) if good]

    def _is_intact(self, entry: Entry) -> bool:
        return entry.has_file(self.path) and file_sha256(self.path / entry.path) == entry.sha256

    def add_to_manifest(self, entries: list[Entry], known: Iterable[Entry]) -> None:
        append_manifest(self.path, entries)

    def workspace(self) -> contextlib.AbstractContextManager[Path]:
        return contextlib.nullcontext(self.path)

    def fetch(self, name: str, path: Path) -> None:
        source = self.path / name
        try:
            try:
                os.link(source, path)
            except FileNotFoundError:
                raise
            except OSError:  # on another file system, or one without links
                shutil.copyfile(source, path)
        except OSError as error:
            raise WorkFailed(f"cannot copy {source}: {error.strerror or error}") from error

    def folders(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir() if path.is_dir()) if self.path.is_dir() else []

    def inside(self, folder: str) -> "DirectoryOutput":
        return DirectoryOutput(self.path / folder)


@dataclass(frozen=True)
class ObjectOutput:
    """A prefix in an object store. Workers write files on their own disk and then put them there, each at once.

    Nothing can be locked in a store. Two runs of one specification at once do the same work twice, put the same bytes,
    and each ends with a complete manifest; a run of another specification is refused, by `spec.json`, which is created
    only where there is none (on stores that can do so, as S3; on others it is read again after it was written).
    """

    url: str

    @property
    def name(self) -> str:
        return self.url

    @property
    def is_of_one_process(self) -> bool:
        return self.url.startswith("memory://")

    @contextlib.contextmanager
    def claimed(self, record: str, settings: Settings, what: str, changes: "Changes") -> Iterator[None]:
        if self.read(record) is None:
            self._check_empty(record)
            content = f"{canonical_json(settings)}\n".encode()
            with self._reporting("write", record) as files, contextlib.suppress(FileExistsError):
                files.pipe_file(self._path(record), content, mode="create")
        content = self.read(record)
        if content is None:
            raise WorkFailed(f"{self.url}/{record} was written and is not there")
        check_changes(self.url, parse_record(content, f"{self.url}/{record}"), settings, what, changes)
        yield

    def _check_empty(self, record: str) -> None:
        found = sorted(self._sizes())
        if found and record not in found:  # else another run was here just now
            raise InvalidInput(
                f"{self.url} is not empty and holds no {record} (but {found[0]!r}); choose another prefix"
            )

    def read(self, name: str) -> bytes | None:
        with self._reporting("read", name) as files:
            try:
                return files.cat_file(self._path(name))
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        with self._reporting("write", name) as files:
            files.pipe_file(self._path(name), content)

    def intact(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those whose objects have the right size: stores keep sums of their own, and reading all again costs hours."""
        sizes = self._sizes()
        return [entry for entry in entries if sizes.get(entry.path) == entry.bytes]

    def add_to_manifest(self, entries: list[Entry], known: Iterable[Entry]) -> None:
        write_output_manifest(self, known)  # objects cannot be appended to

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="pain3d-") as folder:
            yield Path(folder)
            for path in sorted(Path(folder).rglob("*")):
                if path.is_file():
                    self._put(path, path.relative_to(folder).as_posix())

    def _put(self, path: Path, name: str) -> None:
        with self._reporting("write", name) as files:
            files.put_file(str(path), self._path(name))
            files.invalidate_cache()
            if (size := files.size(self._path(name))) != path.stat().st_size:
                raise WorkFailed(f"{self.url}/{name} has {size:,} bytes after {path.stat().st_size:,} were put there")

    def fetch(self, name: str, path: Path) -> None:
        with self._reporting("read", name) as files:
            files.get_file(self._path(name), str(path))

    def folders(self) -> list[str]:
        return sorted({name.partition("/")[0] for name in self._sizes() if "/" in name})

    def inside(self, folder: str) -> "ObjectOutput":
        return ObjectOutput(f"{self.url}/{folder}")

    def _path(self, name: str) -> str:
        """The whole name of an object, as the store's file system has it."""
        bare = self._files._strip_protocol(self.url)
        return f"{bare}/{name}" if name else bare

    @property
    def _files(self) -> "AbstractFileSystem":
        from fsspec.core import url_to_fs

        return url_to_fs(self.url)[0]  # fsspec keeps one of a kind

    def _sizes(self) -> dict[str, int]:
        """Every object below the prefix, and its size."""
        prefix = f"{self._path('')}/"
        with self._reporting("read", "") as files:
            try:
                found = files.find(self._path(""), detail=True)
            except FileNotFoundError:
                return {}
        return {name.removeprefix(prefix): info["size"] for name, info in found.items() if name.startswith(prefix)}

    @contextlib.contextmanager
    def _reporting(self, verb: str, name: str) -> Iterator["AbstractFileSystem"]:
        """The file system, with nothing remembered of what was there before; errors become one line."""
        place = f"{self.url}/{name}" if name else self.url
        try:
            files = self._files
            files.invalidate_cache()
            yield files
        except (InvalidInput, WorkFailed, FileExistsError):
            raise
        except Exception as error:
            raise WorkFailed(f"cannot {verb} {place}: {str(error) or type(error).__name__}") from error


def _object_output(url: str) -> Output:
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    check_loadable(url)
    scheme = url.partition("://")[0]
    try:
        files, path = url_to_fs(url)
    except ValueError as error:
        raise InvalidInput(f"out is {url}: {error}") from None
    except ImportError:
        raise WorkFailed(f"{url} needs {_EXTRA_OF.get(scheme, f'the fsspec package for {scheme}://')}") from None
    if isinstance(files, LocalFileSystem):
        return DirectoryOutput(Path(path))
    if not path.strip("/"):
        raise InvalidInput(f"out is {url}; allowed: with a bucket or folder, as {scheme}://pain3d/full")
    return ObjectOutput(url.rstrip("/"))
