"""Guides of a hairstyle: combed over the scalp, pulled down by gravity, kept off the face, resting on the body."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from ...heads.base import SKIN, Topology
from .styles import Style

WHORL = np.array([8.0, 118.0, -95.0])
"""Where short hair turns around, canonical mm."""
FACE_HALF, FACE_FRONT = 66.0, -22.0
"""Hair beside the face stays this far from its middle plane, or behind this depth (mm)."""
GUARD_X, GUARD_Y = (0.0, 30.0, 50.0, 62.0, 66.0), (44.0, 43.0, 40.0, 34.0, 12.0)
"""Lowest point of hair in front of the forehead, by distance from the middle plane (mm); the brows are at 20."""
FRINGE_HALF, FRINGE_FROM, FRINGE_LENGTH = 42.0, -22.0, 70.0
"""Roots of a fringe: this near to the middle plane, and in front of this depth (mm)."""
CUT_SPREAD_MM = 7.0
"""How unevenly scissors cut: standard deviation of the height of a lock's end."""
SHOULDER = -85.0
"""Under this height (mm) hair goes in front of the shoulder or behind it."""
REST_MM, ON_CLOTHES_MM, HEAD_MM = 1.5, 7.0, 135.0
"""How far off the skin hair lies, and how much more on clothes; how far the head reaches from its middle."""
UPRIGHT = 0.6
"""Cosine of the tilt up to which hair hangs around the neck and on the shoulders; further over it lies on a pillow."""
EAR_TOUCH_MM = 3.5
"""Nearer than this to a vertex of an ear, hair touches it."""
PILLOW_SINK_MM = 14.0
PILLOW_RING_MM = 135.0
"""Hair on a pillow turns around the head at about this distance from its middle."""
GUIDE_STEP_MM = 9.0
"""Longest step of a guide."""
OVER_EAR_MM, EAR_DEPTH_MM, EAR_SLOPE_MM = 2.5, 16.0, 12.0
"""How far over an ear hair passes, how far under it hair still does, and how far around it hair begins to rise."""


class BareHead(NamedTuple):
    """The neutral head that hair grows on: render `vertices` (V, 3) float32 mm and their unit `normals`."""

    topology: Topology
    vertices: np.ndarray
    normals: np.ndarray


class Parting(NamedTuple):
    """How far from the middle hair is parted, mm to the person's left, and whether a fringe is cut."""

    at: float
    fringe: bool


@dataclass(frozen=True)
class Roots:
    """Where S hairs start.

    Attributes:
        at: (S, 3) world mm; normal: (S, 3) unit; place: (S, 3) canonical mm.
        density: (S,) of the scalp there, 0-1.
    """

    at: np.ndarray
    normal: np.ndarray
    place: np.ndarray
    density: np.ndarray

    def some(self, chosen: np.ndarray) -> "Roots":
        """Those with the indices `chosen`."""
        return Roots(self.at[chosen], self.normal[chosen], self.place[chosen], self.density[chosen])

    def zone(self, parting: Parting) -> np.ndarray:
        """1 to the left of the parting, -1 to the right, 3 in the fringe if one is cut (S,)."""
        x, _, z = self.place.T
        side = np.where(x > parting.at + 1.5 * np.sin(0.15 * z), 1.0, -1.0)
        return np.where(parting.fringe & (np.abs(x) < FRINGE_HALF) & (z > FRINGE_FROM), 3.0, side)


