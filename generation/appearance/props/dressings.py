"""What is stuck or wound on skin: plasters, gauze, bandages, electrodes with their wires."""

from dataclasses import replace

import numpy as np

from .base import Finish, Worn
from .fitting import AXIS_Z, Wearer
from .shapes import ball, prop, slab, smooth_path, tube

GAUZE, TAPE = Finish(0.9, 0.15, 0.0, 1.0, 0.06), Finish(0.65, 0.4, 0.0, 1.0, 0.02)
WHITE = np.array([0.78, 0.77, 0.74])
PLASTERS = ((0.62, 0.42, 0.30), (0.45, 0.27, 0.17), (0.72, 0.55, 0.42), (0.78, 0.77, 0.74))
"""Linear colours that plasters are sold in."""
PATCHES: dict[str, tuple[tuple[float, float, float], tuple[float, float], float]] = {
    "forehead": ((0.0, 46.0, 24.0), (34.0, 24.0), 0.25),
    "cheek": ((46.0, -37.0, 9.0), (17.0, 16.0), 0.25),
    "nose": ((0.0, -16.0, 34.0), (21.0, 9.5), 0.06),
    "chin": ((0.0, -91.0, 24.0), (18.0, 9.0), 0.1),
}
"""Middle of each dressing on the canonical face, its half width and height on it (mm), and the turn (rad) of most."""
PATCH_STEPS = (17, 25)
STIFF_MM = 18.0
"""Over how much skin a dressing follows its mean: it bends with a face, but does not take part in single wrinkles."""
BAND_ROWS, BAND_COLUMNS = 14, 120
CHEST = (
    ((56.0, -160.0, -44.0), (46.0, -146.0, -50.0), (38.0, -136.0, -52.0)),
    ((-55.0, -162.0, -43.0), (-45.0, -147.0, -50.0), (-37.0, -137.0, -52.0)),
    ((16.0, -196.0, -18.0), (12.0, -172.0, -30.0), (8.0, -158.0, -36.0)),
)
"""Where each electrode sticks, under the collar bones and on the breast bone of the canonical body, the usual place
first: the first that clothes leave bare."""
WIDEST_DISC_MM = 16.0
"""Largest radius of an electrode."""
AT_COLLAR = ((34.0, -140.0, -50.0), (-30.0, -141.0, -48.0), (24.0, -141.0, -46.0))
"""Places on the neck, from which down the rim of clothes is looked for that wires of covered electrodes come out at."""


