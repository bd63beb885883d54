"""Which hair and beard a person has: colour, grey, style, and where it grows. `strands.py` and `brows.py` grow it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...distributions import YearsOfChange
from ...plan import IdentityPlan
from ...populations import BY_ETHNICITY, BY_GENDER, Everyone, hair_styles
from ...streams import occasion_stream, stream

if TYPE_CHECKING:  # labels are made from these choices and must not wait for SciPy
    from ...heads.base import Topology

HAIRLINE_Z = (-170.0, -122.0, -100.0, -93.0, -88.0, -60.0, -53.0, -44.0, -37.0, -16.0, 4.0, 16.0, 40.0)
HAIRLINE_Y = (-70.0, -66.0, -40.0, -4.0, 10.0, 12.0, -6.0, -2.0, 30.0, 50.0, 64.0, 70.0, 73.0)
"""The hairline of the canonical head seen from the side (mm), from the nape around the ear to the front."""
RAMP_MM = 11.0
"""Over this height hair goes from none to full: a hairline is no border."""
CROWN_MIDDLE, CROWN_AXIS = np.array([0.0, 25.0, -65.0]), np.array([0.0, 0.93, 0.37])
"""Baldness spreads on the canonical head around this direction from this point."""
SIDEBURN_MM = 16.0
"""How much further down sideburns reach that meet a beard."""
THIN_FROM, CROWN_DEGREES_PER_MM = 14.0, 1.25
"""A front hairline that recedes further than this (mm) also opens the crown, this much for each further mm."""

COLOURS: dict[str, tuple[float, float, float]] = {
    "black": (0.012, 0.010, 0.009),
    "dark_brown": (0.030, 0.018, 0.011),
    "brown": (0.072, 0.038, 0.019),
    "light_brown": (0.150, 0.085, 0.043),
    "blond": (0.330, 0.215, 0.105),
    "red": (0.165, 0.064, 0.026),
}
"""Linear colours, of each of `populations.HairColour`."""
GREY = np.array([0.42, 0.41, 0.39])


@dataclass(frozen=True)
class Style:
    """How hair grows. Millimetres.

    Attributes:
        length, spread: mean length and its relative spread; strands: how many; points: of a strand.
        comb: "crown" (away from the whorl), "up" (the front stands, then back), "back", "part" (to both sides of a
            parting), "out" (along the normal), "knot" (to a knot behind or on top of the head).
        lift: how far it stands off; gravity: how fast it turns down; pull: the same, backwards.
        sides: length at the nape and above the ears relative to the top.
        hug: 0-1, how closely it follows the skull; locks: how many strands are guides.
        layer: thickness of the hair over the scalp; mess: how much strands differ in direction.
        clump: 0-1, how far the strands of a lock come together at their tips.
        curl: radius of the coils or waves; turns: how many a strand; flat: waves in one plane instead of coils.
        cut: height at which scissors ended it, on the canonical head; None where `length` says it.
        tail: what leaves the knot: "bun", "pony" or "braid".
        shine: strength of the highlight, which coils and stubble scatter.
        width: of a strand at its root, which stands for several hairs; uneven: how much shorter than the cut hairs end.
        rope: radius of the ropes that hair is twisted or braided into; 0 for loose hair.
    """

    length: float
    strands: int
    points: int
    comb: str
    spread: float = 0.25
    lift: float = 0.5
    gravity: float = 0.0
    pull: float = 0.0
    sides: float = 1.0
    hug: float = 0.0
    locks: int = 420
    layer: float = 6.0
    mess: float = 0.07
    clump: float = 0.35
    curl: float = 0.0
    turns: float = 0.0
    flat: bool = False
    cut: float | None = None
    tail: str = ""
    shine: float = 0.6
    width: float = 0.28
    uneven: float = 0.06
    rope: float = 0.0


STYLES: dict[str, Style] = {
    "buzz": Style(
        3.2, 26000, 3, "crown", lift=0.7, layer=0.6, clump=0, mess=0.3, sides=0.75, shine=0.1, width=0.29
    ),
    "short": Style(
        27, 13000, 8, "crown", lift=0.6, gravity=0.12, layer=4, sides=0.35, hug=0.22, mess=0.16, clump=0.5, width=0.33
    ),
    "crop": Style(
        32, 13000, 8, "crown", lift=0.3, gravity=0.25, layer=4, sides=0.15, hug=0.3, mess=0.12, clump=0.5, width=0.33
    ),
    "quiff": Style(
        46, 13000, 9, "up", lift=0.9, gravity=0.10, pull=0.35, layer=4, sides=0.18, hug=0.25, mess=0.12,
        clump=0.5,
    ),
    "swept": Style(
        62, 13000, 10, "back", lift=0.35, gravity=0.16, pull=0.30, layer=5, sides=0.25, hug=0.4, mess=0.08,
        clump=0.5,
    ),
    "parted": Style(
        62, 13000, 10, "part", lift=0.5, gravity=0.32, pull=0.12, layer=5, sides=0.25, hug=0.35, mess=0.08,
        clump=0.5,
    ),
    "curly_short": Style(
        48, 13000, 14, "crown", lift=0.8, gravity=0.15, layer=8, sides=0.3, hug=0.2, clump=0.85, curl=4.5, turns=2.2,
        mess=0.12, locks=330, shine=0.3,
    ),
    "coils": Style(
        13, 15500, 13, "out", lift=1.2, curl=2.8, turns=3.2, layer=7, mess=0.25, clump=0, shine=0.06, width=0.34
    ),
    "afro": Style(
        24, 17500, 17, "out", lift=1.2, curl=3.2, turns=4.2, layer=14, spread=0.12, mess=0.25, clump=0, shine=0.06,
        width=0.37,
    ),
    "pixie": Style(
        62, 12000, 12, "part", lift=0.85, gravity=0.36, pull=0.06, layer=11, sides=0.6, hug=0.14, mess=0.14,
        clump=0.6, curl=2.5, turns=0.9, flat=True, width=0.31,
    ),
    "permed": Style(
        64, 10500, 17, "crown", lift=1.0, gravity=0.22, layer=12, sides=0.75, hug=0.05, clump=0.8, curl=5.5, turns=1.9,
        mess=0.10, locks=380, shine=0.4, width=0.33,
    ),
    "set": Style(
        78, 11500, 15, "back", lift=1.0, gravity=0.42, pull=0.08, layer=14, sides=0.9, hug=0.10, clump=0.75, curl=6.0,
        turns=1.6, flat=True, mess=0.07, locks=260,
    ),
    "chin_bob": Style(
        280, 10500, 16, "part", lift=0.55, gravity=0.95, layer=13, curl=4.0, turns=1.4, flat=True, cut=-78, mess=0.05,
        clump=0.6, locks=320, uneven=0.10, width=0.32,
    ),
    "bob": Style(
        300, 10500, 16, "part", lift=0.6, gravity=0.85, layer=13, curl=3.0, turns=1.3, flat=True, cut=-105, mess=0.045,
        clump=0.55, uneven=0.08, width=0.32,
    ),
    "long": Style(
        420, 9000, 18, "part", lift=0.6, gravity=0.95, layer=13, curl=5.0, turns=2.0, flat=True, cut=-205, mess=0.05,
        clump=0.65, locks=260, uneven=0.12, width=0.38,
    ),
    "wavy": Style(
        420, 8500, 22, "part", lift=0.65, gravity=0.85, layer=15, curl=9, turns=3.6, flat=True, cut=-195, mess=0.045,
        clump=0.75, locks=200, uneven=0.12, width=0.40,
    ),
    "curly": Style(
        390, 7200, 34, "part", lift=0.8, gravity=0.75, layer=24, curl=10, turns=5, cut=-165, mess=0.06, clump=0.92,
        locks=190, shine=0.35, uneven=0.15, width=0.40,
    ),
    "locs": Style(
        250, 10000, 20, "back", lift=0.55, gravity=0.75, pull=0.30, hug=0.1, layer=8, cut=-150, mess=0.05, clump=1.0,
        locks=210, rope=2.9, shine=0.2, width=0.40,
    ),
    "box_braids": Style(
        420, 10000, 24, "back", lift=0.4, gravity=0.85, pull=0.30, hug=0.15, layer=7, cut=-200, mess=0.03, clump=1.0,
        locks=290, rope=1.9, shine=0.3, width=0.40,
    ),
    "bun": Style(0, 12500, 12, "knot", layer=8, mess=0.007, clump=0.3, tail="bun"),
    "ponytail": Style(0, 12500, 14, "knot", layer=8, mess=0.007, clump=0.3, tail="pony"),
    "braid": Style(0, 11000, 26, "knot", layer=8, mess=0.008, clump=0.3, tail="braid"),
}  # fmt: skip


TIED, LOOSE = ("bun", "ponytail", "braid"), ("long", "wavy", "curly")
"""Ways to wear the same long hair."""
WORN_ALIKE = 0.5
"""How often long hair is worn on another day as in the pain session."""


class HairPaint(NamedTuple):
    """Colour of a person's hair.

    Attributes:
        name: one of `COLOURS`; colour: linear (3,), about that one.
        grey: share of grey hairs, 0-1.
    """

    name: str
    colour: np.ndarray
    grey: float


def hair_colour(plan: IdentityPlan, seed: int) -> HairPaint:
    """Colour and grey of a planned person's hair."""
    rng = stream(seed, "look.hair_colour", plan.identity_id)
    name = list(COLOURS)[rng.choice(len(COLOURS), p=BY_ETHNICITY[plan.ethnicity].hair_colour)]
    onset = rng.normal(*Everyone.greying_onset.value)
    grey = YearsOfChange(onset, Everyone.greying_years.value).share(plan.age)
    if stream(seed, "look.hair_dye", plan.identity_id).random() < BY_GENDER[plan.gender].dyed:
        grey *= Everyone.dyed_grey.value
    return HairPaint(name, np.array(COLOURS[name]) * np.exp(rng.normal(0, 0.15)), grey)


