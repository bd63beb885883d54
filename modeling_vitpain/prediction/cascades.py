"""The faces that OpenCV's Haar cascades find: upright and well lit ones, where there are no weights of YuNet."""

import threading
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.errors import WorkFailed

from .faces import Face, NoFace, by_prominence
from .media import InputImage

_SEARCH_SIDE = 640
"""Pictures are searched at this size at most: finer faces than a tenth of it are not looked for anyway."""

_SMALLEST_FACE = 0.1  # of the picture's longer side

# From the cascades' boxes to the dataset's, measured on 154 frontal and 60 oblique frames of Pain3D: the longer side,
# and how far the centre is above, both in units of the cascade's box.
_FRONTAL = (1.2, 0.04)
_PROFILE = (0.96, 0.02)


class CascadeFaces(threading.local):
    """The faces that OpenCV's Haar cascades find: frontal, else in profile from either side.

    Each thread has its own cascades, as one may be used by one thread at a time; copies load them again.

    The cascades are in the `opencv-python-headless` wheel, version 4. They give no head pose, miss faces that are
    turned in the picture plane, dark or small, and see faces where there are none (docs/faces.md).

    Raises:
        WorkFailed: OpenCV 5 is installed, which has no cascades.
    """

    def __init__(self):
        import cv2

        if not hasattr(cv2, "CascadeClassifier"):
            raise WorkFailed(f"OpenCV {cv2.__version__} has no cascades; pip install 'pain3d[faces]' brings version 4")
        folder = Path(cv2.data.haarcascades)
        self._frontal, self._profile = (
            cv2.CascadeClassifier(str(folder / f"haarcascade_{name}.xml"))
            for name in ("frontalface_alt2", "profileface")
        )

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return CascadeFaces, ()

    def find(self, picture: InputImage) -> list[Face]:
        """See `FaceFinder`."""
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
            raise NoFace("no face found")
        faces = []
        for x, y, side in found:
            centre_x, centre_y, half = x + side / 2, y + side / 2 - rise * side, factor * side / 2
            box = (centre_x - half, centre_y - half, centre_x + half, centre_y + half)
            faces.append(Face(tuple(value / shrink for value in box)))
        return by_prominence(faces, image.size)

    def _search(self, cascade, grey: np.ndarray) -> list[tuple[int, int, int]]:
        """Left, top and side of each square face, in pixels of `grey`."""
        smallest = max(24, round(_SMALLEST_FACE * max(grey.shape)))
        faces = cascade.detectMultiScale(grey, 1.1, 3, minSize=(smallest, smallest))
        return [(int(x), int(y), int(side)) for x, y, side, _ in faces]
