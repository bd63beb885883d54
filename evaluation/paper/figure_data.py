"""The numbers behind the figures: curves, bins and limits with intervals over identities. `figures.py` draws them.

Everything is a function of sums over the frames of each identity, so that a resample is a row of weights
(`bootstrap.py`). Intervals are pointwise, 95 %; None where there are none.
"""

from typing import TypedDict

import numpy as np

from dataset_script.facs import PAIN_THRESHOLDS, PSPI_CLASSES

from ..results import Estimate, Interval, Sizes
from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.measures import Predictions, check_predictions, pain_probability, softmax
from ..statistics.thresholds import pain_key

RESAMPLES = 1_000
"""Enough for a band that is drawn; the tables have their own."""
BINS = 10
SIDES = 1.96
"""Limits of agreement lie this many standard deviations from the bias."""
_CUTS = 400
_DOTS = 3_000
_GRID = np.linspace(0, 1, 101)


class RocCurve(TypedDict):
    """Rates at 101 rates of false positives; `low` and `high` bound the true positives."""

    false_positives: list[float]
    true_positives: list[float]
    low: list[float] | None
    high: list[float] | None
    auroc: float
    auroc_interval_95: Interval | None


class ReliabilityBin(TypedDict):
    """Mean `predicted` probability of the frames of a bin, `observed` share, and its interval."""

    predicted: float
    observed: float
    interval_95: Interval | None
    frames: int


class ClassArea(Estimate):
    """AUROC of one PSPI against all others, and the frames that have it."""

    frames: int


class BlandAltman(TypedDict):
    """Bias and limits of agreement; points are [mean of predicted and true PSPI, predicted minus true PSPI]."""

    bias: Estimate
    low: Estimate
    high: Estimate
    people: list[list[float]]
    frames: list[list[float]]


class FigureData(Sizes):
    """`figures.json`.

    `roc`: by pain key, None where all frames are of one kind. `confusion`: 17 rows (true PSPI) of 17 counts (likeliest
    PSPI). `reliability`: "class", and by pain key. `per_class_auroc`: by PSPI, of the classes that frames have.
    """

    roc: dict[str, RocCurve | None]
    confusion: list[list[int]]
    reliability: dict[str, list[ReliabilityBin]]
    per_class_auroc: dict[int, ClassArea]
    bland_altman: BlandAltman


def figure_data(predictions: Predictions, resamples: int = RESAMPLES, seed: int = 0) -> FigureData:
    """The numbers of all figures, ready for JSON. Raises WorkFailed as `check_predictions`."""
    check_predictions(predictions)
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    labels, logits = predictions["labels"], predictions["logits"]
    probabilities = softmax(logits)
    likeliest = logits.argmax(axis=1)
    confusion = np.bincount(labels * PSPI_CLASSES + likeliest, minlength=PSPI_CLASSES**2)
    pain = {pain_key(t): (pain_probability(predictions, t), labels >= t) for t in PAIN_THRESHOLDS}
    return {
        "frames": len(labels),
        "identities": bootstrap.size,
        "roc": {key: roc(scores, truth, bootstrap) for key, (scores, truth) in pain.items()},
        "confusion": confusion.reshape(PSPI_CLASSES, PSPI_CLASSES).tolist(),
        "reliability": {
            "class": reliability(probabilities.max(axis=1), likeliest == labels, bootstrap),
            **{key: reliability(scores, truth, bootstrap) for key, (scores, truth) in pain.items()},
        },
        "per_class_auroc": _class_areas(probabilities, labels, bootstrap),
        "bland_altman": _bland_altman(predictions["pspi"], labels, bootstrap),
    }


def roc(scores: np.ndarray, positive: np.ndarray, bootstrap: ClusterBootstrap) -> RocCurve | None:
    """The ROC curve of `scores` `(n,)`; None where all frames are of one kind."""
    if positive.all() or not positive.any():
        return None
    cuts = np.unique(scores)
    if len(cuts) > _CUTS:
        cuts = np.unique(np.quantile(scores, np.linspace(0, 1, _CUTS), method="nearest"))
    passed = np.searchsorted(cuts, scores, "right") - 1  # the highest cut that a frame passes
    hits, alarms = (_rates(passed, mask, len(cuts), bootstrap) for mask in (positive, ~positive))
    curves = np.array([np.interp(_GRID, fall, rise) for fall, rise in zip(alarms, hits, strict=True)])
    curves[np.isnan(alarms[:, -1]) | np.isnan(hits[:, -1])] = np.nan  # a resample of people without one kind of frame
    areas = bootstrap.whole.auroc(scores, positive)
    return {
        "false_positives": _GRID.tolist(),
        "true_positives": curves[0].tolist(),
        **_band(curves[1:], bootstrap),
        "auroc": float(areas[0]),
        "auroc_interval_95": bootstrap.interval(areas[1:]),
    }


