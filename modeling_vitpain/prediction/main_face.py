"""The main face of a picture, for `pipeline("pain-assessment", find_face=MainFace())`."""

import warnings
from pathlib import Path

from PIL import Image

from .face_finders import best_finder
from .faces import Box, NoFace, upright
from .media import InputImage, MediaFile


class MainFace:
    """Finds the main face of a picture as `pain3d predict --find-faces` does: the largest and most central one.

    It can be copied and sent to other processes, where its weights are read from their file again.

    Args:
        weights: YuNet's ONNX file; default as in `pain3d predict`: that of pain3d[faces], or what PAIN3D_FACE_MODEL
            names. Where there is none OpenCV's cascades are used, with a warning.

    Raises:
        InvalidInput: the file is not YuNet's.
        ModuleNotFoundError: OpenCV is not installed.
    """

    def __init__(self, weights: Path | None = None):
        try:
            self._finder = best_finder(weights, lambda text: warnings.warn(text, stacklevel=4))
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"faces are found by OpenCV: pip install 'pain3d[faces]' ({error})", name=error.name
            ) from error

    def __call__(self, image: Image.Image, face_crop: float) -> tuple[Image.Image, Box]:
        """The picture around its main face, with the face upright, and the face's box in it, in pixels.

        Args:
            image: upright, RGB.
            face_crop: side of the square that will be cut out, in longer sides of the box.

        Raises:
            NoFace: there is none, or the picture's edge cuts it.
        """
        face = self._finder.find(InputImage(MediaFile(Path("picture"), "picture"), image))[0]
        if face.is_cut(image.size):
            raise NoFace("the picture's edge cuts the face")
        image, face = upright(image, face, face_crop)
        return image, face.box
