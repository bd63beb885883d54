"""What leaves the knot of tied hair: a bun, a ponytail or a braid."""

import numpy as np

from .groom import REST_MM, SHOULDER, Body

BUN_STRANDS, TAIL_STRANDS = 2600, 2600
BRAID_WAVES = 5.0
"""How often the three bundles of a braid change places."""


def grow_tail(
    kind: str, knot: np.ndarray, body: Body, points: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Strands (S, `points`, 3) world mm that leave the place `knot` (3,), and how deep each lies in the hair (S,)."""
    if kind == "bun":
        return wind_bun(knot, body, points, rng)
    line = hang(knot, body, rng)
    if kind == "braid":
        return plait(line, points, rng)
    return loosen(line, points, rng)


def wind_bun(
    knot: np.ndarray, body: Body, points: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A flattened ball, its hairs wound around the axis that points away from the head."""
    axis, e1, e2 = frame(knot - body.middle)
    radius = rng.uniform(24, 34)
    centre = knot + 0.5 * radius * axis
    count = BUN_STRANDS
    buried = rng.random(count)
    start, sweep = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.8, 2.2, count)
    tilt = rng.uniform(-0.35, 1.25, count)
    share = np.linspace(0, 1, points)
    turn = start[:, None] + sweep[:, None] * share
    lean = tilt[:, None] + 0.35 * np.sin(2 * turn + rng.uniform(0, 2 * np.pi)) * np.cos(tilt)[:, None] + 0.25 * share
    size = radius * (1 - 0.16 * buried + 0.05 * np.sin(5 * tilt))[:, None] * (1 + 0.05 * rng.standard_normal((count, 1)) * share)
    ring = np.cos(turn)[..., None] * e1 + np.sin(turn)[..., None] * e2
    ball = np.cos(lean)[..., None] * ring + 0.72 * np.sin(lean)[..., None] * axis
    return centre + size[..., None] * ball, buried


def hang(knot: np.ndarray, body: Body, rng: np.random.Generator) -> np.ndarray:
    """Middle line (24, 3) of a tail: out from the head, then down behind it or over a shoulder."""
    length, count = rng.uniform(190, 330), 24
    side = rng.choice([-1.0, 1.0])
    over_shoulder = rng.random() < 0.45
    at, direction = knot.copy(), (knot - body.middle) / np.linalg.norm(knot - body.middle)
    direction = direction + [0.5 * side * rng.random(), 0.2, 0]
    line = np.empty((count, 3))
    for p in range(count):
        line[p] = at
        direction = direction / np.linalg.norm(direction)
        at = at + length / (count - 1) * direction
        direction = direction - [0, 0.42, 0]
        if over_shoulder and at[1] < 40:
            direction = direction + [0.3 * side * (abs(at[0]) < 85), 0, 0.35 if at[1] < SHOULDER + 20 else 0.05]
        at = body.rest(at[None], np.array([REST_MM + 13]))[0]
    return line


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
    count, fine = TAIL_STRANDS, max(points, 12)
    across, buried = disc(count, rng)
    share = np.linspace(0, 1, fine) * np.ones((count, 1))
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
    left = np.cross(tangent, [0.0, 0.0, 1.0]) + [1e-3, 0, 0]
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    back = np.cross(tangent, left)
    at = share * (len(line) - 1)
    low = np.minimum(at.astype(int), len(line) - 2)
    between = (at - low)[..., None]

    def between_points(values: np.ndarray) -> np.ndarray:
        return values[low] * (1 - between) + values[low + 1] * between

    return between_points(line) + across[..., :1] * between_points(left) + across[..., 1:] * between_points(back)
