"""How often action units come, and come together, in pain as it was found in people.

Published are marginals: how often each intensity of a unit was seen, and each PSPI. The distribution over all 15,552
combinations of units is the one of maximum entropy that has these marginals, found by iterative proportional fitting
(Deming & Stephan 1940, Ann Math Stat 11:427): it assumes nothing of how units come together beyond what PSPI and the
marginals say.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dataset_script.facs import AU_MAX, AU_NAMES, pspi

LUCEY = "Lucey, Cohn, Prkachin, Solomon & Matthews 2011, FG, 57-64: 48,398 coded frames of 25 people with shoulder pain"
ATEE = "Atee, Hoti, Chivers & Hughes 2022, Front Pain Res 3:827551: 22,194 assessments of 3,144 people with dementia"

UNBC_PSPI = (40029, 2909, 2351, 1412, 802, 242, 270, 53, 79, 32, 67, 76, 48, 22, 1, 5, 0)
"""Frames of UNBC-McMaster with PSPI 0 to 16 (LUCEY)."""
UNBC_UNITS: dict[str, tuple[int, ...]] = {
    "AU4": (202, 509, 225, 74, 64),
    "AU6": (1776, 1663, 1327, 681, 110),
    "AU7": (1362, 991, 608, 305, 100),
    "AU9": (93, 151, 68, 76, 35),
    "AU10": (171, 208, 61, 63, 22),
    "AU43": (2434,),
}
"""Frames of UNBC-McMaster with intensity 1 to 5 (A to E) of each unit, AU43 with closed eyes (LUCEY)."""
DEMENTIA_PRESENT: dict[str, float] = {"AU4": 0.35, "AU6": 0.421, "AU7": 0.486, "AU9": 0.2, "AU10": 0.2, "AU43": 0.429}
"""Share of severe pain in which each unit was seen: AU6, AU7 and AU43 by ATEE; the others are assumed, and below these
three, which were the most frequent."""

_ERROR, _ROUNDS = 1e-9, 5000


class Marginals(NamedTuple):
    """What is known of a distribution over combinations of units, of expressions with PSPI 1 or more.

    Attributes:
        levels: (17,) share of each PSPI; None: whatever follows from the units, but never 0.
        units: unit -> share of each intensity from 0 on.
    """

    levels: np.ndarray | None
    units: Mapping[str, np.ndarray]


def clinical() -> Marginals:
    """UNBC-McMaster's frames with PSPI 1 or more."""
    pain = np.array((0, *UNBC_PSPI[1:]), float)
    frames = pain.sum()
    units = {name: np.array((frames - sum(seen), *seen)) / frames for name, seen in UNBC_UNITS.items()}
    return Marginals(pain / frames, units)


def dementia() -> Marginals:
    """Severe pain of people with dementia; where a unit is there, its intensity is as in UNBC-McMaster (assumed)."""
    units = {}
    for name, present in DEMENTIA_PRESENT.items():
        seen = np.array(UNBC_UNITS[name], float)
        units[name] = np.array((1 - present, *(present * seen / seen.sum())))
    return Marginals(None, units)


MARGINALS = {"clinical": clinical, "dementia": dementia}
"""Value of `Spec.pspi` -> what is known of it."""


@functools.cache
def all_combinations() -> np.ndarray:
    """Every AU vector, `(15552, 6)` int, C1 order, lexicographic."""
    grid = np.stack(np.meshgrid(*(np.arange(top + 1) for top in AU_MAX), indexing="ij"), axis=-1)
    return grid.reshape(-1, len(AU_MAX))


@functools.cache
def combination_shares(sampling: str) -> np.ndarray:
    """Share of each of `all_combinations` `(15552,)` in one of `MARGINALS`; they sum to 1."""
    return fitted(MARGINALS[sampling]())


def fitted(marginals: Marginals) -> np.ndarray:
    """The distribution of maximum entropy over `all_combinations` `(15552,)` that has these marginals.

    Raises:
        ValueError: there is none.
    """
    vectors = all_combinations()
    levels = pspi(vectors).astype(int)
    sides = [(vectors[:, k], marginals.units[name]) for k, name in enumerate(AU_NAMES)]
    if marginals.levels is not None:
        sides.append((levels, marginals.levels))
    shares = (levels > 0) / np.count_nonzero(levels)
    for _ in range(_ROUNDS):
        error = 0.0
        for values, wanted in sides:
            found = np.bincount(values, shares, len(wanted))
            error = max(error, float(np.abs(found - wanted).max()))
            shares = shares * np.divide(wanted, found, out=np.zeros(len(wanted)), where=found > 0)[values]
        if error < _ERROR:
            return shares / shares.sum()
    raise ValueError(f"no distribution of units has these marginals: they differ by {error:.2g}")


def draw_combination(sampling: str, rng: np.random.Generator) -> tuple[int, ...]:
    """An AU vector in C1 order, with PSPI 1 or more."""
    k = np.searchsorted(_cumulative(sampling), rng.random(), side="right")
    return tuple(all_combinations()[k].tolist())


@functools.cache
def _cumulative(sampling: str) -> np.ndarray:
    steps = np.cumsum(combination_shares(sampling))
    return steps[:-1] / steps[-1]
