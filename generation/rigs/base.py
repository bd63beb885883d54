"""What a rig gives to the pipeline."""

from typing import Protocol

import numpy as np

from ..heads.base import HeadShape


class Rig(Protocol):
    """Moves a neutral face by action units. A new one is one file and one entry in the catalogue."""

    name: str

    def pose(self, shape: HeadShape, au: np.ndarray, extra_au: dict[str, float], asymmetry: float = 0.0) -> np.ndarray:
        """Control vertices (W, 3) float32 mm of `shape` under `au` (6,) in C1 order and units, and the extra units.

        `asymmetry` moves the left half of the face more and the right half less by this share; eyes still close.
        Zero everywhere gives `shape.control` exactly. Raises InvalidInput on intensities out of range.
        """
