"""What is around a face, and before it: backgrounds and occluders. They change pictures, and no label.

Label-safe limits:
- A background replaces only what the segments call background: hair, clothes, accessories and bedding stay.
- Occluders are one or two shapes, each at most a quarter of the face box's longer side from end to end. Brows and mouth
  are further apart, and the two brows or the two eyes too: none can cover brows, eyes and mouth at once.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

MAX_OCCLUDER = 0.25  # of the face box's longer side
MAX_OCCLUDERS = 2
_CORNERS = (3, 9)  # of an occluder's outline, least and most


@dataclass(frozen=True)
class Scene:
    """What augmentation knows of a picture beside its pixels.

    Attributes:
        face: (x0, y0, x1, y1) of the face in sides of the picture; None: unknown, so that nothing is put before it.
        foreground: (H, W), uint8, 255 where the segments show something and 0 where they show background; None:
            unknown, so that the background stays.
        other: (H, W, 3), uint8, another frame; None: there is none, so that no amplitudes are swapped.
    """

    face: tuple[float, float, float, float] | None = None
    foreground: np.ndarray | None = None
    other: np.ndarray | None = None


def random_background(image: Image.Image, foreground: np.ndarray, random: np.random.Generator) -> Image.Image:
    """The picture before something else: colours that vary at three scales, smooth to rough."""
    made = Image.new("RGB", image.size)
    for cells, share in ((2, 1.0), (int(random.integers(4, 12)), random.uniform(0, 0.6)), (56, random.uniform(0, 0.4))):
        low, high = np.sort(dull(random.uniform(0, 255, (2, 3))), axis=0)
        grid = random.uniform(low, high, (cells, cells, 3)).astype(np.uint8)
        made = Image.blend(made, Image.fromarray(grid).resize(image.size, Image.Resampling.BICUBIC), share)
    return Image.composite(image, made, Image.fromarray(foreground))


def outlines(face: tuple[float, float, float, float], random: np.random.Generator) -> list[np.ndarray]:
    """The occluders of a face: polygons (n, 2), in sides of the picture as `face` is."""
    x0, y0, x1, y1 = face
    middle, side = np.array([x0 + x1, y0 + y1]) / 2, max(x1 - x0, y1 - y0)
    found = []
    for _ in range(random.integers(1, MAX_OCCLUDERS + 1)):
        place = middle + side * random.uniform(-0.5, 0.5, 2)
        radii = side * MAX_OCCLUDER / 2 * random.uniform(0.3, 1, 2)
        corners = int(random.integers(*_CORNERS))
        angles = 2 * np.pi * (np.arange(corners) + random.uniform(-0.3, 0.3, corners)) / corners
        turn = random.uniform(0, np.pi)
        points = np.column_stack([np.cos(angles), np.sin(angles)]) * radii
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        found.append(place + points @ rotation)
    return found


def random_occluders(
    image: Image.Image, face: tuple[float, float, float, float], random: np.random.Generator
) -> Image.Image:
    """The picture with shapes before the face, each of four colours that run into one another."""
    for polygon in outlines(face, random):
        mask = Image.new("L", image.size)
        ImageDraw.Draw(mask).polygon([tuple(point) for point in (polygon * image.size).tolist()], fill=255)
        colours = dull(random.uniform(0, 255, (2, 2, 3)))
        near = (colours / 4 + colours[0, 0] * 3 / 4).astype(np.uint8)
        image = Image.composite(Image.fromarray(near).resize(image.size, Image.Resampling.BILINEAR), image, mask)
    return image


def dull(colours: np.ndarray) -> np.ndarray:
    """Colours (..., 3) with 0.4 of their saturation: few things around people are of a pure colour."""
    grey = colours.mean(axis=-1, keepdims=True)
    return grey + 0.4 * (colours - grey)
