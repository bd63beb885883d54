"""What the judges see of a dataset, as numbers: each for all people and for each group, with intervals over people."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from dataset_script.facs import AU_NAMES
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS
from evaluation.statistics.bootstrap import ClusterBootstrap, Weighting

from .client import Reading, proxy_pspi

STRONG = 6
"""PSPI from which pain is strong: a judge should hardly ever miss it."""
UNIT_SCORES: dict[str, tuple[tuple[str, ...], str]] = {
    "AU4": (("AU4",), "browDown"),
    "AU6/7": (("AU6", "AU7"), "eyeSquint"),
    "AU9/10": (("AU9", "AU10"), "mouthUpperUp"),
    "AU43": (("AU43",), "eyeBlink"),
}
"""What is compared: the highest of these units, and the score that they move."""
MEASURES: dict[str, str] = {
    "found": "share of all frames in which MediaPipe finds a face",
    "above": "share of pain frames whose proxy PSPI is above that of the own neutral frame of the same view",
    f"above from PSPI {STRONG}": f"the same, of frames with PSPI {STRONG} and more",
    "rise": "proxy PSPI minus that of the own neutral frame, mean over pain frames",
    "r(rise, PSPI)": "Pearson correlation of this rise with PSPI over pain frames",
    **{
        f"r({name})": f"the same of {score} minus own neutral with the higher of {' and '.join(units)}"
        if len(units) > 1
        else f"the same of {score} minus own neutral with {units[0]}"
        for name, (units, score) in UNIT_SCORES.items()
    },
    "same person": "SFace's cosine of neutral and pain, frontal, mean over pain frames",
    "other people": "SFace's cosine of two people's frontal neutral frames, mean over pairs (in a group: of the group)",
}
"""Name -> what it is."""


@dataclass(frozen=True)
class Readings:
    """N frames of a dataset with what the judges see in them.

    Attributes:
        identity: (N,) str.
        groups: name of a group -> (N,) bool.
        neutral: (N,) the place of each frame's own neutral frame; of a neutral frame its own.
        frontal: (N,) bool.
        au, pspi: (N, 6) and (N,), of the labels.
        seen: what the judges see.
    """

    identity: np.ndarray
    groups: dict[str, np.ndarray]
    neutral: np.ndarray
    frontal: np.ndarray
    au: np.ndarray
    pspi: np.ndarray
    seen: list[Reading]

    def score(self, of: Callable[[dict[str, float]], float]) -> np.ndarray:
        """(N,) a number made of each frame's scores; NaN without a face."""
        return np.array([np.nan if each.scores is None else of(each.scores) for each in self.seen])

    def rise(self, of: Callable[[dict[str, float]], float]) -> np.ndarray:
        """(N,) that number minus the one of the own neutral frame; NaN where either shows no face."""
        found = self.score(of)
        return found - found[self.neutral]


def group_masks(ethnicity: np.ndarray, age_group: np.ndarray, gender: np.ndarray) -> dict[str, np.ndarray]:
    """Group -> (N,) bool, from the codes (N,) of three columns; groups without a frame are left out."""
    columns = ((ETHNICITIES, ethnicity), (AGE_GROUPS, age_group), (GENDERS, gender))
    masks = {name: codes == k for names, codes in columns for k, name in enumerate(names)}
    return {name: mask for name, mask in masks.items() if mask.any()}


def view_masks(frontal: np.ndarray, glasses: np.ndarray) -> dict[str, np.ndarray]:
    """What a picture shows -> (N,) bool, of whether it is frontal (N,) and whether glasses lie on the face (N,).

    Models of real faces read a unit weaker from the side, and brows behind rims: the two apart from what the rig does.
    """
    masks = {"from the front": frontal, "from the sides": ~frontal}
    masks |= {"without glasses": ~glasses, "from the front, without glasses": frontal & ~glasses}
    return {name: mask for name, mask in masks.items() if mask.any()}


def measure(readings: Readings, resamples: int = 2000) -> dict[str, dict]:
    """Group, or "all" -> "people", "frames", each of MEASURES as an Estimate, and "other people range" [low, high].

    Intervals come from `resamples` bootstrap draws of the people. A measure that no frame defines is None.
    """
    everyone = {"all": np.ones(len(readings.identity), bool)}
    return {name: _measured(readings, mask, resamples) for name, mask in (everyone | readings.groups).items()}


