"""What a look gives to the renderer."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..heads.base import HeadShape
from ..plan import IdentityPlan
from .brows import FaceStrands
from .hair.strands import Hair
from .places.light import Scene
from .skin import Skin


@dataclass(frozen=True)
class Look:
    """Everything but geometry and camera that one person's pictures need.

    Attributes:
        paint: (V, 3) float32, what the shader paints in: canonical mm on skin, ball direction on the eyes.
        cloth: (21,) float32, the garment: see `render.cloth.COLUMNS`.
        garment: (V,) float32 mm, how far clothes stand off the skin.
        neutral: (V, 3) float32 mm, the neutral render vertices, and rest_wrinkles (7,): see `wrinkles.Wrinkles`.
        iris, gaze: see `eyes.paint_eyes`.
    """

    skin: Skin
    paint: np.ndarray
    neutral: np.ndarray
    rest_wrinkles: np.ndarray
    iris: np.ndarray
    gaze: np.ndarray
    hair: Hair | None
    brows: FaceStrands
    beard: FaceStrands | None
    cloth: np.ndarray
    garment: np.ndarray
    scene: Scene


class Appearance(Protocol):
    """A way to dress heads. A new one is one file and one line in `appearance.LOOKS`."""

    name: str

    def dress(self, plan: IdentityPlan, shape: HeadShape, seed: int) -> Look:
        """The look of a planned person with the neutral face `shape`; a pure function of its arguments."""
