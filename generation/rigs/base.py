"""What a rig gives to the pipeline."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.facs import PARTS_LIPS

from ..heads.base import HeadShape

MIDLINE_MM = 12.0
"""Asymmetry fades in over this distance from the midline."""


class Rig(Protocol):
    """Moves a neutral face by action units. A new one is one file and one entry in the catalogue."""

    name: str

    def pose(self, shape: HeadShape, au: np.ndarray, extra_au: dict[str, float], asymmetry: float = 0.0) -> np.ndarray:
        """Control vertices (W, 3) float32 mm of `shape` under `au` (6,) in C1 order and units, and the extra units.

        `asymmetry` moves the left half of the face more and the right half less by this share; eyes still close.
        Zero everywhere gives `shape.control` exactly. Raises InvalidInput on intensities out of range.
        """


def check_asymmetry(asymmetry: float) -> None:
    """Raises InvalidInput on an asymmetry out of -1 to 1."""
    if not -1 <= asymmetry <= 1:
        raise InvalidInput(f"asymmetry is {asymmetry}; allowed: -1 to 1")


def parting_left(levels: Mapping[str, float]) -> float:
    """How much of AU25 is left to move: AU25 says how far the lips are parted, and AU9 and AU10 part them, too, at each
    level as far as AU25 of that level does. `levels`: unit -> intensity, or share of the highest."""
    return max(levels["AU25"] - max(levels[name] for name in PARTS_LIPS), 0.0)


def left_half(canonical: np.ndarray) -> np.ndarray:
    """(W, 1) how far control vertices of the canonical face (W, 3) mm are in its left half: 1, in the right half -1."""
    return np.tanh(canonical[:, :1] / MIDLINE_MM)
