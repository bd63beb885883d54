"""The shade of a person's hair, taken out of a portrait: hair is drawn again over the texture and shades it anew."""

import numpy as np
from scipy import ndimage

from ..geometry.camera import Camera
from ..geometry.steps import smoothstep

IN_SHADE = 0.05
"""Hair that takes more than this share of the light shades the skin."""
AROUND_MM = 8.0
"""Standard deviation of the surroundings whose unshaded skin tells what colour the shaded skin has."""
FARTHER, ANYWHERE = 0.05, 0.001
"""How much skin four times as far away, and the skin as a whole, count for the colour around a pixel."""
OF_HAIR = (0.60, 0.80)
"""Colour without the shade, relative to that of the skin around: below the first it is that of hair, above the second
that of skin."""
SOFT_MM = 0.6
LEAST = 0.15
"""Least share of the light that is divided out: below it noise would be all that is left."""


def shaded_by_hair(passed: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(S, S) bool, skin that hair shades; arguments as for `shade_shown`."""
    return (share > 3) & (passed.mean(axis=2) < 1 - IN_SHADE)


def shade_shown(radiance: np.ndarray, passed: np.ndarray, share: np.ndarray, camera: Camera) -> np.ndarray:
    """How much of the expected shade of hair a portrait shows: (S, S) 0-1.

    The hair of a portrait need not be the person's strand by strand. So no more of its shade is taken for real than
    makes the skin as pale as the unshaded skin around it. What is darker than the whole shade explains is hair itself
    and stays as dark.

    Args:
        radiance: (S, S, 3) what the skin shows, relative to the light without hair.
        passed: (S, S, 3) share of that light that the hair lets through.
        share: (S, S) samples of skin in each pixel, 0-4.
    """
    missing, shaded = 1 - passed.mean(axis=2), shaded_by_hair(passed, share)
    open_skin = (share > 3) & ~shaded
    if not shaded.any() or not open_skin.any():
        return np.zeros(share.shape, np.float32)
    value, weight = radiance.mean(axis=2), open_skin.astype(np.float32)
    total, count = ANYWHERE * np.median(value[open_skin]), ANYWHERE
    for sigma, much in ((AROUND_MM, 1.0), (4 * AROUND_MM, FARTHER)):
        total = total + much * ndimage.gaussian_filter(value * weight, sigma / camera.pixel_mm)
        count = count + much * ndimage.gaussian_filter(weight, sigma / camera.pixel_mm)
    pale = value * count / total
    shown = np.clip((1 - pale) / np.maximum(missing, IN_SHADE), 0, 1) * shaded
    shown *= smoothstep(*OF_HAIR, pale / np.maximum(1 - missing, LEAST))
    return ndimage.gaussian_filter(shown, SOFT_MM / camera.pixel_mm)


def light_under_hair(passed: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """(S, S, 3): share of the light that reaches the skin where so much of the shade of hair is `shown` (S, S)."""
    return np.maximum(1 - shown[..., None] * (1 - passed), LEAST)
