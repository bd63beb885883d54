"""What a camera sees behind the person: a cut of the panorama, or the room around the bed."""

import numpy as np

from ..appearance.places.defocus import PIXELS_PER_DEGREE, REACH_DEGREES
from ..appearance.places.enclosure import CANVAS_LOW_M, CANVAS_M, SIDES_MIDDLE_M
from ..appearance.places.light import Scene
from ..geometry.camera import Camera
from ..kernels import kernel


def background(scene: Scene, camera: Camera, size: int) -> np.ndarray:
    """(size, size, 3) float32 linear: what a camera sees behind the person. `size` is even.

    The panorama turns, nods and tilts with the planned view; a narrow view is flat enough to take angles for tangents.
    What is painted belongs to the planned views, and has the size of the picture. A room is seen in perspective.
    """
    view = camera.plan
    if scene.room is not None:
        still = Camera.from_plan(view, camera.size)  # the head moves, the camera does not
        eye, rotation = scene.room.axes @ still.position / 1000, still.rotation @ scene.room.axes.T
        return look_into(scene.room, eye, rotation, float(np.tan(np.radians(view.fov) / 2)), size)
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


@kernel
def look_into(room, eye, rotation, half, size):
    """What a square picture (size, size, 3) shows of an `Enclosure`; 2 x 2 samples share a value.

    `eye` (3,): the camera, m in the room's axes; `rotation` (3, 3): its right, up and back; `half`: tangent of half its
    field of view.
    """
    out = np.empty((size, size, 3), np.float32)
    way = np.empty(3)
    step = 2.0 / size
    for r in range(0, size, 2):
        v = (1 - (r + 1) * step) * half
        for c in range(0, size, 2):
            u = ((c + 1) * step - 1) * half
            nearest, axis = np.inf, 0
            for k in range(3):
                way[k] = u * rotation[0, k] + v * rotation[1, k] - rotation[2, k]
                if abs(way[k]) < 1e-9:
                    continue
                reach = ((room.high[k] if way[k] > 0 else room.low[k]) - eye[k]) / way[k]
                if 0 < reach < nearest:
                    nearest, axis = reach, k
            x, y, z = eye[0] + nearest * way[0], eye[1] + nearest * way[1], eye[2] + nearest * way[2]
            ahead = way[axis] > 0
            high = y - room.low[1]
            if axis == 2:
                side, across, down = (0 if ahead else 1), x, CANVAS_LOW_M + CANVAS_M[1] - high
            elif axis == 0:
                side, across, down = (2 if ahead else 3), z - SIDES_MIDDLE_M, CANVAS_LOW_M + CANVAS_M[1] - high
            else:
                side, across = (4 if ahead else 5), x
                depth = z / CANVAS_M[0] + 0.5
                down = (depth - np.floor(depth)) * CANVAS_M[1]
            _texel(room.sides[side], across / CANVAS_M[0] + 0.5, down / CANVAS_M[1], out, r, c)
    return out


@kernel(inline="early")
def _texel(side, across, down, out, r, c):
    """Fills 2 x 2 samples with a side (H, W, 3) at shares of its width, which repeats, and height."""
    height, width = side.shape[0], side.shape[1]
    x = (across - np.floor(across)) * width - 0.5
    y = min(max(down * height - 0.5, 0.0), height - 1.001)
    i, j = int(np.floor(x)), int(y)
    a, b = np.float32(x - i), np.float32(y - j)
    i, after = (i + width) % width, (i + 1) % width
    for k in range(3):
        top = side[j, i, k] * (1 - a) + side[j, after, k] * a
        bottom = side[j + 1, i, k] * (1 - a) + side[j + 1, after, k] * a
        value = top * (1 - b) + bottom * b
        out[r, c, k] = out[r, c + 1, k] = value
        out[r + 1, c, k] = out[r + 1, c + 1, k] = value
