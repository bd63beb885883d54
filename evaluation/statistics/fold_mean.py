"""The mean over cross-validation folds, with Student's t-interval.

Folds share training people, so their scores are not independent and the interval is somewhat too narrow (Bengio &
Grandvalet 2004). It is printed because the field prints it, beside the bootstrap over the people of all folds.
"""

import math
from collections.abc import Sequence
from typing import TypedDict

from dataset_script.errors import InvalidInput

from ..results import Interval


class FoldScores(TypedDict):
    """One metric over folds.

    `mean`, `sd` (of a sample) and Student's t-`interval` are of the `folds` that define the metric; `folds_undefined`
    do not. `mean` is None without any, `sd` and `interval` with fewer than two. `values` has one of each fold.
    """

    mean: float | None
    sd: float | None
    interval: Interval | None
    folds: int
    folds_undefined: int
    values: list[float | None]


def fold_summary(values: Sequence[float | None], level: float = 0.95) -> FoldScores:
    """Mean, standard deviation and t-interval of one metric over folds.

    Args:
        values: one a fold; None where the metric is not defined: such a fold is left out and counted.
        level: of the interval, above 0 and below 1.

    Raises:
        InvalidInput: a level out of range, a value that is not finite.
    """
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level}; allowed is above 0 and below 1")
    defined = [float(value) for value in values if value is not None]
    if not all(map(math.isfinite, defined)):
        raise InvalidInput(f"values are {values}; allowed are finite numbers, and None where one is not defined")
    count = len(defined)
    mean = math.fsum(defined) / count if count else None
    sd = interval = None
    if count > 1:
        sd = math.sqrt(math.fsum((value - mean) ** 2 for value in defined) / (count - 1))
        half = t_quantile((1 + level) / 2, count - 1) * sd / math.sqrt(count)
        interval = [mean - half, mean + half]
    return {
        "mean": mean,
        "sd": sd,
        "interval": interval,
        "folds": count,
        "folds_undefined": len(values) - count,
        "values": list(values),
    }


def t_quantile(probability: float, freedom: int) -> float:
    """The value below which Student's t with `freedom` degrees (at least 1) lies with `probability`, by bisection."""
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while t_below(high, freedom) < probability:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if t_below(middle, freedom) < probability else (low, middle)
    return middle


def t_below(value: float, freedom: int) -> float:
    """P(t <= value) for whole degrees of freedom: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(value / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = freedom % 2
    term, total = (cosine, cosine) if odd else (1.0, 1.0)
    if freedom == 1:
        total = 0.0
    for k in range(3 if odd else 2, freedom, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return (1 + inside) / 2
