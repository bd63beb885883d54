"""A panorama to paint places on, and the disc of confusion that throws it out of focus.

Places are painted sharp, as what surfaces reflect and what shines by itself, in degrees around the person and degrees
up. A lens of aperture A (mm) focused at distance d spreads a point at distance D over a disc of angle A (1/d - 1/D)
(thin lens), so bright points come out as bokeh discs and near things as sharper than far ones.
"""

import numpy as np

PIXELS_PER_DEGREE = 5
REACH_DEGREES = (64, 30)
"""Half the panorama's width and height: the widest view turned furthest, tilted and nodding, and the disc's radius."""
WIDTH, HEIGHT = (2 * reach * PIXELS_PER_DEGREE for reach in REACH_DEGREES)
SUBJECT_M = 0.75
"""Distance from the camera to the face that is in focus; see `geometry.camera.FRAME_MM`."""
MIN_RADIUS_PX = 0.9

AROUND = ((np.arange(WIDTH) + 0.5) / PIXELS_PER_DEGREE - REACH_DEGREES[0]).astype(np.float32)
"""(WIDTH,) degrees around the person of each column: 0 is behind the head, positive to the subject's left."""
UP = (REACH_DEGREES[1] - (np.arange(HEIGHT) + 0.5) / PIXELS_PER_DEGREE).astype(np.float32)
"""(HEIGHT,) degrees above the camera of each row."""


class Canvas:
    """A sharp panorama: `paint` reflects the light of the place, `glow` shines; both (HEIGHT, WIDTH, 3) linear.

    Whatever is drawn hides what was there before. Boxes are given as left, right, bottom, top in degrees.
    """

    def __init__(self, paint: np.ndarray) -> None:
        self.paint = np.empty((HEIGHT, WIDTH, 3), np.float32)
        self.paint[:] = paint
        self.glow = np.zeros((HEIGHT, WIDTH, 3), np.float32)

    def box(self, left: float, right: float, bottom: float, top: float, paint: np.ndarray, share: float = 1.0) -> None:
        """Paints a box; `share` under 1 lets what is behind through. `paint` is (3,) or fits the box's pixels."""
        where = window(left, right, bottom, top)
        self.paint[where] += share * (paint - self.paint[where])
        self.glow[where] *= 1 - share

    def shine(self, left: float, right: float, bottom: float, top: float, light: np.ndarray) -> None:
        """A box that shines with radiance `light`, (3,) or as `paint` of `box`."""
        where = window(left, right, bottom, top)
        self.paint[where], self.glow[where] = 0, light

    def disc(self, x: float, y: float, radius: float, paint: np.ndarray, light: np.ndarray | float = 0.0) -> None:
        """A round thing that reflects and shines, degrees."""
        where = window(x - radius, x + radius, y - radius, y + radius)
        inside = (AROUND[where[1]] - x) ** 2 + (UP[where[0], None] - y) ** 2 < radius**2
        self.paint[where][inside], self.glow[where][inside] = paint, light

    def halo(self, x: float, y: float, reach: float, light: np.ndarray) -> None:
        """Light that a lamp at (x, y) throws on what is around it, half as bright `reach` degrees away."""
        distance = ((AROUND - x) / reach) ** 2 + ((UP[:, None] - y) / reach) ** 2
        self.glow += self.paint * (light / (1 + distance[..., None])).astype(np.float32)

    def point(self, x: float, y: float, light: np.ndarray) -> None:
        """A lamp too small to see; `light` is its radiance times a square degree."""
        column, row = int((x + REACH_DEGREES[0]) * PIXELS_PER_DEGREE), int((REACH_DEGREES[1] - y) * PIXELS_PER_DEGREE)
        if 0 <= column < WIDTH and 0 <= row < HEIGHT:
            self.glow[row, column] += light * np.float32(PIXELS_PER_DEGREE**2)

    def lit(self, light: np.ndarray) -> np.ndarray:
        """Radiance (HEIGHT, WIDTH, 3) under `light`, which fits the panorama."""
        return self.paint * light + self.glow


def window(left: float, right: float, bottom: float, top: float) -> tuple[slice, slice]:
    """Rows and columns of a box given in degrees, cut at the panorama's edge; at least nothing."""
    columns = [round((x + REACH_DEGREES[0]) * PIXELS_PER_DEGREE) for x in (left, right)]
    rows = [round((REACH_DEGREES[1] - y) * PIXELS_PER_DEGREE) for y in (top, bottom)]
    (c0, c1), (r0, r1) = np.clip(columns, 0, WIDTH), np.clip(rows, 0, HEIGHT)
    return slice(int(r0), max(int(r1), int(r0))), slice(int(c0), max(int(c1), int(c0)))


def disc_radius(aperture_mm: float, distance_m: float) -> float:
    """Radius in pixels of the panorama of the disc that a point at this distance becomes."""
    radians = aperture_mm / 2000 * (1 / SUBJECT_M - 1 / distance_m)
    return max(float(np.degrees(radians)) * PIXELS_PER_DEGREE, MIN_RADIUS_PX)


def defocus(picture: np.ndarray, radius: float) -> np.ndarray:
    """`picture` (HEIGHT, WIDTH, C) float32 convolved with a disc of `radius` pixels; wraps round at the edges."""
    rows, columns = (np.minimum(np.arange(n), n - np.arange(n)) for n in picture.shape[:2])
    disc = np.clip((radius - np.hypot(rows[:, None], columns[None])) / 2 + 0.5, 0, 1)
    kernel = np.fft.rfft2((disc / disc.sum()).astype(np.float32))
    spectrum = np.fft.rfft2(picture, axes=(0, 1)) * kernel[..., None]
    return np.maximum(np.fft.irfft2(spectrum, s=picture.shape[:2], axes=(0, 1)), 0).astype(np.float32)
