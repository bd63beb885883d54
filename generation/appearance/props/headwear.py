"""Caps, hijabs and headscarves: cloth shells around the skull, and around the neck."""

import numpy as np
from scipy import sparse

from ...geometry.surface import unit
from ..clothes import unlike_skin
from ..colours import colour
from .base import Finish, Worn
from .fitting import Wearer
from .shapes import Shape, ball, cleaned, joined, outward, prop, slab, smooth_path, tube

SKULL = np.array([0.0, 22.0, -68.0])
"""Middle of the shells that caps are, mm."""
AROUND, UP = 128, 22
CAP_RIM = ((0, 180), (48, 46, 22, 13, 12, 4, -10, -16))
"""Azimuth (degrees from the front, even steps) and height (canonical mm) of the rim of a cap."""
CAP_COLOURS = tuple(colour(*c) for c in ((150, 196, 222), (120, 186, 190), (164, 208, 176), (86, 132, 190)))
SCARF_COLOURS = tuple(colour(*c) for c in (
    (24, 24, 28), (30, 36, 62), (70, 74, 80), (140, 134, 126), (196, 188, 174), (224, 220, 212), (92, 34, 44),
    (66, 84, 66), (38, 84, 96), (128, 96, 116), (112, 86, 62), (152, 122, 132), (170, 178, 196),
))  # fmt: skip
CLOTH = Finish(0.85, 0.25, 0.0, 1.0, 0.03)
PAPER = Finish(0.75, 0.3, 0.0, 1.0, 0.025)
OPENING = (
    (0, 56, 24), (20, 54, 20), (38, 45, 9), (52, 28, -4), (61, 4, -17), (63, -24, -23), (60, -52, -22), (50, -78, -14),
    (36, -98, -4), (18, -112, 3), (0, -116, 4),
)  # fmt: skip
"""Where a hijab frames the left half of the canonical face, from the forehead to under the chin."""
HOOD = np.array([0.0, -8.0, -70.0])
"""Middle of the hood."""
NAPE = np.array([0.0, -0.42, -0.9])
"""Direction from there in which all its meridians meet."""


def _folds(
    rng: np.random.Generator, u: np.ndarray, v: np.ndarray, waves: int, turns: tuple[float, float]
) -> np.ndarray:
    """Height -1 to 1 of folds over coordinates u (round, 0-1) and v (0-1), running mostly along v; round in u."""
    total = np.zeros(np.broadcast(u, v).shape)
    for _ in range(waves):
        count, lean = rng.integers(int(turns[0]), int(turns[1]) + 1), rng.normal(0, 1.2)
        height = rng.uniform(0.5, 1.0)
        ridge = np.sin(2 * np.pi * (count * u + lean * v + rng.uniform()))
        total += height * (1 - np.abs(ridge)) ** 1.6 * (0.6 + 0.4 * np.sin(2 * np.pi * (u + rng.uniform()) + 3 * v))
    return total / waves


def _dome(wearer: Wearer, rim: np.ndarray, off: np.ndarray, margin: float) -> np.ndarray:
    """Rings (R, C, 3) from a rim (C, 3) around the skull up to its crown, `off` (R, C) mm over the skin."""
    up = np.array([0.0, 1.0, -0.15])
    up /= np.linalg.norm(up)
    start = unit(rim - SKULL)
    angle = np.arccos(np.clip(start @ up, -1, 1))
    share = np.linspace(0, 0.985, len(off))[:, None]
    way = np.sin((1 - share) * angle)[..., None] * start + np.sin(share * angle)[..., None] * up
    way = unit(way)
    far = wearer.radius(SKULL, way)
    first = np.linalg.norm(rim - SKULL, axis=1)
    far = far + (first - far[0]) * np.clip(1 - 4 * share, 0, 1)
    return wearer.cleared(wearer.enclosed(SKULL, SKULL + (far + off)[..., None] * way, margin), margin)


def _cap_rim(wearer: Wearer, raised: float, low: float) -> np.ndarray:
    around = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    steps = np.linspace(*np.radians(CAP_RIM[0]), len(CAP_RIM[1]))
    y = np.interp(np.minimum(around, 2 * np.pi - around), steps, CAP_RIM[1])
    y = y + raised * (0.5 + 0.5 * np.cos(around)) + low
    y = (np.roll(y, 1) + np.roll(y, -1) + y) / 3
    places = np.stack([74 * np.sin(around), y, -68 + 96 * np.cos(around)], axis=1)
    return wearer.over(places, from_axis=True)


