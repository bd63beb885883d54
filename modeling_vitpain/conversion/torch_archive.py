"""PyTorch's zip checkpoints, read without PyTorch's unpickler and without executing anything.

Layout (torch.save since 1.6): one folder with `data.pkl`, the object tree, where each tensor refers to a storage, and
`data/0`, `data/1`, …, the raw storages. The tree is read at once, a tensor only when it is asked for; the optimizer's
state, which nobody asks for, is never read.
"""

import math
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.restricted_pickle import MAX_BYTES, Global, Inert, one_line, read_pickle

_MAX_DIMENSIONS = 8
# What zipfile raises on damaged files: OSError where an offset lies before the file, RuntimeError where it seems
# encrypted.
_DAMAGE = (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, OverflowError, LookupError, struct.error)
_DTYPE_OF = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


@dataclass(frozen=True)
class Storage:
    """A flat run of `numel` values in the file."""

    dtype: torch.dtype
    key: str
    numel: int


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that is still in the file: `size` and `stride` in elements, from element `offset` of the storage on."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class TorchArchive:
    """An open checkpoint. Use as a context manager.

    Attributes:
        content: the object tree; tensors are `StoredTensor`, objects of unknown classes `Inert`.

    Raises:
        InvalidInput: not a file of this format, or one that torch.save does not write.
        WorkFailed: truncated or damaged.
    """

    def __init__(self, path: Path):
        self.path = path
        self._zip = _open(path)
        try:
            self._root = _checked_root(path, self._zip)
            self._entries = {entry.filename: entry for entry in self._zip.infolist()}
            self.content = self._content()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "TorchArchive":
        return self

    def __exit__(self, *exception) -> None:
        self._zip.close()

    def check(self, stored: StoredTensor) -> None:
        """Raises WorkFailed unless the tensor's storage is in the file, and of the length that the tree declares."""
        storage = stored.storage
        length = self._entry(f"data/{storage.key}").file_size
        if length != storage.numel * storage.dtype.itemsize:
            raise WorkFailed(
                f"{self.path} is damaged: storage {storage.key} of {storage.numel:,} elements has {length:,} bytes"
            )

    def load(self, stored: StoredTensor) -> Tensor:
        """Reads a tensor, checksum included, into memory of its own."""
        self.check(stored)
        if not math.prod(stored.size):
            return torch.empty(stored.size, dtype=stored.storage.dtype)
        data = self._read(self._entry(f"data/{stored.storage.key}"))
        flat = torch.frombuffer(bytearray(data), dtype=stored.storage.dtype)
        return flat.as_strided(stored.size, stored.stride, stored.offset).contiguous()

    def _content(self) -> Any:
        """The object tree, after a check of the byte order."""
        if f"{self._root}/byteorder" in self._entries:
            order = self._read(self._entry("byteorder"))
            if order != b"little":
                raise InvalidInput(f"{self.path} has another byte order; allowed is little-endian")
        pickle = self._entry("data.pkl")
        if pickle.file_size > MAX_BYTES:
            raise InvalidInput(f"{self.path}: data.pkl has {pickle.file_size:,} bytes; allowed is up to {MAX_BYTES:,}")
        data = self._read(pickle)
        try:
            return read_pickle(data, _CONSTRUCTORS, _storage)
        except InvalidInput as error:
            raise InvalidInput(f"{self.path}: {error}") from error

    def _entry(self, name: str) -> zipfile.ZipInfo:
        if f"{self._root}/{name}" not in self._entries:
            raise WorkFailed(f"{self.path} is damaged: it has no {one_line(self._root)}/{name}")
        return self._entries[f"{self._root}/{name}"]

    def _read(self, entry: zipfile.ZipInfo) -> bytes:
        try:
            return self._zip.read(entry)
        except _DAMAGE as error:
            what = f"{one_line(entry.filename)}: {error or type(error).__name__}"
            raise WorkFailed(f"{self.path} is damaged: {what}") from error


