"""Arrays that are computed once: a file for each (what, key)."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


class Stored:
    """A folder of computed arrays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, key: Mapping[str, Any], compute: Callable[[], Arrays]) -> Arrays:
        """The arrays of `name`, computed where there are none with this `key` (JSON values) yet."""
        path = self._folder / f"{name}-{digest(key)}.npz"
        if not path.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}.npz")
            np.savez(unfinished, **compute())
            unfinished.replace(path)
        with np.load(path) as found:
            return dict(found)


def digest(key: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of JSON values."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
