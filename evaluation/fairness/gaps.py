"""Does a model serve everyone alike: every metric by group, the worst group, and how much worse it is than the best.

- All groups are scored on the same resamples of the identities, so that two groups may share people (views, bands of PSPI)
  or not, and the interval of a gap is that of one difference.
- The largest of several differences is never 0, even of a model that serves everyone alike. So the gap of an attribute of
  people stands beside what it would be if people were dealt to groups of these sizes at random: `p_permutation`.
- A group of fewer identities than `MIN_IDENTITIES` is scored, but is neither worst nor best: it says little.
- People of whom an attribute is not known (imported data) are the group "unknown", which is scored, and neither worst nor
  best; an attribute that is known of nobody is left out, and counted.
"""

import numpy as np

from dataset_script.errors import InvalidInput

from ..pspi_regression.functions import regression_terms
from ..statistics import groups
from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.measures import (
    LOWER_IS_BETTER,
    PAIN_THRESHOLDS,
    Predictions,
    calibration_measures,
    check_predictions,
    detection_measures,
    pain_probability,
    pspi_measures,
    summarise,
    threshold_key,
    with_thresholds,
)
from ..statistics.thresholds import best_f1_threshold

MIN_IDENTITIES = 5
PERMUTATIONS = 1_000
NEITHER = ("interval_width",)
"""Metrics of which neither more nor less is worse."""


def fairness(
    predictions: Predictions,
    calibration: Predictions,
    resamples: int = 10_000,
    seed: int = 0,
    min_identities: int = MIN_IDENTITIES,
) -> dict:
    """Scores by age group, ethnicity, gender, their crossings, view and band of PSPI.

    Args:
        predictions: of the frames to score.
        calibration: of other people's frames; they set the decision thresholds, one for everyone.
        resamples: of the bootstrap; of permutations at most `PERMUTATIONS`.
        seed: of both.
        min_identities: of a group that may be worst or best, at least 2.

    Returns:
        `decision_thresholds`: "pspi>=t" -> number. `overall`: {frames, identities, pain (share of PSPI >= 3), and metric ->
        {value, interval_90, interval_95, undefined_resamples}}. `attributes`: attribute -> {`groups`: group -> the same,
        `gaps`: metric -> {worst, best, gap, interval_95, p_permutation}}. A gap is how much worse the worst group
        is, in the metric's unit; of `bias` by its size, of `interval_coverage` by its distance from 0.9. `gaps` is empty
        with fewer than two groups of enough people. `unknown`: attribute -> {frames, identities} that it is not known of.
        `min_identities`, `permutations`.

    Raises:
        InvalidInput: `min_identities` below 2.
        WorkFailed: as `check_predictions` and `best_f1_threshold`.
    """
    check_predictions(predictions)
    check_predictions(calibration)
    thresholds = {
        t: best_f1_threshold(pain_probability(calibration, t), calibration["labels"] >= t) for t in PAIN_THRESHOLDS
    }
    found = by_group(with_thresholds(predictions, thresholds), resamples, seed, min_identities)
    return {"decision_thresholds": {f"pspi>={t}": value for t, value in thresholds.items()}, **found}


def by_group(
    predictions: Predictions, resamples: int = 10_000, seed: int = 0, min_identities: int = MIN_IDENTITIES
) -> dict:
    """The same, without `decision_thresholds`, of predictions that carry their own (`measures.with_thresholds`).

    Those of the folds of a protocol do (`cross_validation.pooled`).
    """
    if min_identities < 2:
        raise InvalidInput(f"min_identities is {min_identities}; it must be at least 2")
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    permutations = min(resamples, PERMUTATIONS)
    everyone = np.ones(len(predictions["labels"]), dtype=bool)
    result = {}
    for kind, attributes in (("people", groups.of_people(predictions)), ("frames", groups.of_frames(predictions))):
        for attribute, masks in attributes.items():
            values = {name: _scores(predictions, mask, bootstrap) for name, mask in masks.items()}
            sizes = {name: len(np.unique(bootstrap.index[mask])) for name, mask in masks.items()}
            large = {g: masks[g] for g in masks if sizes[g] >= min_identities and groups.is_known(g)}
            gaps = _gaps({name: values[name] for name in large}, bootstrap)
            if gaps and kind == "people":
                chance = _shuffled_gaps(predictions, large, bootstrap, permutations, seed)
                for metric, entry in gaps.items():
                    entry["p_permutation"] = _share_as_large(chance[metric], entry["gap"])
            result[attribute] = {
                "groups": {name: _sized(predictions, mask, bootstrap, values[name]) for name, mask in masks.items()},
                "gaps": gaps,
            }
    return {
        "overall": _sized(predictions, everyone, bootstrap, _scores(predictions, everyone, bootstrap)),
        "attributes": result,
        "unknown": groups.unknown(predictions),
        "min_identities": min_identities,
        "permutations": permutations,
    }


