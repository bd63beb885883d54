"""Colours of paints and cloth."""

import numpy as np


def colour(*srgb: float) -> np.ndarray:
    """Linear values of those of an sRGB colour, 0-255: three, or a scale."""
    c = np.array(srgb) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
