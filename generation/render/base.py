"""What a renderer is given by the pipeline, and what it gives back."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..appearance.base import Look
from ..geometry.camera import Camera
from ..plan import IdentityPlan


@dataclass(frozen=True)
class RenderedView:
    """One view. Annotations are sampled at pixel centres of the same camera, whatever made the colours.

    Attributes:
        rgb: (S, S, 3) uint8 sRGB.
        ids, depth, weights: what each pixel sees, see `geometry.visibility.Samples`.
        segments: (S, S) uint8, indices into `dataset_script.vocabulary.SEGMENTS`.
    """

    rgb: np.ndarray
    ids: np.ndarray
    depth: np.ndarray
    weights: np.ndarray
    segments: np.ndarray


class HeadPose(NamedTuple):
    """A head with an expression.

    Attributes:
        control: (W, 3) float32 control vertices, mm; eyes: (2, 4) centre and radius of the eyeballs, mm.
        gaze: how far the eyes turn to the person's left and up, degrees.
    """

    control: np.ndarray
    eyes: np.ndarray
    gaze: tuple[float, float]


class Renderer(Protocol):
    """Draws looks and heads. A new one is one file and one entry in the catalogue."""

    name: str

    def pose(self, plan: IdentityPlan, look: Look, pose: HeadPose, seed: int) -> Any:
        """What all views of an expression share; has `vertices` (V, 3) float32 mm without clothes."""

    def render(self, posed: Any, look: Look, camera: Camera, noise: np.random.Generator) -> RenderedView:
        """One view of it."""
