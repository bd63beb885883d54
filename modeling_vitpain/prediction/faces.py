"""What a face in a picture is, who says where it is, and how it is brought upright."""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from PIL import Image

from ..image_processing_vitpain import box_of_landmarks
from ..pictures_vitpain import crop_square
from .media import InputImage

Box = tuple[float, float, float, float]

_LEAST_TILT = 8.0
"""Degrees. Training showed heads tilted by up to 4, and in motion by up to 6: below this a face stays as it is."""

_DIAGONAL = math.sqrt(2)

_CUT = 0.1
"""A face is cut where the picture's edge takes more than this share of its box's side."""


class NoFace(ValueError):
    """Why no face of a picture can be scored, in one line."""


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    Attributes:
        box: (x0, y0, x1, y1), forehead to chin as the dataset's `face_box`, in pixels of the picture, after it was
            turned by `-tilt` about the box's centre.
        tilt: degrees clockwise by which the face is turned in the picture, -180 to 180.
        score: 0-1, how sure the detector is; None where the face was named.
        yaw, pitch, roll: of the head in degrees, signed as the dataset's `camera`: positive when the subject turns to
            their own left, looks up, and tilts the head clockwise in the picture; None where they are not known.
        reach: from the box's centre to the face's left and right side in pixels, of a face near the picture's edge: the
            box of a detector shrinks with a face that the edge cuts.
        named: whether a person or another detector says so, in a table; then the box is taken as it is.
    """

    box: Box
    tilt: float = 0.0
    score: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    reach: tuple[float, float] | None = None
    named: bool = False

    @property
    def side(self) -> float:
        """The box's longer side in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    def moved(self, x: float, y: float) -> "Face":
        """The face `x` pixels further right and `y` further down."""
        x0, y0, x1, y1 = self.box
        return replace(self, box=(x0 + x, y0 + y, x1 + x, y1 + y))

    def is_cut(self, size: tuple[int, int], share: float = _CUT) -> bool:
        """Whether the edge of a picture of `size` (width, height) cuts the face: its forehead, chin or a cheek.

        `share`: of its box's side, what the edge may take.
        """
        x, y = self.centre
        across, along = (self.box[2] - self.box[0]) / 2, (self.box[3] - self.box[1]) / 2
        left, right = (max(across, reach) for reach in self.reach or (across, across))
        sine, cosine = math.sin(math.radians(self.tilt)), math.cos(math.radians(self.tilt))
        ends = [(k * cosine, k * sine) for k in (-left, right)]
        ends += [(-k * along * sine, k * along * cosine) for k in (-1, 1)]
        spare = share * self.side
        return any(not (-spare <= x + dx <= size[0] + spare and -spare <= y + dy <= size[1] + spare) for dx, dy in ends)


class FaceFinder(Protocol):
    """Says where the faces of a picture are."""

    def find(self, picture: InputImage) -> list[Face]:
        """The faces, the main one first: the largest, and of two of like size the more central. At least one.

        Raises:
            NoFace: there is none, or the table that names them is wrong about this picture.
        """


def by_prominence(faces: list[Face], size: tuple[int, int]) -> list[Face]:
    """The faces of a picture of `size` (width, height), the main one first: large, and near the middle."""
    reach = math.hypot(*size) / 2

    def prominence(face: Face) -> float:
        x, y = face.centre
        return face.side * (1 - 0.5 * min(1.0, math.hypot(x - size[0] / 2, y - size[1] / 2) / reach))

    return sorted(faces, key=prominence, reverse=True)


def face_of_landmarks(points: np.ndarray) -> tuple[Box, float]:
    """`Face.box` and `Face.tilt` of 68 landmarks (68, 2) of iBUG 300-W in pixels.

    The line between the eyes and that from them to the mouth say how the face lies, the longer one the more: of a
    profile the eyes say little. A face that is almost upright keeps the box of its landmarks as they are.
    """
    right, left, mouth = (points[ends].mean(axis=0) for ends in (slice(36, 42), slice(42, 48), slice(48, 68)))
    across, down = left - right, mouth - (left + right) / 2
    x, y = across[0] + down[1], across[1] - down[0]
    tilt = math.degrees(math.atan2(y, x))
    if abs(tilt) < _LEAST_TILT:
        return box_of_landmarks(points), tilt
    sine, cosine = math.sin(math.radians(tilt)), math.cos(math.radians(tilt))
    turn, middle = np.array([[cosine, sine], [-sine, cosine]]), points.mean(axis=0)
    x0, y0, x1, y1 = box_of_landmarks((points - middle) @ turn.T)
    x, y = np.array([x0 + x1, y0 + y1]) / 2 @ turn + middle
    half_width, half_height = (x1 - x0) / 2, (y1 - y0) / 2
    return (float(x - half_width), float(y - half_height), float(x + half_width), float(y + half_height)), tilt


def upright(image: Image.Image, face: Face, crop: float) -> tuple[Image.Image, Face]:
    """The picture around a face with the face upright, and where the face is in it.

    Args:
        image: RGB.
        crop: side of the square that will be cut out of the result, in longer sides of the box.
    """
    if abs(face.tilt) < _LEAST_TILT:
        return image, replace(face, tilt=0.0)
    around = crop_square(image, face.box, crop * _DIAGONAL * 1.02)
    turned = around.rotate(face.tilt, Image.Resampling.BICUBIC)
    middle, across, along = around.width / 2, face.box[2] - face.box[0], face.box[3] - face.box[1]
    box = (middle - across / 2, middle - along / 2, middle + across / 2, middle + along / 2)
    return turned, replace(face, box=box, tilt=0.0)
