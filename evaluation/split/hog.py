"""HOG and ridge regression: forty lines that any trained network must beat, fitted to the same training frames.

Histograms of oriented gradients (OpenCV's: cells of 8 pixels, blocks of 16, 9 bins) of the grey face, squeezed to a
square. OpenCV is in the extra `faces`.
"""

from importlib.util import find_spec

import numpy as np
from datasets import Dataset, Image
from PIL.Image import Image as Picture

from dataset_script.errors import WorkFailed
from dataset_script.progress import Progress

SIDE = 96
"""Pixels of the square."""
MARGIN = 0.1
"""Shares of the face box that are added on each side."""
NEEDED = "pip install 'pain3d[faces]'"


def is_installed() -> bool:
    """Whether OpenCV is there."""
    return find_spec("cv2") is not None


def hog_features(rows: Dataset, words: str = "frames for HOG") -> np.ndarray:
    """(n, D) float32 of the faces of `rows`, with the columns `image` and `face_box`; `words`: of the progress.

    Raises WorkFailed where a picture cannot be read.
    """
    import cv2

    hog = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)
    found = np.empty((len(rows), hog.getDescriptorSize()), np.float32)
    rows = rows.select_columns(["image", "face_box"]).cast_column("image", Image())
    with Progress(words) as progress:
        for k in range(len(rows)):
            try:
                row = rows[k]
                found[k] = hog.compute(grey_face(row["image"], row["face_box"])).ravel()
            except OSError as error:  # PIL's UnidentifiedImageError is one
                raise WorkFailed(f"picture {k} of those for HOG cannot be read: {error}") from error
            progress(k + 1, len(rows))
    return found


def grey_face(picture: Picture, face_box: list[float] | None) -> np.ndarray:
    """(SIDE, SIDE) uint8: the face box with a margin, black outside of the picture; without a box the whole picture."""
    grey = picture.convert("L")
    if face_box is not None:
        x0, y0, x1, y1 = face_box
        across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
        grey = grey.crop((x0 - across, y0 - down, x1 + across, y1 + down))
    return np.asarray(grey.resize((SIDE, SIDE)))
