"""Where the face is in a picture: listed in a CSV file, or found by OpenCV's cascades."""

import csv
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput, WorkFailed

from ..image_processing_vitpain import box_of_landmarks
from .media import InputImage

Box = tuple[float, float, float, float]

_BOX_COLUMNS = ["x0", "y0", "x1", "y1"]
_LANDMARK_COLUMNS = [f"{axis}{k}" for k in range(68) for axis in "xy"]

_SEARCH_SIDE = 640
"""Pictures are searched at this size at most: finer faces than a tenth of it are not looked for anyway."""

_SMALLEST_FACE = 0.1  # of the picture's longer side

# From OpenCV's boxes to ours, measured on 154 frontal and 60 oblique frames of Pain3D: the longer side, and how far the
# centre is above, both in units of the cascade's box.
_FRONTAL = (1.2, 0.04)
_PROFILE = (0.96, 0.02)


class FaceFinder(Protocol):
    """Finds the face in a picture. `missing` is the error of a picture without one."""

    missing: str

    def find(self, picture: InputImage) -> Box | None:
        """The box (x0, y0, x1, y1) in pixels of `picture.image`, forehead to chin as the dataset's `face_box`."""


class NamedFaces:
    """Faces listed in a CSV file.

    Columns: `path`, relative to the working directory or to the file's own folder; `x0, y0, x1, y1`, a box in pixels of
    the upright picture, or with `landmarks` `x0, y0, …, x67, y67`, the 68 points of iBUG 300-W. For videos also
    `frame`, from 0; a row without it holds for all frames of its video.

    Raises:
        InvalidInput: the file does not exist, a column is missing, or a row is wrong.
    """

    def __init__(self, table: Path, landmarks: bool = False):
        self.missing = f"no face is named for it in {table.name}"
        columns = _LANDMARK_COLUMNS if landmarks else _BOX_COLUMNS
        self.boxes: dict[tuple[Path, int | None], Box] = {}
        try:
            with open(table, newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file)
                absent = [name for name in ("path", *columns) if name not in (reader.fieldnames or [])]
                if absent:
                    needed = f"path and {columns[0]} to {columns[-1]}"
                    raise InvalidInput(f"{table} has no column {', '.join(absent[:4])}; needed are {needed}")
                for row in reader:
                    key, box = _read_row(table, row, columns, where=f"{table}, line {reader.line_num}")
                    self.boxes[key] = box
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{table} is not there or is no CSV file") from error

    def find(self, picture: InputImage) -> Box | None:
        path = picture.source.path.resolve()
        box = self.boxes.get((path, picture.frame), self.boxes.get((path, None)))
        return None if box is None else tuple(value * picture.scale for value in box)


def _read_row(table: Path, row: dict, columns: list[str], where: str) -> tuple[tuple[Path, int | None], Box]:
    try:
        numbers = np.array([float(row[name]) for name in columns])
        frame = int(row["frame"]) if row.get("frame") else None
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{where}: {error}; allowed are numbers") from None
    box = tuple(numbers.tolist()) if len(columns) == 4 else box_of_landmarks(_finite(numbers, where).reshape(-1, 2))
    if not (np.isfinite(box).all() and box[0] < box[2] and box[1] < box[3]):
        raise InvalidInput(f"{where}: the face is {list(box)}; allowed are finite x0 < x1 and y0 < y1")
    here = Path(row["path"])
    return ((here if here.exists() else table.parent / here).resolve(), frame), box


def _finite(numbers: np.ndarray, where: str) -> np.ndarray:
    if not np.isfinite(numbers).all():
        raise InvalidInput(f"{where}: a landmark is not finite")
    return numbers


class FoundFaces:
    """The largest face that OpenCV's Haar cascades find: frontal, else in profile from either side.

    Simple and offline: the cascades are in the `opencv-python-headless` wheel, version 4, the extra `pain3d[faces]`. On
    Pain3D's own frames it finds all frontal faces and most of those turned by 40 degrees, there with the box up to a
    sixth off towards the ear. For clinical work give boxes of your own, from a detector and a check.

    Raises:
        WorkFailed: OpenCV 5 is installed, which has no cascades.
    """

    missing = "no face found"

    def __init__(self):
        import cv2

        if not hasattr(cv2, "CascadeClassifier"):
            raise WorkFailed(f"OpenCV {cv2.__version__} has no cascades; pip install 'pain3d[faces]' brings version 4")
        folder = Path(cv2.data.haarcascades)
        self._frontal, self._profile = (
            cv2.CascadeClassifier(str(folder / f"haarcascade_{name}.xml"))
            for name in ("frontalface_alt2", "profileface")
        )

    def find(self, picture: InputImage) -> Box | None:
        image = picture.image
        shrink = min(1.0, _SEARCH_SIDE / max(image.size))
        size = tuple(max(1, round(side * shrink)) for side in image.size)
        grey = np.asarray(image.convert("L").resize(size, Image.Resampling.BILINEAR))
        found = self._search(self._frontal, grey)
        factor, rise = _FRONTAL
        if not found:
            factor, rise = _PROFILE
            mirrored = self._search(self._profile, np.ascontiguousarray(grey[:, ::-1]))
            found = self._search(self._profile, grey) + [(size[0] - x - side, y, side) for x, y, side in mirrored]
        if not found:
            return None
        x, y, side = max(found, key=lambda face: face[2])
        centre_x, centre_y, half = x + side / 2, y + side / 2 - rise * side, factor * side / 2
        box = (centre_x - half, centre_y - half, centre_x + half, centre_y + half)
        return tuple(value / shrink for value in box)

    def _search(self, cascade, grey: np.ndarray) -> list[tuple[int, int, int]]:
        """Left, top and side of each square face, in pixels of `grey`."""
        smallest = max(24, round(_SMALLEST_FACE * max(grey.shape)))
        faces = cascade.detectMultiScale(grey, 1.1, 3, minSize=(smallest, smallest))
        return [(int(x), int(y), int(side)) for x, y, side, _ in faces]
