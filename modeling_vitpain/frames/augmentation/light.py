"""The set "light": what the recipes of the paper draw.

- Shift and scale are small: the face box holds the whole head, so that even the extreme draws keep the brows
  (landmarks 17-26) in the picture. AU4, AU6, AU7, AU9 and AU10 are read between brows and mouth.
- The mirror image is allowed because the AUs of Pain3D are bilateral: no label says left or right.
- Brightness and contrast are for pictures only: a heatmap's value is a displacement in millimetres.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from .scene import Scene

_MAX_SHIFT = 0.05  # of the side
_MAX_SCALE = 1.1
_MAX_BRIGHTNESS = 0.2
_MAX_CONTRAST = 1.25


@dataclass(frozen=True)
class LightVariation:
    """One draw. `shift` in sides, right and down; `zoom`, `contrast` factors; `brightness` in grey levels, 0-255."""

    shift: tuple[float, float]
    zoom: float
    mirror: bool
    brightness: float
    contrast: float

    needs_face = needs_foreground = False
    partner = None

    @classmethod
    def draw(cls, random: np.random.Generator) -> "LightVariation":
        """The same five draws for a picture and for its heatmap, so that the two stay aligned."""
        x, y = random.uniform(-_MAX_SHIFT, _MAX_SHIFT, 2)
        return cls(
            shift=(float(x), float(y)),
            zoom=float(np.exp(random.uniform(-1, 1) * np.log(_MAX_SCALE))),
            mirror=bool(random.random() < 0.5),
            brightness=float(random.uniform(-_MAX_BRIGHTNESS, _MAX_BRIGHTNESS) * 255),
            contrast=float(np.exp(random.uniform(-1, 1) * np.log(_MAX_CONTRAST))),
        )

    @classmethod
    def extremes(cls) -> list["LightVariation"]:
        """The corners of what can be drawn: every combination of the largest shifts and scales."""
        return [
            cls((x, y), zoom, mirror, 0.0, 1.0)
            for x in (-_MAX_SHIFT, _MAX_SHIFT)
            for y in (-_MAX_SHIFT, _MAX_SHIFT)
            for zoom in (1 / _MAX_SCALE, _MAX_SCALE)
            for mirror in (False, True)
        ]

    def with_mirror(self, mirror: bool) -> "LightVariation":
        """The same draw, mirrored or not."""
        return replace(self, mirror=mirror)

    def matrix(self, width: int, height: int) -> tuple[float, float, float, float, float, float]:
        """PIL's affine coefficients: output pixel -> input pixel, about the centre."""
        a, e = (-1.0 if self.mirror else 1.0) / self.zoom, 1 / self.zoom
        shift_x, shift_y = np.asarray(self.shift) * (width, height)
        return (a, 0.0, width / 2 - a * width / 2 + shift_x, 0.0, e, height / 2 - e * height / 2 + shift_y)

    def move(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (H, W, 3) or (H, W), uint8, moved as the picture is: heatmaps."""
        height, width = pixels.shape[:2]
        moved = Image.fromarray(pixels).transform(
            (width, height), Image.Transform.AFFINE, self.matrix(width, height), Image.Resampling.BILINEAR
        )
        return np.asarray(moved)

    def apply(self, pixels: np.ndarray, scene: Scene | None = None) -> np.ndarray:
        """A picture (H, W, 3), uint8, moved and with another brightness and contrast. The scene has no part in it."""
        moved = self.move(pixels)
        mean = moved.mean()
        levels = (np.arange(256) - mean) * np.float32(self.contrast) + mean + np.float32(self.brightness)
        return np.clip(levels, 0, 255).astype(np.uint8)[moved]
