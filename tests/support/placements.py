"""Cameras, poses and points in space of rows that were not rendered."""

import numpy as np

UPRIGHT = {"rotation": np.eye(3).tolist(), "translation": [0.0, 0.0, 0.0]}
ANGLES = dict.fromkeys(("yaw", "pitch", "roll"), 0.0)

NOWHERE = {
    "camera": ANGLES | {"fov": 30.0, "intrinsics": dict.fromkeys(("fx", "fy", "cx", "cy"), 1.0)} | UPRIGHT,
    "head_pose": ANGLES | UPRIGHT,
    "landmarks": np.zeros((68, 2)).tolist(),
    "landmarks_3d": np.tile([-1.0, -1.0, 1.0], (68, 1)).tolist(),
}
"""Those columns of a face all of whose landmarks lie in the corner of the picture."""


def seen(camera: dict, points: np.ndarray) -> np.ndarray:
    """(N, 2) pixels of points (N, 3) in the room, as OpenCV projects them."""
    k = camera["intrinsics"]
    matrix = np.array([[k["fx"], 0, k["cx"]], [0, k["fy"], k["cy"]], [0, 0, 1]])
    projected = (np.asarray(points) @ np.array(camera["rotation"]).T + camera["translation"]) @ matrix.T
    return projected[:, :2] / projected[:, 2:]


IN_A_STUDIO = {
    "scene": "studio",
    "setup": "passport",
    "posture": "upright",
    "camera_kind": "tripod",
    "occluders": [],
    "hidden_aus": [],
}
"""Columns of a frame that was taken nowhere in particular, with nothing before the face."""