def reliability(predicted: np.ndarray, observed: np.ndarray, bootstrap: ClusterBootstrap) -> list[ReliabilityBin]:
    """Bins of equal width, without empty ones, of `predicted` probabilities `(n,)` of what is `observed` `(n,)`."""
    index = np.minimum((predicted * BINS).astype(int), BINS - 1)
    rows = []
    for b in range(BINS):
        member = index == b
        if not member.any():
            continue
        weighting = bootstrap.part(member)
        sums = weighting.sums(np.column_stack([np.ones(member.sum()), observed[member]]))
        shares = np.divide(sums[:, 1], sums[:, 0], out=np.full(len(sums), np.nan), where=sums[:, 0] > 0)
        rows.append(
            {
                "predicted": float(predicted[member].mean()),
                "observed": float(shares[0]),
                "interval_95": bootstrap.interval(shares[1:]) if weighting.size > 1 else None,
                "frames": int(member.sum()),
            }
        )
    return rows


def limits_of_agreement(difference: np.ndarray, weighting: Weighting) -> dict[str, np.ndarray]:
    """Bias and 95 % limits of agreement of `difference` `(n,)`, predicted minus true PSPI; `(rows,)` each.

    Frames of one person are not independent, so the variance is that between people plus that within them, from a
    one-way analysis of variance with unequal group sizes (Bland and Altman 2007, true value varies). NaN with fewer
    than two people, or one frame each.
    """
    ones = np.ones(len(difference))
    counts, sums, squares = (
        np.bincount(weighting.index, weights=values, minlength=weighting.size)
        for values in (ones, difference, difference**2)
    )
    w = weighting.weights
    people, frames, total = w.sum(axis=1), w @ counts, w @ sums
    of_means = w @ (sums**2 / np.maximum(counts, 1))  # squares of people's means, weighted by their frames
    with np.errstate(invalid="ignore", divide="ignore"):
        bias = total / frames
        within = (w @ squares - of_means) / (frames - people)
        between = (of_means - total**2 / frames) / (people - 1)
        typical = (frames - (w @ counts**2) / frames) / (people - 1)
        spread = np.sqrt(np.maximum((between - within) / typical, 0) + np.maximum(within, 0))
    return {"bias": bias, "low": bias - SIDES * spread, "high": bias + SIDES * spread}


def _rates(passed: np.ndarray, mask: np.ndarray, cuts: int, bootstrap: ClusterBootstrap) -> np.ndarray:
    """The share of the frames of `mask` that pass each cut, from the strictest to none: `(rows, cuts + 1)`."""
    flat = bootstrap.index[mask] * cuts + passed[mask]
    counts = np.bincount(flat, minlength=bootstrap.size * cuts).reshape(bootstrap.size, cuts)
    totals = bootstrap.whole.weights @ counts[:, ::-1].cumsum(axis=1)
    everyone = totals[:, -1:]
    rates = np.divide(totals, everyone, out=np.full(totals.shape, np.nan), where=everyone > 0)
    return np.concatenate([np.zeros((len(rates), 1)), rates], axis=1)


def _band(curves: np.ndarray, bootstrap: ClusterBootstrap) -> dict[str, list | None]:
    """Pointwise interval of replicates `(resamples, points)`; resamples in which a curve is undefined are left out."""
    defined = curves[~np.isnan(curves).any(axis=1)]
    if bootstrap.size < 2 or not len(defined):
        return {"low": None, "high": None}
    low, high = np.quantile(defined, [0.025, 0.975], axis=0)
    return {"low": low.tolist(), "high": high.tolist()}


def _class_areas(probabilities: np.ndarray, labels: np.ndarray, bootstrap: ClusterBootstrap) -> dict[int, ClassArea]:
    result = {}
    for c in np.unique(labels).tolist():
        areas = bootstrap.whole.auroc(probabilities[:, c], labels == c)
        if not np.isnan(areas[0]):
            result[c] = {**bootstrap.estimate(areas), "frames": int((labels == c).sum())}
    return result


def _bland_altman(predicted: np.ndarray, labels: np.ndarray, bootstrap: ClusterBootstrap) -> BlandAltman:
    predicted = predicted.astype(np.float64)
    difference, middle = predicted - labels, (predicted + labels) / 2
    found = limits_of_agreement(difference, bootstrap.whole)
    counts, step = np.bincount(bootstrap.index), -(-len(labels) // _DOTS)
    people = [np.bincount(bootstrap.index, weights=values) / counts for values in (middle, difference)]
    return {
        **{name: bootstrap.estimate(values) for name, values in found.items()},
        "people": [[round(x, 3), round(y, 3)] for x, y in np.transpose(people).tolist()],
        "frames": [[round(x, 3), round(y, 3)] for x, y in np.transpose([middle, difference])[::step].tolist()],
    }
