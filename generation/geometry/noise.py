"""Tileable three-dimensional noise. Looks paint in the coordinates of the canonical face, so detail sticks to the skin
whatever the expression, has no seams and needs no texture map."""

import functools

import numpy as np

from ..kernels import kernel

SIDE = 64
"""Cells along each axis of the tile; a power of two."""


@functools.cache
def noise_tile() -> np.ndarray:
    """(64, 64, 64) float32: Gaussian noise limited to wavelengths of about 4 cells, standard deviation 1, tileable.

    The same on every machine of a platform: it depends on nothing.
    """
    white = np.random.Generator(np.random.Philox(key=3)).standard_normal((SIDE, SIDE, SIDE))
    k = np.fft.fftfreq(SIDE)
    radius = np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + k[None, None, :] ** 2)
    band = np.exp(-0.5 * ((radius - 0.22) / 0.09) ** 2)
    tile = np.fft.ifftn(np.fft.fftn(white) * band).real
    return (tile / tile.std()).astype(np.float32)


@kernel(inline="late", allocates=False)
def sample(tile, x, y, z):
    """Trilinear value of the tile at (x, y, z) cells."""
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    i, j, k = int(fx) & (SIDE - 1), int(fy) & (SIDE - 1), int(fz) & (SIDE - 1)
    i1, j1, k1 = (i + 1) & (SIDE - 1), (j + 1) & (SIDE - 1), (k + 1) & (SIDE - 1)
    u, v, w = x - fx, y - fy, z - fz
    a = tile[i, j, k] * (1 - u) + tile[i1, j, k] * u
    b = tile[i, j1, k] * (1 - u) + tile[i1, j1, k] * u
    c = tile[i, j, k1] * (1 - u) + tile[i1, j, k1] * u
    d = tile[i, j1, k1] * (1 - u) + tile[i1, j1, k1] * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w


@kernel
def sample_many(tile, x, y, z):
    """Values (N,) float64 of the tile at places (N,) each."""
    out = np.empty(len(x))
    for n in range(len(x)):
        out[n] = sample(tile, x[n], y[n], z[n])
    return out


@kernel(inline="late", allocates=False)
def smooth(low, high, x):
    """0 below `low`, 1 above `high` (or the other way round), with a soft step between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)
