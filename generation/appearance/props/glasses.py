"""Glasses: a rim around two lenses, a bridge, pads or none, and arms that hook behind the ears."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from .base import Finish, Worn
from .fitting import Wearer
from .shapes import Shape, ball, grid_triangles, joined, prop, smooth_path, tube


class Cut(NamedTuple):
    """The outline of a lens and how it is held. Millimetres.

    Attributes:
        half_width, half_height: of a lens; squareness: exponent of its outline, 2 is an ellipse.
        drop: how much of the outline hangs down towards the nose or outwards, as a share of the height.
        rim: half thickness of the rim, seen from the front, and half its depth; 0 where there is none below.
        open_below: whether the rim holds the upper half of the lens alone.
    """

    half_width: float
    half_height: float
    squareness: float
    drop: float
    rim: tuple[float, float]
    open_below: bool = False


CUTS: dict[str, Cut] = {
    "round": Cut(23.5, 21.0, 2.1, 0.0, (0.55, 0.7)),
    "oval": Cut(25.5, 17.0, 2.4, 0.0, (0.55, 0.75)),
    "rectangular": Cut(26.5, 16.0, 4.2, 0.0, (0.6, 0.85)),
    "half_rim": Cut(26.5, 15.5, 3.6, 0.0, (0.75, 0.9), True),
    "aviator": Cut(27.5, 22.0, 2.5, 0.16, (0.55, 0.65)),
    "plastic_round": Cut(23.5, 20.5, 2.3, 0.0, (1.35, 1.6)),
    "plastic_rectangular": Cut(26.0, 18.0, 3.8, 0.05, (1.5, 1.7)),
    "plastic_wayfarer": Cut(26.0, 19.5, 3.0, 0.14, (1.9, 1.8)),
}
"""By eye, from what opticians sell: lenses 46 to 54 mm wide, bridges of 16 to 21 mm, rims of 1.1 to 1.5 mm of metal and
2.7 to 3.8 mm of plastic."""
PUPIL_ABOVE_MM = 4.0
"""How far pupils are above the middle of the lenses: brows stay in sight above the rims, or move behind the lenses."""
METALS = ((0.72, 0.62, 0.38), (0.66, 0.66, 0.68), (0.30, 0.29, 0.30), (0.62, 0.45, 0.36), (0.10, 0.10, 0.11))
PLASTICS = (
    (0.012, 0.012, 0.014), (0.060, 0.024, 0.012), (0.13, 0.055, 0.022), (0.025, 0.035, 0.075), (0.16, 0.02, 0.03),
    (0.20, 0.20, 0.21), (0.055, 0.045, 0.035),
)  # fmt: skip
ON_EAR = np.array([73.0, 8.5, -68.0])
"""Where the left arm lies on the ear of the canonical face."""
CLEAR_MM = 3.0
"""Least distance of lens and rim from the skin in front of which they stand."""
TILT = 0.14
"""How much nearer to the face (mm) a lens is for each millimetre further down: as frames are tilted."""
LIFTED, NEAR_CHEEK_MM, FREE_OF_CHEEK_MM = 0.55, 4.0, 7.0
"""Share of the way of the cheeks that a front goes with them which stands so near to them or nearer; at the other
distance it stays where it is."""
BESIDE_NOSE_MM = 20.0
"""Further out than this, skin below a rim is cheek."""
WRAP_MM = 210.0
"""Radius of the curve of the front of a frame."""
LENS, LENS_COLOUR = Finish(roughness=0.04, specular=1.0, opacity=0.04), (0.02, 0.02, 0.02)


def make_glasses(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """Frame and lenses of a person."""
    name = list(CUTS)[rng.integers(len(CUTS))]
    metal = not name.startswith("plastic")
    palette = METALS if metal else PLASTICS
    colour = np.array(palette[rng.integers(len(palette))]) * np.exp(0.1 * rng.standard_normal())
    cut = CUTS[name]
    size = rng.normal(1.0, 0.03)
    cut = cut._replace(half_width=cut.half_width * size, half_height=cut.half_height * size)
    finish = Finish(0.28, 1.0, 1.0) if metal else Finish(0.22, 1.0)
    front = _Front(wearer, cut, max(rng.normal(17.5, 1.2), 15.0))
    frame = joined(*front.rims(), front.bridge(metal), *front.arms(metal))
    if metal:
        pads, yielding = front.pads()
        frame, stiff = joined(frame, pads), len(frame.points)
        yielding = np.concatenate([np.zeros(stiff), yielding])
        on_skin = wearer.carried(frame.points, 3.0).multiply(yielding[:, None])
        carrier = (on_skin + front.lifted(frame.points).multiply(1 - yielding[:, None])).tocsr()
    else:
        carrier = front.lifted(frame.points)
    lenses = joined(front.lens(1.0), front.lens(-1.0))
    glass = prop("glasses", lenses, LENS_COLOUR, LENS, front.lifted(lenses.points))
    return Worn((prop("glasses", frame, colour, finish, carrier), glass))


class _Front:
    """The front of a frame on a face: `z` of its middle line follows from what it must clear."""

    def __init__(self, wearer: Wearer, cut: Cut, bridge: float) -> None:
        self.wearer, self.cut = wearer, cut
        landmarks = wearer.landmarks
        eyes = landmarks[36:48].reshape(2, 6, 3).mean(axis=1)
        apart = 0.5 * abs(eyes[1, 0] - eyes[0, 0])
        self.x = max(apart + 1.0, cut.half_width + 0.5 * bridge)
        self.middle = 0.5 * (eyes[0, 0] + eyes[1, 0])
        self.y = eyes[:, 1].mean() - PUPIL_ABOVE_MM
        self.z = 0.0
        turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        inside = [self.outline(side, turn, share) for side in (1, -1) for share in (1.05, 0.8, 0.55, 0.25)]
        points = np.concatenate(inside)
        self.z = wearer.front_of(points) + CLEAR_MM + cut.rim[1]

    def outline(self, side: float, turn: np.ndarray, share: float = 1.0) -> np.ndarray:
        """Points (N, 3) of the outline of a lens at angles (N,), 0 outwards, counter-clockwise for the left one."""
        cut = self.cut
        c, s = np.cos(turn), np.sin(turn)
        power = 2 / cut.squareness
        u = cut.half_width * np.sign(c) * np.abs(c) ** power
        v = cut.half_height * np.sign(s) * np.abs(s) ** power
        v = v * (1 + 0.35 * cut.drop * (u / cut.half_width) * np.sign(v))  # higher outside
        u = u * (1 - cut.drop * np.maximum(-v / cut.half_height, 0))
        return self.curved(self.middle + side * (self.x + share * u), self.y + share * v)

    def curved(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Places (N, 3) of the front at x and y."""
        away = (x - self.middle) ** 2 / (2 * WRAP_MM)
        return np.stack([x, y, self.z - away + TILT * (y - self.y)], axis=-1)

    def lifted(self, points: np.ndarray) -> sparse.csr_matrix:
        """Weights (N, V) with which `points` (N, 3) follow the cheeks: raised ones lift a front that stands close to
        them, and it turns about the ears."""
        turn = np.linspace(np.pi, 2 * np.pi, 24)
        rim = np.concatenate([self.outline(side, turn) for side in (1.0, -1.0)])
        rim = rim[np.abs(rim[:, 0] - self.middle) > BESIDE_NOSE_MM]
        cheek = self.wearer.carried(rim)
        gap = np.linalg.norm(rim - cheek @ self.wearer.vertices, axis=1).min() - max(self.cut.rim)
        share = np.interp(gap, (NEAR_CHEEK_MM, FREE_OF_CHEEK_MM), (LIFTED, 0.0))
        ears = self.wearer.laid(ON_EAR * [[1, 1, 1], [-1, 1, 1]], 0.0)[:, 2].mean()
        share = share * np.interp(points[:, 2], (ears, self.z), (0.0, 1.0))
        return sparse.csr_matrix(share[:, None]) @ sparse.csr_matrix(cheek.mean(axis=0))

    def rims(self) -> list[Shape]:
        cut = self.cut
        shapes = []
        for side in (1.0, -1.0):
            if cut.open_below:
                turn = np.linspace(-0.12, np.pi + 0.12, 44)
                shapes.append(tube(self.outline(side, turn), cut.rim, False, 8, self._outward(side, turn)))
            else:
                turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
                shapes.append(tube(self.outline(side, turn), cut.rim, True, 8, self._outward(side, turn)))
        return shapes

    def _outward(self, side: float, turn: np.ndarray) -> np.ndarray:
        return self.outline(side, turn) - self.outline(side, turn, 0.2)

    def lens(self, side: float) -> Shape:
        """Its front side, a little domed."""
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        rings = np.array([1.0, 0.75, 0.5, 0.25, 0.02])
        points = np.stack([self.outline(side, turn, share) for share in rings])
        points[..., 2] += 1.6 * (1 - rings[:, None] ** 2)
        triangles = grid_triangles(len(rings), 48, False, True)
        return Shape(points.reshape(-1, 3), triangles if side > 0 else triangles[:, ::-1].copy())

    def bridge(self, metal: bool) -> Shape:
        """From lens to lens over the nose."""
        inner = self.x - self.cut.half_width
        height = (0.42 if metal else 0.22) * self.cut.half_height
        x = np.linspace(-1, 1, 15)
        path = self.curved(self.middle + (inner + 0.6) * x, self.y + height + 2.4 * (1 - x**2))
        path[:, 2] += 1.2 * (1 - x**2)
        return tube(path, (0.9, 0.8) if metal else (2.6, self.cut.rim[1]), False, 8)

    def pads(self) -> tuple[Shape, np.ndarray]:
        """Two pads on the sides of the nose and the wires that hold them, and how far each point (P,) gives way to the
        skin: pads do, the frame does not."""
        shapes, yielding = [], []
        for side in (1.0, -1.0):
            start = self.curved(
                np.array([self.middle + side * (self.x - 0.96 * self.cut.half_width)]), np.array([self.y + 1.0])
            )[0]
            seat = self.wearer.laid(np.array([[side * 9.5, -8.0, 24.0]]), 1.3)[0]
            shapes.append(ball(seat, (1.1, 3.6, 2.0)))
            bow = 0.5 * (start + seat) + [side * 1.0, 1.0, -2.5]
            path = self.wearer.cleared(smooth_path(np.array([start, bow, seat]), 1.2), 0.7)
            shapes.append(tube(path, (0.45, 0.45), False, 6))
            yielding += [np.ones(len(shapes[-2].points)), np.repeat(np.linspace(0, 1, len(path)), 6)]
        return joined(*shapes), np.concatenate(yielding)

    def arms(self, metal: bool) -> list[Shape]:
        """From the outer edges to the ears, and down behind them."""
        shapes = []
        for side in (1.0, -1.0):
            outer = self.outline(side, np.array([0.0 if self.cut.open_below else 0.32]))[0]
            on_ear = self.wearer.laid(np.array([ON_EAR * [side, 1, 1]]), 2.4)[0]
            behind = self.wearer.laid(np.array([[side * 71.5, -4.0, -90.5], [side * 68.0, -16.0, -95.0]]), 1.6)
            temple = self.wearer.laid(np.array([[side * 66.0, 8.0, -24.0]]), 1.0)[0]
            hinge_x = max(abs(outer[0]) + 3.5, abs(temple[0]) + 0.5)
            reach = hinge_x - abs(outer[0])
            hinge = np.array([side * hinge_x, outer[1] + 0.5, outer[2] - 5.0 - 0.5 * reach])
            half_way = outer + np.array([side * 0.6 * reach, 0.3, -0.6 - 0.12 * reach])
            end = np.array([outer, half_way, hinge])
            straight = hinge + np.linspace(0.25, 0.75, 3)[:, None] * (on_ear - hinge)
            path = smooth_path(np.concatenate([end, straight, on_ear[None], behind]), 2.5)
            path[4:] = self.wearer.cleared(path[4:], 1.5 if metal else 2.0)
            along = np.linspace(0, 1, len(path))
            thick = 0.75 if metal else 2.0
            tall = np.interp(along, (0, 0.12, 0.7, 1), (1.2, 1.0, 0.8, 0.8) if metal else (3.4, 2.4, 1.6, 1.6))
            wide = np.full_like(tall, thick if metal else 1.3)
            shapes.append(tube(path, np.stack([tall, wide], axis=1), False, 8))
        return shapes