def choose_style(plan: IdentityPlan, seed: int) -> tuple[str, float]:
    """Style name ("bald" for none) and how far the front hairline recedes (mm)."""
    rng = stream(seed, "look.hair_style", plan.identity_id)
    gender = BY_GENDER[plan.gender]
    recede = gender.hairline_mm.draw(plan.age, rng)
    chances = hair_styles(plan.gender, plan.age, rng.random() < BY_ETHNICITY[plan.ethnicity].coily_hair)
    p = np.array(list(chances.values()))
    style = list(chances)[rng.choice(len(chances), p=p / p.sum())]
    if plan.occasion:
        style = _on_another_day(style, chances, plan, seed)
    return style, float(min(recede, gender.hairline_most_mm))


def _on_another_day(style: str, chances: Mapping[str, float], plan: IdentityPlan, seed: int) -> str:
    """The style of long hair that may be worn otherwise: tied by who wore it loose, or loose by who had it tied.

    Who wears it tied in different ways has it loose in one way alone: straight, wavy or curly.
    """
    day = occasion_stream(seed, "look.hair_worn", plan)
    if style in TIED:
        ways, rng = LOOSE, stream(seed, "look.hair_loose", plan.identity_id)
    elif style in LOOSE:
        ways, rng = TIED, day
    else:
        return style
    others = {name: chances[name] for name in ways if chances.get(name)}
    if not others or day.random() < WORN_ALIKE:
        return style
    p = np.array(list(others.values()))
    return list(others)[rng.choice(len(others), p=p / p.sum())]