def group_measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """Every metric, `bias` (mean of estimate minus truth), and "auroc_pspi_3" and the like; `(rows,)` each."""
    sums = weighting.sums(regression_terms(predictions["pspi"], predictions["labels"])[:, [0, 2]])
    with np.errstate(invalid="ignore"):  # a row in which the whole group weighs nothing is NaN
        result = {**pspi_measures(predictions, weighting), "bias": sums[:, 1] / sums[:, 0]}
        for t in PAIN_THRESHOLDS:
            detection = detection_measures(predictions, weighting, t, predictions[threshold_key(t)])
            result |= {f"{name}_pspi_{t}": values for name, values in detection.items()}
        return {**result, **calibration_measures(predictions, weighting)}


def badness(metric: str, values: np.ndarray | float) -> np.ndarray | float:
    """`values` of a metric, turned so that more is worse."""
    if metric == "bias":
        return np.abs(values)
    if metric == "interval_coverage":
        return np.abs(values - 0.9)
    return values if metric in LOWER_IS_BETTER else -values


def _scores(predictions: Predictions, mask: np.ndarray, bootstrap: ClusterBootstrap) -> dict[str, np.ndarray]:
    """`group_measures` of a group under `bootstrap.part(mask)`."""
    group = {key: values[mask] for key, values in predictions.items()}
    return group_measures(group, bootstrap.part(mask))


def _sized(predictions: Predictions, mask: np.ndarray, bootstrap: ClusterBootstrap, values: dict) -> dict:
    identities = len(np.unique(bootstrap.index[mask]))
    return {
        "frames": int(mask.sum()),
        "identities": identities,
        "pain": float(np.mean(predictions["labels"][mask] >= 3)),
        **summarise(values, bootstrap, identities),
    }


def _gaps(values: dict[str, dict[str, np.ndarray]], bootstrap: ClusterBootstrap) -> dict[str, dict]:
    """Metric -> worst and best group, gap and its interval, from group -> metric -> value and replicates."""
    result = {}
    for metric in next(iter(values.values()), {}):
        worse = {g: badness(metric, rows[metric]) for g, rows in values.items() if not np.isnan(rows[metric][0])}
        if len(worse) < 2 or metric in NEITHER:
            continue
        worst, best = (pick(worse, key=lambda g, worse=worse: worse[g][0]) for pick in (max, min))
        gap = worse[worst] - worse[best]
        result[metric] = {
            "worst": worst,
            "best": best,
            "gap": float(gap[0]),
            "interval_95": bootstrap.interval(gap[1:]),
            "p_permutation": None,
        }
    return result


def _shuffled_gaps(
    predictions: Predictions,
    masks: dict[str, np.ndarray],
    bootstrap: ClusterBootstrap,
    permutations: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Metric -> the gaps `(permutations,)` when the groups' people are dealt to groups of the same sizes at random."""
    anyone = np.any(list(masks.values()), axis=0)
    people, index = np.unique(bootstrap.index[anyone], return_inverse=True)
    group_of = np.zeros(len(people), dtype=int)
    for k, mask in enumerate(masks.values()):
        group_of[np.unique(index[mask[anyone]])] = k
    dealt = np.random.default_rng((seed, len(people))).permuted(np.tile(group_of, (permutations, 1)), axis=1)
    weights = np.concatenate([dealt == k for k in range(len(masks))]).astype(np.float64)
    frames = {key: values[anyone] for key, values in predictions.items()}
    return {
        metric: _spread(np.stack(np.split(badness(metric, rows), len(masks))))
        for metric, rows in group_measures(frames, Weighting(index, weights)).items()
    }


def _spread(worse: np.ndarray) -> np.ndarray:
    """Largest minus smallest of `(groups, rows)`, NaN left out; NaN where fewer than two are defined."""
    defined = ~np.isnan(worse)
    largest, smallest = np.where(defined, worse, -np.inf).max(axis=0), np.where(defined, worse, np.inf).min(axis=0)
    return np.where(defined.sum(axis=0) > 1, largest, np.nan) - np.where(defined.sum(axis=0) > 1, smallest, np.nan)


def _share_as_large(chance: np.ndarray, gap: float) -> float | None:
    defined = chance[~np.isnan(chance)]
    return float(((defined >= gap - 1e-12).sum() + 1) / (defined.size + 1)) if defined.size else None
