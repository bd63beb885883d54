"""What a camera sees behind the person: a cut of the panorama."""

import numpy as np

from ..appearance.places.defocus import PIXELS_PER_DEGREE, REACH_DEGREES
from ..appearance.places.light import Scene
from ..kernels import kernel
from ..plan import ViewPlan


def background(scene: Scene, view: ViewPlan, size: int) -> np.ndarray:
    """(size, size, 3) float32 linear: what a camera sees behind the person. `size` is even.

    The panorama turns, nods and tilts with the camera; a narrow view is flat enough to take angles for tangents. What
    is painted belongs to the planned views, and has the size of the picture.
    """
    if scene.painted:
        painted = scene.painted[view.view_id]
        times = size // len(painted)
        return np.ascontiguousarray(painted.repeat(times, axis=0).repeat(times, axis=1))
    half, roll = view.fov / 2 * PIXELS_PER_DEGREE, np.radians(view.roll)
    column = (view.yaw + REACH_DEGREES[0]) * PIXELS_PER_DEGREE - 0.5
    row = (REACH_DEGREES[1] - view.pitch) * PIXELS_PER_DEGREE - 0.5
    return look_around(scene.panorama, column, row, half * np.cos(roll), half * np.sin(roll), size)


@kernel
def look_around(panorama, column, row, straight, tilted, size):
    """A square (size, size, 3) cut bilinearly from the middle (column, row) outwards, half as wide as the vector
    (straight, tilted) is long, turned by its angle; 2 x 2 samples share a value.
    """
    height, width = panorama.shape[0], panorama.shape[1]
    out = np.empty((size, size, 3), np.float32)
    step = 2.0 / size
    for r in range(0, size, 2):
        v = (r + 1) * step - 1  # down
        for c in range(0, size, 2):
            u = (c + 1) * step - 1
            x = min(max(column + u * straight + v * tilted, 0.0), width - 1.001)
            y = min(max(row + v * straight - u * tilted, 0.0), height - 1.001)
            i, j = int(x), int(y)
            a, b = np.float32(x - i), np.float32(y - j)
            for k in range(3):
                top = panorama[j, i, k] * (1 - a) + panorama[j, i + 1, k] * a
                bottom = panorama[j + 1, i, k] * (1 - a) + panorama[j + 1, i + 1, k] * a
                value = top * (1 - b) + bottom * b
                out[r, c, k] = out[r, c + 1, k] = value
                out[r + 1, c, k] = out[r + 1, c + 1, k] = value
    return out
