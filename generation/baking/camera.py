"""Where a portrait is taken from, and what its depth map shows."""

import numpy as np

from ..appearance.colours import colour
from ..geometry.camera import Camera
from ..plan import ViewPlan

FOV, FRAMING = 20.0, 0.85
SIDE_YAW = 38.0


def portrait_camera(size: int, yaw: float = 0.0) -> Camera:
    """The camera of a portrait of `size` pixels: level, a little closer than those of the frames; `yaw` in degrees."""
    return Camera.from_plan(ViewPlan(0, yaw, 0.0, 0.0, FOV, FRAMING), size)


def tone_curve_undone(picture: np.ndarray) -> np.ndarray:
    """Linear light (float32, exposure 1) that `develop.develop` shows as `picture` (uint8 sRGB)."""
    shown = colour(*range(256))
    # shown = x (1 + x / 5) / (1 + .62 x), so x^2 / 5 + (1 - .62 shown) x - shown = 0
    half = 1 - 0.62 * shown
    light = (-half + np.sqrt(half**2 + 0.8 * shown)) / 0.4
    return light.astype(np.float32)[picture]
