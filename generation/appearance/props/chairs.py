"""Chairs at the bedside and wheelchairs: backs that give way a little, wings, headrests, handles."""

from typing import NamedTuple

import numpy as np

from ..colours import colour
from .base import Finish, Prop
from .heights import BodyHeights, Rest, blurred, folds, rounded_square, ruggedness, sampled, sheet_triangles
from .solids import rigid, tubes

VINYL = Finish(roughness=0.38, specular=0.55, lift=4.0)
PADDING = Finish(roughness=0.85, specular=0.12, weave=0.06, lift=4.0)
CHROME = Finish(roughness=0.22, specular=0.9, metal=0.7)
COVERS = np.array([colour(*c) for c in (
    (46, 74, 104), (58, 92, 88), (110, 52, 50), (120, 108, 90), (70, 70, 76), (92, 108, 76), (150, 132, 110)
)])  # fmt: skip
BLACK = colour(32, 32, 35)
HEADREST_SHARE = 0.5
"""Share of the wheelchairs that have one."""


class Pad(NamedTuple):
    """A cushion: `half` its width and length and its `middle` along the body, mm; `height` of its front and `thick`, mm
    along the normal of what it lies on; and what it is covered with."""

    half: tuple[float, float]
    middle: float
    height: float
    thick: float
    tint: np.ndarray
    finish: Finish


def make_armchair(
    vertices: np.ndarray, triangles: np.ndarray, normal: tuple[float, float, float], rng: np.random.Generator
) -> tuple[Prop, ...]:
    """The high back of an armchair behind a body; `normal` (3,) of it, others as in `bedding.make_bed`."""
    rest = Rest.facing(normal)
    body = BodyHeights.of(vertices, triangles, rest)
    cover = COVERS[rng.integers(len(COVERS))] * np.exp(0.1 * rng.standard_normal())
    finish = VINYL if rng.random() < 0.65 else PADDING
    half, top = rng.uniform(265, 310), rng.uniform(120, 190)
    back = _behind(body)
    parts = [_cushion("chair", rest, body, Pad((half, 380.0), top - 380.0, back + 14, 70.0, cover, finish), rng)]
    if rng.random() < 0.6:
        reach = rng.uniform(110, 170)
        for side in (-1, 1):
            wing = _wing(side, half, top, back, reach)
            parts.append(rigid("chair", rest, wing, 0.95 * cover, finish))
    else:
        shell = Pad((half + 22, 392.0), top - 384.0, back - 36, 90.0, 0.9 * cover, finish)
        parts.append(_cushion("chair", rest, body, shell, rng))
    return tuple(parts)


def make_wheelchair(
    vertices: np.ndarray, triangles: np.ndarray, normal: tuple[float, float, float], rng: np.random.Generator
) -> tuple[Prop, ...]:
    """A wheelchair's back with its handles, and on some a headrest; arguments as in `make_armchair`."""
    rest = Rest.facing(normal)
    body = BodyHeights.of(vertices, triangles, rest)
    back, top, half = _behind(body), rng.uniform(-190, -130), rng.uniform(205, 235)
    cover = BLACK if rng.random() < 0.6 else COVERS[rng.integers(len(COVERS))]
    parts = [_cushion("wheelchair", rest, body, Pad((half, 260.0), top - 260.0, back + 6, 26.0, cover, VINYL), rng)]
    frame = colour(176, 180, 186) if rng.random() < 0.6 else BLACK
    posts, grips = [], []
    for side in (-1, 1):
        x, z = side * (half + 8), back - 14.0
        bend = np.array([[x, top - 600, z], [x, top - 20, z], [x, top + 22, z - 8], [x, top + 40, z - 34],
                         [x, top + 42, z - 90]])  # fmt: skip
        posts.append(bend)
        grips.append(np.array([[x, top + 42, z - 84], [x, top + 40, z - 190]]))
    parts.append(rigid("wheelchair", rest, tubes(posts, 11.0), frame, CHROME))
    parts.append(rigid("wheelchair", rest, tubes(grips, 15.0), BLACK, PADDING))
    if rng.random() < HEADREST_SHARE:
        across, along = body.middles()
        skull = float(body.lowest[(np.abs(across) < 60) & (along > 0) & (along < 90)].min())
        parts.append(_cushion("headrest", rest, body, Pad((130.0, 78.0), 35.0, skull + 8, 40.0, cover, VINYL), rng))
        stem = [np.array([[0, 20.0, skull - 34], [0, -60.0, skull - 50], [0, top - 60, back - 30]])]
        parts.append(rigid("wheelchair", rest, tubes(stem, 10.0), frame, CHROME))
    return tuple(parts)


def _behind(body: BodyHeights) -> float:
    """Height of the back of the shoulders."""
    across, along = body.middles()
    trunk = body.lowest[(np.abs(across) < 170) & (along < -170) & (along > -330)]
    return float(np.percentile(trunk[np.isfinite(trunk)], 4))


def _cushion(name: str, rest: Rest, body: BodyHeights, pad: Pad, rng: np.random.Generator) -> Prop:
    """A pad that a body presses in."""
    x, y, rim = rounded_square(64, 40, 6.0)
    across, along = pad.half[0] * x, pad.half[1] * y + pad.middle
    bulge = (1 - rim**3) ** 0.5
    front = pad.height - pad.thick * (1 - bulge * (1 + 0.03 * ruggedness(rng, along, across, 200.0)))
    lowest = np.where(np.isfinite(body.lowest), body.lowest, 1e4)
    pressed = sampled(blurred(np.clip(pad.height - lowest + 2, 0, 30), 22.0), across, along)
    front = front - pressed + 1.5 * folds(rng, along, across, 120.0) * np.minimum(1, 5 * (1 - rim))
    front = np.minimum(front, sampled(lowest, across, along) - 1.5)
    front[rim > 0.999] -= 2 * pad.thick  # its sides run back
    points = np.stack([across, along, front], axis=-1).reshape(-1, 3)
    return rigid(name, rest, (points, sheet_triangles(*across.shape)), pad.tint, pad.finish)


def _wing(side: int, half: float, top: float, back: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """A side of a wing chair: a thick, rounded board beside the head."""
    inner, thick = side * (half - 12), side * 52.0
    rows = np.linspace(0, 1, 12)
    turn = np.linspace(0, np.pi, 14)
    points = np.empty((len(rows), len(turn), 3))
    for r, share in enumerate(rows):
        along = top - 30 - share * 460
        ahead = back + reach * np.sin(np.pi * min(1.0, 0.25 + 0.9 * share)) ** 0.5
        points[r, :, 0] = inner + thick / 2 - np.cos(turn) * thick / 2
        points[r, :, 1] = along
        points[r, :, 2] = back - 60 + (ahead - back + 60) * np.sin(turn) ** 0.35
    triangles = sheet_triangles(len(rows), len(turn))
    return points.reshape(-1, 3), triangles if side < 0 else triangles[:, ::-1].copy()
