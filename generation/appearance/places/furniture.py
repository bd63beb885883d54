"""What stands in rooms and hangs on walls, and the palettes it is painted in.

Linear albedo; `scale` is degrees a metre at the wall.
"""

from dataclasses import dataclass

import numpy as np

from ..colours import colour
from .defocus import AROUND, HEIGHT, UP, WIDTH, Canvas, window


@dataclass(frozen=True)
class Mood:
    """What a place needs to know of its light.

    Attributes:
        side: 1 where the key comes from the subject's left, -1 from the right.
        key, surround: (3,) colour of the key and of the room, luminance 1.
        strength: of the key; ambient: of the light from all sides.
        variant: which of a place's kinds, such as "kitchen" of "home".
    """

    side: float
    key: np.ndarray
    surround: np.ndarray
    strength: float
    ambient: float
    variant: str


def smooth_noise(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """(HEIGHT, WIDTH) noise, linear between rows x columns normal values."""
    grid = rng.standard_normal((rows, columns))
    x, y = np.linspace(0, columns - 1.001, WIDTH), np.linspace(0, rows - 1.001, HEIGHT)
    i, j = x.astype(int), y.astype(int)
    across = grid[:, i] * (1 - (x - i)) + grid[:, i + 1] * (x - i)
    v = (y - j).astype(np.float32)[:, None]
    across = across.astype(np.float32)
    return across[j] * (1 - v) + across[j + 1] * v


def pick(rng: np.random.Generator, palette: np.ndarray, spread: float = 0.10) -> np.ndarray:
    """One of the colours (N, 3), a little lighter or darker and tinted."""
    return np.clip(palette[rng.integers(len(palette))] * np.exp(spread * rng.standard_normal(3)), 0.005, 0.9)


WALLS = np.array([colour(*c) for c in (
    (214, 210, 200), (196, 200, 198), (224, 220, 212), (178, 190, 194), (202, 196, 182), (170, 178, 168),
    (206, 198, 204),
)])  # fmt: skip
WARD_WALLS = np.array([colour(*c) for c in (
    (206, 214, 208), (190, 208, 210), (216, 214, 200), (196, 210, 196), (210, 212, 216), (222, 208, 192)
)])  # fmt: skip
WOODS = np.array([colour(*c) for c in ((150, 112, 76), (110, 76, 50), (186, 150, 108), (84, 60, 44), (200, 176, 140))])
FABRICS = np.array([colour(*c) for c in (
    (120, 150, 170), (140, 168, 150), (176, 160, 140), (150, 128, 130), (98, 118, 140), (196, 190, 176), (128, 84, 76)
)])  # fmt: skip
LEAVES = np.array([colour(*c) for c in ((70, 96, 44), (94, 120, 52), (52, 76, 40), (120, 140, 70), (84, 92, 46))])
SPINES = np.array([colour(*c) for c in (
    (120, 40, 36), (40, 62, 100), (50, 84, 60), (190, 176, 150), (60, 56, 54), (176, 130, 56), (210, 206, 198),
    (90, 60, 90),
)])  # fmt: skip
PAPERS = np.array([colour(*c) for c in (
    (232, 232, 230), (160, 162, 164), (96, 98, 102), (48, 48, 52), (188, 200, 210), (120, 134, 146), (150, 138, 124),
    (84, 92, 84),
)])  # fmt: skip
STEEL, DARK, PAPER = colour(170, 174, 178), colour(34, 34, 38), colour(228, 226, 220)


def curtain(canvas: Canvas, rng: np.random.Generator, left: float, right: float, bottom: float, top: float) -> None:
    """Hanging cloth in folds."""
    x = AROUND[window(left, right, bottom, top)[1]]
    pitch = rng.uniform(1.6, 3.2)
    folds = np.sin(2 * np.pi * (x / pitch + 0.25 * np.sin(x / 3.7 + rng.uniform(0, 6))))
    shade = 0.78 + 0.24 * folds + 0.08 * np.sin(x * 5.3)
    canvas.box(left, right, bottom, top, shade[None, :, None] * pick(rng, FABRICS))


def view_outside(canvas: Canvas, mood: Mood, rng: np.random.Generator, box: tuple[float, float, float, float]) -> None:
    """Sky over trees or houses, as a bright window shows it."""
    left, right, bottom, top = box
    bright = rng.uniform(1.3, 2.4) * max(mood.strength, 0.8)
    sky = bright * (0.6 * colour(226, 236, 255) + 0.4 * mood.key)
    where = window(left, right, bottom, top)
    horizon = bottom + rng.uniform(0.1, 0.5) * (top - bottom) + 2.5 * smooth_noise(rng, 2, 20)[0, where[1]]
    # far beyond the frame, hence softer than it: painted without edges
    trees = 1 / (1 + np.exp((UP[where[0], None] - horizon) / 0.9))[..., None]
    leaves = np.exp(0.4 * smooth_noise(rng, 22, 46)[where])[..., None] * (0.8 * bright * pick(rng, LEAVES, 0.2))
    canvas.shine(left, right, bottom, top, sky * (1 - trees) + (leaves + 0.12 * sky) * trees)


def window_frame(canvas: Canvas, mood: Mood, rng: np.random.Generator, left: float, right: float, scale: float) -> None:
    """A window with frame, mullions and sill between `left` and `right`; `scale` is degrees a metre."""
    bottom, top = rng.uniform(-0.7, -0.35) * scale, rng.uniform(0.9, 1.3) * scale
    frame = PAPER if rng.random() < 0.7 else pick(rng, WOODS)
    canvas.box(left - 0.07 * scale, right + 0.07 * scale, bottom - 0.1 * scale, top + 0.07 * scale, frame)
    view_outside(canvas, mood, rng, (left, right, bottom, top))
    bars = max(1, round((right - left) / (scale * rng.uniform(0.5, 0.85))))
    for k in range(1, bars):
        x = left + (right - left) * k / bars
        canvas.box(x - 0.035 * scale, x + 0.035 * scale, bottom, top, 0.8 * frame)
    if rng.random() < 0.6:
        y = bottom + rng.uniform(0.55, 0.7) * (top - bottom)
        canvas.box(left, right, y - 0.03 * scale, y + 0.03 * scale, 0.8 * frame)
    canvas.box(left - 0.12 * scale, right + 0.12 * scale, bottom - 0.14 * scale, bottom - 0.08 * scale, 1.1 * frame)


def shelves(canvas: Canvas, rng: np.random.Generator, left: float, right: float, scale: float) -> None:
    """Books and binders."""
    wood, board = pick(rng, WOODS), 0.025 * scale
    canvas.box(left, right, -30, 0.75 * scale, 0.35 * wood)
    for y in np.arange(-1.5, 0.75, rng.uniform(0.30, 0.38)) * scale:
        x = left + board
        while x < right - board:
            wide = rng.uniform(0.02, 0.07) * scale
            if rng.random() < 0.85:
                high = rng.uniform(0.17, 0.27) * scale
                canvas.box(x, min(x + wide, right), y, y + high, pick(rng, SPINES, 0.2))
            x += wide
        canvas.box(left, right, y - board, y, wood)
    for x in (left, right):
        canvas.box(x - board, x + board, -30, 0.75 * scale, 0.8 * wood)


def picture_frame(canvas: Canvas, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """A print behind glass: frame, mount, a few shapes."""
    half = rng.uniform(0.15, 0.32) * scale * np.array([1, rng.uniform(0.7, 1.4)])
    rim = DARK if rng.random() < 0.5 else pick(rng, WOODS)
    for share, tint in ((1.0, rim), (0.9, PAPER), (0.68, pick(rng, FABRICS, 0.2))):
        w, h = half * share
        canvas.box(x - w, x + w, y - h, y + h, tint)
    for _ in range(4):
        w, h = half * rng.uniform(0.1, 0.35, 2)
        canvas.box(x - w, x + w * rng.uniform(0.2, 1), y - h, y + h * rng.uniform(0, 1), pick(rng, SPINES, 0.3))


def lamp(canvas: Canvas, rng: np.random.Generator, mood: Mood, x: float, scale: float) -> None:
    """A shaded lamp that glows and lights the wall behind it."""
    y, warm = rng.uniform(-0.25, 0.1) * scale, mood.key * rng.uniform(0.9, 1.2)
    canvas.halo(x, y, 0.45 * scale, 1.1 * warm)
    canvas.box(x - 0.02 * scale, x + 0.02 * scale, -30, y, 0.5 * STEEL)
    for row in np.linspace(0, 1, 9):
        half = (0.17 - 0.06 * row) * scale
        canvas.shine(x - half, x + half, y + 0.028 * row * 9 * scale, y + (0.028 * row * 9 + 0.032) * scale,
                     warm * (2.6 - 1.2 * abs(row - 0.35)))  # fmt: skip


def plant(canvas: Canvas, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Leaves round a stem."""
    for _ in range(60):
        dx, dy = rng.normal(0, 0.13, 2) * scale
        canvas.disc(x + dx, y + 1.4 * dy, rng.uniform(0.02, 0.06) * scale, pick(rng, LEAVES, 0.3))


def ceiling_panels(canvas: Canvas, mood: Mood, rng: np.random.Generator, height: float) -> None:
    """A ceiling from `height` degrees up, with lights that shorten towards the wall."""
    canvas.box(-64, 64, height, 30, 0.9 * PAPER)
    start = rng.uniform(-60, -40)
    for y, high in ((height + 1.2, 0.9), (height + 4.2, 1.8), (height + 9, 3.5)):
        spread = 1 + (y - height) / 9
        for x in np.arange(start, 60, 22):
            canvas.shine(x * spread - 4 * spread, x * spread + 4 * spread, y, y + high, 2.6 * mood.surround)


def monitor(canvas: Canvas, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Vital signs: coloured traces and figures on a dark screen."""
    wide, high = 0.19 * scale, 0.14 * scale
    canvas.box(x - 1.1 * wide, x + 1.1 * wide, y - 1.15 * high, y + 1.15 * high, 0.5 * PAPER)
    canvas.shine(x - wide, x + wide, y - high, y + high, np.array([0.01, 0.015, 0.03]))
    for k, tint in enumerate(([0.1, 1.0, 0.25], [0.1, 0.6, 1.0], [1.0, 0.8, 0.1])):
        level = y + high * (0.6 - 0.6 * k)
        t = np.arange(-0.95, 0.4, 0.05)
        beat = np.exp(-(((t * 3 + rng.uniform(0, 1)) % 1 - 0.5) ** 2) * 60) * 0.35 * high
        for a, up in zip(t, beat, strict=True):
            canvas.shine(x + a * wide, x + (a + 0.06) * wide, level + up - 0.01 * scale, level + up + 0.012 * scale,
                         1.1 * np.array(tint))  # fmt: skip
        canvas.shine(x + 0.5 * wide, x + 0.9 * wide, level - 0.02 * scale, level + 0.03 * scale, 0.9 * np.array(tint))
