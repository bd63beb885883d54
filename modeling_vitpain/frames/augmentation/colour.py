"""The colours of a picture: a matrix of its channels, a table of levels for each, and the light of another frame.

Label-safe limits:
- The tables rise, so that what was darker stays darker.
- The mean level of the middle of the picture, where the face is, stays between 60 and 205 of 255, or where it was:
  neither dark skin drowns in black nor light skin is burnt out, however bright or dark the background.
- From another frame come waves of half a side and longer only, coarser than any part of a face that a unit moves; they
  add at most 40 levels and take at most 40 % of what is there.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

MAX_BRIGHTNESS = 0.2  # of white
MAX_CONTRAST = 1.5
MAX_GAMMA = 1.5
SATURATION = (0.4, 1.6)
MAX_HUE = 15.0  # degrees
MAX_TEMPERATURE = 0.18  # log gain of red, and of blue the other way
MAX_CURVE = 0.06  # of white, at five levels of a colour table; below 1/8 a table still rises
MEAN_LEVELS = (60, 205)
MAX_WAVES = 2
MAX_LIGHT = 0.5
"""Largest share of another frame's light."""
_MAX_ADDED = 40  # levels that another frame's light may add
_MAX_TAKEN = 0.4  # share of the levels that it may take
_THUMBNAIL = 16

_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)
_KNOTS = np.linspace(0, 1, 5)


@dataclass(frozen=True)
class Colour:
    """One draw: factors of 1, angles and additions of 0 leave a picture as it is.

    Attributes:
        brightness: added, in levels of 0-255.
        contrast: factor about the mean of the picture's middle.
        gamma: exponent.
        saturation: factor; 0 is grey.
        hue: degrees.
        temperature: log gain of red; blue has it the other way.
        curve: what a colour table adds at five levels, (3, 5) in shares of white; None: no such table.
        light: share of another frame's light, 0 to 1.
    """

    brightness: float = 0.0
    contrast: float = 1.0
    gamma: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    temperature: float = 0.0
    curve: np.ndarray | None = None
    light: float = 0.0

    def mix(self) -> np.ndarray:
        """The matrix (3, 3) of red, green and blue: hue, saturation, temperature."""
        angle = np.radians(self.hue)
        turn = self.saturation * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        chroma = np.eye(3)
        chroma[1:, 1:] = turn
        return np.diag(np.exp([self.temperature, 0.0, -self.temperature])) @ _FROM_YIQ @ chroma @ _TO_YIQ

    def tables(self, counts: np.ndarray) -> np.ndarray:
        """New levels of the levels 0-255, (3, 256), uint8, for a face in which each level occurs so often (256,)."""
        levels = 255 * (np.arange(256) / 255) ** self.gamma
        before, mean = counts @ np.arange(256) / counts.sum(), counts @ levels / counts.sum()
        lowest, highest = min(before, MEAN_LEVELS[0]), max(before, MEAN_LEVELS[1])
        levels = (levels - mean) * self.contrast + np.clip(mean + self.brightness, lowest, highest)
        tables = np.broadcast_to(np.clip(levels, 0, 255), (3, 256))
        if self.curve is not None:
            rising = _KNOTS + self.curve
            tables = np.stack(
                [np.interp(t / 255, _KNOTS, knots) * 255 for t, knots in zip(tables, rising, strict=True)]
            )
        return np.clip(tables + 0.5, 0, 255).astype(np.uint8)

    def apply(self, image: Image.Image) -> Image.Image:
        """The picture in other colours."""
        if (self.hue, self.saturation, self.temperature) != (0.0, 1.0, 0.0):
            image = image.convert("RGB", np.column_stack([self.mix(), np.zeros(3)]).ravel().tolist())
        if (self.brightness, self.contrast, self.gamma) != (0.0, 1.0, 1.0) or self.curve is not None:
            width, height = image.size
            middle = image.crop((width // 4, height // 4, width - width // 4, height - height // 4))
            counts = np.array(middle.histogram()).reshape(3, 256).sum(axis=0)
            image = image.point(self.tables(counts).ravel().tolist())
        return image


def drawn_colour(random: np.random.Generator, tables: bool, light: bool) -> Colour:
    """A draw in which about three of the changes are active. `tables`, `light`: may it have such?"""
    unit, active = random.uniform(-1, 1, 7), random.random(9)
    curve = random.uniform(-MAX_CURVE, MAX_CURVE, (3, 5)) if tables and active[7] < 0.2 else None
    share = float(random.uniform(0.2, MAX_LIGHT)) if light and active[8] < 0.2 else 0.0
    low, high = SATURATION
    saturation = low + (high - low) * (unit[3] + 1) / 2 if active[3] < 0.35 else 1.0
    return Colour(
        brightness=float(unit[0] * MAX_BRIGHTNESS * 255 * (active[0] < 0.5)),
        contrast=float(MAX_CONTRAST ** (unit[1] * (active[1] < 0.5))),
        gamma=float(MAX_GAMMA ** (unit[2] * (active[2] < 0.3))),
        saturation=0.0 if active[6] < 0.08 else float(saturation),
        hue=float(unit[4] * MAX_HUE * (active[4] < 0.25)),
        temperature=float(unit[5] * MAX_TEMPERATURE * (active[5] < 0.35)),
        curve=curve,
        light=share,
    )


def with_light_of(image: Image.Image, other: Image.Image, share: float) -> Image.Image:
    """The picture with a share of another's amplitudes at up to 2 waves a side; its own phases, and all finer waves.

    Fourier domain adaptation (Yang and Soatto 2020), on thumbnails: so few waves need no more pixels.
    """
    size = (_THUMBNAIL, _THUMBNAIL)
    small = [np.asarray(each.resize(size, Image.Resampling.BOX), dtype=np.float32) for each in (image, other)]
    own, others = (np.fft.fft2(each, axes=(0, 1)) for each in small)
    waves = np.abs(np.fft.fftfreq(_THUMBNAIL, 1 / _THUMBNAIL)) <= MAX_WAVES
    amplitude = np.abs(own)
    change = share * (np.abs(others) - amplitude) / np.maximum(amplitude, 1e-3) * own
    change *= (waves[:, None] & waves)[..., None]
    added = np.fft.ifft2(change, axes=(0, 1)).real.clip(-_MAX_TAKEN * small[0], _MAX_ADDED).astype(np.float32)
    smooth = [
        np.asarray(Image.fromarray(np.ascontiguousarray(channel)).resize(image.size, Image.Resampling.BICUBIC))
        for channel in np.moveaxis(added, -1, 0)
    ]
    levels = np.asarray(image) + np.stack(smooth, axis=-1)
    return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8))
