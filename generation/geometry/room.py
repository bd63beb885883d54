"""Where the head and the camera of a frame are in the room.

Room: millimetres, y up, against gravity; the origin lies between the eyes of the neutral face. Where the person is
upright, its axes are those of the neutral head: x to the subject's left, z out of the face. Otherwise it is turned from
them by the smallest rotation that brings up up.

The camera of a view stands still: from the neutral frame to the others the head moves, about the point that the camera
looks at. `Camera` folds both into one rotation around the head; here they are told apart. As that motion is added to
the angles of each view, the three pictures of an expression show poses of the head that differ by 1 degree on average.
"""

from dataclasses import dataclass

import numpy as np

from ..plan import Circumstances
from .camera import PIVOT, Camera
from .rotations import angles_of, bringing_up, rotation_of

UPRIGHT = Circumstances().up
DIGITS = 9
"""Decimals of degrees and millimetres: what is 0 shall be 0."""
_TO_OPENCV = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class Rigid:
    """A rotation (3, 3) and then a translation (3,), mm."""

    rotation: np.ndarray
    translation: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) as they are moved, float64."""
        return points @ self.rotation.T + self.translation

    def as_row(self) -> dict:
        """`rotation` and `translation` as lists."""
        return {"rotation": self.rotation.tolist(), "translation": _rounded(self.translation)}


def head_to_room(camera: Camera, up: tuple[float, float, float] = UPRIGHT) -> Rigid:
    """From the head of a frame, in whose millimetres vertices are, to the room.

    `camera`: that of the frame, with the motion of the head; `up`: the direction of the neutral head that points up.
    """
    upright = bringing_up(up)
    moved = _planned(camera).T @ camera.rotation
    return Rigid(upright @ moved, upright @ (PIVOT - moved @ PIVOT))


def room_to_camera(camera: Camera, up: tuple[float, float, float] = UPRIGHT) -> Rigid:
    """From the room to the camera of a frame with OpenCV's axes: x right, y down, z forward from the pinhole."""
    planned = _TO_OPENCV @ _planned(camera)
    right, above = camera.beside
    return Rigid(planned @ bringing_up(up).T, np.array([right, -above, camera.distance]) - planned @ PIVOT)


def camera_row(camera: Camera, up: tuple[float, float, float] = UPRIGHT) -> dict:
    """The `camera` column of a row."""
    return camera.as_row() | room_to_camera(camera, up).as_row()


def head_pose_row(camera: Camera, up: tuple[float, float, float] = UPRIGHT) -> dict:
    """The `head_pose` column of a row."""
    pose = head_to_room(camera, up)
    return dict(zip(("yaw", "pitch", "roll"), _rounded(angles_of(pose.rotation)), strict=True)) | pose.as_row()


def _planned(camera: Camera) -> np.ndarray:
    """(3, 3) what the camera's rotation is before the head moves."""
    return rotation_of(camera.plan.yaw, camera.plan.pitch, camera.plan.roll)


def _rounded(values: np.ndarray | tuple[float, ...]) -> list[float]:
    return (np.round(values, DIGITS) + 0.0).tolist()
