"""Places: what is behind a person, painted sharp on a panorama and thrown out of focus.

Sizes are metres times `degrees a metre` at the wall, so that doors, shelves and rails have their own size; height 0 is
at the eyes. Every place takes its light from the set-up: surfaces are lit by it, brighter on the side of the key.
"""

from collections.abc import Callable

import numpy as np

from .defocus import AROUND, UP, Canvas, defocus, disc_radius
from .furniture import (
    FABRICS,
    PAPER,
    PAPERS,
    SPINES,
    STEEL,
    WALLS,
    WARD_WALLS,
    WOODS,
    Mood,
    ceiling_panels,
    curtain,
    lamp,
    monitor,
    pick,
    picture_frame,
    plant,
    shelves,
    smooth_noise,
    view_outside,
    window_frame,
)
from .outdoors import outdoor

WHITE = 1.7
"""Radiance that nothing behind a person exceeds."""


def paint_place(place: str, mood: Mood, rng: np.random.Generator) -> np.ndarray:
    """The panorama of a place, (HEIGHT, WIDTH, 3) float32 linear radiance, out of focus."""
    canvas, distance = PLACES[place](mood, rng)
    aperture = np.exp(rng.uniform(np.log(13), np.log(36)))
    picture = defocus(canvas.lit(daylight(mood, rng)), disc_radius(aperture, distance))
    # what is far too bright is white in the picture anyway: held back here, the rims of its discs stay smooth
    return picture / np.sqrt(np.sqrt(1 + (picture / WHITE) ** 4))


def daylight(mood: Mood, rng: np.random.Generator) -> np.ndarray:
    """Light on the surfaces, (HEIGHT, WIDTH, 3): the room's, and the key's on its side; uneven, as in rooms."""
    from_key = 1 / (1 + np.exp(-(mood.side * AROUND - 5) / 22))
    key = 0.55 * mood.strength * from_key[:, None] * mood.key
    fall = 1 + rng.uniform(-0.1, 0.35) * UP / 30
    light = (0.50 * mood.ambient * mood.surround + key)[None] * fall[:, None, None]
    return (light * (1 + 0.07 * smooth_noise(rng, 4, 9))[..., None]).astype(np.float32)


def ward(mood: Mood, rng: np.random.Generator) -> tuple[Canvas, float]:
    """A bed head with its services, a curtain on a rail, a monitor; operating theatres are tiled and bare."""
    distance = rng.uniform(1.8, 2.8)
    return bed_head(mood, rng, 57.3 / distance), distance


