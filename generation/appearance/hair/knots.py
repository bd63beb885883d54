"""What leaves the knot of tied hair: a bun, a ponytail or a braid."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from .guides import REST_MM, UPRIGHT, Body

BUN_STRANDS, TAIL_STRANDS = 2600, 2600
BRAID_WAVES = 4.0
"""How often the three bundles of a braid change places."""
TAIL_MM, ABOVE_PILLOW_MM = 190.0, 10.0
"""Length of a tail that lies on a pillow, and how far its middle is above it."""
OVER_SHOULDER = 0.8
OVER = np.array([[44.0, -70, -105], [66, -118, -80], [72, -150, -30], [68, -185, -15]])
"""Share of tails that come forward over a shoulder, and their way around the neck (mm)."""


def grow_tail(
    kind: str, knot: np.ndarray, body: Body, points: int, rng: np.random.Generator, up: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Strands (S, `points`, 3) world mm that leave the place `knot` (3,), and how deep each lies in the hair (S,); `up`
    (3,): unit vector against gravity."""
    if kind == "bun":
        return wind_bun(knot, body, points, rng)
    line = hang(knot, body, rng) if up[1] > UPRIGHT else lay(knot, body, rng, up)
    if kind == "braid":
        return plait(line, points, rng)
    return loosen(line, points, rng)


def wind_bun(knot: np.ndarray, body: Body, points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A flattened ball, its hairs wound around the axis that points away from the head."""
    axis, e1, e2 = frame(knot - body.middle)
    radius = rng.uniform(24, 34)
    centre = knot + 0.7 * radius * axis
    count = BUN_STRANDS
    buried = rng.random(count)
    start, sweep = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.8, 2.2, count)
    tilt = rng.uniform(-0.35, 1.25, count)
    share = np.linspace(0, 1, points)
    turn = start[:, None] + sweep[:, None] * share
    lean = tilt[:, None] + 0.35 * np.sin(2 * turn + rng.uniform(0, 2 * np.pi)) * np.cos(tilt)[:, None] + 0.25 * share
    size = (
        radius
        * (1 - 0.16 * buried + 0.05 * np.sin(5 * tilt))[:, None]
        * (1 + 0.05 * rng.standard_normal((count, 1)) * share)
    )
    ring = np.cos(turn)[..., None] * e1 + np.sin(turn)[..., None] * e2
    ball = np.cos(lean)[..., None] * ring + 0.72 * np.sin(lean)[..., None] * axis
    return centre + size[..., None] * ball, buried


def hang(knot: np.ndarray, body: Body, rng: np.random.Generator) -> np.ndarray:
    """Middle line (24, 3) of a tail: out from the head, then straight down behind it or forward over a shoulder."""
    out = (knot - body.middle) / np.linalg.norm(knot - body.middle)
    side, reach = rng.choice([-1.0, 1.0]), rng.uniform(-20, 10)
    if rng.random() < OVER_SHOULDER:
        way = [
            knot,
            knot + 26 * out,
            *(OVER * [side, 1, 1] + [0, 0.2 * reach, 0]),
            OVER[-1] * [side, 1, 1] + [0, -60 + reach, 6],
        ]
    else:
        way = [
            knot,
            knot + 30 * out,
            knot + 45 * out + [side * 8, -40, 0],
            knot + 40 * out + [side * 14, -150 + reach, 0],
        ]
    way = np.array(way)
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    line = PchipInterpolator(arc, way)(np.linspace(0, arc[-1], 24))
    line[2:] = body.rest(line[2:], np.full(22, REST_MM + 11))
    return line


def lay(knot: np.ndarray, body: Body, rng: np.random.Generator, up: np.ndarray) -> np.ndarray:
    """Middle line (24, 3) of the tail of a head that lies: out from the knot and along the pillow, to one side."""
    out = (knot - body.middle) / np.linalg.norm(knot - body.middle)
    aside = np.cross(up, [0.0, 1.0, 0.0]) * rng.choice([-1.0, 1.0]) + rng.uniform(-0.7, 0.7) * np.array([0.0, 1.0, 0.0])
    share = np.linspace(0, 1, 24)[:, None]
    line = knot + 30 * np.minimum(4 * share, 1) * out + TAIL_MM * share**1.3 * aside - 60 * share * up
    return line + np.maximum(body.floor(up) + ABOVE_PILLOW_MM - line @ up, 0)[:, None] * up


def loosen(line: np.ndarray, points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A ponytail: narrow at the band, full below it, thinner at its end."""
    count = TAIL_STRANDS
    across, buried = disc(count, rng)
    share = np.linspace(0, 1, points) * rng.uniform(0.8, 1.0, (count, 1))
    width = np.interp(share, (0, 0.06, 0.3, 0.7, 1.0), (7, 8, 19, 18, 9))
    wave = 3.0 * np.sin(9 * share + 2 * across[:, :1]) * share
    return along(line, share, across[:, None] * width[..., None] + wave[..., None]), buried


def plait(line: np.ndarray, points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A braid: three bundles that cross, each 120 degrees behind the other."""
    count = TAIL_STRANDS
    across, buried = disc(count, rng)
    share = np.linspace(0, 1, points) * np.ones((count, 1))
    phase = 2 * np.pi * (BRAID_WAVES * share + rng.integers(0, 3, count)[:, None] / 3)
    width = np.interp(share, (0, 0.05, 0.9, 1.0), (6, 9, 7, 3))
    bundle = np.stack([1.0 * np.sin(phase), 0.5 * np.sin(2 * phase)], axis=-1)
    return along(line, share, width[..., None] * (bundle + 0.62 * across[:, None])), buried


def disc(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places (S, 2) in the unit disc and their depth 0-1 under its rim (S,)."""
    radius, angle = np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), 1 - radius


def frame(axis: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit `axis` (3,) and two directions across it."""
    axis = axis / np.linalg.norm(axis)
    e1 = np.cross(axis, [1.0, 0.0, 0.0])
    e1 /= np.linalg.norm(e1)
    return axis, e1, np.cross(axis, e1)


def along(line: np.ndarray, share: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Points (S, P, 3) at shares (S, P) of a polyline (M, 3), moved `across` (S, P, 2) mm in its moving frame."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    left = np.cross(tangent, [0.0, 0.02, 1.0])
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    back = np.cross(tangent, left)
    at = share * (len(line) - 1)
    low = np.minimum(at.astype(int), len(line) - 2)
    between = (at - low)[..., None]

    def between_points(values: np.ndarray) -> np.ndarray:
        return values[low] * (1 - between) + values[low + 1] * between

    return between_points(line) + across[..., :1] * between_points(left) + across[..., 1:] * between_points(back)