def make_patch(place: str, wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A dressing on the `place` of `PATCHES`: a gauze pad under tape, or a plaster."""
    middle, half, turn = PATCHES[place]
    middle = np.array(middle)
    if place in ("cheek", "forehead"):
        middle[0] = abs(middle[0]) * rng.choice([-1, 1]) if place == "cheek" else rng.uniform(-24, 24)
    half = np.array(half) * rng.uniform(0.85, 1.15) * (0.72 if place == "forehead" and rng.random() < 0.5 else 1.0)
    angle = turn * rng.standard_normal()
    plaster = place in ("nose", "chin") or rng.random() < 0.3
    colour = np.array(PLASTERS[rng.integers(len(PLASTERS))]) if plaster else WHITE
    name = f"dressing_{place}"
    if plaster:
        half = half * (1.0, 0.55) if place in ("forehead", "cheek") else half
        base = _patch(wearer, middle, half, angle, 0.6, 1.1, round_corners=5.0)
        pad = _patch(wearer, middle, half * (0.36, 0.8), angle, 1.2, 1.6, round_corners=2.0)
        flat = (
            wearer.lying(prop(name, base, colour, Finish(0.7, 0.4, 0.0, 1.0, 0.03)), STIFF_MM),
            wearer.lying(prop(name, pad, 0.96 * colour, Finish(0.8, 0.3, 0.0, 1.0, 0.05)), STIFF_MM),
        )
        return Worn(flat, base.points, "pressed")
    pad = _patch(wearer, middle, half, angle, 0.5, 2.2, round_corners=3.0)
    parts = [wearer.lying(prop(name, pad, WHITE, GAUZE), STIFF_MM)]
    across = np.array([-np.sin(angle), np.cos(angle), 0.0]) * half[1] * 0.78
    for side in (1, -1):
        strip = _patch(wearer, middle + side * across, half * (1.25, 0.26), angle, 0.6, 2.7, round_corners=1.5)
        parts.append(wearer.lying(prop(name, strip, 0.94 * WHITE, TAPE), STIFF_MM))
    return Worn(tuple(parts), pad.points, "pressed")


def _patch(
    wearer: Wearer, middle: np.ndarray, half: np.ndarray, angle: float, low: float, high: float, round_corners: float
):
    """A slab from `low` to `high` mm over the skin, thinner at its edge; `half` (2,) its size, turned by `angle`."""
    rows, columns = PATCH_STEPS
    u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    short = min(half)
    corner = min(round_corners / short, 1.0)
    # squares to a rounded rectangle: rows near the end of the slab are shorter
    tuck = np.maximum(np.abs(v) - (1 - corner * short / half[1]), 0) / (corner * short / half[1])
    inset = round_corners * (1 - np.sqrt(np.maximum(1 - np.minimum(tuck, 1) ** 2, 0)))
    x, y = u * (half[0] - inset), v * half[1]
    c, s = np.cos(angle), np.sin(angle)
    # flat on the canonical face, and dropped on it, where it lies: beside the middle that is not from the front
    away = np.hypot(middle[0], middle[2] - AXIS_Z)
    level, flat = np.array([middle[2] - AXIS_Z, 0, -middle[0]]) / away, c * x - s * y
    places = middle + flat[..., None] * level + (s * x + c * y)[..., None] * [0, 1, 0]
    ground = wearer.over(places, from_axis=middle[0] != 0)
    edge = np.minimum(1 - np.abs(u), 1 - np.abs(v))
    rise = np.clip(edge / 0.14, 0, 1)[..., None]
    normal = wearer.skin.closest(ground.reshape(-1, 3)).normal.reshape(ground.shape)
    for _ in range(2):  # tape bridges what is finer than itself
        normal[1:-1, 1:-1] = (normal[:-2, 1:-1] + normal[2:, 1:-1] + normal[1:-1, :-2] + normal[1:-1, 2:]) / 4
    outer = wearer.cleared(ground + (low + 0.15 + (high - low - 0.15) * rise) * normal, low + 0.15)
    inner = wearer.cleared(ground + low * normal, 0.3)
    return slab(outer, inner)


def make_head_bandage(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """Turns of gauze around forehead and back of the head."""
    low_front, high_front = rng.uniform(15, 24), rng.uniform(58, 70)
    around = np.linspace(0, 2 * np.pi, BAND_COLUMNS, endpoint=False)
    up = np.linspace(0, 1, BAND_ROWS)[:, None]
    front = 0.5 + 0.5 * np.cos(around)
    side = np.sin(around) ** 2
    tilt = rng.normal(0, 3.0) * np.sin(around)
    low = low_front * front + 4 * (1 - front) + 0 * side + tilt
    low = np.maximum(low, np.where(side > 0.35, 11.5, -20))  # above the ears
    high = high_front * front + 52 * (1 - front) + 3 * side + 0.6 * tilt
    y = low + up * (high - low)
    x, z = 74 * np.sin(around) + 0 * y, -68 + 96 * np.cos(around) + 0 * y
    turns = rng.integers(3, 5)
    winding = np.mod(turns * up + 0.8 * np.sin(around + rng.uniform(0, 6)) + rng.uniform(), 1.0)
    off = 3.0 + 1.6 * winding + 0.25 * np.sin(9 * around + 5 * up)
    grid = wearer.over(np.stack([x, y, z], axis=-1), from_axis=True)
    grid = _eased(grid)
    centre = np.array([0.0, 20.0, -68.0])
    normal = grid - centre
    normal[..., 1] *= 0.5
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    inner = wearer.cleared(grid + 0.8 * normal, 0.7)
    outer = wearer.cleared(grid + off[..., None] * normal, 2.2)
    shape = slab(outer, inner, columns_close=True)
    colours = np.tile(np.float32(WHITE), (len(shape.points), 1))
    seams = 0.86 + 0.14 * np.clip(winding / 0.18, 0, 1)
    colours[: winding.size] *= seams.reshape(-1, 1).astype(np.float32)
    whole = prop("head_bandage", shape, WHITE, GAUZE, wearer.carried(shape.points, 9.0))
    band = replace(whole, albedo=colours, carrier=0.6 * whole.carrier)
    return Worn((band,), inner.reshape(-1, 3), "pressed")


def _eased(grid: np.ndarray, rounds: int = 3) -> np.ndarray:
    """A grid (R, C, 3) that closes around, smoothed along its rows and columns."""
    for _ in range(rounds):
        grid = 0.5 * grid + 0.25 * (np.roll(grid, 1, axis=1) + np.roll(grid, -1, axis=1))
        middle = 0.5 * grid[1:-1] + 0.25 * (grid[:-2] + grid[2:])
        grid = np.concatenate([grid[:1], middle, grid[-1:]])
    return grid


def make_ecg_wires(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """Electrodes at the collar bones and on the breast bone, and their wires."""
    parts, wires = [], []
    colours = np.array([(0.65, 0.02, 0.02), (0.75, 0.55, 0.02), (0.02, 0.30, 0.06), (0.02, 0.02, 0.02)])
    order = rng.permutation(len(colours))
    for k, (places, at_collar) in enumerate(zip(CHEST, AT_COLLAR, strict=True)):
        found = wearer.anchored(np.array(places) + rng.normal(0, 3, 3) * [1, 1, 0])
        bare = np.flatnonzero([_is_bare(wearer, *each) for each in zip(found.place, found.normal, strict=True)])
        tint = colours[order[k]]
        if len(bare) == 0:
            at, normal, out = _out_of_clothes(wearer, np.array(at_collar), np.array(places[0]))
        else:
            at, normal = found.place[bare[0]], found.normal[bare[0]]
            out = at + 2.5 * normal
            disc = _disc(wearer, at, normal, rng.uniform(13, WIDEST_DISC_MM), 1.2)
            parts.append(prop("ecg_wires", disc, (0.80, 0.80, 0.80), Finish(0.6, 0.4)))
            parts.append(prop("ecg_wires", ball(at + 2.4 * normal, 3.6), tint, Finish(0.3, 0.9)))
        end = at + np.array([rng.uniform(-8, 8) - 0.3 * at[0], -150.0, 60.0])
        way = smooth_path(np.array([out, out + 2.5 * normal + [4, -12, 4], 0.5 * (at + end), end]), 4.0)
        way = np.concatenate([at[None], wearer.cleared(way, 2.0, dressed=True)])
        wires.append((tube(way, (1.3, 1.3), False, 6), tint))
    parts += [prop("ecg_wires", shape, 0.6 * colour + 0.1, Finish(0.35, 0.8)) for shape, colour in wires]
    return Worn(tuple(parts))


def _is_bare(wearer: Wearer, at: np.ndarray, normal: np.ndarray) -> bool:
    """Whether clothes leave the skin bare under a whole electrode."""
    rim = wearer.skin.closest(_rings(at, normal, WIDEST_DISC_MM * np.array([0.0, 0.6, 1.0])).reshape(-1, 3))
    return bool(wearer.bare(rim).all())


def _out_of_clothes(wearer: Wearer, neck: np.ndarray, chest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a wire comes out of clothes between two canonical places, of which the second is covered: a place just
    inside of their rim, under the cloth, the normal of the skin there, and a place just outside of it, over the skin.
    """
    found = wearer.anchored(
        np.concatenate([np.linspace(neck + np.array((0, 40, 4)), neck, 16), np.linspace(neck, chest, 16)])
    )
    first = max(int(np.argmin(wearer.bare(found))), 1)
    at, normal = found.place[first], found.normal[first]
    return at - 1.5 * normal, normal, found.place[first - 1] + 2.5 * found.normal[first - 1]


def _rings(at: np.ndarray, normal: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Circles (R, 28, 3) with `radii` (R,) around a place, at right angles to a normal."""
    first = np.cross(normal, [0.0, 1.0, 0.0])
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return at + radii[:, None, None] * (np.cos(turn)[:, None] * first + np.sin(turn)[:, None] * second)


def _disc(wearer: Wearer, at: np.ndarray, normal: np.ndarray, radius: float, thick: float):
    flat = _rings(at, normal, radius * np.array([1.0, 0.7, 0.4, 0.05]))
    outer = wearer.cleared(flat + thick * normal, thick, dressed=True)
    return slab(outer, wearer.cleared(flat, 0.2, dressed=True), columns_close=True)