def _open(path: Path) -> zipfile.ZipFile:
    with open(path, "rb") as file:
        head = file.read(4)
    try:
        return zipfile.ZipFile(path)
    except _DAMAGE as error:
        if head == b"PK\x03\x04":
            raise WorkFailed(f"{path} is truncated or damaged: {error}") from error
        raise InvalidInput(
            f"{path} is not a zip archive; allowed are checkpoints as torch.save writes them since PyTorch 1.6 "
            "(an older one: load and save it again with a current PyTorch, if you trust it)"
        ) from None


def _checked_root(path: Path, archive: zipfile.ZipFile) -> str:
    """The one folder that holds everything. Refuses what torch.save does not write and readers may read differently."""
    names = archive.namelist()
    roots = [PurePosixPath(name).parts[0] for name in names if PurePosixPath(name).parts[1:] == ("data.pkl",)]
    if len(roots) != 1:
        raise InvalidInput(f"{path} holds {len(roots)} data.pkl one folder deep; a PyTorch checkpoint holds one")
    for entry in archive.infolist():
        parts = PurePosixPath(entry.filename).parts
        if parts[:1] != (roots[0],) or ".." in parts or "\\" in entry.filename:
            raise InvalidInput(
                f"{path} holds the entry {one_line(entry.filename)!r}; allowed is what lies in {one_line(roots[0])!r}"
            )
        if entry.compress_type != zipfile.ZIP_STORED:
            raise InvalidInput(
                f"{path}: {one_line(entry.filename)!r} is compressed; PyTorch stores its entries as they are"
            )
    if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
        raise WorkFailed(f"{path} is damaged: its directory declares more bytes than the file has")
    if len(set(names)) != len(names):
        raise InvalidInput(f"{path} holds an entry twice; a PyTorch checkpoint holds each once")
    return roots[0]


def _storage(identifier: Any) -> Storage | Inert:
    """Of the persistent id ("storage", type, key, device, number of elements)."""
    kind, made_by, key, _, numel = identifier
    if kind != "storage" or not isinstance(made_by, Global):
        raise InvalidInput("the pickle refers to something outside of it that is no storage")
    if made_by.name not in _DTYPE_OF:
        return Inert(str(made_by))
    if not (isinstance(key, str) and key.isascii() and key.isdigit()):
        raise InvalidInput("a storage of the pickle is called by something else than a number")
    return Storage(_DTYPE_OF[made_by.name], key, _count(numel))


def _ordered_dict(*items: Any) -> dict:
    if items:  # pickles of Python 3 fill it afterwards
        raise InvalidInput("the pickle has an OrderedDict in a form that Python 3 does not write")
    return {}


def _rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any, *ignored: Any) -> StoredTensor | Inert:
    """torch._utils._rebuild_tensor_v2. The tensor must lie within its storage, and not be larger than it (expanded)."""
    if isinstance(storage, Inert):
        return storage
    if not isinstance(storage, Storage):
        raise InvalidInput("a tensor of the pickle has no storage")
    size, stride = tuple(map(_count, size)), tuple(map(_count, stride))
    if len(size) > _MAX_DIMENSIONS:
        raise InvalidInput(f"a tensor of the pickle has {len(size)} dimensions; allowed is up to {_MAX_DIMENSIONS}")
    last = _count(offset) + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and not (last < storage.numel and math.prod(size) <= storage.numel):
        raise InvalidInput(f"a tensor of the pickle, {size}, does not fit its storage of {storage.numel:,} elements")
    return StoredTensor(storage, offset, size, stride)


def _rebuild_parameter(data: Any, *ignored: Any) -> StoredTensor | Inert:
    if not isinstance(data, StoredTensor | Inert):
        raise InvalidInput("a parameter of the pickle has no tensor")
    return data


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**48:
        raise InvalidInput("a size in the pickle is not a whole number from 0 to 2^48")
    return value


_CONSTRUCTORS = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
}
