"""What a look gives to the renderer."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..heads.base import HeadShape
from ..plan import ExpressionPlan, IdentityPlan, ViewPlan
from .brows import FaceStrands
from .clothes import Garment
from .eyes import EyePaint
from .hair.strands import Hair
from .places.light import Scene
from .props.base import Prop
from .skin import Skin
from .texture import Texture
from .wrinkles import RestWrinkles


@dataclass(frozen=True)
class Look:
    """Everything but geometry and camera that one person's pictures need.

    Attributes:
        canonical: (V, 3) float32, where the shader paints: canonical mm on skin, unit direction from the middle of the
            ball on eyes.
        neutral: (V, 3) float32 mm, the neutral render vertices, without clothes.
        wrinkles: those of the neutral face.
        eyes: irises, and the gaze at rest.
        hair, brows, beard: strands; None where there are none.
        cloth_thickness: (V,) float32 mm, how far clothes stand off the skin.
        scene: light and what is behind.
        texture: hides the paint of the skin; where there is one, brows and beard are in it.
        props: what is worn on the head or lies around it.
    """

    skin: Skin
    canonical: np.ndarray
    neutral: np.ndarray
    wrinkles: RestWrinkles
    eyes: EyePaint
    hair: Hair | None
    brows: FaceStrands | None
    beard: FaceStrands | None
    garment: Garment
    cloth_thickness: np.ndarray
    scene: Scene
    texture: Texture | None = None
    props: tuple[Prop, ...] = ()


class Appearance(Protocol):
    """A way to dress heads. A new one is one file and one entry in the catalogue."""

    name: str

    def dress(self, plan: IdentityPlan, shape: HeadShape, seed: int) -> Look:
        """The look of a planned person with the neutral face `shape`; a pure function of its arguments."""

    def finish(self, picture: Any, plan: IdentityPlan, expression: ExpressionPlan, view: ViewPlan, seed: int) -> Any:
        """A rendered view (`render.base.RenderedView`) as it is shown; its annotations and its face stay."""