def choose_beard(plan: IdentityPlan, seed: int) -> tuple[float, float]:
    """Density 0-1 of stubble or beard, and length (mm) of a beard; women have neither."""
    rng = stream(seed, "look.beard_style", plan.identity_id)
    beard = BY_GENDER[plan.gender].beard
    if beard is None:
        return 0.0, 0.0
    shaven, full = rng.beta(*beard.stubble), rng.random()
    if full > beard.bearded:
        return float(shaven), 0.0
    density = float(rng.uniform(*beard.density))
    return density, float(rng.choice([rng.uniform(*length) for length in beard.lengths]))


def tailored(style: Style, rng: np.random.Generator) -> Style:
    """One person's cut of a style: longer or shorter, more or less faded, messy, thick and wavy."""
    longer, tidy, thick, wave = np.exp([0.22, 0.35, 0.25, 0.30] * np.clip(rng.standard_normal(4), -1.8, 1.8))
    faded, cut = rng.uniform(0.5, 1.6), rng.uniform(-14, 14)
    if style.comb == "out":  # what stands on all sides must stay within the picture
        longer, thick = np.sqrt([longer, thick])
    return replace(
        style,
        length=style.length * (1.0 if style.cut else longer),
        sides=min(style.sides * (faded if style.sides < 0.5 else 1.0), 1.0),
        mess=style.mess * tidy,
        layer=style.layer * thick,
        curl=style.curl * wave,
        cut=None if style.cut is None else style.cut + cut,
    )


def scalp_mask(topology: "Topology", recede: float, beard: bool = False) -> np.ndarray:
    """Where hair grows on the canonical head, (V,) 0-1.

    `recede` (mm) raises the front hairline and opens the crown; sideburns run down into a `beard`.
    """
    x, y, z = topology.reference.T
    front = np.clip((z + 50) / 40, 0, 1)
    temples = np.exp(-0.5 * ((np.abs(x) - 42) / 16) ** 2)
    ragged = 1.6 * np.sin(0.21 * x + 0.11 * z) + 1.2 * np.sin(0.47 * x - 0.31 * z + 1.3)
    line = np.interp(z, HAIRLINE_Z, HAIRLINE_Y) + front * min(recede, 45.0) * (0.55 + 0.75 * temples) + ragged
    if beard:
        line -= SIDEBURN_MM * np.exp(-0.5 * ((z + 51) / 7) ** 2)
    grown = np.clip((y - line) / RAMP_MM + 0.5, 0, 1) * (1 - np.clip(2 * topology.masks["ears"], 0, 1))
    away = topology.reference - CROWN_MIDDLE
    angle = np.degrees(np.arccos(np.clip(away @ CROWN_AXIS / np.linalg.norm(away, axis=1), -1, 1)))
    bald = (
        np.clip(((recede - THIN_FROM) * CROWN_DEGREES_PER_MM - angle) / 14 + 0.5, 0, 0.97) if recede > THIN_FROM else 0
    )
    return (grown * (1 - bald) * (z < 34)).astype(np.float32)
