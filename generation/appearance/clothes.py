"""What people wear: shirts, knitwear, hoodies, and gowns in hospital places.

`Garment` names the numbers that describe what a person wears; `garment` is its shape on the skin, `fabric` what is seen
of it. There are no kernels here: labels are made from these choices without a compiler.
"""

from typing import NamedTuple

import numpy as np

from ..plan import IdentityPlan
from ..streams import occasion_stream
from .colours import colour

STYLES: tuple[str, ...] = ("round", "pointed", "shirt", "gown", "roll", "hood")
PATTERNS: tuple[str, ...] = ("plain", "stripes", "pinstripes", "checks", "print")
ROUND, POINTED, SHIRT, GOWN, ROLL, HOOD = range(6)
PLAIN, STRIPES, PINSTRIPES, CHECKS, PRINT = range(5)
FLAPS = (SHIRT, ROLL, HOOD)
"""Styles with a collar, a roll or a hood: a second layer with a lower edge."""


class Garment(NamedTuple):
    """What a person wears. Numbers are np.float32, which decides the precision of the shader.

    Attributes:
        colour: (3,) float32 linear albedo; second_colour: of the pattern and the trimming.
        style, pattern: index into `STYLES` and `PATTERNS`.
        neck: canonical height (mm) of the base of the neck, which everything else is measured from.
        front, side, back: mm of surface from there down to the rim.
        depth, width: of the opening in front, mm; depth 0 where there is none.
        hem: width of the trimming or the ribbed band along the rim, mm; 0 where there is none.
        period: of the pattern, mm; phase: of its place, 0-1.
        weave: contrast of the threads; knit: of the ribs; roughness, 0-1.
        folds: slope of the drapery.
    """

    colour: np.ndarray
    second_colour: np.ndarray
    style: int
    pattern: int
    neck: np.float32
    front: np.float32
    side: np.float32
    back: np.float32
    depth: np.float32
    width: np.float32
    hem: np.float32
    period: np.float32
    phase: np.float32
    weave: np.float32
    knit: np.float32
    roughness: np.float32
    folds: np.float32


class Cut(NamedTuple):
    """A kind of garment, before it is made for a person.

    Attributes:
        style: one of `garment.STYLES`.
        share: of the people outside hospitals who wear it.
        front, side, back: mm of surface from the base of the neck down to the rim.
        depth, width: of the opening in front, mm; spread: standard deviation of these lengths between people, mm.
        patterns: share of each of `garment.PATTERNS`.
    """

    style: str
    share: float
    front: float
    side: float
    back: float
    depth: float
    width: float
    spread: float
    patterns: tuple[float, float, float, float, float]


CUTS: dict[str, Cut] = {
    "crew": Cut("round", 0.24, 13, 6, -6, 0, 60, 4, (0.62, 0.20, 0.0, 0.0, 0.18)),
    "scoop": Cut("round", 0.10, 6, 10, 0, 44, 58, 4, (0.75, 0.15, 0.0, 0.0, 0.10)),
    "boat": Cut("round", 0.07, 16, 22, 8, 0, 60, 4, (0.50, 0.50, 0.0, 0.0, 0.0)),
    "vee": Cut("pointed", 0.13, 2, 5, -5, 62, 56, 5, (0.80, 0.12, 0.0, 0.0, 0.08)),
    "shirt": Cut("shirt", 0.20, -9, -6, -16, 58, 36, 2, (0.40, 0.0, 0.28, 0.22, 0.10)),
    "roll_neck": Cut("roll", 0.10, -20, -4, -24, 0, 60, 1.5, (1.0, 0.0, 0.0, 0.0, 0.0)),
    "hoodie": Cut("hood", 0.10, -2, 4, -12, 48, 46, 3, (1.0, 0.0, 0.0, 0.0, 0.0)),
    "gown": Cut("gown", 0.06, 4, 10, -2, 44, 54, 4, (0.15, 0.0, 0.15, 0.0, 0.70)),
}
GOWN_SHARE = {"ward": 0.6, "corridor": 0.4, "bed": 0.75, "chair": 0.45, "passage": 0.4}
"""Share of the people in these places who wear a hospital gown."""

