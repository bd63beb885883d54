"""Beds: pillow with a dent where the head lies, mattress under a sheet, blanket over the body, rails and bed head."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from ...plan import Circumstances
from ..colours import colour
from .base import Finish, Prop
from .heights import (
    BodyHeights,
    Rest,
    blurred,
    folds,
    rounded_square,
    ruggedness,
    sampled,
    sheet_triangles,
)
from .solids import box, rigid, tubes

CLOTH = Finish(roughness=0.9, specular=0.10, lift=4.0)
WOOL = Finish(roughness=0.95, specular=0.06, weave=0.05, lift=4.0)
LACQUER = Finish(roughness=0.35, specular=0.6, casts=0.0)
CHROME = Finish(roughness=0.22, specular=0.9, metal=0.7, casts=0.0)

LINEN = np.array([colour(*c) for c in (
    (212, 213, 212), (206, 210, 214), (214, 210, 203), (194, 206, 217), (196, 210, 203), (215, 204, 206)
)])  # fmt: skip
BLANKETS = np.array([colour(*c) for c in (
    (120, 160, 196), (150, 188, 176), (226, 214, 188), (92, 124, 164), (196, 206, 212), (146, 120, 150),
    (228, 230, 232), (86, 138, 140),
)])  # fmt: skip
FRAMES = np.array([colour(*c) for c in ((206, 210, 212), (224, 220, 208), (186, 156, 118), (150, 176, 196))])

PILLOW_MM = ((310.0, 370.0), (200.0, 235.0))
"""Half its length and half its width."""
PILLOW_UNDER_MM = 105.0
"""How far below the middle of the head the pillow's edge at the shoulders is."""
SINK_MM = (30.0, 52.0)
"""How far a head that lies on its back sinks in; on its side, `SIDE_SINK` of that: the cheek stays free."""
SIDE_SINK = 0.3
THICKNESS_MM = (45.0, 150.0)
"""Of a pillow under a head, least and most: what lies deeper sinks into the mattress."""
BED_MM = (460.0, 935.0)
"""Half the width and half the length of a mattress."""
EDGE = ((0.0, 0.0), (0.45, 12.0), (0.7, 150.0), (0.75, 175.0), (1.0, 420.0))
"""Of the outermost 4.5 % of a mattress, from the inside out: how far (mm) its edge and the frame below it are down."""
FRAME_FROM = 0.72
HIP_MM = -560.0
"""Where a body bends, along it from the middle of the head."""
CROWN_TO_END_MM = 400.0
"""From the middle of the head to the head end of the mattress."""
COVERED_FROM_MM = (-228.0, -182.0)
"""Where a blanket begins, along the body from the middle of the head; over the arms, which the mesh ends at, it begins
`ARMS_MM` higher."""
ARMS_MM = 115.0

