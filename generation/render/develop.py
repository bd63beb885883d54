"""From linear light to the picture that a camera writes: exposure, focus, tone curve, sensor noise."""

import functools

import numpy as np
from PIL import Image, ImageFilter

from ..appearance.base import Look
from ..appearance.places.light import Light
from ..kernels import kernel
from ..plan.cameras import CAMERA_KINDS

MAX_BLUR = 0.22
"""Share of the light that the worst focus hands to each of the four neighbours of a pixel, at 512 px."""
NOISE = 1.1
"""Standard deviation of the sensor noise, of 255."""
TONE_TOP, TONE_STEPS = 8, 512
FORWARD = np.array([0.0, 0.0, 1.0])
USUAL_LIGHT = 1.15
"""Brightness of the light that people are photographed in."""


def look_exposure(look: Look) -> float:
    """How a person is exposed."""
    return exposure_for(look.scene.light, look.skin.melanin)


def exposure_for(light: Light, melanin: float) -> float:
    """A photographer opens up for dark skin and dim rooms, though not all the way."""
    skin = float(np.exp(-0.8 * melanin))
    return 0.95 * (USUAL_LIGHT / brightness(light)) ** 0.55 * (0.62 / skin) ** 0.28


def brightness(light: Light) -> float:
    """How bright a light is on a face, about."""
    around = float(light.ambient(FORWARD).mean())
    return 0.55 * float(light.colour[0].mean()) + 0.5 * float(light.colour[1].mean()) + 1.4 * around


def develop(colour: np.ndarray, exposure: float, noise: np.random.Generator, camera: str = "tripod") -> np.ndarray:
    """Linear samples (2S, 2S, 3) to sRGB uint8 (S, S, 3): average 2 x 2, focus, soft shoulder, gamma, sensor noise.

    `camera`: the kind that records them, one of `CAMERA_KINDS`.
    """
    side, kind = colour.shape[0] // 2, CAMERA_KINDS[camera]
    grain = noise.standard_normal((side, side), dtype=np.float32) * np.float32(kind.grain * NOISE)
    focus = np.float32(side / 512 * MAX_BLUR * noise.beta(1.2, 3.0))
    picture = _develop(colour, np.float32(exposure), grain, tone_table(), min(focus, np.float32(0.25)))
    if not kind.softness:
        return picture
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(kind.softness * side / 512)))


@functools.cache
def tone_table() -> np.ndarray:
    """sRGB value 0-255 (float32) of exposed light 0 to TONE_TOP in steps of 1 / TONE_STEPS: shoulder, then gamma."""
    linear = np.arange(TONE_TOP * TONE_STEPS + 2) / TONE_STEPS
    linear = linear * (1 + linear / 5.0) / (1 + 0.62 * linear)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-8) ** (1 / 2.4) - 0.055)
    return (255 * encoded).astype(np.float32)


@kernel
def _develop(colour, exposure, grain, table, blur):
    side = grain.shape[0]
    out = np.empty((side, side, 3), np.uint8)
    pixels = np.empty((side, side, 3), np.float32)
    for row in range(side):
        r = 2 * row
        for column in range(side):
            c = 2 * column
            for k in range(3):
                pixels[row, column, k] = (
                    colour[r, c, k] + colour[r, c + 1, k] + colour[r + 1, c, k] + colour[r + 1, c + 1, k]
                )
    scale, top = np.float32(0.25) * exposure * TONE_STEPS, np.float32(TONE_TOP * TONE_STEPS)
    for row in range(side):
        above, below = max(row - 1, 0), min(row + 1, side - 1)
        for column in range(side):
            left, right = max(column - 1, 0), min(column + 1, side - 1)
            for k in range(3):
                light = pixels[row, column, k] * (1 - 4 * blur) + blur * (
                    pixels[above, column, k] + pixels[below, column, k] + pixels[row, left, k] + pixels[row, right, k]
                )
                place = min(max(light * scale, np.float32(0)), top)
                low = int(place)
                share = place - low
                value = table[low] * (1 - share) + table[low + 1] * share + grain[row, column]
                out[row, column, k] = np.uint8(min(max(value + np.float32(0.5), np.float32(0)), np.float32(255)))
    return out