def bed_head(mood: Mood, rng: np.random.Generator, scale: float) -> Canvas:
    """The wall behind a bed; see `ward`."""
    wall = pick(rng, WARD_WALLS, 0.06)
    canvas = Canvas(wall)
    dado = rng.uniform(-0.45, -0.1) * scale
    canvas.box(-64, 64, -30, dado, wall * pick(rng, FABRICS) ** 0.35)
    canvas.box(-64, 64, dado - 0.05 * scale, dado + 0.07 * scale, pick(rng, WOODS) if rng.random() < 0.5 else STEEL)
    if mood.variant == "theatre":
        for x in np.arange(-64, 64, 0.3 * scale):
            canvas.box(x, x + 0.02 * scale, -30, 30, 0.75 * wall)
        for _ in range(3):
            x, y = rng.uniform(-55, 55), rng.uniform(0.25, 0.6) * scale
            canvas.disc(x, y, 0.22 * scale, 0.6 * STEEL)
            for turn in np.arange(6) * np.pi / 3:
                dx, dy = 0.12 * scale * np.cos(turn), 0.12 * scale * np.sin(turn)
                canvas.disc(x + dx, y + dy, 0.055 * scale, STEEL, 5 * mood.key)
    middle = rng.uniform(-22, 22)
    trunking = rng.uniform(0.15, 0.4) * scale
    if mood.variant != "theatre":  # medical supplies above the bed: sockets, gas outlets, a reading light
        canvas.box(middle - 0.9 * scale, middle + 0.9 * scale, trunking, trunking + 0.16 * scale, 0.9 * PAPER)
        for x in np.arange(middle - 0.8 * scale, middle + 0.8 * scale, 0.14 * scale):
            if rng.random() < 0.6:
                canvas.box(x, x + 0.07 * scale, trunking + 0.04 * scale, trunking + 0.11 * scale,
                           pick(rng, SPINES, 0.3))  # fmt: skip
        canvas.shine(middle - 0.5 * scale, middle + 0.2 * scale, trunking + 0.18 * scale, trunking + 0.22 * scale,
                     2.2 * mood.surround)  # fmt: skip
    canvas.box(middle - 0.5 * scale, middle + 0.5 * scale, -30, -0.25 * scale, pick(rng, WOODS))
    for y in (-0.30, -0.42, -0.54):  # bed rails
        canvas.box(middle - 1.1 * scale, middle - 0.5 * scale, (y - 0.02) * scale, (y + 0.02) * scale, 1.1 * STEEL)
        canvas.box(middle + 0.5 * scale, middle + 1.1 * scale, (y - 0.02) * scale, (y + 0.02) * scale, 1.1 * STEEL)
    pole = middle + rng.choice([-1, 1]) * rng.uniform(0.6, 0.9) * scale
    canvas.box(pole - 0.013 * scale, pole + 0.013 * scale, -30, 0.75 * scale, 1.2 * STEEL)
    canvas.box(pole - 0.11 * scale, pole - 0.01 * scale, 0.42 * scale, 0.72 * scale, 0.8 * PAPER, 0.6)
    monitor(canvas, rng, middle - np.sign(pole - middle) * rng.uniform(0.5, 0.9) * scale, 0.18 * scale, scale)
    edge = rng.uniform(18, 40)
    outer = edge + rng.uniform(0.5, 1.4) * scale
    left, right = (edge, outer) if rng.random() < 0.5 else (-outer, -edge)
    curtain(canvas, rng, left, right, -30, 0.8 * scale)
    canvas.box(-64, 64, 0.8 * scale, 0.83 * scale, STEEL)
    if mood.variant == "day":
        near = 28 * mood.side
        window_frame(canvas, mood, rng, min(near, 2 * near), max(near, 2 * near), scale)
    return canvas


def office(mood: Mood, rng: np.random.Generator) -> tuple[Canvas, float]:
    """Shelves, a whiteboard or a glass partition, a lit ceiling."""
    distance = rng.uniform(2.4, 4.0)
    scale = 57.3 / distance
    canvas = Canvas(pick(rng, WALLS, 0.06))
    ceiling_panels(canvas, mood, rng, 0.95 * scale)
    x = rng.uniform(-64, -50)
    while x < 60:
        wide = rng.uniform(0.7, 1.5) * scale
        kind = rng.integers(5)
        if kind <= 1:
            shelves(canvas, rng, x, x + wide, scale)
        elif kind == 2:
            canvas.box(x, x + wide, -0.3 * scale, 0.6 * scale, 0.6 * STEEL)
            canvas.box(x + 0.5, x + wide - 0.5, -0.27 * scale, 0.57 * scale, PAPER)
            for _ in range(5):
                y, a = rng.uniform(-0.2, 0.5) * scale, x + rng.uniform(0.1, 0.5) * wide
                canvas.box(a, a + rng.uniform(0.1, 0.4) * wide, y, y + 0.03 * scale, pick(rng, SPINES))
        elif kind == 3:
            canvas.box(x, x + 0.9 * scale, -30, 0.75 * scale, pick(rng, WOODS))
            canvas.box(x + 0.8 * scale, x + 0.86 * scale, -0.5 * scale, -0.45 * scale, 1.2 * STEEL)
        else:
            plant(canvas, rng, x + 0.3 * wide, -0.2 * scale, scale)
        x += wide + rng.uniform(0.05, 0.5) * scale
    if mood.variant == "window":
        near = rng.uniform(10, 16) * mood.side
        far = near + 40 * mood.side
        window_frame(canvas, mood, rng, min(near, far), max(near, far), scale)
    canvas.box(-64, 64, -30, -0.75 * scale, 0.5 * pick(rng, WOODS))
    return canvas, distance