Places = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Across, along and height of a grid (rows, columns), mm."""


class Bed(NamedTuple):
    """Where a body lies. Heights in mm along the normal of `rest`, from the middle of the head.

    Attributes:
        mattress: height of its upper side; head: of the lowest point of the head.
    """

    rest: Rest
    body: BodyHeights
    mattress: float
    head: float


def make_bed(
    vertices: np.ndarray, triangles: np.ndarray, held: Circumstances, rng: np.random.Generator
) -> tuple[Prop, ...]:
    """The bed around a body, `vertices` (V, 3) mm and `triangles` (T, 3), with its clothes."""
    rest = Rest.facing(held.normal)
    body = BodyHeights.of(vertices, triangles, rest)
    across, along = body.middles()
    head = float(body.lowest[(np.abs(across) < 130) & (along > -70)].min())
    trunk = body.lowest[(np.abs(across) < 160) & (along < -150) & (along > -300)]
    back = np.percentile(trunk[np.isfinite(trunk)], 5) + 6
    mattress = float(np.clip(back, head - THICKNESS_MM[1], head - THICKNESS_MM[0]))
    steep = float(np.arccos(np.clip(np.dot(held.up, held.normal), -1, 1)))
    bed = Bed(replace(rest, bend=steep, hip=(HIP_MM, mattress)), body, mattress, head)
    linen = LINEN[rng.integers(len(LINEN))] * np.exp(0.05 * rng.standard_normal())
    frame = FRAMES[rng.integers(len(FRAMES))]
    return (
        pillow(bed, held.normal, linen * rng.uniform(0.94, 1.04), rng),
        sheet(bed, linen, frame, rng),
        blanket(bed, linen, rng),
        *bed_frame(bed, frame, _railed(held)),
    )


def _railed(held: Circumstances) -> tuple[int, ...]:
    """On which sides there is a rail, 1 left and -1 right: who films from beside the bed has lowered that one."""
    if held.camera not in ("beside", "phone"):
        return -1, 1
    return (-1,) if held.normal[0] < 0 else (1,)


def pillow(bed: Bed, normal: tuple[float, float, float], linen: np.ndarray, rng: np.random.Generator) -> Prop:
    """A soft pad that gives way under the head and swells around it."""
    half_long, half_wide = (rng.uniform(*each) for each in PILLOW_MM)
    on_back = abs(normal[2])
    sink = rng.uniform(*SINK_MM) * (SIDE_SINK + (1 - SIDE_SINK) * on_back**2)
    x, y, rim = rounded_square(60, 78, 3.6)
    slant = rng.normal(0, 0.05)
    across, along = half_long * x, half_wide * y
    across, along = across - slant * along + rng.normal(0, 14), along + slant * across + half_wide - PILLOW_UNDER_MM
    dome = (1 - rim**2.4) ** 0.55
    dome *= 1 + 0.02 * ruggedness(rng, along, across, 260.0)
    here = float(dome[np.argmin(np.hypot(across, along).min(axis=1)), np.argmin(np.hypot(across, along).min(axis=0))])
    full = (bed.head + sink - bed.mattress) / here
    top = bed.mattress + full * dome
    # the dent, in the grid of the body: how far the pad would rise into it; cloth bridges its rim
    lowest = sampled(np.where(np.isfinite(bed.body.lowest), bed.body.lowest, 1e4), across, along) - 1.5
    pressed = np.clip(top - lowest, 0, None)
    _, grid_along = bed.body.middles()
    flat = bed.mattress + full * 0.95
    near = np.clip(flat - np.where(np.isfinite(bed.body.lowest), bed.body.lowest, 1e4), 0, 3 * sink + 20)
    near[np.broadcast_to(grid_along < -75, near.shape)] = 0  # shoulders press no dent
    around = sampled(blurred(near, 30.0), across, along)
    swell = sampled(blurred(near, 75.0), across, along) - around
    top = top - np.maximum(pressed, 0.8 * around) + 0.5 * np.clip(swell, 0, None)
    free = np.clip(1 - around / 12, 0, 1) * np.minimum(1, 6 * (1 - rim))
    top = top + free * (2.8 * folds(rng, along, across, 130.0) + 1.2 * ruggedness(rng, along, across, 110.0))
    top = np.minimum(top, lowest)
    top = np.maximum(top, bed.mattress - 4 * rim)
    return _cloth("pillow", bed.rest, (across, along, top), linen, CLOTH)


def sheet(bed: Bed, linen: np.ndarray, frame: np.ndarray, rng: np.random.Generator) -> Prop:
    """The mattress under its sheet, which wrinkles where the body lies, and the bed's frame below its edges."""
    half_wide, half_long = BED_MM
    x, y, rim = rounded_square(88, 56, 14.0)
    across, along = half_wide * x, half_long * y + CROWN_TO_END_MM - half_long
    drawn = 5 * folds(rng, along, across, 150.0) + 4 * ruggedness(rng, along, across, 320.0)
    height = bed.mattress - 2 + drawn * np.minimum(1, 5 * (1 - rim))
    edge = np.clip((rim - 0.955) / 0.045, 0, 1)
    height = height - np.interp(edge, *zip(*EDGE, strict=True))
    tint = np.where((edge > FRAME_FROM).reshape(-1, 1), frame, 0.95 * linen)
    return _cloth("sheet", bed.rest, (across, along, height), tint, CLOTH)


