"""A picture at the sizes at which faces are looked for in it, and what of it is around a face."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

_SIDES = (160, 320, 640, 1280)
"""Longer sides in pixels at which a picture is held; searched at 320 and 640, and at 1280 where nothing was found."""

_DARK = 110
"""A picture whose brightest hundredth is below this grey level, of 255, has its levels stretched."""

CROP, FACE = 192, 96
"""Sides in pixels of the picture in which a face is seen again, and of the face in it."""

_NEAR = 0.6
"""Of its side: nearer than this to the middle of a face, the picture's edge may cut it."""


@dataclass(frozen=True)
class Place:
    """A face: middle and side in pixels of the picture, and degrees clockwise by which it is turned."""

    x: float
    y: float
    side: float
    tilt: float = 0.0
    score: float = 0.0


class Levels:
    """A picture at several sizes, blue first, stretched where it is dark."""

    def __init__(self, image: Image.Image):
        self.stored = max(image.size)
        self._image = image
        self._made: dict[tuple[int, bool], tuple[np.ndarray, float]] = {}

    def at(self, side: int, equalised: bool = False) -> tuple[np.ndarray, float]:
        """uint8 (H, W, 3), its longer side `side` pixels, and that in units of the picture's."""
        if (side, equalised) not in self._made:
            scale = side / self.stored
            size = tuple(max(1, round(length * scale)) for length in self._image.size)
            small = self._image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
            pixels = _stretched(np.asarray(small)[..., ::-1])
            self._made[side, equalised] = (_equalised(pixels) if equalised else pixels, scale)
        return self._made[side, equalised]

    def holds(self, place: Place) -> bool:
        """Whether the picture's edge is far from a face."""
        spare = _NEAR * place.side
        return all(spare < at < length - spare for at, length in zip((place.x, place.y), self._image.size, strict=True))

    def inside(self, place: Place, equalised: bool) -> tuple[np.ndarray, tuple[float, float], float]:
        """What the picture holds around a place, its side 96 pixels: uint8 (H, W, 3), where it is, pixels a pixel."""
        import cv2

        pixels, scale, zoom = self._enough(place, equalised)
        x, y, side = place.x * scale, place.y * scale, place.side * scale
        limits = zip((x, y), pixels.shape[1::-1], strict=True)
        left, top = (min(max(0, math.floor(at - side)), length - 1) for at, length in limits)
        part = pixels[top : math.ceil(y + side), left : math.ceil(x + side)]
        size = tuple(max(1, round(length * zoom)) for length in part.shape[1::-1])
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
        return part, ((x - left) * zoom, (y - top) * zoom), zoom * scale

    def _enough(self, place: Place, equalised: bool) -> tuple[np.ndarray, float, float]:
        """The picture as large as a face of 96 pixels needs, as `at`, and how much it has to be enlarged for that."""
        wanted = FACE / place.side * self.stored
        side = next((side for side in _SIDES if side >= wanted), _SIDES[-1])
        pixels, scale = self.at(side, equalised)
        return pixels, scale, FACE / (place.side * scale)

    def around(self, place: Place, equalised: bool) -> np.ndarray:
        """uint8 (192, 192, 3): the place in the middle, upright, its side 96 pixels; black outside of the picture."""
        import cv2

        pixels, scale, zoom = self._enough(place, equalised)
        sine, cosine = math.sin(math.radians(place.tilt)), math.cos(math.radians(place.tilt))
        turn = zoom * np.array([[cosine, sine], [-sine, cosine]])
        shift = CROP / 2 - turn @ (place.x * scale, place.y * scale)
        return cv2.warpAffine(pixels, np.column_stack([turn, shift]), (CROP, CROP), flags=cv2.INTER_LINEAR)


def _stretched(pixels: np.ndarray) -> np.ndarray:
    """A dark picture with its grey levels stretched to the whole range; any other as it is."""
    low, high = np.percentile(pixels[::2, ::2], (1, 99))
    if high >= _DARK or high - low < 2:
        return pixels
    return np.clip((pixels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)


def _equalised(pixels: np.ndarray) -> np.ndarray:
    """Contrast equalised patch by patch: faces in front of a window, or in a corner without light."""
    import cv2

    lab = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_BGR2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=4.0, tileGridSize=(4, 4)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)
