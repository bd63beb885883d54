"""NPZ files of others, read with bounded memory and without pickles."""

import math
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile

import numpy as np
from numpy.lib import format as npy

DAMAGED_ARRAYS = (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, BadZipFile, zlib.error)
"""What `read_arrays` raises on a file that is damaged or is none."""

_NO_HEADER = (SyntaxError, TokenError, RecursionError, MemoryError, TypeError, ArithmeticError)
"""What NumPy raises beside ValueError on a header, which it reads as a Python literal of at most 10,000 letters."""
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_arrays(path: Path, most_bytes: int, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an NPZ file by their names.

    Args:
        path: the file.
        most_bytes: that all arrays together may take. A compressed file of a megabyte could hold a gigabyte.
        names: only these, which must be there; None: all.

    Raises:
        DAMAGED_ARRAYS: it is no such file, an array is missing, holds Python objects, is not as long as its header
            says, or they are larger than `most_bytes`.
    """
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        wanted = list(members) if names is None else list(names)
        if absent := [name for name in wanted if name not in members]:
            raise KeyError(f"{absent[0]} is not in it")
        size = sum(members[name].file_size for name in wanted)
        if size > most_bytes:
            raise ValueError(f"its arrays take {size:,} bytes; allowed are {most_bytes:,}")
        return {name: _array(archive, members[name]) for name in wanted}


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as file:
        version = npy.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"{info.filename} is of version {version}; allowed are {', '.join(map(str, _HEADERS))}")
        try:
            shape, in_columns, dtype = _HEADERS[version](file)
        except _NO_HEADER as error:
            raise ValueError(f"{info.filename} has a header that cannot be read: {error}") from None
        if dtype.hasobject:
            raise ValueError(f"{info.filename} holds Python objects")
        if math.prod(shape) * dtype.itemsize > info.file_size:  # before any memory is taken for it
            raise ValueError(f"{info.filename} has a header of {shape} {dtype}, more than its {info.file_size:,} bytes")
        content = file.read()
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{info.filename} has {len(content):,} bytes; its header says {shape} {dtype}")
    flat = np.frombuffer(bytearray(content), dtype)
    return flat.reshape(shape[::-1]).T if in_columns else flat.reshape(shape)
