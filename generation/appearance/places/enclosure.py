"""Rooms that can be looked at from anywhere: six painted sides of a box, for cameras above, beside and below a person.

A side is painted on a canvas of `defocus` as if flat: 20 degrees are a metre, so that furniture has its own size, and
height 0 is 1.2 m above the floor. Axes of the room: x to the left of a person who sits upright or lies on their back,
y up, z to where they look when they sit, or to their feet when they lie. Metres, from the head.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..colours import colour
from .defocus import AROUND, HEIGHT, MIN_RADIUS_PX, REACH_DEGREES, SUBJECT_M, UP, WIDTH, Canvas, defocus
from .furniture import (
    DARK,
    FABRICS,
    PAPER,
    STEEL,
    WARD_WALLS,
    WOODS,
    Mood,
    curtain,
    pick,
    picture_frame,
    smooth_noise,
    window_frame,
)
from .rooms import WHITE, bed_head

SCALE = 20.0
"""Degrees of a canvas that are a metre."""
CANVAS_M = tuple(2 * reach / SCALE for reach in REACH_DEGREES)
"""Width and height of what a canvas shows of a wall, m; beyond it repeats. Ceiling and floor are as deep as wide."""
CANVAS_LOW_M = 1.2 - REACH_DEGREES[1] / SCALE
"""Height above the floor of a canvas's lower edge."""
SIDES_MIDDLE_M = 1.2
"""Where along the room the middle of the canvases to the left and right is, m in front of the head."""
FRONT, BACK, LEFT, RIGHT, CEILING, FLOOR = range(6)
FLOORS = np.array([colour(*c) for c in (
    (168, 170, 168), (150, 160, 170), (176, 164, 146), (140, 152, 148), (186, 182, 172), (126, 140, 156)
)])  # fmt: skip
GLOOM = 0.35
"""Share of the light of a room at night that reaches its walls."""


class Enclosure(NamedTuple):
    """A room around a head.

    Attributes:
        sides: (6, HEIGHT, WIDTH, 3) float32 linear radiance of FRONT, BACK, LEFT, RIGHT, CEILING and FLOOR.
        low, high: (3,) float64, its corners in its own axes, m from the head.
        axes: (3, 3) float64, rows are the axes of the room in those of the head.
    """

    sides: np.ndarray
    low: np.ndarray
    high: np.ndarray
    axes: np.ndarray


def paint_enclosure(
    place: str, mood: Mood, head_m: float, aperture_mm: float, axes: np.ndarray, rng: np.random.Generator
) -> Enclosure:
    """The room of a set-up.

    Args:
        place: "bed" or "chair", a ward; or "passage", a corridor.
        head_m: height of the head above the floor.
        aperture_mm: of the camera's lens, which throws what is far behind the person out of focus.
        axes: see `Enclosure`.
    """
    tall = rng.uniform(2.5, 3.0)
    if place == "passage":
        half = rng.uniform(1.1, 1.5)
        across = rng.uniform(-0.3, 0.3)
        low, high = (across - half, -head_m, -rng.uniform(9, 16)), (across + half, tall - head_m, rng.uniform(5, 9))
    else:
        behind = rng.uniform(0.55, 0.9) if place == "bed" else rng.uniform(1.2, 2.4)
        window = mood.side * rng.uniform(1.9, 2.6)
        other = -mood.side * rng.uniform(1.8, 3.0)
        low = (min(window, other), -head_m, -behind)
        high = (max(window, other), tall - head_m, rng.uniform(2.6, 3.6))
    walls = _passage_walls(mood, rng) if place == "passage" else _ward_walls(mood, rng)
    canvases = [*walls, _ceiling(mood, rng), _floor(rng)]
    light = _light_on(mood, rng)
    reach = [high[2], -low[2], high[0], -low[0], high[1], -low[1]]
    sides = np.empty((6, HEIGHT, WIDTH, 3), np.float32)
    for k, canvas in enumerate(canvases):
        shown = canvas.lit(light[k])
        distance = SUBJECT_M + max(reach[k], 0.3)
        radius = aperture_mm / 2000 * (distance / SUBJECT_M - 1) * WIDTH / CANVAS_M[0]
        shown = defocus(shown, max(radius, MIN_RADIUS_PX))
        sides[k] = shown / np.sqrt(np.sqrt(1 + (shown / WHITE) ** 4))
    return Enclosure(sides, np.array(low, float), np.array(high, float), np.ascontiguousarray(axes, float))


