"""The pinhole camera. World: millimetres, origin between the eyes, x to the subject's left, y up, z out of the face.
It is the head's own, whatever its posture; `room` says where head and camera are in the room.

A view turns the camera around the head, so lights and expression are those of the other views. So does the motion of
the head: it is a few degrees, by which the light may as well have moved; only the background stays where it is.
"""

from dataclasses import dataclass

import numpy as np

from ..plan import ViewPlan
from .rotations import rotation_of

PIVOT = np.array([0.0, -22.0, -45.0])
"""What the camera looks at (mm): inside the head, a little under the eyes."""
FRAME_MM = 330.0
"""Width of the picture at the pivot when `framing` is 1; a head is about 230 mm from chin to crown."""


@dataclass(frozen=True)
class Camera:
    """Where the camera is and what it projects to.

    Attributes:
        rotation: (3, 3) world to view; the view's axes are right, up, towards the camera.
        target: (3,) mm, what the middle of the picture shows: the pivot, or a point beside the head.
        distance: mm from the target to the pinhole.
        focal: focal length in pixels (fx = fy).
        size: pixels; the principal point is the middle of the picture.
        plan: the planned view; angles: its yaw, pitch and roll with the motion of the head, degrees.
    """

    rotation: np.ndarray
    target: np.ndarray
    distance: float
    focal: float
    size: int
    plan: ViewPlan
    angles: tuple[float, float, float]

    @classmethod
    def from_plan(
        cls, view: ViewPlan, size: int, head_motion: tuple[float, float, float] = (0.0, 0.0, 0.0)
    ) -> "Camera":
        """A planned view, `size` pixels wide; `head_motion`: further yaw, pitch and roll of the head, degrees."""
        angles = tuple(a + b for a, b in zip((view.yaw, view.pitch, view.roll), head_motion, strict=True))
        half = np.tan(np.radians(view.fov) / 2)
        rotation, (right, above) = rotation_of(*angles), _beside(view)
        target = PIVOT - (right * rotation[0] + above * rotation[1])
        return cls(rotation, target, FRAME_MM * view.framing / 2 / half, size / 2 / half, size, view, angles)

    def view(self, points: np.ndarray) -> np.ndarray:
        """World (V, 3) to view (V, 3): right, up, and the depth in front of the pinhole in mm."""
        rotated = (points - self.target) @ self.rotation.T
        rotated[:, 2] = self.distance - rotated[:, 2]
        return rotated

    def project(self, points: np.ndarray) -> np.ndarray:
        """World (V, 3) to (V, 3) float32: x and y in pixels (y down, pixel centres at .5) and depth in mm."""
        seen = self.view(points)
        seen[:, 0] = self.size / 2 + self.focal * seen[:, 0] / seen[:, 2]
        seen[:, 1] = self.size / 2 - self.focal * seen[:, 1] / seen[:, 2]
        return seen.astype(np.float32)

    def projection(self, samples: int) -> np.ndarray:
        """(3, 4) float64: world to column x depth, row x depth and depth, for `samples` a pixel and axis."""
        half, focal = self.size * samples / 2, self.focal * samples
        right, up, back = self.rotation
        depth = np.append(-back, self.distance + back @ self.target)
        column = focal * np.append(right, -right @ self.target) + half * depth
        row = -focal * np.append(up, -up @ self.target) + half * depth
        return np.stack([column, row, depth])

    @property
    def beside(self) -> tuple[float, float]:
        """How far to the right and up of the middle of the picture the pivot is, mm."""
        return _beside(self.plan)

    @property
    def pixel_mm(self) -> float:
        """What a pixel covers of the face, mm."""
        return self.distance / self.focal

    @property
    def position(self) -> np.ndarray:
        """The pinhole in the world (3,), mm."""
        return self.target + self.distance * self.rotation[2]

    def as_row(self) -> dict:
        """Angles, field of view and intrinsics of the `camera` column of a row; `room` adds the extrinsics."""
        middle = self.size / 2
        yaw, pitch, roll = self.angles
        return {
            "yaw": yaw,
            "pitch": pitch,
            "roll": roll,
            "fov": self.plan.fov,
            "intrinsics": {"fx": self.focal, "fy": self.focal, "cx": middle, "cy": middle},
        }


def _beside(view: ViewPlan) -> tuple[float, float]:
    right, above = view.aside
    return FRAME_MM * view.framing * right, FRAME_MM * view.framing * above