def home(mood: Mood, rng: np.random.Generator) -> tuple[Canvas, float]:
    """A living room with lamp, pictures and curtain; a kitchen with cabinets and tiles; a doorway."""
    distance = rng.uniform(1.8, 3.4)
    scale = 57.3 / distance
    wall = pick(rng, WALLS if rng.random() < 0.75 else FABRICS, 0.08)
    canvas = Canvas(wall)
    if mood.variant == "kitchen":
        return kitchen(canvas, mood, rng, scale), distance
    slots = np.array([-46, -28, -11, 11, 28, 46]) + rng.uniform(-4, 4, 6)
    things = rng.permutation(["picture", "picture", "shelves", "curtain", "plant", "lamp"])
    for x, thing in zip(slots, things, strict=True):
        if thing == "picture":
            picture_frame(canvas, rng, x, rng.uniform(0.05, 0.4) * scale, scale)
        elif thing == "shelves":
            shelves(canvas, rng, x - 0.4 * scale, x + 0.4 * scale, scale)
        elif thing == "curtain":
            curtain(canvas, rng, x - 0.35 * scale, x + 0.35 * scale, -30, 1.1 * scale)
        elif thing == "plant":
            plant(canvas, rng, x, -0.35 * scale, scale)
    if mood.variant == "doorway":
        near = 30 * mood.side
        canvas.box(*sorted((near, near + mood.side * 0.95 * scale)), -30, 0.7 * scale, PAPER)
        view_outside(
            canvas, mood, rng, (*sorted((near + mood.side, near + mood.side * 0.9 * scale)), -30, 0.65 * scale)
        )
    sofa = rng.uniform(-0.75, -0.4) * scale
    canvas.box(-64, 64, -30, -0.9 * scale, 0.4 * pick(rng, WOODS))
    middle = rng.uniform(-30, 30)
    canvas.box(middle - 1.0 * scale, middle + 1.0 * scale, -30, sofa, pick(rng, FABRICS, 0.2))
    for k in (-1, 0, 1):
        canvas.box(middle + k * 0.66 * scale - 0.3, middle + k * 0.66 * scale + 0.3, -30, sofa, 0.05 * PAPER, 0.5)
    lamp(canvas, rng, mood, float(slots[list(things).index("lamp")]), scale)
    return canvas, distance


def kitchen(canvas: Canvas, mood: Mood, rng: np.random.Generator, scale: float) -> Canvas:
    """Cabinets above, tiles, a worktop with jars."""
    doors = pick(rng, WALLS if rng.random() < 0.6 else WOODS)
    tile = pick(rng, WARD_WALLS)
    canvas.box(-64, 64, -30, 0.25 * scale, tile)
    for x in np.arange(-64, 64, 0.15 * scale):
        canvas.box(x, x + 0.008 * scale, -0.55 * scale, 0.25 * scale, 0.6 * tile)
    for y in np.arange(-0.55, 0.25, 0.15) * scale:
        canvas.box(-64, 64, y, y + 0.008 * scale, 0.6 * tile)
    for low, high in ((0.25, 1.0), (-2.0, -0.62)):
        canvas.box(-64, 64, low * scale, high * scale, doors)
        for x in np.arange(-64 + rng.uniform(0, 8), 64, 0.5 * scale):
            canvas.box(x, x + 0.015 * scale, low * scale, high * scale, 0.3 * doors)
            y = (low + 0.08 if low > 0 else high - 0.12) * scale
            canvas.box(x + 0.05 * scale, x + 0.07 * scale, y, y + 0.12 * scale, 1.2 * STEEL)
    canvas.shine(-64, 64, 0.235 * scale, 0.25 * scale, 1.6 * mood.key)
    canvas.box(-64, 64, -0.62 * scale, -0.56 * scale, 0.6 * pick(rng, WOODS))
    for x in rng.uniform(-60, 60, 22):
        wide, high = rng.uniform(0.03, 0.09) * scale, rng.uniform(0.08, 0.3) * scale
        canvas.box(x - wide, x + wide, -0.56 * scale, -0.56 * scale + high, pick(rng, SPINES, 0.25))
    return canvas


def bright_window(mood: Mood, rng: np.random.Generator) -> tuple[Canvas, float]:
    """A wall with a large window on the key's side, curtained; or right behind the person."""
    distance = rng.uniform(1.6, 2.8)
    scale = 57.3 / distance
    canvas = Canvas(pick(rng, WALLS, 0.08))
    if mood.variant == "behind":
        left, right = rng.uniform(-48, -20), rng.uniform(20, 48)
    else:
        left, right = sorted((mood.side * rng.uniform(5, 14), mood.side * rng.uniform(50, 62)))
    window_frame(canvas, mood, rng, left, right, scale)
    curtain(canvas, rng, left - 0.35 * scale, left + 0.12 * scale, -30, 1.35 * scale)
    curtain(canvas, rng, right - 0.12 * scale, right + 0.35 * scale, -30, 1.35 * scale)
    other = -mood.side * rng.uniform(20, 40)
    if mood.variant != "behind":
        picture_frame(canvas, rng, other, rng.uniform(0.1, 0.35) * scale, scale)
    if rng.random() < 0.5:
        plant(canvas, rng, rng.uniform(left, right), -0.4 * scale, scale)
    canvas.box(-64, 64, -30, -0.85 * scale, 0.4 * pick(rng, WOODS))
    return canvas, distance


