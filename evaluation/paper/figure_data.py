"""The numbers behind the figures: curves, bins and limits with intervals over identities. `figures.py` draws them.

Everything is a function of sums over the frames of each identity, so that a resample is a row of weights (`bootstrap.py`).
Intervals are pointwise, 95 %; None where there are none.
"""

import numpy as np

from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.measures import CLASSES, PAIN_THRESHOLDS, Predictions, check_predictions, pain_probability, softmax

RESAMPLES = 1_000
"""Enough for a band that is drawn; the tables have their own."""
BINS = 10
SIDES = 1.96
"""Limits of agreement lie this many standard deviations from the bias."""
_CUTS = 400
_DOTS = 3_000
_GRID = np.linspace(0, 1, 101)


def figure_data(predictions: Predictions, resamples: int = RESAMPLES, seed: int = 0) -> dict:
    """All of it, ready for JSON.

    Returns:
        `roc`: "pspi>=t" -> as `roc`, or None where all frames are of one kind. `confusion`: 17 rows (true PSPI) of 17 counts
        (likeliest PSPI). `reliability`: "class", "pspi>=t" -> as `reliability`. `per_class_auroc`: PSPI -> {value,
        interval_95, frames}, the classes that are there. `bland_altman`: bias, low and high of `limits_of_agreement` as {value,
        interval_95}; and points (mean of estimate and truth, estimate minus truth): `people`, the mean of each, and
        `frames`, at most 3,000 at equal distances.

    Raises:
        WorkFailed: as `check_predictions`.
    """
    check_predictions(predictions)
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    labels, logits = predictions["labels"], predictions["logits"]
    chances = softmax(logits)
    said = logits.argmax(axis=1)
    confusion = np.bincount(labels * CLASSES + said, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    painful = {t: (pain_probability(predictions, t), labels >= t) for t in PAIN_THRESHOLDS}
    return {
        "frames": len(labels),
        "identities": bootstrap.size,
        "roc": {f"pspi>={t}": roc(scores, truth, bootstrap) for t, (scores, truth) in painful.items()},
        "confusion": confusion.tolist(),
        "reliability": {
            "class": reliability(chances.max(axis=1), said == labels, bootstrap),
            **{f"pspi>={t}": reliability(scores, truth, bootstrap) for t, (scores, truth) in painful.items()},
        },
        "per_class_auroc": _class_areas(chances, labels, bootstrap),
        "bland_altman": _bland_altman(predictions["pspi"], labels, bootstrap),
    }


def roc(scores: np.ndarray, positive: np.ndarray, bootstrap: ClusterBootstrap) -> dict | None:
    """The ROC curve of `scores` `(n,)`: `false_positives` and, at each, `true_positives`, `low`, `high` (rates), and `auroc`
    with `auroc_interval_95`. None where all frames are of one kind.
    """
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


def reliability(chances: np.ndarray, happened: np.ndarray, bootstrap: ClusterBootstrap) -> list[dict]:
    """Bins of equal width of `chances` `(n,)`, those that hold frames: mean `said`, share `happened`, its `interval_95`,
    `frames`.
    """
    index = np.minimum((chances * BINS).astype(int), BINS - 1)
    rows = []
    for b in range(BINS):
        member = index == b
        if not member.any():
            continue
        weighting = bootstrap.part(member)
        sums = weighting.sums(np.column_stack([np.ones(member.sum()), happened[member]]))
        shares = np.divide(sums[:, 1], sums[:, 0], out=np.full(len(sums), np.nan), where=sums[:, 0] > 0)
        rows.append(
            {
                "said": float(chances[member].mean()),
                "happened": float(shares[0]),
                "interval_95": bootstrap.interval(shares[1:]) if weighting.size > 1 else None,
                "frames": int(member.sum()),
            }
        )
    return rows


def limits_of_agreement(difference: np.ndarray, weighting: Weighting) -> dict[str, np.ndarray]:
    """Bias and 95 % limits of agreement of `difference` `(n,)`, estimate minus truth; `(rows,)` each.

    Frames of one person are not independent, so the variance is that between people plus that within them, from a one-way
    analysis of variance with unequal group sizes (Bland and Altman 2007, true value varies). NaN with fewer than two
    people, or one frame each.
    """
    ones = np.ones(len(difference))
    counts, sums, squares = (
        np.bincount(weighting.index, weights=values, minlength=weighting.size)
        for values in (ones, difference, difference**2)
    )
    w = weighting.weights
    people, frames, total = w.sum(axis=1), w @ counts, w @ sums
    own = w @ (sums**2 / np.maximum(counts, 1))  # of people's means, weighted by their frames
    with np.errstate(invalid="ignore", divide="ignore"):
        bias = total / frames
        within = (w @ squares - own) / (frames - people)
        between = (own - total**2 / frames) / (people - 1)
        typical = (frames - (w @ counts**2) / frames) / (people - 1)
        spread = np.sqrt(np.maximum((between - within) / typical, 0) + np.maximum(within, 0))
    return {"bias": bias, "low": bias - SIDES * spread, "high": bias + SIDES * spread}


def _rates(passed: np.ndarray, mask: np.ndarray, cuts: int, bootstrap: ClusterBootstrap) -> np.ndarray:
    """In each row, the share of the frames of `mask` that pass each cut, from the strictest to none: `(rows, cuts + 1)`."""
    flat = bootstrap.index[mask] * cuts + passed[mask]
    counts = np.bincount(flat, minlength=bootstrap.size * cuts).reshape(bootstrap.size, cuts)
    totals = bootstrap.whole.weights @ counts[:, ::-1].cumsum(axis=1)
    everyone = totals[:, -1:]
    rates = np.divide(totals, everyone, out=np.full(totals.shape, np.nan), where=everyone > 0)
    return np.concatenate([np.zeros((len(rates), 1)), rates], axis=1)


def _band(curves: np.ndarray, bootstrap: ClusterBootstrap) -> dict[str, list | None]:
    """Pointwise interval of replicates `(resamples, points)`; those in which the curve is undefined are left out."""
    defined = curves[~np.isnan(curves).any(axis=1)]
    if bootstrap.size < 2 or not len(defined):
        return {"low": None, "high": None}
    low, high = np.quantile(defined, [0.025, 0.975], axis=0)
    return {"low": low.tolist(), "high": high.tolist()}


def _class_areas(chances: np.ndarray, labels: np.ndarray, bootstrap: ClusterBootstrap) -> dict[int, dict]:
    result = {}
    for c in np.unique(labels).tolist():
        areas = bootstrap.whole.auroc(chances[:, c], labels == c)
        if not np.isnan(areas[0]):
            frames = int((labels == c).sum())
            result[c] = {"value": float(areas[0]), "interval_95": bootstrap.interval(areas[1:]), "frames": frames}
    return result


def _bland_altman(estimate: np.ndarray, labels: np.ndarray, bootstrap: ClusterBootstrap) -> dict:
    estimate = estimate.astype(np.float64)
    difference, middle = estimate - labels, (estimate + labels) / 2
    found = limits_of_agreement(difference, bootstrap.whole)
    counts, step = np.bincount(bootstrap.index), -(-len(labels) // _DOTS)
    people = [np.bincount(bootstrap.index, weights=values) / counts for values in (middle, difference)]
    return {
        **{
            name: {
                "value": None if np.isnan(values[0]) else float(values[0]),
                "interval_95": bootstrap.interval(values[1:]),
            }
            for name, values in found.items()
        },
        "people": [[round(x, 3), round(y, 3)] for x, y in np.transpose(people).tolist()],
        "frames": [[round(x, 3), round(y, 3)] for x, y in np.transpose([middle, difference])[::step].tolist()],
    }
