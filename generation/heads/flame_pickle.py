"""Arrays of FLAME's official `.pkl`, read as data: no class of it is imported, and nothing in it is called.

The arrays are NumPy's, or lie as `x` in objects of chumpy. All else in the file, such as sparse matrices, is left out.
"""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.restricted_pickle import Stateful, one_line, read_pickle

_CODES = frozenset("biuf")
"""Kinds of numbers that are read: truth values, whole and real numbers."""
_WIDTHS = (1, 2, 4, 8)


def read_pickled_arrays(path: Path, most_bytes: int, names: Collection[str]) -> dict[str, np.ndarray]:
    """The arrays `names` of a pickled dictionary, of protocol 0 to 5.

    Args:
        path: the file.
        most_bytes: that it may have.
        names: keys of the dictionary.

    Raises:
        InvalidInput: it is no such pickle, names what a FLAME model does not hold, or is larger than `most_bytes`.
        KeyError: one of `names` is not in it.
        OSError: it cannot be read.
    """
    if (size := path.stat().st_size) > most_bytes:
        raise InvalidInput(f"it has {size:,} bytes; allowed are {most_bytes:,}")
    content = read_pickle(path.read_bytes(), _Constructors(), _nothing_outside, most_bytes)
    if not isinstance(content, dict):
        raise InvalidInput(f"it holds a {type(content).__name__}; allowed is a dictionary")
    return {name: _array(name, content[name]) for name in names}


def _array(name: str, value: Any) -> np.ndarray:
    if isinstance(value, _Object):
        value = value.x
    if not isinstance(value, _Array) or value.array is None:
        raise InvalidInput(f"its {name} is no plain array")
    return value.array


class _Type(Stateful):
    """A `numpy.dtype`: its letter and width, and by its state the order of its bytes."""

    def __init__(self, code: str = "", *_: Any) -> None:
        self.code, self.order = code, "<"

    def take(self, state: Any) -> None:
        """See `Stateful`: (version, order of the bytes, …)."""
        self.order = "<" if state[1] in ("|", "=") else state[1]

    def to_numpy(self) -> np.dtype:
        """Raises InvalidInput where it is no type of numbers."""
        kind, width = self.code[:1], self.code[1:]
        if kind not in _CODES or width not in map(str, _WIDTHS) or self.order not in ("<", ">"):
            raise InvalidInput(f"it holds an array of type {str(self.code)[:20]!r}; allowed are numbers")
        return np.dtype(self.order + self.code)


class _Array(Stateful):
    """A `numpy.ndarray`, made empty and filled by its state; `array` is None where it holds no numbers."""

    def __init__(self, *_: Any) -> None:
        self.array: np.ndarray | None = None

    def take(self, state: Any) -> None:
        """See `Stateful`: (version, shape, type, whether columns come first, bytes)."""
        _, shape, kind, in_columns, content = state
        if not isinstance(kind, _Type) or isinstance(content, list):  # a list: of objects
            return
        content = content.encode("latin-1") if isinstance(content, str) else bytes(content)  # str: of Python 2
        shape = tuple(map(int, shape))
        dtype = kind.to_numpy()
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
            raise InvalidInput(f"it holds an array of {shape} {dtype} in {len(content):,} bytes")
        flat = np.frombuffer(content, dtype)
        self.array = flat.reshape(shape[::-1]).T if in_columns else flat.reshape(shape)


class _Object(Stateful):
    """Any object of chumpy or SciPy; of a `chumpy.Ch` `x` is its array."""

    def __init__(self, *_: Any) -> None:
        self.x: Any = None

    def take(self, state: Any) -> None:
        """See `Stateful`."""
        self.x = state.get("x") if isinstance(state, dict) else None


def _encoded(text: str, encoding: str) -> bytes:
    """How newer pickles hold the bytes of older ones."""
    if encoding != "latin1":
        raise InvalidInput(f"it holds bytes in the encoding {encoding!r}")
    return text.encode("latin1")


class _Constructors(dict):
    """What makes each object, by (module, name) of its class."""

    def __init__(self) -> None:
        reconstruct = {(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")}
        scalars = {(f"numpy.{core}.multiarray", "scalar"): _Object for core in ("core", "_core")}
        sets = {(module, name): _Object for module in ("builtins", "__builtin__") for name in ("set", "object")}
        others = {(module, "_reconstructor"): _Object for module in ("copy_reg", "copyreg")}
        plain = {("numpy", "dtype"): _Type, ("numpy", "ndarray"): _Array, ("_codecs", "encode"): _encoded}
        super().__init__(plain | reconstruct | scalars | sets | others)

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        """Every class of chumpy and SciPy is there. Raises InvalidInput for what is not."""
        if key[0].partition(".")[0] in ("chumpy", "scipy"):
            return _Object
        if key not in self:
            raise InvalidInput(f"it names {one_line('.'.join(key))}, which a FLAME model does not hold")
        return self[key]


def _nothing_outside(_: Any) -> None:
    raise InvalidInput("it refers to something outside of it")
