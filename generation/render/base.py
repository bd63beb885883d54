"""What a renderer is given by the pipeline, and what it gives back."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..appearance.base import Look
from ..geometry.camera import Camera
from ..plan import IdentityPlan


@dataclass(frozen=True)
class Covering:
    """What N props cover of a head, at pixel centres.

    Attributes:
        names: of the props.
        hidden_by: (S, S) int16, the prop that is seen where one hides what is behind it, else -1.
        covered_by: (S, S) int16, the same, or the prop that veils the head, see `appearance.props.base.VEILS`.
        behind: (S, S) int32, the triangle of the head that would be seen without props, -1 where none would.
        segments: (S, S) uint8, code of the prop where one hides, else 0.
        normal: (S, S, 3) float32, of that prop in the world, of about unit length.
    """

    names: tuple[str, ...]
    hidden_by: np.ndarray
    covered_by: np.ndarray
    behind: np.ndarray
    segments: np.ndarray
    normal: np.ndarray


@dataclass(frozen=True)
class RenderedView:
    """One view. Annotations are sampled at pixel centres of the same camera, whatever made the colours.

    Attributes:
        rgb: (S, S, 3) uint8 sRGB.
        ids, weights: which triangle of the head each pixel sees, and where on it, see `geometry.visibility.Samples`;
            -1 where it sees a prop or nothing.
        depth: (S, S) float32 mm of the head or prop that is seen, infinite where nothing is.
        segments: (S, S) uint8, indices into `dataset_script.vocabulary.SEGMENTS`.
        covering: what props cover; None where there are none.
    """

    rgb: np.ndarray
    ids: np.ndarray
    depth: np.ndarray
    weights: np.ndarray
    segments: np.ndarray
    covering: Covering | None = None


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
