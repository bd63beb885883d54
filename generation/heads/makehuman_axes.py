"""The ways in which MakeHuman heads of one age, gender and ancestry differ: its local morph targets, and how widely.

The spreads are set so that distances between landmarks vary among people of one group about as they do among adults
(docs/heads.md has both side by side), and by eye where nobody measured.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

OPPOSITES = {
    "incr": "decr", "up": "down", "in": "out", "convex": "concave", "forward": "backward",
    "uncompress": "compress", "round": "square",
}  # fmt: skip
ONE_SIDED = "oval", "diamond", "rectangular", "triangular", "invertedtriangular", "triangle"
"""Ends of the names of head shapes without an opposite."""
SPREADS: tuple[tuple[str, float], ...] = (
    # the head as a whole: its targets are large
    ("head-trans|head-angle|neck-trans|neck-scale-vert|measure-neck|head-diamond|head-triangular", 0.05),
    ("head-age|forehead-nubian|forehead-scale-vert|head-back", 0.07),
    ("head-scale|head-fat", 0.12),
    ("head-oval|head-rectangular|head-invertedtriangular|head$", 0.13),
    ("forehead-trans", 0.12),
    ("neck", 0.16),
    # ears
    ("ear-flap|ear-trans", 0.07),
    ("ear-wing", 0.12),
    ("ear", 0.28),
    # eyes and brows
    ("eye-trans-in", 0.27),
    ("eye-trans-up", 0.14),
    ("eye-bag", 0.20),
    ("eye-height|eye-corner", 0.12),
    ("eye-push|eye-scale", 0.14),
    ("eye-", 0.22),
    ("eyebrows-trans-forward|eyebrows-angle", 0.14),
    ("mouth-angles", 0.15),
    ("eyebrows", 0.31),
    # nose and mouth
    ("(nose|mouth)-trans-in", 0.05),
    ("mouth-trans-forward", 0.14),
    ("mouth-trans|nose-trans", 0.22),
    ("mouth-scale-vert|nose-volume|nose-scale-depth", 0.20),
    ("nose-base", 0.20),
    ("nose-nostrils-width|nose-width3", 0.23),
    ("mouth-scale-horiz|mouth-upperlip-width|mouth-lowerlip-width", 0.23),
    ("nose-scale|nose-width", 0.26),
    ("mouth-.*-middle", 0.18),
    ("mouth|chin-cleft", 0.22),
    ("nose", 0.29),
    # cheeks, chin, temples
    ("chin-height|chin-triangle", 0.21),
    ("chin", 0.27),
    ("cheek|forehead-temple", 0.32),
)
"""How an axis' name begins (a regular expression), and the standard deviation of its weight; the first match counts."""
CENTRES: dict[str, float] = {
    **{"eye-trans-in": -0.15, "eye-scale": 0.14},
    **{"mouth-scale-horiz": 0.18, "mouth-upperlip-width": 0.12},
    **{"eye-height1": 0.15, "eye-height2": 0.16, "eye-height3": 0.12},
    "mouth-angles-up": 0.08,
}
"""Of everyone: on the base mesh the eyes are closer and narrower, and the mouth is narrower, than in adults, and its
corners hang."""
MOST_SPREADS = 2.2
"""Nobody is further from the mean than this many standard deviations."""
LIMIT = 0.62
"""Weights stay within plus and minus this, the centre of a gender included."""
UNEVEN = 0.22
"""Spread of half the difference between left and right, in spreads of an axis that has both."""
ASYMMETRY = 0.10
"""Standard deviation of the weight of a target that is asymmetric by design."""

Axes = dict[str, list[tuple[str, str | None]]]
"""Axis -> the target for weights above 0 and that for weights below it, for the left side and for the right, or for
both together; None: weights below 0 do nothing."""


def local_axes(targets: Iterable[str]) -> Axes:
    """Pairs of opposite local targets, left and right together."""
    names = {n.removeprefix("local/") for n in targets if n.startswith("local/") and "/asym-" not in n}
    axes: Axes = {}
    for name in sorted(names):
        stem, _, end = name.rpartition("-")
        opposite = f"{stem}-{OPPOSITES.get(end)}"
        if opposite in names:
            axis = re.sub(r"^[lr]-", "", stem)
            if end not in ("incr", "convex", "uncompress", "round"):
                axis += f"-{end}"  # one thing moves in several directions
            axes.setdefault(axis, []).append((name, opposite))
        elif end in ONE_SIDED and "ear" not in name:
            axes[name] = [(name, None)]
    return axes


def asymmetric(targets: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of asymmetric targets: to the left, to the right."""
    left = sorted(n for n in targets if n.startswith("local/asym-") and n.endswith("-l"))
    return [(name, f"{name[:-1]}r") for name in left]


def spread(axis: str) -> float:
    """Standard deviation of the weight of an axis."""
    return next(value for pattern, value in SPREADS if re.match(pattern, axis))


def draw_local(axes: Axes, centres: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Weights of local targets of one person, above 0, around the centres of a gender, by axis."""
    weights: dict[str, float] = {}
    for axis, sides in axes.items():
        most = MOST_SPREADS * spread(axis)
        centre = CENTRES.get(axis, 0.0) + centres.get(axis, 0.0)
        common = centre + float(np.clip(rng.normal(0, spread(axis)), -most, most))
        uneven = UNEVEN * spread(axis) * float(np.clip(rng.normal(), -2, 2)) if len(sides) == 2 else 0.0
        for sign, (more, less) in zip((1, -1), sides, strict=False):
            amount = float(np.clip(common + sign * uneven, -LIMIT, LIMIT))
            name = more if amount > 0 else less
            if name is not None:
                weights[f"local/{name}"] = abs(amount)
    return weights


def draw_asymmetry(pairs: list[tuple[str, str]], rng: np.random.Generator) -> dict[str, float]:
    """Weights of asymmetric targets of one person, above 0: of each pair, one."""
    weights = {}
    for left, right in pairs:
        amount = ASYMMETRY * float(np.clip(rng.normal(), -2, 2))
        weights[left if amount > 0 else right] = abs(amount)
    return weights
