"""Light that enters the skin and leaves it a little further on: a blur of the incoming light in screen space.

Separable, per channel, in millimetres of skin (red travels furthest), and only between pixels of the same surface
(d'Eon & Luebke 2007, Jimenez et al. 2009). The albedo is that of skin as seen, so it is applied after the blur and
stays sharp. Runs at one sample a pixel, before strands are drawn over the skin.
"""

from typing import NamedTuple

import numpy as np

from ...kernels import kernel

SIGMA_MM = (1.5, 0.70, 0.42)
SAME_SURFACE_MM = 5.0
MAX_RADIUS = 8


class SkinLight(NamedTuple):
    """The skin that is seen in each pixel, averaged over its skin samples, and the light that enters it.

    Attributes:
        light, albedo: (S, S, 3) float32 linear.
        share: (S, S) float32, how many samples of the pixel are skin; depth: (S, S) float32 mm.
        samples: (2S, 2S) uint8, 1 on skin samples.
    """

    light: np.ndarray
    albedo: np.ndarray
    share: np.ndarray
    depth: np.ndarray
    samples: np.ndarray


class Shaded(NamedTuple):
    """Light of a picture before it scatters.

    Attributes:
        colour: (2S, 2S, 3) float32 linear, without the light that enters skin; skin: that light.
    """

    colour: np.ndarray
    skin: SkinLight

    @classmethod
    def before(cls, background: np.ndarray) -> "Shaded":
        """Nothing but a `background` (2S, 2S, 3) float32, which is drawn over."""
        size = len(background) // 2
        light, albedo, share, depth = (np.zeros((size, size, *more), np.float32) for more in ((3,), (3,), (), ()))
        return cls(background, SkinLight(light, albedo, share, depth, np.zeros((2 * size, 2 * size), np.uint8)))


@kernel
def scatter(shaded, pixels_per_mm):
    """Blurs the light in the skin, multiplies it by the albedo and adds it to the colour, in place.

    `pixels_per_mm`: at the distance of the head.
    """
    colour, skin = shaded
    side = skin.light.shape[0]
    across = np.zeros_like(skin.light)
    radius = min(int(2.2 * SIGMA_MM[0] * pixels_per_mm + 0.5), MAX_RADIUS)
    profile = np.zeros((3, radius + 1), np.float32)
    for channel in range(3):
        for k in range(radius + 1):
            profile[channel, k] = np.exp(-0.5 * (k / max(SIGMA_MM[channel] * pixels_per_mm, 0.05)) ** 2)
    for row in range(side):
        for column in range(side):
            if skin.share[row, column] > 0:
                _blur(skin.light, skin, (row, column), (0, 1), profile, across)
    for row in range(side):
        for column in range(side):
            if skin.share[row, column] == 0:
                continue
            _blur(across, skin, (row, column), (1, 0), profile, skin.light)
            for k in range(4):
                r, c = 2 * row + k // 2, 2 * column + k % 2
                if skin.samples[r, c]:
                    for channel in range(3):
                        colour[r, c, channel] += skin.light[row, column, channel] * skin.albedo[row, column, channel]


@kernel(inline="early")
def _blur(source, skin, pixel, step, profile, target):
    """One pixel of one pass, along `step` (rows, columns): its mean in `source` under `profile` (3, radius + 1) goes to
    `target`. Light does not jump to a surface more than a few millimetres nearer or farther."""
    side, radius = source.shape[0], profile.shape[1] - 1
    row, column = pixel
    z = skin.depth[row, column]
    total0 = total1 = total2 = 0.0
    sum0 = sum1 = sum2 = 0.0
    for k in range(-radius, radius + 1):
        r, c = row + step[0] * k, column + step[1] * k
        if r < 0 or c < 0 or r >= side or c >= side:
            continue
        s = skin.share[r, c]
        if s == 0 or abs(skin.depth[r, c] - z) > SAME_SURFACE_MM:
            continue
        w0, w1, w2 = s * profile[0, abs(k)], s * profile[1, abs(k)], s * profile[2, abs(k)]
        sum0 += w0 * source[r, c, 0]
        sum1 += w1 * source[r, c, 1]
        sum2 += w2 * source[r, c, 2]
        total0, total1, total2 = total0 + w0, total1 + w1, total2 + w2
    target[row, column, 0], target[row, column, 1], target[row, column, 2] = sum0 / total0, sum1 / total1, sum2 / total2
