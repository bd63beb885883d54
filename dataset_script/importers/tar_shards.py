"""Members of tar files, read in order and never unpacked, so that no name in them can lead anywhere."""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import WorkFailed
from .report import Unusable

_MAX_MEMBER_BYTES = 64 << 20
_MAX_HEADER_BYTES = 1 << 20
_LONG_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
"""Members that hold the name or the attributes of the next one, which `tarfile` reads into memory whole."""

_MOST_UNPACKED = 200
"""How many times its size a shard may unpack to, and `_MAX_MEMBER_BYTES` more. Pictures cannot be packed further; a
megabyte of zeros, in bzip2, is one of 45 gigabytes."""

_DAMAGE = (tarfile.TarError, EOFError, OSError, zlib.error)

Where = tuple[int, int]
"""Shard, and which of its regular files."""


@dataclass(frozen=True)
class Member:
    """A regular file of a shard; `name` is without folders. Call `text` before the next member is asked for."""

    name: str
    size: int
    where: Where
    _archive: tarfile.TarFile
    _info: tarfile.TarInfo

    def content(self) -> bytes:
        """Raises Unusable when it is larger than any picture, WorkFailed when the shard is damaged."""
        if self.size > _MAX_MEMBER_BYTES:
            raise Unusable("unreadable picture", f"{self._info.name} has {self.size:,} bytes")
        try:
            content = self._archive.extractfile(self._info).read()
        except _DAMAGE as error:
            raise WorkFailed(f"{self._archive.name} is damaged in {self._info.name}: {error}") from None
        if len(content) < self.size:
            raise WorkFailed(f"{self._archive.name} is damaged: {self._info.name} ends early")
        return content

    def text(self) -> str:
        try:
            return self.content().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unusable("unreadable label", f"{self._info.name} is not text") from None


class _Header(tarfile.TarInfo):
    """A member's header, refused where it asks for more memory than any name needs."""

    @classmethod
    def frombuf(cls, buf: bytes, encoding: str, errors: str) -> "_Header":
        """See `tarfile.TarInfo`. Raises tarfile.ReadError."""
        found = super().frombuf(buf, encoding, errors)
        if found.type in _LONG_HEADERS and found.size > _MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {found.size:,} bytes; allowed are {_MAX_HEADER_BYTES:,}")
        return found


class TarShards:
    """Tar files (plain, gz, bz2, xz) as one long sequence of regular files."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._open: Iterator[Member] | None = None
        self._next: Where = (-1, 0)

    def members(self) -> Iterator[Member]:
        """Every regular file. Raises WorkFailed when a shard is damaged."""
        for shard in range(len(self._paths)):
            yield from self._members_of(shard)

    def file(self, where: Where) -> str:
        """The path of the shard that holds it."""
        return str(self._paths[where[0]])

    def read(self, where: Where) -> bytes:
        """The content of a file. Later ones are reached by reading on, earlier ones by beginning again."""
        if self._next[0] != where[0] or where[1] < self._next[1]:
            self._open, self._next = self._members_of(where[0]), (where[0], 0)
        for member in self._open:
            self._next = (where[0], member.where[1] + 1)
            if member.where == where:
                return member.content()
        raise WorkFailed(f"{self._paths[where[0]]} has changed while it was read")

    def _members_of(self, shard: int) -> Iterator[Member]:
        path, position = self._paths[shard], 0
        try:
            most = path.stat().st_size * _MOST_UNPACKED + _MAX_MEMBER_BYTES
            with tarfile.open(path, "r|*", tarinfo=_Header) as archive:
                for info in archive:
                    archive.members = []  # it would keep every header
                    if info.offset_data + info.size > most:
                        raise tarfile.ReadError(f"it unpacks to more than {most:,} bytes, so it holds no pictures")
                    if info.isreg():
                        yield Member(info.name.rpartition("/")[2], info.size, (shard, position), archive, info)
                        position += 1
        except _DAMAGE as error:
            raise WorkFailed(f"{path} is damaged after {position} files: {error}") from None
