"""Sparse shapes of a head in an npz file: of each, the vertices that it moves and their offsets in float16."""

import hashlib
from pathlib import Path

import numpy as np

SMALLEST_OFFSET_MM = 0.01
SUMS = "SHA256SUMS"


def packed(shapes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of the file from name -> offsets (W, 3) mm; `Targets` reads them."""
    starts, index, values = [0], [], []
    for offsets in shapes.values():
        moved = np.flatnonzero(np.abs(offsets).max(axis=1) > SMALLEST_OFFSET_MM)
        index.append(moved.astype(np.uint16))
        values.append(offsets[moved].astype(np.float16))
        starts.append(starts[-1] + len(moved))
    return {
        "target_names": np.array(list(shapes)),
        "target_starts": np.array(starts, np.int32),
        "target_index": np.concatenate(index),
        "target_values": np.concatenate(values),
    }


class Targets:
    """The shapes of a file, by name."""

    def __init__(self, arrays: np.lib.npyio.NpzFile) -> None:
        self._starts, self._index = arrays["target_starts"], arrays["target_index"]
        self._values = arrays["target_values"].astype(np.float32)
        self._rows = {str(name): k for k, name in enumerate(arrays["target_names"])}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._rows)

    def offsets(self, name: str, vertices: int) -> np.ndarray:
        """Offsets (vertices, 3) float32 mm of a shape. Raises KeyError where there is none of that name."""
        span = slice(*self._starts[self._rows[name] :][:2])
        offsets = np.zeros((vertices, 3), np.float32)
        offsets[self._index[span]] = self._values[span]
        return offsets


def write_sums(folder: Path) -> dict[str, str]:
    """Writes the SHA-256 of every npz file in `folder` beside them; name -> digest."""
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.npz"))}
    (folder / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    return sums