def mean_radiance(room: Enclosure) -> np.ndarray:
    """(3,) of the floor and the walls: what they throw back at a person."""
    return room.sides[[FRONT, BACK, LEFT, RIGHT, FLOOR]].mean(axis=(0, 1, 2))


def _light_on(mood: Mood, rng: np.random.Generator) -> list[np.ndarray]:
    """Light on each side, (HEIGHT, WIDTH, 3) or (3,): by day from the window, at night hardly any."""
    night = mood.variant == "night"
    base = 0.5 * mood.ambient * mood.surround * (GLOOM if night else 1)
    key = 0.55 * mood.strength * mood.key * (GLOOM if night else 1)
    uneven = (1 + 0.07 * smooth_noise(rng, 4, 9))[..., None]
    towards = (0.5 + 0.5 * np.tanh(mood.side * AROUND / 30))[None, :, None]
    if mood.variant == "day":
        shares = [0.35 + 0.5 * towards[:, ::-1], 0.35 + 0.5 * towards, 0.25, 0.25, 0.6, 0.75]
        shares[LEFT if mood.side < 0 else RIGHT] = 0.85  # across from the window
    else:
        fall = (0.55 + 0.35 * UP / 30)[:, None, None]
        shares = [fall, fall, fall, fall, 0.55, 0.85]
    return [(base + key * share) * uneven for share in shares]


def _ward_walls(mood: Mood, rng: np.random.Generator) -> list[Canvas]:
    """Foot of the bed, its head, and the walls to the left and the right: a window on the side of the key."""
    back = bed_head(replace(mood, variant=""), rng, SCALE)  # the window is beside the bed
    wall = back.paint[0, 0].copy()
    if mood.variant == "night":
        back.glow *= 0.3
    front = Canvas(wall)
    _dado(front, wall, rng)
    curtain(front, rng, -58, -58 + rng.uniform(10, 34), -20, 22)
    _door(front, rng, rng.uniform(14, 40))
    if rng.random() < 0.6:
        _television(front, mood, rng, rng.uniform(-8, 6))
    else:
        picture_frame(front, rng, rng.uniform(-8, 6), rng.uniform(4, 10), SCALE)
    window, other = Canvas(wall), Canvas(wall)
    for canvas in (window, other):
        _dado(canvas, wall, rng)
    _window(window, mood, rng)
    curtain(other, rng, *sorted((rng.uniform(-30, -10), rng.uniform(20, 62))), -20, 22)
    other.box(-64, 64, 21.4, 22.2, STEEL)
    _cabinet(other, rng, rng.uniform(-60, -44))
    left, right = (window, other) if mood.side > 0 else (other, window)
    return [front, back, left, right]


def _passage_walls(mood: Mood, rng: np.random.Generator) -> list[Canvas]:
    """A corridor: its ends, and walls with doors and a handrail that repeat along it."""
    wall = pick(rng, WARD_WALLS, 0.06)
    ends, sides = [Canvas(wall), Canvas(wall)], [Canvas(wall), Canvas(wall)]
    wood = pick(rng, WOODS)
    for canvas in (*ends, *sides):
        _dado(canvas, wall, rng)
    for canvas in ends:
        canvas.box(-16, 16, -24, 18, 0.6 * pick(rng, FABRICS))
        canvas.box(-0.4, 0.4, -24, 18, DARK)
        for x in (-8, 8):
            canvas.shine(x - 3, x + 3, -2, 12, 0.9 * mood.surround)
    for canvas in sides:
        for x in (-50, 6) if rng.random() < 0.5 else (-24,):
            _door(canvas, rng, x)
        canvas.box(-64, 64, -7.5, -5, 0.7 * wood)
        if rng.random() < 0.7:
            picture_frame(canvas, rng, rng.uniform(30, 55), 6, SCALE)
    return [ends[0], ends[1], *sides]


def _dado(canvas: Canvas, wall: np.ndarray, rng: np.random.Generator) -> None:
    """The darker lower part of a wall, its rail and the skirting."""
    canvas.box(-64, 64, -30, -8, wall * pick(rng, FABRICS) ** 0.25)
    canvas.box(-64, 64, -9, -7, 0.85 * wall)
    canvas.box(-64, 64, -24, -22, 0.35 * wall)


