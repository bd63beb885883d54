"""The 68 landmarks of the user's own head, from a file."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.strict_json import parse_json
from dataset_script.vocabulary import NUM_LANDMARKS

FORM = (
    "a .txt file has a line 'x y z' for each (commas, semicolons or tabs between them, too), a .json file a list of "
    "[x, y, z] or {'x': …, 'y': …, 'z': …}; or vertex numbers, one a line"
)

MIRRORED = np.concatenate(
    [
        *(np.arange(*ends) for ends in ((16, -1, -1), (26, 16, -1), (27, 31), (35, 30, -1))),
        [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],
        [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65],
    ]
)
"""(68,) of each landmark, the one on the other side of the face."""


def read_landmarks(path: Path, vertices: np.ndarray, indexed: bool, first: int = 0) -> np.ndarray:
    """(68, 3) points in the file's units, from 68 numbers of `vertices` (V, 3), from 0, or 68 points, in iBUG order.

    A .json file holds a list of numbers, of [x, y, z] or of {"x", "y", "z"}, or is a markups file of 3D Slicer, whose
    positions are taken as they stand; a .txt file holds a line for each.

    Args:
        indexed: whether the mesh's format keeps vertex numbers.
        first: number of the first vertex.

    Raises:
        InvalidInput: no such file, or it does not hold 68 of them.
    """
    values = _landmark_values(path)
    if values.shape == (NUM_LANDMARKS,):
        if not indexed:
            raise InvalidInput(
                f"--head-landmarks {path} holds vertex numbers; with .glb and .stl it must hold 68 points"
            )
        values = values - first
        if (values != np.round(values)).any() or values.min() < 0 or values.max() >= len(vertices):
            raise InvalidInput(
                f"--head-landmarks {path} holds {values.min() + first:g} to {values.max() + first:g}; allowed are "
                f"vertex numbers {first} to {len(vertices) - 1 + first}"
            )
        values = vertices[values.astype(int)]
    if values.shape != (NUM_LANDMARKS, 3):
        raise InvalidInput(
            f"--head-landmarks {path} holds values of shape {values.shape}; "
            f"allowed are {NUM_LANDMARKS} vertex numbers or {NUM_LANDMARKS} points x, y, z"
        )
    if not np.isfinite(values).all():
        raise InvalidInput(f"--head-landmarks {path} names a vertex whose coordinates are not finite")
    return values


def counted_from_one(path: Path, vertices: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """As `read_landmarks`, of vertex numbers that count from 1; None where the file holds none that may do so.

    `points` (68, 3): those of the file as it stands.
    """
    try:
        others = read_landmarks(path, vertices, True, first=1)
    except InvalidInput:
        return None
    return None if np.array_equal(others, points) else others


def check_on_skin(path: Path, landmarks: np.ndarray, skin: np.ndarray) -> None:
    """Raises InvalidInput where one of `landmarks` (68, 3) is far from all vertices (N, 3) of the skin."""
    away = np.array([np.linalg.norm(skin - point, axis=1).min() for point in landmarks])
    limit = 0.05 * np.ptp(skin, axis=0).max()
    if away.max() > limit:
        raise InvalidInput(
            f"--head-landmarks {path}: point {int(away.argmax())} is {away.max():.3g} units away from the skin; "
            f"allowed is up to {limit:.3g}: points must be in the mesh's own coordinates"
        )


def _landmark_values(path: Path) -> np.ndarray:
    """The numbers in a landmark file, as float64 of whatever shape."""
    if path.suffix.lower() not in (".json", ".txt"):
        raise InvalidInput(f"--head-landmarks is {path}; it must end in .json or .txt")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            values = np.array([_point(point) for point in _points(parse_json(text))], np.float64)
        else:
            lines = [line.strip() for line in text.splitlines()]
            values = np.array([[float(word) for word in re.split(r"\s*[,;]\s*|\s+", line)] for line in lines if line])
    except FileNotFoundError:
        raise InvalidInput(f"--head-landmarks is {path}, which does not exist") from None
    except (ValueError, TypeError, LookupError, OverflowError):
        raise InvalidInput(f"--head-landmarks {path} does not hold {NUM_LANDMARKS} numbers or points: {FORM}") from None
    if not np.isfinite(values).all():
        raise InvalidInput(f"--head-landmarks {path} holds a number that is not finite")
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _points(content: Any) -> list:
    """The landmarks in a JSON value. Raises LookupError or TypeError where there are none."""
    if isinstance(content, dict):
        return [point for markup in content["markups"] for point in markup["controlPoints"]]
    if not isinstance(content, list):
        raise TypeError
    return content


def _point(point: Any) -> Any:
    """[x, y, z] of one landmark in a JSON value, or what it is otherwise."""
    if not isinstance(point, dict):
        return point
    return point["position"] if "position" in point else [point["x"], point["y"], point["z"]]
