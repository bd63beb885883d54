"""What must be true of where things are: cameras and poses are proper, points in space lie on those in the picture."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

Row = dict[str, Any]

LANDMARKS = ("landmarks", "dense_landmarks")
"""Columns of points in the picture; with `_3d`, those of the same points in the room."""
OFF_PX = 0.02
"""How far a point may lie from where the camera sees it: rounding to float32."""
SKEWED = 1e-4
"""How far a rotation times its transpose may be from the identity."""


def placement_problems(row: Row, nullable: bool) -> Iterator[str]:
    """What is wrong with `camera`, `head_pose` and landmarks of a row, one line each; of those that it has.

    Args:
        nullable: a source need not tell everything; else every part of a struct must have a value.
    """
    for name, check in (("camera", _camera_problems), ("head_pose", _pose_problems)):
        if row.get(name) is not None and not (nullable and _is_empty(row[name])):
            yield from check(row[name])
    for name in LANDMARKS:
        yield from _point_problems(row, name)


def _camera_problems(camera: Row) -> Iterator[str]:
    intrinsics = camera["intrinsics"] or {}
    if not all(map(_is_finite, intrinsics.values())) or not intrinsics.get("fx", 0) > 0:
        yield f"camera.intrinsics is {camera['intrinsics']}; it must be finite, with fx above 0"
    yield from _pose_problems(camera, "camera")


def _pose_problems(pose: Row, name: str = "head_pose") -> Iterator[str]:
    """What is wrong with the angles of a struct, and with its `rotation` and `translation` where it has them."""
    angles = {part: value for part, value in pose.items() if part not in ("intrinsics", "rotation", "translation")}
    if wrong := [part for part, value in angles.items() if not _is_finite(value)]:
        yield f"{name}.{wrong[0]} is {angles[wrong[0]]}; it must be finite"
    if "rotation" in pose and not _is_rotation(pose["rotation"]):
        yield f"{name}.rotation is {pose['rotation']}; it must be a rotation"
    if "translation" in pose and not _is_finite_array(pose["translation"], (3,)):
        yield f"{name}.translation is {pose['translation']}; it must be finite"


def _point_problems(row: Row, name: str) -> Iterator[str]:
    flat, solid, camera = row.get(name), row.get(f"{name}_3d"), row.get("camera")
    if flat is not None and not np.isfinite(flat).all():
        yield f"{name} are not all finite"
        return
    if solid is None:
        return
    if not np.isfinite(solid).all():
        yield f"{name}_3d are not all finite"
    elif flat is not None and camera is not None and not any(_camera_problems(camera)) and "rotation" in camera:
        off = np.abs(_projected(camera, np.array(solid)) - flat).max()
        if not off < OFF_PX:
            yield f"{name}_3d lie up to {off:.2f} pixels from {name} where the camera sees them"


def _projected(camera: Row, points: np.ndarray) -> np.ndarray:
    """(N, 2) pixels of points (N, 3) in the room."""
    k = camera["intrinsics"]
    x, y, z = np.array(camera["rotation"]) @ points.T + np.array(camera["translation"])[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([k["fx"] * x / z + k["cx"], k["fy"] * y / z + k["cy"]], axis=1)


def _is_rotation(matrix: Any) -> bool:
    if not _is_finite_array(matrix, (3, 3)):
        return False
    a = np.array(matrix)
    return bool(np.abs(a @ a.T - np.eye(3)).max() < SKEWED and np.linalg.det(a) > 0)


def _is_finite_array(values: Any, shape: tuple[int, ...]) -> bool:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):  # None is among them, or their lengths differ
        return False
    return array.shape == shape and bool(np.isfinite(array).all())


def _is_empty(value: Any) -> bool:
    """Whether nothing in a struct has a value."""
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    if isinstance(value, list):
        return all(map(_is_empty, value))
    return value is None


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
