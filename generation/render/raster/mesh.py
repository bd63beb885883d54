"""What the rasteriser draws: a head in one expression, dressed and painted, and where it is seen from."""

from typing import NamedTuple

import numpy as np

from ...appearance.clothes import Garment
from ...appearance.eyes import EyePaint
from ...appearance.skin import SkinDetail, SkinSurface


class PaintedMesh(NamedTuple):
    """The render mesh of a person in one expression; T triangles, V vertices.

    Attributes:
        triangles: (T, 3) int32; part: (T,) uint8, see `heads.base`; eye: (T,) int8, 0 left, 1 right, -1 neither.
        position, normal: (V, 3) float32, world mm and unit.
        canonical: (V, 3) float32, see `Look`; albedo: (V, 3) float32 linear; surface: of the skin.
        wrinkles: (V, 6) float32, how deep each of `wrinkles.FAMILIES` is.
        uv: (T, 3, 2) float32, see `Topology`.
    """

    triangles: np.ndarray
    part: np.ndarray
    eye: np.ndarray
    position: np.ndarray
    normal: np.ndarray
    canonical: np.ndarray
    albedo: np.ndarray
    surface: SkinSurface
    wrinkles: np.ndarray
    uv: np.ndarray


class Materials(NamedTuple):
    """What is finer than the mesh: numbers from which a person's skin, eyes, teeth and clothes are painted.

    `tile` (64, 64, 64) float32 is the noise of `geometry.noise`; `texels` (N, N, 4) float32 is a level of the texture.
    """

    detail: SkinDetail
    eyes: EyePaint
    garment: Garment
    tile: np.ndarray
    texels: np.ndarray


class Viewpoint(NamedTuple):
    """Where a picture is taken from.

    Attributes:
        position: (3,) float32, the pinhole in the world, mm.
        pixel_mm: what a pixel covers of the face.
        projection: (3, 4) float64, world to column x depth, row x depth and depth, 2 samples a pixel and axis.
    """

    position: np.ndarray
    pixel_mm: float
    projection: np.ndarray