def _door(canvas: Canvas, rng: np.random.Generator, x: float) -> None:
    leaf = pick(rng, WOODS)
    canvas.box(x - 1.5, x + 21.5, -24, 18.5, 0.8 * PAPER)
    canvas.box(x, x + 20, -24, 17, leaf)
    canvas.box(x + 13, x + 17, 0, 12, 0.25 * PAPER)
    canvas.box(x + 1.5, x + 4, -3.6, -2.6, 1.1 * STEEL)


def _window(canvas: Canvas, mood: Mood, rng: np.random.Generator) -> None:
    """Large and bright by day; at night dark, its blind down or lamps far away in it."""
    left, right = rng.uniform(-40, -24), rng.uniform(14, 34)
    if mood.variant == "day":
        window_frame(canvas, mood, rng, left, right, SCALE)
    else:
        canvas.box(left - 1.4, right + 1.4, -13, 23, 0.9 * PAPER)
        if rng.random() < 0.5:
            slats = 0.75 + 0.2 * np.sin(2 * np.pi * UP / 1.1)
            canvas.paint[_rows(-12, 22), _columns(left, right)] = slats[_rows(-12, 22), None, None] * (0.8 * PAPER)
        else:
            canvas.shine(left, right, -12, 22, 0.01 * colour(70, 90, 130))
            for _ in range(14):
                canvas.point(rng.uniform(left, right), rng.uniform(-10, 4), rng.uniform(0.2, 0.7) * mood.key)
    for edge in (left, right):
        curtain(canvas, rng, edge - 5, edge + 4, -22, 25)


def _rows(bottom: float, top: float) -> slice:
    return slice(int(np.searchsorted(-UP, -top)), int(np.searchsorted(-UP, -bottom)))


def _columns(left: float, right: float) -> slice:
    return slice(int(np.searchsorted(AROUND, left)), int(np.searchsorted(AROUND, right)))


def _cabinet(canvas: Canvas, rng: np.random.Generator, x: float) -> None:
    """A bedside locker with a few things on it."""
    wood = pick(rng, WOODS)
    canvas.box(x, x + 9, -24, -8, wood)
    for y in (-20, -14):
        canvas.box(x, x + 9, y, y + 0.3, 0.4 * wood)
    canvas.box(x + 1, x + 2.6, -8, -3.5, pick(rng, FABRICS, 0.3))
    canvas.box(x + 4, x + 7, -8, -6, pick(rng, FABRICS, 0.3))


def _television(canvas: Canvas, mood: Mood, rng: np.random.Generator, x: float) -> None:
    canvas.box(x - 7, x + 7, 8, 16.4, DARK)
    if rng.random() < 0.4 and mood.variant != "night":
        canvas.shine(x - 6.5, x + 6.5, 8.5, 15.9, 0.5 * pick(rng, FABRICS, 0.4))


def _ceiling(mood: Mood, rng: np.random.Generator) -> Canvas:
    """Tiles with lights let in, a curtain's track and an outlet for air: a square, of which 60 degrees run along z."""
    canvas = Canvas(0.92 * PAPER)
    across, along = 0.6 * SCALE, 0.6 * 2 * REACH_DEGREES[1] / CANVAS_M[0]
    for x in np.arange(-64, 64, across):
        canvas.box(x, x + 0.25, -30, 30, 0.75 * PAPER)
    for y in np.arange(-30, 30, along):
        canvas.box(-64, 64, y, y + 0.2, 0.75 * PAPER)
    glow = (0.9 if mood.variant == "day" else 2.4) * mood.surround
    for x in np.arange(-64 + across, 64, 4 * across):
        for y in (-30 + 2 * along, -30 + 7 * along):
            if mood.variant in ("night", "evening"):
                canvas.box(x, x + across, y, y + 2 * along, PAPER)
            else:
                canvas.shine(x, x + across, y, y + 2 * along, glow)
    x = rng.uniform(-20, 20)
    canvas.box(x, x + 0.7, -30, 30, STEEL)
    canvas.box(x + 14, x + 22, -4, 0, 0.5 * PAPER)
    return canvas


def _floor(rng: np.random.Generator) -> Canvas:
    """Flecked vinyl, a darker band at the walls."""
    tone = pick(rng, FLOORS, 0.08)
    flecks = 1 + 0.06 * rng.standard_normal((HEIGHT, WIDTH)) + 0.05 * smooth_noise(rng, 12, 24)
    canvas = Canvas(tone)
    canvas.paint *= np.clip(flecks, 0.5, 1.5)[..., None].astype(np.float32)
    return canvas
