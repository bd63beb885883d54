"""Light from all directions: second-order harmonics of what a surface receives, and octahedral maps of what it mirrors.

Directions are unit vectors, y up. An octahedral map (N, N) folds the sphere onto a square (Cigolle et al. 2014): its
middle is straight up, its corners are straight down, columns run along x and rows along z. For bilinear look-ups a map
has a border of one more texel on each side, which holds what lies across the fold.
"""

import numpy as np

from ..kernels import kernel
from .vectors import dot

TERMS, UP = 9, 2
"""How many polynomials `harmonic_terms` gives, and which of them is y."""


def harmonic_terms(directions: np.ndarray) -> np.ndarray:
    """(N, 9) orthogonal polynomials of unit `directions` (N, 3), order 0, 1 and 2."""
    x, y, z = np.asarray(directions, np.float64).T
    return np.stack([np.ones_like(x), x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], axis=1)


def irradiance_harmonics(directions: np.ndarray, radiance: np.ndarray, area: np.ndarray) -> np.ndarray:
    """(9, C) coefficients of irradiance / pi as a function of the normal (Ramamoorthi & Hanrahan 2001).

    `radiance` (N, C) comes from `directions` (N, 3), each of solid angle `area` (N,) sr.
    """
    terms = harmonic_terms(directions)
    squared = np.array([1, 1 / 3, 1 / 3, 1 / 3, 1 / 15, 1 / 15, 4 / 5, 1 / 15, 4 / 15])  # means over the sphere
    cosine = np.array([1, *[2 / 3] * 3, *[1 / 4] * 5])  # what a cosine lobe keeps of each order
    mean = (terms * area[:, None]).T @ radiance / area.sum()
    return mean * (cosine / squared)[:, None]


@kernel(inline="early")
def received(harmonics, normal):
    """Irradiance / pi (red, green, blue) at a surface with this unit normal; `harmonics` (9, 3)."""
    x, y, z = normal
    xy, yz, zz, xz, xx = x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y
    red, green, blue = harmonics[0, 0], harmonics[0, 1], harmonics[0, 2]
    red += x * harmonics[1, 0] + y * harmonics[2, 0] + z * harmonics[3, 0] + xy * harmonics[4, 0]
    red += yz * harmonics[5, 0] + zz * harmonics[6, 0] + xz * harmonics[7, 0] + xx * harmonics[8, 0]
    green += x * harmonics[1, 1] + y * harmonics[2, 1] + z * harmonics[3, 1] + xy * harmonics[4, 1]
    green += yz * harmonics[5, 1] + zz * harmonics[6, 1] + xz * harmonics[7, 1] + xx * harmonics[8, 1]
    blue += x * harmonics[1, 2] + y * harmonics[2, 2] + z * harmonics[3, 2] + xy * harmonics[4, 2]
    blue += yz * harmonics[5, 2] + zz * harmonics[6, 2] + xz * harmonics[7, 2] + xx * harmonics[8, 2]
    return max(red, 0.0), max(green, 0.0), max(blue, 0.0)


def map_directions(side: int) -> np.ndarray:
    """(N, N, 3) unit directions of the texels of an octahedral map without border."""
    octahedron = _octahedron(side)
    return octahedron / np.linalg.norm(octahedron, axis=2, keepdims=True)


def texel_areas(side: int) -> np.ndarray:
    """(N, N) solid angles of the texels, sr."""
    area = 1 / np.linalg.norm(_octahedron(side), axis=2) ** 3  # flat faces, all as far from the middle
    return 4 * np.pi * area / area.sum()


def _octahedron(side: int) -> np.ndarray:
    """(N, N, 3) places of the texels on the octahedron |x| + |y| + |z| = 1."""
    along = (np.arange(side) + 0.5) / side * 2 - 1
    x, z = np.meshgrid(along, along)
    y = 1 - np.abs(x) - np.abs(z)
    folded_x, folded_z = (1 - np.abs(z)) * np.where(x < 0, -1, 1), (1 - np.abs(x)) * np.where(z < 0, -1, 1)
    return np.stack([np.where(y < 0, folded_x, x), y, np.where(y < 0, folded_z, z)], axis=2)


def bordered(maps: np.ndarray) -> np.ndarray:
    """Octahedral maps (..., N, N, C) with their border, (..., N + 2, N + 2, C): each edge meets itself, turned."""
    wide = np.concatenate([maps[..., :1, :][..., ::-1, :, :], maps, maps[..., -1:, :][..., ::-1, :, :]], axis=-2)
    return np.concatenate([wide[..., :1, ::-1, :], wide, wide[..., -1:, ::-1, :]], axis=-3)


@kernel(inline="early")
def map_place(direction, side):
    """Column and row of a unit direction in a bordered map whose inner part is `side` texels wide."""
    x, y, z = direction
    scale = 1 / (abs(x) + abs(y) + abs(z))
    u, v = x * scale, z * scale
    if y < 0:
        u, v = (1 - abs(v)) * (1.0 if u >= 0 else -1.0), (1 - abs(u)) * (1.0 if v >= 0 else -1.0)
    return (0.5 * u + 0.5) * side + 0.5, (0.5 * v + 0.5) * side + 0.5


@kernel(allocates=False)
def mirrored_from(maps, direction, level):
    """Radiance (red, green, blue) in a unit direction of bordered maps (L, N, N, 3), between the levels around
    `level`."""
    column, row = map_place(direction, maps.shape[1] - 2)
    i, j = int(column), int(row)
    a, b = column - i, row - j
    level = min(max(level, 0.0), maps.shape[0] - 1.001)
    low = int(level)
    share = level - low
    red = green = blue = 0.0
    for k in range(2):
        weight = share if k else 1 - share
        if weight == 0:
            continue
        w00, w10, w01, w11 = weight * (1 - a) * (1 - b), weight * a * (1 - b), weight * (1 - a) * b, weight * a * b
        here = maps[low + k]
        red += w00 * here[j, i, 0] + w10 * here[j, i + 1, 0] + w01 * here[j + 1, i, 0] + w11 * here[j + 1, i + 1, 0]
        green += w00 * here[j, i, 1] + w10 * here[j, i + 1, 1] + w01 * here[j + 1, i, 1] + w11 * here[j + 1, i + 1, 1]
        blue += w00 * here[j, i, 2] + w10 * here[j, i + 1, 2] + w01 * here[j + 1, i, 2] + w11 * here[j + 1, i + 1, 2]
    return red, green, blue


@kernel(inline="early")
def rotated(rotation, a):
    """The vector `a` times a matrix (3, 3)."""
    return dot(rotation[0], a), dot(rotation[1], a), dot(rotation[2], a)
