"""Pictures of a data set of an HDF5 file, whatever the order of its axes and the type of its numbers."""

import math
from typing import Any

import numpy as np

from ..errors import WorkFailed
from .hdf5_links import MOST_BYTES, reading

_CHANNELS = (1, 3, 4)
_SCANNED_AT_ONCE = 64
_ALMOST = 1e-3
"""Resizing leaves floats of 0 to 1 a little above 1."""
ALLOWED = "(F, H, W), or 1, 3 or 4 channels as the last axis or the second, of 0 to 255 or of floats from 0 to 1"


class Hdf5Pictures:
    """Frames of `stored`, an HDF5 data set, as 8-bit pictures.

    Attributes:
        notes: one line for what was read otherwise than as uint8 with the channels last.
        unusable: place of a frame -> why its numbers are no picture; known once `scan` has run.

    Raises:
        WorkFailed: the axes can not be told.
    """

    def __init__(self, stored: Any) -> None:
        self._stored = stored
        self._factor = 1.0
        self.notes: list[str] = []
        self.unusable: dict[int, str] = {}
        self._name = f"{stored.file.filename}: {stored.name.strip('/')}"
        if stored.dtype.kind not in "uif" or stored.ndim not in (3, 4):
            raise WorkFailed(self._wrong())
        picture = math.prod(stored.shape[1:]) * stored.dtype.itemsize
        if not 0 < picture <= MOST_BYTES:
            raise WorkFailed(f"{self._name} holds pictures of {picture:,} bytes; allowed are 1 to {MOST_BYTES:,}")
        self._at_once = max(1, min(_SCANNED_AT_ONCE, MOST_BYTES // 4 // picture))
        first, last = (stored.ndim == 4 and stored.shape[axis] in _CHANNELS for axis in (1, 3))
        if stored.ndim == 4 and first == last:
            raise WorkFailed(self._wrong())
        self._channels_first = first
        if first:
            self.notes.append(f"image has the shape {stored.shape}, read with the channels first")

    def __len__(self) -> int:
        return len(self._stored)

    def scan(self) -> None:
        """Looks at all numbers, where they are not uint8, and decides what they mean.

        Raises:
            WorkFailed: they are neither 0 to 255 nor 0 to 1, or cannot be read.
        """
        if self._stored.dtype == np.uint8:
            return
        low, highest = np.inf, np.full(len(self), -np.inf)
        for start in range(0, len(self), self._at_once):
            with reading(f"{self._name} from frame {start} on"):
                part = np.asarray(self._stored[start : start + self._at_once])
            finite = np.isfinite(part).reshape(len(part), -1).all(axis=1)
            for place in np.flatnonzero(~finite):
                self.unusable[start + int(place)] = "it holds numbers that are not finite"
            if finite.any():
                low = min(low, float(part[finite].min()))
                highest[start : start + len(part)][finite] = part[finite].reshape(finite.sum(), -1).max(axis=1)
        high = float(highest.max(initial=-np.inf))
        shares = self._stored.dtype.kind == "f" and high <= 1 + _ALMOST
        if low < 0 or high > 255:
            raise WorkFailed(f"{self._name} holds {low:g} to {high:g}; allowed are 0 to 255, or floats from 0 to 1")
        if shares:
            self._factor = 255.0
        elif self._stored.dtype.kind == "f":
            for place in np.flatnonzero((highest > 0) & (highest <= 1 + _ALMOST)):
                self.unusable[int(place)] = "it holds numbers from 0 to 1, where other frames reach 255"
        self.notes.append(f"image is of type {self._stored.dtype}, read as {'0 to 1' if shares else '0 to 255'}")

    def __getitem__(self, place: int) -> np.ndarray:
        """uint8 (H, W), (H, W, 3) or (H, W, 4)."""
        with reading(f"{self._name}, frame {place},"):
            pixels = self._stored[place]
        if pixels.dtype != np.uint8:
            pixels = np.rint(np.clip(pixels * self._factor, 0, 255)).astype(np.uint8)
        if self._channels_first:
            pixels = np.moveaxis(pixels, 0, -1)
        return np.ascontiguousarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels)

    def _wrong(self) -> str:
        stored = self._stored
        return f"{self._name} has the shape {stored.shape} and type {stored.dtype}; allowed is {ALLOWED}"