class Body:
    """Skin that hair rests on: the whole head, neck and shoulders of the neutral face."""

    def __init__(self, head: BareHead) -> None:
        topology, vertices, normals = head
        skin = np.zeros(len(vertices), bool)
        skin[topology.triangles[topology.part == SKIN]] = True
        skin &= (topology.masks["mouth"] < 0.1) & (topology.reference[:, 1] > -260)
        self.points, self.normals = vertices[skin].astype(np.float64), normals[skin].astype(np.float64)
        self.tree = cKDTree(self.points)
        cranium = vertices[skin & (topology.reference[:, 1] > 20)].astype(np.float64)
        self.middle = (cranium.min(axis=0) + cranium.max(axis=0)) / 2 - [0, 25, 0]
        away = vertices[skin & (topology.masks["ears"] < 0.1)].astype(np.float64) - self.middle
        self._far = np.linalg.norm(away, axis=1)
        away, self._far = away[self._far < HEAD_MM], self._far[self._far < HEAD_MM]
        self._directions = cKDTree(away / self._far[:, None])
        self.ears = vertices[skin & (topology.masks["ears"] > 0.3)].astype(np.float64)

    def rest(self, points: np.ndarray, margin: np.ndarray, hug: np.ndarray | float = 0.0) -> np.ndarray:
        """Points (N, 3) moved out to `margin` (N,) mm off the skin, or in by the share `hug` (N,) of the rest."""
        nearest = self.tree.query(points)[1]
        normal = self.normals[nearest]
        height = ((points - self.points[nearest]) * normal).sum(axis=1)
        missing = margin - height
        return points + (np.maximum(missing, 0) + hug * np.minimum(missing, 0))[:, None] * normal

    def over_ears(self, points: np.ndarray) -> np.ndarray:
        """Strands (S, P, 3) with those that pass just under the outer side of an ear lifted over it."""
        flat = points.reshape(-1, 3).copy()
        for side in (-1.0, 1.0):
            ear = self.ears[self.ears[:, 0] * side > 0]
            low, high = ear.min(axis=0) - EAR_SLOPE_MM, ear.max(axis=0) + EAR_SLOPE_MM
            near = np.flatnonzero(((flat > low) & (flat < high)).all(axis=1))
            beside, vertex = cKDTree(ear[:, 1:]).query(flat[near, 1:], k=6)
            top = (side * ear[vertex, 0]).max(axis=1) + OVER_EAR_MM - np.maximum(beside[:, 0] - 2.0, 0.0)
            reached = side * flat[near, 0]
            lifted = (reached < top) & (reached > top - EAR_DEPTH_MM)
            flat[near[lifted], 0] = side * top[lifted]
        return flat.reshape(points.shape)

    def up_to_ears(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Strands (S, P, 3) shortened to where they first touch an ear, and the share of each that is left (S,)."""
        count = points.shape[1]
        touches = cKDTree(self.ears).query(points[:, 1:].reshape(-1, 3), distance_upper_bound=EAR_TOUCH_MM)[0]
        touches = np.isfinite(touches).reshape(len(points), count - 1)
        left = np.where(touches.any(axis=1), touches.argmax(axis=1), count - 1) / (count - 1)
        return shortened(points, left), left

    def floor(self, up: np.ndarray) -> float:
        """How far along the unit vector `up` (3,) the pillow is that a head rests and sinks on, mm."""
        cranium = self.points[self.points[:, 1] > 20]
        return float((cranium @ up).min() + PILLOW_SINK_MM)

    def radius(self, towards: np.ndarray) -> np.ndarray:
        """How far the skin of the head is from its middle (N,) in the unit directions `towards` (N, 3)."""
        distance, near = self._directions.query(towards, k=4)
        weight = 1 / (distance + 0.01) ** 2
        return (self._far[near] * weight).sum(axis=1) / weight.sum(axis=1)

    def outward(self, points: np.ndarray) -> np.ndarray:
        """Unit vectors (..., 3) away from the head, and from the neck under it."""
        away = points - self.middle
        away[..., 1] = np.maximum(away[..., 1], 0)
        return away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-6)


def grow_guides(
    style: Style, roots: Roots, body: Body, parting: Parting, rng: np.random.Generator, up: np.ndarray
) -> np.ndarray:
    """Guides (G, P, 3) of a style, world mm, that fall against the unit vector `up` (3,) in the axes of the head."""
    if style.comb == "knot":
        return comb_to_knot(style, roots, body, rng)
    seed = int(rng.integers(2**63))
    length = comb_length(style, roots, parting, np.random.default_rng(seed))
    upright = fall(style, roots, body, parting, np.random.default_rng(seed), np.array([0.0, 1.0, 0.0]), length)
    upright = cut_at(upright, cut_heights(style, roots, parting, np.random.default_rng(seed)))
    if up[1] > UPRIGHT:
        return upright
    length = np.linalg.norm(np.diff(upright, axis=1), axis=2).sum(axis=1)  # scissors cut it while it hung
    return fall(style, roots, body, parting, np.random.default_rng(seed), up, length)


def comb_length(style: Style, roots: Roots, parting: Parting, rng: np.random.Generator) -> np.ndarray:
    """Lengths (G,) mm before scissors: by style, shorter at the sides."""
    length = style.length * np.exp(0.4 * style.spread * rng.standard_normal(len(roots.at)))
    length *= style.sides + (1 - style.sides) * np.clip((roots.place[:, 1] - 15) / 45, 0, 1)
    if style.cut is None:
        length *= 1 - 0.55 * sideburn(roots.place)
    length[roots.zone(parting) == 3] = FRINGE_LENGTH
    return length


def cut_heights(style: Style, roots: Roots, parting: Parting, rng: np.random.Generator) -> np.ndarray:
    """Heights (G,) mm at which scissors end hair; a fringe is cut over the brows, aslant."""
    bangs = roots.zone(parting) == 3
    uneven = CUT_SPREAD_MM * rng.standard_normal(len(roots.at))
    heights = np.full(len(roots.at), -np.inf if style.cut is None else style.cut) + uneven
    slant = np.sign(parting.at) * roots.place[bangs, 0]
    heights[bangs] = rng.uniform(38, 48) - 0.22 * slant + 0.7 * np.abs(uneven[bangs])
    return heights


def fall(
    style: Style, roots: Roots, body: Body, parting: Parting, rng: np.random.Generator, up: np.ndarray,
    length: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Guides (G, P, 3) of the given `length` (G,) that leave the scalp as combed and fall against `up` (3,)."""
    count, hangs = len(roots.at), up[1] > UPRIGHT
    side, bangs = roots.zone(parting._replace(fringe=False)), roots.zone(parting) == 3
    comb = comb_field(style.comb, roots, side)
    forward = np.array([0.35 * np.sign(parting.at), -0.1, 1.0])
    comb[bangs] = forward - (forward * roots.normal[bangs]).sum(axis=1, keepdims=True) * roots.normal[bangs]
    gravity = style.gravity * rng.uniform(0.8, 1.2, count)
    gravity[bangs] = 1.0
    lift = np.where(bangs, 0.15, style.lift)[:, None]
    lift *= 1 - 0.85 * sideburn(roots.place)[:, None]
    if style.comb == "part":  # hair lies flatter beside a parting
        lift *= np.clip(0.45 + np.abs(roots.place[:, :1] - parting.at) / 50, 0, 1)
    direction = lift * roots.normal + comb + 1.5 * style.mess * rng.standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    ahead = np.where(roots.place[:, 2] > -75, 1.0, -1.0) * np.where(rng.random(count) < 0.15, -1, 1)

    steps = max(style.points, int(np.ceil(style.length / GUIDE_STEP_MM)) + 1) - 1
    pace = (style.points - 1) / steps  # shares below are those of a step between two points of a hair
    floor = body.floor(up)
    guides = np.empty((count, steps + 1, 3))
    guides[:, 0] = at = roots.at
    step = (length / steps)[:, None]
    for p in range(1, steps + 1):
        direction -= (gravity[:, None] * step / 12) * up
        direction[:, 2] -= np.where(bangs, 0, style.pull) * step[:, 0] / 12
        low = (at[:, 1] < SHOULDER) & (style.cut is not None) & hangs
        direction[:, 2] += low * 0.9 * ahead * step[:, 0] / 12
        direction[:, 0] *= np.where(low, 0.55**pace, 1)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        moved = clear_face(at + step * direction, side, bangs, pace)
        hug = np.where(bangs, 0.45, np.where(at[:, 1] < -20, 0, style.hug))
        moved = body.rest(moved, REST_MM + 0.15 * style.layer + ON_CLOTHES_MM * low, 1 - (1 - hug) ** pace)
        moved[:, 0] = np.where(low, at[:, 0] + np.clip(moved[:, 0] - at[:, 0], -3 * pace, 3 * pace), moved[:, 0])
        if not hangs:
            below = np.maximum(floor - moved @ up, 0)
            moved += below[:, None] * up
            moved = at + step * turned_on_pillow(moved, moved - at, below > 0, up, body.middle, step)
        direction = (moved - at) / np.maximum(np.linalg.norm(moved - at, axis=1, keepdims=True), 1e-6)
        guides[:, p] = at = moved
    return guides


def turned_on_pillow(
    at: np.ndarray, direction: np.ndarray, lies: np.ndarray, up: np.ndarray, middle: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """Unit directions (G, 3) of hair `at` (G, 3); what `lies` on the pillow turns along a ring around the head, mostly
    towards the shoulders, since it slides and heaps where it would else stand off like rays."""
    away = at - middle
    away = away - (away @ up)[:, None] * up
    far = np.linalg.norm(away, axis=1, keepdims=True)
    away = away / np.maximum(far, 1.0)
    around = np.cross(up, away)
    around *= np.where(around[:, 1:2] - 0.4 * np.sin(at[:, :1] / 17.0) < 0, 1.0, -1.0)
    outward = np.maximum((direction * away).sum(axis=1, keepdims=True), 0)
    turn = np.minimum((far / PILLOW_RING_MM) ** 3, 1.0) * np.minimum(step / 14, 1.0) * lies[:, None]
    direction = direction - turn * outward * away + 0.5 * turn * step * around
    return direction / np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)


def clear_face(points: np.ndarray, side: np.ndarray, bangs: np.ndarray, pace: float = 1.0) -> np.ndarray:
    """Points (G, 3) with those that would hang into the face moved beside it, to `side` (G,), a step at a time; `pace`
    is the length of the step."""
    x, y, z = points.T.copy()
    in_face = (y < np.interp(np.abs(x), GUARD_X, GUARD_Y)) & (z > FACE_FRONT) & (np.abs(x) < FACE_HALF) & ~bangs
    x = np.where(in_face, x + side * (1 - 0.3**pace) * np.maximum(FACE_HALF - side * x, 0), x)
    z = np.where(in_face, z - (1 - 0.6**pace) * (z - FACE_FRONT), z)
    beside = (y < 45) & (z > FACE_FRONT) & (y > SHOULDER) & ~bangs
    z = np.where(beside, z - (1 - 0.5**pace) * (z - FACE_FRONT), z)
    return np.stack([x, y, z], axis=1)


def cut_at(guides: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Guides (G, P, 3) ended where they first fall under `heights` (G,), with their points spread evenly again."""
    points = guides.shape[1]
    under = guides[:, :, 1] < heights[:, None]
    end = np.where(under.any(axis=1), under.argmax(axis=1), points - 1).astype(np.float64)
    last = np.maximum(end.astype(int), 1)
    row = np.arange(len(guides))
    above, below = guides[row, last - 1, 1], guides[row, last, 1]
    crossing = np.clip((above - heights) / np.maximum(above - below, 1e-6), 0.05, 1)
    end = np.where(under.any(axis=1), last - 1 + crossing, end)
    return shortened(guides, end / (points - 1))


def shortened(strands: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Strands (S, P, 3) ended at the `share` (S,) of their points, which are spread evenly again."""
    points = strands.shape[1]
    at = share[:, None] * np.linspace(0, points - 1, points)
    low = np.minimum(at.astype(int), points - 2)
    between, low = (at - low)[..., None], low[..., None]
    before, after = np.take_along_axis(strands, low, 1), np.take_along_axis(strands, low + 1, 1)
    return before * (1 - between) + after * between


def sideburn(place: np.ndarray) -> np.ndarray:
    """How far before the ears canonical mm (S, 3) lie, (S,) 0-1."""
    _, y, z = place.T
    return np.clip((30 - y) / 16, 0, 1) * np.clip((z + 66) / 8, 0, 1)


def comb_field(comb: str, roots: Roots, side: np.ndarray) -> np.ndarray:
    """Unit directions (S, 3) along the scalp."""
    x, y, z = roots.place.T
    front = np.clip((z + 45) / 55, 0, 1)
    if comb == "crown":
        flow = roots.place - WHORL
        flow[:, 2] += 25 * np.clip((z + 20) / 30, 0, 1)
    elif comb == "up":
        flow = np.stack([0.3 * x, 40 * front + 0 * y, -40 - 0 * z], axis=1)
    elif comb == "back":
        flow = np.stack([0.2 * x, 0.25 * (60 - y), -60 + 0 * z], axis=1)
    elif comb == "part":
        flow = np.stack([side * 60, 0 * y, -26 - 22 * front], axis=1)
    else:
        flow = roots.place - [0.0, 25.0, -65.0]
    if comb != "out":  # at the nape, and for all before the ears, down
        flow[:, 1] -= 70 * np.clip((20 - y) / 40, 0, 1) * np.clip((-60 - z) / 30, 0, 1)
    before_ear = sideburn(roots.place)[:, None]
    flow = flow * (1 - before_ear) + before_ear * [0.0, -60.0, -12.0]
    along = flow - (flow * roots.normal).sum(axis=1, keepdims=True) * roots.normal * (comb != "out")
    return along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)


KNOTS = np.array([[0, 1.0, -0.5], [0, 0.75, -0.8], [0, 0.25, -1.0], [0, -0.3, -1.0]])
"""Where hair is tied, as directions from the middle of the head: top, high, middle, low."""
KNOT_CHANCES = {"bun": (0.6, 0.2, 0.1, 0.1), "pony": (0.0, 0.4, 0.3, 0.3), "braid": (0.0, 0.0, 0.3, 0.7)}


def comb_to_knot(style: Style, roots: Roots, body: Body, rng: np.random.Generator) -> np.ndarray:
    """Guides (G, P, 3) that lie on the head, each on the shortest way to the knot, which all of them reach."""
    towards = KNOTS[rng.choice(len(KNOTS), p=KNOT_CHANCES[style.tail])]
    towards = towards / np.linalg.norm(towards)
    start = roots.at - body.middle
    start = start / np.linalg.norm(start, axis=1, keepdims=True)
    angle = np.arccos(np.clip(start @ towards, -0.999, 0.999))[:, None]
    share = np.linspace(0, 1, style.points)
    way = (np.sin((1 - share) * angle) / np.sin(angle))[..., None] * start[:, None]
    way += (np.sin(share * angle) / np.sin(angle))[..., None] * towards
    radius = body.radius(way.reshape(-1, 3)).reshape(way.shape[:2]) + REST_MM * np.minimum(1, 4 * share)
    guides = body.middle + way * radius[..., None]
    guides[:, 0] = roots.at
    return guides
