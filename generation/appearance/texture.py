"""A picture on the skin, in the chart of `Topology.uv`, in place of the paint at the vertices."""

from dataclasses import dataclass

import numpy as np

from ..kernels import kernel

TEXELS_PER_MM = 3.4
"""Of the chart in the face when it is 1,024 texels wide."""
SMALLEST = 64
NO_TEXELS = np.zeros((1, 1, 4), np.float32)
"""What a kernel is given where there is no texture."""


@dataclass(frozen=True)
class Texture:
    """Albedo of the skin.

    Attributes:
        levels: each (N, N, 4) float32, half as wide as the one before it; row 0 is the top (y = 1). Linear red, green
            and blue times the fourth number, 0-1, which says how much of the paint at the vertices they hide.
    """

    levels: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, texels: np.ndarray) -> "Texture":
        """With every smaller level of `texels`, the largest one."""
        levels = [np.ascontiguousarray(texels, np.float32)]
        while len(levels[-1]) > SMALLEST:
            side = len(levels[-1]) // 2
            levels.append(levels[-1].reshape(side, 2, side, 2, 4).mean(axis=(1, 3)))
        return cls(tuple(levels))

    def at(self, pixel_mm: float) -> np.ndarray:
        """The smallest level whose texels are finer than `pixel_mm`, or the finest."""
        for level in reversed(self.levels):
            if 1024 / (TEXELS_PER_MM * len(level)) <= 0.75 * pixel_mm:
                return level
        return self.levels[0]


def texels_for(texture: Texture | None, pixel_mm: float) -> np.ndarray:
    """What a kernel is given: the level of `texture` for pixels of `pixel_mm`, or `NO_TEXELS`."""
    return NO_TEXELS if texture is None else texture.at(pixel_mm)


@kernel(inline="early")
def texel(texels, x, y):
    """The texture `texels` (N, N, 4), N at least 2, at the place (x, y), 0-1 and y up, bilinear."""
    side = texels.shape[0]
    column = min(max(x * side - 0.5, 0.0), side - 1.001)
    row = min(max((1 - y) * side - 0.5, 0.0), side - 1.001)
    i, j = int(column), int(row)
    u, v = column - i, row - j
    a, b, c, d = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
    one, two, three, four = texels[j, i], texels[j, i + 1], texels[j + 1, i], texels[j + 1, i + 1]
    return (
        a * one[0] + b * two[0] + c * three[0] + d * four[0],
        a * one[1] + b * two[1] + c * three[1] + d * four[1],
        a * one[2] + b * two[2] + c * three[2] + d * four[2],
        a * one[3] + b * two[3] + c * three[3] + d * four[3],
    )


@kernel(inline="early")
def covered(albedo, picture):
    """The paint `albedo` under a place of a texture, `picture`."""
    kept = 1 - picture[3]
    return kept * albedo[0] + picture[0], kept * albedo[1] + picture[1], kept * albedo[2] + picture[2]


@kernel
def texels_at(texels, places):
    """`texels` (N, N, 4) at `places` (P, 2): (P, 4) float32, 0 where these are negative, and of `NO_TEXELS`."""
    out = np.zeros((places.shape[0], 4), np.float32)
    if texels.shape[0] < 2:
        return out
    for p in range(places.shape[0]):
        if places[p, 0] >= 0:
            out[p, 0], out[p, 1], out[p, 2], out[p, 3] = texel(texels, places[p, 0], places[p, 1])
    return out
