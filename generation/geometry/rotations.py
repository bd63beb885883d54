"""Rotations by yaw, pitch and roll as the rows sign them (contract C2), and the one that brings a direction up.

Axes of a head or of its upright observer: x to the subject's left, y up, z out of the face.
"""

import numpy as np

STEEP = 1e-6
"""Cosine of the pitch below which yaw and roll turn about one axis; then all of it counts as roll."""


def rotation_of(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3) rotation of a head by degrees: first yaw, then pitch, then roll, about the axes of the observer."""
    yaw, pitch, roll = np.radians((yaw, pitch, roll))
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])  # the nose (+z) goes to image right (+x)
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])  # the nose goes up
    tilt = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])  # clockwise in the image
    return tilt @ nod @ turn


def angles_of(rotation: np.ndarray) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a (3, 3) rotation: pitch from -90 to 90, the others from -180 to 180.

    Where the pitch is 90 or -90, yaw is 0.
    """
    pitch = np.arctan2(-rotation[2, 1], np.hypot(rotation[2, 0], rotation[2, 2]))
    if np.cos(pitch) < STEEP:
        yaw, roll = 0.0, np.arctan2(-rotation[1, 0], rotation[0, 0])
    else:
        yaw, roll = np.arctan2(-rotation[2, 0], rotation[2, 2]), np.arctan2(rotation[0, 1], rotation[1, 1])
    return tuple(np.degrees((yaw, pitch, roll)).tolist())


def bringing_up(up: tuple[float, float, float]) -> np.ndarray:
    """The smallest rotation (3, 3) that turns the direction `up` to (0, 1, 0); from straight down, half a turn of roll.

    Raises ValueError where `up` has no direction.
    """
    length = np.linalg.norm(up)
    if not (np.isfinite(length) and length > 0):
        raise ValueError(f"up is {up}; allowed: three finite numbers that are not all zero")
    x, y, z = np.asarray(up, float) / length
    if y < -1 + 1e-9:
        return np.diag([-1.0, -1.0, 1.0])
    axis = np.array([[0, -x, 0], [x, 0, z], [0, -z, 0]])  # of (x, y, z) x (0, 1, 0) = (-z, 0, x), as a matrix
    return np.eye(3) + axis + axis @ axis / (1 + y)
