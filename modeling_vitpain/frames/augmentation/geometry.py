"""Where the pixels of a picture go: shift, scale, aspect, rotation, mirror and perspective in one warp.

Label-safe limit: brows, eyes and mouth stay in the picture, at least 2 % of its side from the border. A draw that would
move them out is weakened by quarters until they stay. The mirror image is allowed because the AUs of Pain3D are
bilateral: no label says left or right.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

MAX_SHIFT = 0.08  # of the side
ZOOM = (1 / 1.15, 1.25)  # less smaller than larger: a small face has few pixels for its wrinkles
MAX_ASPECT = 1.1
MAX_ROTATION = 15.0  # degrees
MAX_CORNER = 0.05  # of the side, for each corner in x and y

MARGIN = 0.02
"""Least distance of brows, eyes and mouth from the border, in sides."""
INNER_FACE = ((-0.34, -0.25), (0.34, -0.25), (0.29, 0.40), (-0.29, 0.40))
"""A quadrilateral that holds landmarks 17-67, in sides of a face crop of 1.1 from its centre: 792 generated frames of
24 people span -0.33 to 0.33 and -0.23 (brows) to 0.39 (lower lip). Wider crops show the face smaller."""
_STRENGTHS = (1.0, 0.75, 0.5, 0.25, 0.0)


@dataclass(frozen=True)
class Geometry:
    """One draw.

    Attributes:
        shift: in sides, right and down.
        zoom: factor of the face's size.
        mirror: whether left and right change places.
        aspect: factor of its width over its height.
        rotation: degrees.
        corners: what the corners move by, (4, 2) in sides: left top, right top, right bottom, left bottom; empty: none
            does.
    """

    shift: tuple[float, float]
    zoom: float
    mirror: bool
    aspect: float = 1.0
    rotation: float = 0.0
    corners: tuple[tuple[float, float], ...] = ()

    @classmethod
    def draw(cls, random: np.random.Generator) -> "Geometry":
        """As strong a draw as leaves the inner face in the picture."""
        unit = random.uniform(-1, 1, 13)
        mirror = bool(random.random() < 0.5)
        return next(drawn for drawn in (cls._of(unit * s, mirror) for s in _STRENGTHS) if drawn.keeps_face())

    @classmethod
    def _of(cls, unit: np.ndarray, mirror: bool) -> "Geometry":
        """Thirteen numbers from -1 to 1 -> the draw."""
        corners = tuple(map(tuple, (unit[5:] * MAX_CORNER).reshape(4, 2).tolist()))
        return cls(
            shift=(float(unit[0] * MAX_SHIFT), float(unit[1] * MAX_SHIFT)),
            zoom=float(ZOOM[1] ** unit[2] if unit[2] > 0 else ZOOM[0] ** -unit[2]),
            mirror=mirror,
            aspect=float(MAX_ASPECT ** unit[3]),
            rotation=float(unit[4] * MAX_ROTATION),
            corners=corners,
        )

    def with_mirror(self, mirror: bool) -> "Geometry":
        """The same draw, mirrored or not. The inner face stays in the picture: it is as wide to both sides."""
        return replace(self, mirror=mirror)

    def matrix(self, width: int, height: int) -> np.ndarray:
        """The homography (3, 3) of output pixels to input pixels, (x, y, 1), its last number 1."""
        angle, wide = np.radians(self.rotation), np.sqrt(self.aspect)
        rotation = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        size = np.diag([1 / (self.zoom * wide), wide / self.zoom, 1])
        centre = _moved(width / 2, height / 2)
        shift = _moved(self.shift[0] * width, self.shift[1] * height)
        mirror = np.diag([-1.0 if self.mirror else 1.0, 1, 1])
        sides = np.diag([width, height, 1])
        perspective = sides @ _perspective(self.corners) @ np.linalg.inv(sides)
        # the mirror comes last, so that a draw and its mirror image show the same parts of a symmetric face
        whole = centre @ mirror @ shift @ size @ rotation @ np.linalg.inv(centre) @ perspective
        return whole / whole[2, 2]

    def keeps_face(self) -> bool:
        """Whether the inner face stays in the picture."""
        seen = places(np.linalg.inv(self.matrix(1, 1)), 0.5 + np.array(INNER_FACE))
        return bool((seen >= MARGIN).all() and (seen <= 1 - MARGIN).all())

    def warp(self, pixels: np.ndarray, outside: int | None = 0) -> np.ndarray:
        """Pixels (H, W, 3) or (H, W), uint8, bilinearly.

        `outside` is the level, 0-255, of what comes in from outside of them; None: their own mirror image.
        """
        height, width = pixels.shape[:2]
        matrix = self.matrix(width, height)
        if outside is None:
            corners = places(matrix, np.array([(0, 0), (width, 0), (width, height), (0, height)]))
            before = np.ceil(np.maximum(-corners.min(axis=0), 0)).astype(int)
            after = np.ceil(np.maximum(corners.max(axis=0) - (width, height), 0)).astype(int)
            columns, rows = zip(before.tolist(), after.tolist(), strict=True)
            pixels = np.pad(pixels, (rows, columns, (0, 0))[: pixels.ndim], mode="symmetric")
            matrix = _moved(*before) @ matrix
        moved = Image.fromarray(pixels).transform(
            (width, height),
            Image.Transform.PERSPECTIVE,
            matrix.ravel()[:8].tolist(),
            Image.Resampling.BILINEAR,
            fillcolor=(outside or 0,) * 3 if pixels.ndim == 3 else outside or 0,
        )
        return np.asarray(moved)


def places(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where a homography (3, 3) takes points (n, 2)."""
    x, y, w = matrix @ np.column_stack([points, np.ones(len(points))]).T
    return np.column_stack([x / w, y / w])


def _moved(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _perspective(corners: tuple[tuple[float, float], ...]) -> np.ndarray:
    """The homography of the unit square to the square with moved corners."""
    if not corners:
        return np.eye(3)
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)
    rows, values = [], []
    for (x, y), (u, v) in zip(square, square + np.array(corners), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(rows, values), 1).reshape(3, 3)