def corridor(mood: Mood, rng: np.random.Generator) -> tuple[Canvas, float]:
    """A long, lit passage seen along its length: every ray meets a wall, the floor, the ceiling or the end."""
    vanish, width, low, high = rng.uniform(-16, 16), rng.uniform(1.1, 1.6), 1.45, rng.uniform(0.95, 1.3)
    end = rng.uniform(9, 20)
    x, y = np.tan(np.radians(np.clip(AROUND - vanish, -86, 86)))[None], np.tan(np.radians(UP))[:, None]
    to_wall = width / np.maximum(np.abs(x), 1e-3)
    to_level = np.where(y > 0, high, low) / np.maximum(np.abs(y), 1e-3)
    depth = np.minimum(np.minimum(to_wall, to_level), end)
    wall, floor = pick(rng, WARD_WALLS, 0.06), pick(rng, np.concatenate([WOODS, FABRICS]))
    far, side, above = depth == end, (to_wall <= to_level) & (to_wall < end), y > 0
    height, across = y * depth, x * depth
    paint = np.where(above[..., None] & ~side[..., None], 0.9 * PAPER, floor)
    paint = np.where(side[..., None], wall * (0.85 + 0.15 * np.tanh(depth / 6))[..., None], paint)
    paint = np.where(far[..., None], 0.8 * wall, paint)
    period = rng.uniform(2.2, 3.4)
    along = (depth + rng.uniform(0, 2) * (x > 0)) % period
    door = side & (along < 0.95) & (height < 0.65)
    paint = np.where(door[..., None], pick(rng, WOODS), paint)
    paint = np.where((side & (np.abs(height + 0.5) < 0.07) & ~door)[..., None], 0.6 * pick(rng, WOODS), paint)
    paint = np.where((far & (np.abs(across) < 0.8) & (height < 0.65))[..., None], 0.6 * pick(rng, FABRICS), paint)
    canvas = Canvas(paint)
    panel = (depth % 2.4 < 1.2) & (np.abs(across) < 0.3) & ~far & ~side
    canvas.glow += (panel & above)[..., None] * (3.2 * mood.surround).astype(np.float32)
    canvas.glow += (panel & ~above)[..., None] * (0.22 * mood.surround).astype(np.float32)  # the floor is polished
    window = far & (np.abs(across) < 0.55) & (np.abs(height) < 0.5)
    canvas.glow += window[..., None] * (1.4 * mood.surround).astype(np.float32)
    return canvas, 4.5


def studio(mood: Mood, rng: np.random.Generator) -> tuple[Canvas, float]:
    """Seamless paper with a pool of light, falling off to the corners; documents want it even and pale."""
    if mood.variant == "even":
        return Canvas(pick(rng, PAPERS[[0, 0, 4]], 0.04) * 1.25), 1.6
    paper = pick(
        rng, PAPERS[[0, 1, 4]] if mood.variant == "high" else PAPERS[[2, 3, 3]] if mood.variant == "low" else PAPERS
    )
    x, y, reach = rng.normal(0, 10), rng.uniform(-12, 8), rng.uniform(14, 34)
    pool = np.exp(-(((AROUND - x) / reach / 1.3) ** 2 + ((UP[:, None] - y) / reach) ** 2))
    fall = rng.uniform(0.25, 0.7)
    mottle = 1 + rng.choice([0, 0.12]) * smooth_noise(rng, 9, 26)
    return Canvas(paper * ((fall + (1.35 - fall) * pool) * np.maximum(mottle, 0.2))[..., None]), 1.8


PLACES: dict[str, Callable[[Mood, np.random.Generator], tuple[Canvas, float]]] = {
    "ward": ward,
    "office": office,
    "home": home,
    "window": bright_window,
    "corridor": corridor,
    "studio": studio,
    "outdoor": outdoor,
}
"""Each paints a sharp panorama and says how far away (m) it is."""