FABRIC_COLOURS = np.array([colour(*c) for c in (
    (28, 34, 52), (24, 24, 26), (60, 62, 66), (132, 134, 138), (226, 226, 222), (206, 200, 188), (96, 32, 38),
    (82, 84, 54), (70, 94, 128), (36, 96, 100), (184, 140, 58), (156, 84, 56), (196, 150, 152), (140, 126, 164),
    (40, 78, 56), (170, 150, 122), (92, 70, 56), (150, 44, 46), (120, 152, 184), (62, 74, 100),
)])  # fmt: skip
GOWN_COLOURS = np.array([colour(*c) for c in (
    (176, 204, 222), (182, 214, 204), (222, 226, 228), (196, 206, 226), (222, 214, 190), (148, 188, 206)
)])  # fmt: skip
SKIN_RATIOS = (1.35, 3.2, 0.88, 2.6)
"""Red over green and green over blue, lowest and highest, between which a fabric would read as bare skin."""


def choose_clothes(plan: IdentityPlan, place: str, seed: int) -> tuple[str, Garment]:
    """What a person wears in a `place` of `places.rooms.PLACES`: one of `CUTS`, and its garment."""
    rng = occasion_stream(seed, "look.garment", plan)
    names = list(CUTS)
    share = np.array([CUTS[name].share for name in names])
    gown = names.index("gown")
    share *= (1 - GOWN_SHARE.get(place, share[gown])) / (share.sum() - share[gown])
    share[gown] = GOWN_SHARE.get(place, CUTS["gown"].share)
    name = names[rng.choice(len(names), p=share / share.sum())]
    cut = CUTS[name]
    pattern = PATTERNS[rng.choice(len(PATTERNS), p=cut.patterns)]
    main, second = choose_colours(name, pattern, rng)
    period = {"stripes": (16, 34), "pinstripes": (10, 16), "checks": (14, 34), "print": (11, 20)}.get(pattern, (10, 11))
    knitted = name == "roll_neck" or (name in ("crew", "vee") and rng.random() < 0.3)
    numbers = {  # in the order in which they are drawn
        "neck": -140 + rng.normal(0, 2.5),
        "front": cut.front + rng.normal(0, cut.spread),
        "side": cut.side + rng.normal(0, 0.7 * cut.spread),
        "back": cut.back + rng.normal(0, 0.7 * cut.spread),
        "depth": max(0.0, cut.depth + rng.normal(0, 2 * cut.spread)) if cut.depth else 0.0,
        "width": cut.width + rng.normal(0, cut.spread),
        "weave": 0.10 if knitted else rng.uniform(0.02, 0.07),
        "roughness": 0.85,
        "period": rng.uniform(*period),
        "phase": rng.uniform(0.1, 1.0),
        "hem": {"shirt": 0.0, "roll_neck": 0.0, "hoodie": 0.0, "gown": rng.uniform(6, 9)}.get(
            name, rng.uniform(11, 20)
        ),
        "knit": rng.uniform(0.10, 0.22) if knitted else 0.0,
        "folds": rng.uniform(0.10, 0.30),
    }
    return name, Garment(
        colour=main.astype(np.float32),
        second_colour=second.astype(np.float32),
        style=STYLES.index(cut.style),
        pattern=PATTERNS.index(pattern),
        **{field: np.float32(number) for field, number in numbers.items()},
    )


def choose_colours(name: str, pattern: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Linear albedo (3,) of the cloth and of its pattern or trimming. No cloth has the hue of skin."""
    palette = GOWN_COLOURS if name == "gown" else FABRIC_COLOURS
    main = unlike_skin(palette[rng.integers(len(palette))] * np.exp(0.12 * rng.standard_normal(3)))
    if name == "gown":
        second = colour(*((40, 70, 130), (30, 110, 110), (70, 90, 120), (90, 60, 110))[rng.integers(4)])
    elif pattern == "plain":
        second = np.clip(1.8 * main + 0.06, 0, 0.75)  # strings and the like
    else:
        second = palette[rng.integers(len(palette))]
        if abs(np.log(second.mean() / main.mean())) < 0.8:  # seen at all
            second = main * 0.22 if main.mean() > 0.2 else 0.3 * main + 0.45
    return main, unlike_skin(second)


def unlike_skin(albedo: np.ndarray) -> np.ndarray:
    """`albedo` (3,), greyed where its hue could be anybody's skin; 0.008 to 0.75."""
    red, green, blue = albedo
    low_rg, high_rg, low_gb, high_gb = SKIN_RATIOS
    if low_rg < red / green < high_rg and low_gb < green / blue < high_gb:
        albedo = np.array([1.1 * green, green, max(blue, 0.85 * green)])
    return np.clip(albedo, 0.008, 0.75)
