"""Why a score is not to be trusted: what the model was not trained for."""

import numpy as np
from PIL import Image

from dataset_script.facs import PSPI_MAX

from .faces import Face

MAX_YAW, MAX_PITCH = 50.0, 20.0
"""Degrees. Pain3D's heads turn by up to 42 and nod by up to 8, and move by up to 4 in pain; the estimate errs by 4
and 7. How many heads of which angle are beyond: `python -m benchmarks.face_turns`."""

_SMALLEST = 0.5
"""Side of the part seen, in the model's: below this the picture is stretched, and has no wrinkles."""

_CLEAR = 0.89
"""Of 60 rendered faces none scored less than .91, with the mouth or the eyes covered half of them .90 or less."""

_BLACK, _DARK, _WHITE, _FLAT = 0.06, 0.25, 0.97, 0.03
"""Grey levels, 0-1: of the brightest hundredth, twice; of a burnt out pixel; and the spread of a picture of nothing."""

_BURNT = 0.25
"""Share of pixels."""

_SLIGHTLY_CUT = 0.05
"""Of the box's side: what is cut by twice as much is no face to be scored. The estimate errs by about .03."""

_LOOKED_AT = 112
"""Side in pixels at which a picture is judged, whatever the model's."""

_SHARP = 0.035
"""Contrast of a pixel with its neighbours along rows or along columns, the smaller, relative to the picture's spread.
Of 72 rendered faces none has less than .042; how many blurred ones have: `python -m benchmarks.face_blur`."""


def warnings_of_face(face: Face, size: tuple[int, int], crop: float, model_side: int) -> list[str]:
    """What is unusual about a face in a picture of `size` (width, height).

    Args:
        crop: side of the square seen, in longer sides of the box.
        model_side: of the model's input, in pixels.
    """
    found = []
    if face.yaw is not None and abs(face.yaw) > MAX_YAW:
        found.append(f"turned by {abs(face.yaw):.0f} degrees")
    if face.pitch is not None and abs(face.pitch) > MAX_PITCH:
        found.append(f"looks {'up' if face.pitch > 0 else 'down'} by {abs(face.pitch):.0f} degrees")
    if face.side * crop < _SMALLEST * model_side:
        found.append(f"face of {face.side:.0f} pixels")
    if face.score is not None and face.score < _CLEAR:
        found.append("partly covered, unclear or no face")
    if face.is_cut(size) if face.named else face.is_cut(size, _SLIGHTLY_CUT):
        found.append("cut by the picture's edge")
    return found


def warnings_of_pixels(seen: np.ndarray) -> list[str]:
    """What is unusual about what the model sees, (3, H, W), 0-1."""
    grey = np.tensordot(np.array([0.299, 0.587, 0.114], np.float32), seen, 1)
    if max(grey.shape) > _LOOKED_AT:
        grey = np.asarray(Image.fromarray(grey).resize((_LOOKED_AT, _LOOKED_AT), Image.Resampling.BOX))
    height, width = grey.shape
    inner = grey[height // 6 : height - height // 6, width // 6 : width - width // 6]
    top = np.percentile(inner, 99)
    if top < _BLACK:
        return ["all but black"]
    if inner.std() < _FLAT * top:
        return ["all of one colour"]
    found = []
    if top < _DARK:
        found.append("dark")
    if (inner > _WHITE).mean() > _BURNT:
        found.append("burnt out")
    if sharpness(inner) < _SHARP:
        found.append("blurred")
    return found


def sharpness(grey: np.ndarray) -> float:
    """Contrast of the pixels of (H, W) with their two neighbours in the row or column, relative to the spread of all.

    The smaller of the two: who moves is blurred along one of them.
    """
    in_rows = np.abs(grey[:, 1:-1] - (grey[:, :-2] + grey[:, 2:]) / 2).mean()
    in_columns = np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean()
    return float(min(in_rows, in_columns) / grey.std())


def warnings_of_interval(low: int, high: int) -> list[str]:
    """Whether the model says nothing."""
    return ["the interval is the whole scale"] if low <= 0 and high >= PSPI_MAX else []
