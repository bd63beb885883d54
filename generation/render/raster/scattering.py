"""Light that enters the skin and leaves it a little further on: a blur of the incoming light in screen space.

Separable, per channel, in millimetres of skin (red travels furthest), and only between pixels of the same surface
(d'Eon & Luebke 2007, Jimenez et al. 2009). The albedo is that of skin as seen, so it is applied after the blur and
stays sharp. Runs at one sample a pixel, before strands are drawn over the skin.
"""

import numpy as np

from ...kernels import kernel

SIGMA_MM = (1.5, 0.70, 0.42)
SAME_SURFACE_MM = 5.0
MAX_RADIUS = 8


@kernel
def scatter(light, albedo, share, depth, pixels_per_mm, colour, scatters):
    """Blurs `light`, multiplies it by the albedo and adds it to `colour` where `scatters`.

    Args:
        light, albedo: (S, S, 3) float32, of the skin in each pixel, averaged over its skin samples.
        share: (S, S) float32, which part of the pixel is skin; depth: (S, S) float32 mm;
            pixels_per_mm: at the distance of the head.
        colour: (2S, 2S, 3) float32, the rest of the light; scatters: (2S, 2S) uint8, 1 on skin samples.
    """
    side = light.shape[0]
    first = np.zeros_like(light)
    radius = min(int(2.2 * SIGMA_MM[0] * pixels_per_mm + 0.5), MAX_RADIUS)
    weights = np.zeros((3, MAX_RADIUS + 1), np.float32)
    for channel in range(3):
        for k in range(radius + 1):
            weights[channel, k] = np.exp(-0.5 * (k / max(SIGMA_MM[channel] * pixels_per_mm, 0.05)) ** 2)
    for row in range(side):
        for column in range(side):
            if share[row, column] > 0:
                _blur(light, share, depth, row, column, 0, 1, radius, weights, first)
    for row in range(side):
        for column in range(side):
            if share[row, column] == 0:
                continue
            _blur(first, share, depth, row, column, 1, 0, radius, weights, light)
            for k in range(4):
                r, c = 2 * row + k // 2, 2 * column + k % 2
                if scatters[r, c]:
                    for channel in range(3):
                        colour[r, c, channel] += light[row, column, channel] * albedo[row, column, channel]


@kernel(inline="always")
def _blur(source, share, depth, row, column, down, right, radius, weights, target):
    """One pixel of one pass; light does not jump to a surface more than a few millimetres nearer or farther."""
    side = source.shape[0]
    z = depth[row, column]
    total0 = total1 = total2 = 0.0
    sum0 = sum1 = sum2 = 0.0
    for k in range(-radius, radius + 1):
        r, c = row + down * k, column + right * k
        if r < 0 or c < 0 or r >= side or c >= side:
            continue
        s = share[r, c]
        if s == 0 or abs(depth[r, c] - z) > SAME_SURFACE_MM:
            continue
        w0, w1, w2 = s * weights[0, abs(k)], s * weights[1, abs(k)], s * weights[2, abs(k)]
        sum0 += w0 * source[r, c, 0]
        sum1 += w1 * source[r, c, 1]
        sum2 += w2 * source[r, c, 2]
        total0, total1, total2 = total0 + w0, total1 + w1, total2 + w2
    target[row, column, 0], target[row, column, 1], target[row, column, 2] = sum0 / total0, sum1 / total1, sum2 / total2