def blanket(bed: Bed, linen: np.ndarray, rng: np.random.Generator) -> Prop:
    """A blanket over the body from the chest down, with the sheet turned over its upper edge."""
    start, slant, band = rng.uniform(*COVERED_FROM_MM), rng.normal(0, 0.05), rng.uniform(90, 170)
    columns = 80
    down = np.concatenate([[0, 0, 3, 9, 18, 30], np.arange(44, 420, 14), np.arange(440, 1150, 34)])
    across = np.linspace(-500, 500, columns)[None]
    edge = start + slant * across + 9 * ruggedness(rng, np.zeros((1, 1)), across, 300.0)
    edge = edge + ARMS_MM * np.clip((np.abs(across) - 60) / 140, 0, 1) ** 1.3
    along = edge - down[:, None]
    across = np.broadcast_to(across, along.shape)
    body = _covered(bed)
    height = sampled(body, across, np.maximum(along, -560.0))
    fade = np.clip((-560 - along) / 600, 0, 1)
    height = height * (1 - 0.45 * fade) + 0.45 * fade * (bed.mattress + 20)
    turned = np.clip((band - down[:, None]) / 8, 0, 1)
    thick = 10 + 12 * turned
    lip = np.sqrt(np.clip(1 - (1 - np.minimum(down[:, None] / 18, 1)) ** 2, 0, 1))
    creased = 7 * folds(rng, along, across, 120.0) + 5 * ruggedness(rng, along, across, 240.0)
    height = height + thick * lip + creased * np.clip((down[:, None] - 10) / 60, 0, 1)
    height[0] -= 40  # tucked under, so that nothing is seen beneath the edge
    over = np.clip((np.abs(across) - 455) / 45, 0, 1)
    height = np.minimum(height, height - 190 * over**1.5)
    wool = BLANKETS[rng.integers(len(BLANKETS))]
    tint = np.where(np.repeat(turned > 0.5, columns).reshape(-1, 1), linen, wool)
    return _cloth("blanket", bed.rest, (across, along, height), tint, WOOL, flip=True)


def _covered(bed: Bed) -> np.ndarray:
    """(M, M) heights of a blanket's underside: over the body, which goes on below where the mesh ends, and down to the
    mattress beside it."""
    _, along = bed.body.middles()
    highest = np.where(np.isfinite(bed.body.highest), bed.body.highest, bed.mattress)
    rows = along[:, 0]
    last = np.flatnonzero((rows > -330) & (rows < -290))
    profile = highest[last].max(axis=0)
    highest = np.where(along < -310, np.maximum(profile[None], bed.mattress), highest)
    wide = ndimage.grey_dilation(highest, size=(5, 9))
    soft = blurred(np.maximum(wide, bed.mattress + 8), 26.0)
    return blurred(np.maximum(soft, highest + 3), 9.0)


def bed_frame(bed: Bed, paint: np.ndarray, railed: tuple[int, ...]) -> tuple[Prop, ...]:
    """The board behind the pillow and the rails."""
    height, end, half = bed.mattress, CROWN_TO_END_MM, BED_MM[0] + 20
    board = box((-half, end + 10, height - 260), (half, end + 45, height + 330))
    parts = [rigid("bed head", bed.rest, board, paint, LACQUER)]
    for side in railed:
        x = side * (half + 14)
        ways = [np.array([[x, 240.0, height + up], [x, -620.0, height + up]]) for up in (70.0, 150.0, 235.0)]
        ways += [np.array([[x, along, height - 120], [x, along, height + 235.0]]) for along in (240.0, -190.0, -620.0)]
        parts.append(rigid("bed rail", bed.rest, tubes(ways, 14.0), colour(200, 204, 208), CHROME))
    return tuple(parts)


def _cloth(name: str, rest: Rest, places: Places, tint: np.ndarray, finish: Finish, flip: bool = False) -> Prop:
    """A sheet of cloth of a colour (3,) or of (rows x columns, 3); `flip`: its rows run towards the feet."""
    across, along, height = places
    triangles = sheet_triangles(*across.shape)
    albedo = np.broadcast_to(np.float32(np.clip(tint, 0.005, 0.88)), (across.size, 3)).copy()
    points = rest.world(across, along, height)
    return Prop(name, points, triangles[:, ::-1].copy() if flip else triangles, albedo, finish, code="bedding")