def make_cap(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A cap of theatre and ward: gathered paper with an elastic rim, puffed up or close to the skull."""
    rim = _cap_rim(wearer, rng.uniform(-4, 10), rng.uniform(-2, 3))
    puff = rng.uniform(5, 15)
    u, v = np.linspace(0, 1, AROUND, endpoint=False)[None], np.linspace(0, 1, UP)[:, None]
    gathers = _folds(rng, u, v, 4, (17, 34))
    loose = _folds(rng, u, v, 3, (3, 8))
    rise = np.clip(v / 0.22, 0, 1) ** 0.6
    off = 2.6 + puff * rise * (0.75 + 0.35 * loose) + 4.5 * (gathers - 0.4) * np.clip(v / 0.08, 0, 1) * (1 - v) ** 1.5
    outer = _dome(wearer, rim, np.broadcast_to(off, (UP, AROUND)), 2.2)
    inner = SKULL + 0.985 * (outer - SKULL)
    inner = wearer.cleared(inner, 1.2)
    tint = CAP_COLOURS[rng.integers(len(CAP_COLOURS))] * np.exp(0.1 * rng.standard_normal())
    shell = outward(slab(outer[::-1], inner[::-1], columns_close=True), SKULL)
    band = tube(outer[0] * 0.5 + inner[0] * 0.5, (1.7, 1.5), True, 8, unit(outer[0] - SKULL))
    shape = joined(shell, band)
    follow = wearer.carried(shape.points, 10.0).multiply(_fading(shape.points, wearer, 12.0)[:, None]).tocsr()
    return Worn((prop("medical_cap", shape, tint, PAPER, 0.6 * follow),), inner.reshape(-1, 3), "under")


def make_hijab(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A cloth around head and neck that leaves the face free."""
    tint = unlike_skin(SCARF_COLOURS[rng.integers(len(SCARF_COLOURS))] * np.exp(0.12 * rng.standard_normal()))
    shift = np.array([0.0, rng.uniform(-3, 5), 0.0])
    hood, inside, hood_carrier = _hood(wearer, np.array(OPENING, float) + shift * np.linspace(1, 0, 11)[:, None], rng)
    cowl, cowl_carrier = _cowl(wearer, 1.0, rng)
    return Worn(
        (prop("hijab", hood, tint, CLOTH, hood_carrier), prop("hijab", cowl, 0.97 * tint, CLOTH, cowl_carrier)),
        inside,
        "gone",
    )


def make_headscarf(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A scarf that is tied under the chin, or wound around the head above the ears."""
    tint = unlike_skin(SCARF_COLOURS[rng.integers(len(SCARF_COLOURS))] * np.exp(0.12 * rng.standard_normal()))
    if rng.random() < 0.5:
        return _wound(wearer, tint, rng)
    opening = np.array(OPENING, float)
    opening[:4] += np.array([[0, 8, -10], [0, 8, -10], [2, 7, -8], [3, 3, -5]]) * rng.uniform(0.4, 1.2)
    opening[8:] += [[0, 2, -4], [0, -1, -2], [0, -3, 0]]
    hood, inside, carrier = _hood(wearer, opening, rng)
    cowl, cowl_carrier = _cowl(wearer, 0.45, rng)
    knot = wearer.laid([(0.0, -126.0, -10.0)], 12.0)[0]
    shapes = [ball(knot, (8.0, 6.5, 6.0))]
    for side in (1.0, -1.0):
        end = knot + np.array([side * rng.uniform(14, 24), rng.uniform(-42, -30), 6.0])
        way = smooth_path(np.array([knot, 0.5 * (knot + end) + [0, 3, 8], end + np.array([0, 0, 6])]), 3.0)
        way = wearer.cleared(way, 9.0, dressed=True)
        wide = np.interp(np.linspace(0, 1, len(way)), (0, 0.2, 0.9, 1), (4, 8, 12, 3))
        shapes.append(tube(way, np.stack([1.6 + 0 * wide, wide], axis=1), False, 10, (0.0, 0.2, 1.0)))
    tie = joined(*shapes)
    parts = (
        prop("headscarf", hood, tint, CLOTH, carrier),
        prop("headscarf", cowl, 0.97 * tint, CLOTH, cowl_carrier),
        prop("headscarf", tie, 0.95 * tint, CLOTH, wearer.carried(tie.points, 12.0)),
    )
    return Worn(parts, inside, "under")


def _wound(wearer: Wearer, tint: np.ndarray, rng: np.random.Generator) -> Worn:
    rim = _cap_rim(wearer, rng.uniform(2, 12), rng.uniform(0, 4))
    u, v = np.linspace(0, 1, AROUND, endpoint=False)[None], np.linspace(0, 1, UP)[:, None]
    turns = 3.0 * v + 0.35 * np.sin(2 * np.pi * (u + rng.uniform())) + rng.uniform()
    wraps = np.abs(np.sin(np.pi * turns)) ** 0.7
    off = 3.0 + 6.5 * np.clip(v / 0.15, 0, 1) + 5.0 * wraps * np.clip(v / 0.1, 0, 1) * (1 - 0.6 * v)
    off = off + 2.0 * _folds(rng, u, 4 * v, 4, (2, 6))
    outer = _dome(wearer, rim, np.broadcast_to(off, (UP, AROUND)), 2.4)
    inner = wearer.cleared(SKULL + 0.98 * (outer - SKULL), 1.2)
    shell = outward(slab(outer[::-1], inner[::-1], columns_close=True), SKULL)
    follow = wearer.carried(shell.points, 10.0).multiply(_fading(shell.points, wearer, 12.0)[:, None]).tocsr()
    return Worn((prop("headscarf", shell, tint, CLOTH, 0.6 * follow),), inner.reshape(-1, 3), "under")


def _hood(wearer: Wearer, opening: np.ndarray, rng: np.random.Generator) -> tuple[Shape, np.ndarray, sparse.csr_matrix]:
    """Cloth from the opening around the face (canonical half, (N, 3)) over ears and skull to the nape; its inside
    (M, 3) and what it follows."""
    right = opening[1:-1] * [-1, 1, 1]
    rim = smooth_path(wearer.laid(np.concatenate([opening, right[::-1]]), 1.8), 4.0, closed=True)
    rim = rim[np.linspace(0, len(rim), AROUND, endpoint=False).astype(int)]
    rim = wearer.cleared(rim, 1.6)
    pole = unit(NAPE)
    start = unit(rim - HOOD)
    angle = np.arccos(np.clip(start @ pole, -0.999, 0.999))
    rows = 30
    share = np.linspace(0, 0.995, rows)[:, None]
    way = unit(np.sin((1 - share) * angle)[..., None] * start + np.sin(share * angle)[..., None] * pole)
    first = np.linalg.norm(rim - HOOD, axis=1)
    far = np.minimum(wearer.radius(HOOD, way), first.clip(70, 140) + 45)
    far = far + (first - far[0]) * np.clip(1 - 5 * share, 0, 1)
    u, v = np.linspace(0, 1, AROUND, endpoint=False)[None], share
    folds = _folds(rng, u, v, 5, (5, 14))
    low = np.clip(0.5 - start[:, 1], 0, 1)[None]
    off = np.interp(v, (0, 0.05, 0.3, 1), (-0.6, 1.6, 7.0, 8.0))
    off = off + (3.0 + 7.0 * low) * folds * np.clip(v / 0.12, 0, 1) * (1 - v**3)
    margin = np.broadcast_to(np.interp(v, (0, 0.05), (1.2, 3.0)), (rows, AROUND))
    outer = wearer.cleared(HOOD + (far + off)[..., None] * way, margin)
    for _ in range(5):
        outer[1:-1] = 0.5 * outer[1:-1] + 0.25 * (outer[:-2] + outer[2:])
        outer = 0.6 * outer + 0.2 * (np.roll(outer, 1, axis=1) + np.roll(outer, -1, axis=1))
    outer = wearer.enclosed(HOOD, outer, 2.2)
    outer[1:-1] = 0.5 * outer[1:-1] + 0.25 * (outer[:-2] + outer[2:])
    outer = wearer.enclosed(HOOD, outer, 2.2)
    inner = wearer.cleared(outer - 1.0 * way, np.minimum(margin - 0.8, 1.4))
    inner[0] = wearer.skin.closest(rim).place + 0.3 * start  # the edge lies on the skin
    shape = outward(slab(outer, inner, columns_close=True), HOOD)
    sunk = wearer.skin.height(shape.points) < -0.5  # where its lower end comes together in the neck
    shape = cleaned(Shape(shape.points, shape.triangles[~sunk[shape.triangles].any(axis=1)]))
    return shape, inner.reshape(-1, 3), _held(wearer, shape, rim, 14.0)


def _cowl(wearer: Wearer, reach: float, rng: np.random.Generator) -> tuple[Shape, sparse.csr_matrix]:
    """Cloth around the neck, from under the chin down to chest and shoulders, or a share `reach` of the way there, and
    what it follows."""
    rows, around = 26, np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    front, side = 0.5 + 0.5 * np.cos(around), np.abs(np.sin(around))
    top = np.stack(
        [
            np.interp(side, (0, 1), (0, 62)) * np.sign(np.sin(around)),
            -116 * front**1.5 - 58 * (1 - front**1.5),
            -72 + 76 * np.cos(around),
        ],
        axis=1,
    )
    top = wearer.over(top, from_axis=True)
    away = top - [0, 0, -72]
    away[:, 1] = 0
    top = top + 4.0 * unit(away)
    down = -196 + 26 * side + 16 * (1 - front)
    low = np.stack([112 * np.sin(around), down, -72 + 86 * np.cos(around)], axis=1)
    low = np.array([0, -140, -72]) + (low - [0, -140, -72]) * [0.4 + 0.6 * reach, reach, 0.4 + 0.6 * reach]
    low = wearer.dressed.closest(low)
    bottom = low.place + 7.0 * low.normal
    v = np.linspace(0, 1, rows)[:, None]
    u = around[None] / (2 * np.pi)
    points = top + v[..., None] * (bottom - top)
    drape = np.sin(np.pi * v) * (10 + 8 * front)
    swoops = np.maximum(
        np.sin(2 * np.pi * (3.2 * v + 0.35 * np.cos(around - rng.uniform(-0.6, 0.6)) + rng.uniform())), -0.4
    )
    folds = 4.5 * swoops * np.sin(np.pi * v) + 8.0 * _folds(rng, u, v, 4, (4, 9)) * v
    out = unit(points - [0, 0, -75] * np.array([1, 0, 1]) - points * [0, 1, 0])
    points = points + (drape + folds)[..., None] * out
    points[..., 1] -= 6 * np.sin(np.pi * v) * front
    outer = wearer.cleared(points, 5.0, dressed=True)
    for _ in range(2):
        outer[1:-1] = 0.5 * outer[1:-1] + 0.25 * (outer[:-2] + outer[2:])
    outer = wearer.cleared(outer, 3.6, dressed=True)
    inner = wearer.cleared(outer - 1.2 * out, 2.2, dressed=True)
    middle = np.array([0.0, -140.0, -72.0])
    shape = outward(slab(outer[::-1], inner[::-1], columns_close=True), middle)
    return shape, _held(wearer, shape, outer[0], 26.0)


def _held(wearer: Wearer, shape: Shape, rim: np.ndarray, reach: float) -> sparse.csr_matrix:
    """Weights with which a shell follows the skin under its `rim` (N, 3), less the farther (mm) from it."""
    away = np.linalg.norm(shape.points[:, None] - rim[None, ::4], axis=2).min(axis=1)
    share = np.exp(-((away / reach) ** 2))
    nearest = np.linalg.norm(shape.points[:, None] - rim[None, ::4], axis=2).argmin(axis=1)
    return wearer.carried(rim[::4], 12.0)[nearest].multiply(share[:, None]).tocsr()


def _fading(points: np.ndarray, wearer: Wearer, reach: float) -> np.ndarray:
    """(N,) 1 near the brows to 0 `reach` mm above: how much of a cap moves with the forehead."""
    return np.clip(1 - (points[:, 1] - wearer.landmarks[17:27, 1].max() - 20) / (2 * reach), 0, 1)
