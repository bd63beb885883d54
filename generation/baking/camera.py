"""Where a portrait is taken from, and what its depth map shows."""

import numpy as np

from ..appearance.base import Look
from ..appearance.colours import colour
from ..geometry.camera import Camera
from ..geometry.mesh import vertex_normals
from ..geometry.visibility import Samples, rasterize
from ..heads.base import Topology
from ..plan import ViewPlan

FOV, FRAMING = 20.0, 0.85
SIDE_YAW = 38.0


def portrait_camera(size: int, yaw: float = 0.0) -> Camera:
    """The camera of a portrait of `size` pixels: level, a little closer than those of the frames; `yaw` in degrees."""
    return Camera.from_plan(ViewPlan(0, yaw, 0.0, 0.0, FOV, FRAMING), size)


def seen_neutral(topology: Topology, look: Look, camera: Camera) -> Samples:
    """What the pixels of a camera see of a person's clothed neutral mesh."""
    dressed = look.neutral + look.cloth_thickness[:, None] * vertex_normals(look.neutral, topology.triangles)
    return rasterize(camera.project(dressed.astype(np.float64)), topology.triangles, 1, camera.size, True)


def tone_curve_undone(picture: np.ndarray) -> np.ndarray:
    """Linear light (float32, exposure 1) that `develop.develop` shows as `picture` (uint8 sRGB)."""
    shown = colour(*range(256))
    # shown = x (1 + x / 5) / (1 + .62 x), so x^2 / 5 + (1 - .62 shown) x - shown = 0
    half = 1 - 0.62 * shown
    light = (-half + np.sqrt(half**2 + 0.8 * shown)) / 0.4
    return light.astype(np.float32)[picture]
