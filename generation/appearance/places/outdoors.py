"""The open air of `places`: trees, houses, and a street after sunset."""

import numpy as np

from ..colours import colour
from .defocus import AROUND, UP, WIDTH, Canvas
from .furniture import LEAVES, STEEL, WALLS, WOODS, Mood, pick, smooth_noise


def outdoor(mood: Mood, rng: np.random.Generator) -> tuple[Canvas, float]:
    """Trees with holes of sky, or houses; lamps, lit windows and cars in the evening."""
    if mood.variant == "evening":
        return evening(mood, rng), 14.0
    overcast = mood.variant == "overcast"
    haze = colour(222, 226, 230) if overcast else 0.7 * colour(200, 216, 236) + 0.3 * mood.key
    blue = haze if overcast else colour(126, 164, 214)
    bright = 1.3 * (mood.ambient + 0.35 * mood.strength)
    t = np.clip(UP / 30, 0, 1)[:, None, None]
    canvas = Canvas(np.zeros(3))
    canvas.glow += (bright * (haze * (1 - t) + blue * t)).astype(np.float32)
    grass = pick(rng, LEAVES, 0.15) if rng.random() < 0.6 else 0.6 * pick(rng, WALLS)
    ground = rng.uniform(-9, -4)
    canvas.box(-64, 64, -30, ground, grass * (1.1 + 0.5 * mood.strength))
    if rng.random() < 0.45:
        facades(canvas, rng, mood, 0.0)
    leaf = pick(rng, LEAVES, 0.12) * (1.5 + 0.6 * mood.strength)
    texture = smooth_noise(rng, 60, 130)
    for near in (0.0, 1.0):  # a far hedge, hazy, then trees with gaps between them
        gaps = np.clip(-2.2 * smooth_noise(rng, 2, 12)[0] - 0.4, 0, 1.6) * near
        skyline = rng.uniform(1, 8) + 13 * near + (3 + 4 * near) * smooth_noise(rng, 2, 16)[0] - 26 * gaps
        depth = (skyline[None] - UP[:, None]) / (2 + 8 * near)
        mass = (depth + 0.35 * texture > 0.1) & (UP[:, None] > ground)
        shade = np.exp(0.38 * texture - 0.16 * np.clip(depth, 0, 3))[..., None] * (1.1 - 0.4 * near)
        canvas.paint[mass] = (leaf * shade)[mass]
        canvas.glow[mass] = (0.07 - 0.06 * near) * bright * haze
        for column, up, size in zip(rng.integers(0, WIDTH, 500), rng.gamma(1.3, 2.5 + near, 500),
                                    rng.uniform(0.25, 0.9, 500), strict=True):  # fmt: skip
            if ground < skyline[column] - up:
                tint = leaf * (0.5 + 1.5 * rng.random() * (1 - 0.4 * near))
                canvas.disc(float(AROUND[column]), skyline[column] - up, size, tint)
    for _ in range(rng.integers(20, 260)):  # sky and sun between the leaves
        column = rng.integers(WIDTH)
        y = skyline[column] - rng.gamma(1.3, 4)
        if y > -3:
            canvas.point(float(AROUND[column]), y, bright * rng.gamma(0.7, 0.6) * (0.5 * haze + 0.5 * mood.key))
    for x in rng.uniform(-60, 60, rng.integers(0, 5)):
        canvas.box(x, x + rng.uniform(0.6, 1.8), ground - 2, 30, 0.22 * pick(rng, WOODS))
    return canvas, 9.0


def facades(canvas: Canvas, rng: np.random.Generator, mood: Mood, lit: float) -> None:
    """Houses with rows of windows, a share `lit` of them lit."""
    x = -64.0
    while x < 64:
        wide, top = rng.uniform(10, 24), rng.uniform(6, 26)
        front = pick(rng, np.concatenate([WALLS, WOODS]), 0.15) * (0.7 if lit == 0 else 0.25)
        canvas.box(x, x + wide, -12, top, front)
        for y in np.arange(-4, top - 2, 4.2):
            for u in np.arange(x + 1.2, x + wide - 2, 3.2):
                if rng.random() < lit:
                    warm = np.array([1.5, 0.9, 0.42]) if rng.random() < 0.8 else np.array([0.8, 0.95, 1.1])
                    canvas.shine(u, u + 1.6, y, y + 2.4, warm * rng.uniform(0.2, 0.9))
                else:
                    canvas.box(u, u + 1.6, y, y + 2.4, 0.25 * front)
        x += wide + (rng.uniform(0, 8) if rng.random() < 0.4 else 0)


def evening(mood: Mood, rng: np.random.Generator) -> Canvas:
    """A street after sunset: dark blue sky, lit windows, lamps, head and tail lights."""
    t = np.clip((UP + 8) / 38, 0, 1)[:, None, None]
    canvas = Canvas(np.zeros(3))
    canvas.glow += (0.10 * (1 - t) * np.array([1.0, 0.7, 0.6]) + 0.06 * t * np.array([0.35, 0.55, 1.1])).astype(
        np.float32
    )
    canvas.box(-64, 64, -30, -6, 0.3 * STEEL)
    facades(canvas, rng, mood, rng.uniform(0.15, 0.4))
    for _ in range(rng.integers(26, 70)):
        x, y = rng.uniform(-62, 62), rng.normal(1, 6)
        warm = rng.random() < 0.75
        tint = np.array([1.5, 0.85, 0.35]) if warm else np.array([0.7, 1.0, 1.25])
        canvas.point(x, y, tint * rng.gamma(1.0, 0.8))
    for _ in range(rng.integers(6, 22)):
        x, y = rng.uniform(-62, 62), rng.uniform(-9, -5)
        tint = np.array([1.6, 0.12, 0.06]) if rng.random() < 0.5 else np.array([1.2, 1.15, 1.0])
        for dx in (0, rng.uniform(1.2, 2.4)):
            canvas.point(x + dx, y, tint * rng.uniform(0.4, 1.6))
    for x in rng.uniform(-60, 60, 2):
        canvas.point(x, rng.uniform(5, 14), np.array([1.6, 0.95, 0.45]) * 4)
    return canvas