def _measured(readings: Readings, mask: np.ndarray, resamples: int) -> dict:
    draws = ClusterBootstrap(readings.identity[mask], resamples)
    own = readings.neutral == np.arange(len(mask))
    pain, pspi = ~own[mask], readings.pspi[mask].astype(float)
    rise = readings.rise(proxy_pspi)[mask]
    usable = pain & ~np.isnan(rise)
    above = (rise > 0).astype(float)
    values = {
        "found": _mean(draws.whole, np.array([each.scores is not None for each in readings.seen], float)[mask]),
        "above": _mean(draws.whole, above, usable),
        f"above from PSPI {STRONG}": _mean(draws.whole, above, usable & (pspi >= STRONG)),
        "rise": _mean(draws.whole, rise, usable),
        "r(rise, PSPI)": correlation(draws.whole, rise, pspi, usable),
    }
    for name, (units, score) in UNIT_SCORES.items():
        level = readings.au[mask][:, [AU_NAMES.index(unit) for unit in units]].max(axis=1)
        values[f"r({name})"] = correlation(draws.whole, readings.rise(itemgetter(score))[mask], level, usable)
    same = _same_person(readings)[mask]
    values["same person"] = _mean(draws.whole, same, ~np.isnan(same))
    values["other people"], bounds = _other_people(readings, mask, draws)
    found = {name: draws.estimate(value) for name, value in values.items()}
    return {"people": int(draws.size), "frames": int(mask.sum()), **found, "other people range": bounds}


def _mean(whole: Weighting, values: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """(rows,) mean of `values` (n,) `where` (n,) is true."""
    where = np.ones(len(values), bool) if where is None else where
    total, count = whole.sums(np.stack([np.where(where, values, 0.0), where], axis=1)).T
    return _ratio(total, count)


def correlation(whole: Weighting, x: np.ndarray, y: np.ndarray, where: np.ndarray) -> np.ndarray:
    """(rows,) Pearson correlation of `x` (n,) and `y` (n,) `where` (n,) is true; NaN where one of them never varies."""
    x, y = (np.where(where, v - np.mean(v[where]) if where.any() else 0.0, 0.0) for v in (x, y))
    n, sx, sy, sxx, syy, sxy = whole.sums(np.stack([where, x, y, x * x, y * y, x * y], axis=1)).T
    spread = np.sqrt(np.maximum(n * sxx - sx**2, 0) * np.maximum(n * syy - sy**2, 0))
    return _ratio(n * sxy - sx * sy, np.where(spread > 1e-9, spread, 0))


def _same_person(readings: Readings) -> np.ndarray:
    """(N,) cosine of each frontal pain frame with its own neutral frame; NaN for other frames and without a face."""
    cosines = np.full(len(readings.seen), np.nan)
    for n, neutral in enumerate(readings.neutral):
        one, two = readings.seen[n].embedding, readings.seen[neutral].embedding
        if n != neutral and readings.frontal[n] and one is not None and two is not None:
            cosines[n] = one @ two
    return cosines


def _other_people(
    readings: Readings, mask: np.ndarray, draws: ClusterBootstrap
) -> tuple[np.ndarray, list[float] | None]:
    """(rows,) mean cosine over pairs of people, by their frontal neutral frames; and the lowest and highest of a pair.

    Pairs of a person drawn twice with themselves do not count.
    """
    neutral = (readings.neutral == np.arange(len(mask))) & readings.frontal
    found = {
        person: readings.seen[n].embedding
        for person, n in zip(draws.index, np.flatnonzero(mask), strict=True)
        if neutral[n] and readings.seen[n].embedding is not None
    }
    if len(found) < 2:
        return np.full(len(draws.whole.weights), np.nan), None
    faces = np.array(list(found.values()))
    cosines = faces @ faces.T
    pairs = cosines[np.triu_indices(len(faces), 1)]
    np.fill_diagonal(cosines, 0)
    weights = draws.whole.weights[:, list(found)]
    total = np.einsum("rk,rk->r", weights @ cosines, weights)
    count = weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1)
    return _ratio(total, count), [float(pairs.min()), float(pairs.max())]


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
