"""Does a model serve everyone alike: every metric by group, the worst group, and how much worse it is than the best.

- All groups are scored on the same resamples of the identities, whether they share people (views, bands of PSPI) or
  not, so that the interval of a gap is that of one difference.
- The largest of several differences is above 0 even for a model that serves everyone alike. So the gap of an attribute
  of people stands beside what it would be if people were assigned at random to groups of these sizes: `p_permutation`.
- A group of fewer identities than `MIN_IDENTITIES` is scored, but is neither worst nor best: it says little.
- People of whom an attribute is not known (imported data) are the group "unknown", which is scored, and neither worst
  nor best; an attribute that is known of nobody is left out, and counted.
"""

import numpy as np

from dataset_script.errors import InvalidInput

from ..pspi_regression.functions import regression_terms
from ..statistics import groups
from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.measures import (
    LOWER_IS_BETTER,
    Predictions,
    calibration_measures,
    check_predictions,
    pspi_measures,
    subset,
    summarise,
)
from ..statistics.thresholds import by_pain_key, decision_thresholds, detection_at_thresholds, with_thresholds
from .results import AttributeScores, ByGroup, Fairness, FairnessScores, Gap

MIN_IDENTITIES = 5
PERMUTATIONS = 1_000
NEITHER = ("interval_width",)
"""Metrics of which neither more nor less is worse."""


def fairness(
    predictions: Predictions,
    calibration: Predictions | None,
    resamples: int = 10_000,
    seed: int = 0,
    min_identities: int = MIN_IDENTITIES,
) -> Fairness:
    """Scores by age group, ethnicity, gender, their crossings, view and band of PSPI.

    Args:
        predictions: of the frames to score.
        calibration: of other people's frames; they set the decision thresholds, one for everyone; None: `EVEN`.
        resamples: of the bootstrap; of permutations at most `PERMUTATIONS`.
        seed: of both.
        min_identities: of a group that may be worst or best, at least 2.

    Raises:
        InvalidInput: `min_identities` below 2.
        WorkFailed: as `check_predictions` and `best_f1_threshold`.
    """
    check_predictions(predictions)
    thresholds = decision_thresholds(calibration)
    found = by_group(with_thresholds(predictions, thresholds), resamples, seed, min_identities)
    return {"decision_thresholds": by_pain_key(thresholds), **found}


def by_group(
    predictions: Predictions, resamples: int = 10_000, seed: int = 0, min_identities: int = MIN_IDENTITIES
) -> ByGroup:
    """Scores by group of frames that carry their decision thresholds, as those of `protocols.scores.pooled` do.

    A gap is how much worse the worst group is, in the metric's unit; of `bias` by its size, of `interval_coverage` by
    its distance from 0.9. Arguments and errors as of `fairness`.
    """
    if min_identities < 2:
        raise InvalidInput(f"min_identities is {min_identities}; it must be at least 2")
    bootstrap = ClusterBootstrap(predictions["identity_id"], resamples, seed)
    permutations = min(resamples, PERMUTATIONS)
    attributes = {}
    for attribute, masks in groups.of_people(predictions).items():
        attributes[attribute] = _attribute(predictions, masks, bootstrap, min_identities)
        gaps, ranked = attributes[attribute]["gaps"], _ranked(masks, bootstrap, min_identities)
        if gaps:
            shuffled = _shuffled_gaps(predictions, ranked, bootstrap, permutations, seed)
            for metric, entry in gaps.items():
                entry["p_permutation"] = _share_as_large(shuffled[metric], entry["gap"])
    for attribute, masks in groups.of_frames(predictions).items():
        attributes[attribute] = _attribute(predictions, masks, bootstrap, min_identities)
    everyone = np.ones(len(predictions["labels"]), dtype=bool)
    return {
        "overall": _group_scores(predictions, everyone, bootstrap, _values(predictions, everyone, bootstrap)),
        "attributes": attributes,
        "unknown": groups.unknown(predictions),
        "min_identities": min_identities,
        "permutations": permutations,
    }


def group_measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """Every metric of frames that carry their decision thresholds; `bias` is the mean of predicted minus true PSPI."""
    sums = weighting.sums(regression_terms(predictions["pspi"], predictions["labels"])[:, [0, 2]])
    with np.errstate(invalid="ignore"):  # NaN in a row in which the whole group weighs nothing
        return {
            **pspi_measures(predictions, weighting),
            "bias": sums[:, 1] / sums[:, 0],
            **detection_at_thresholds(predictions, weighting),
            **calibration_measures(predictions, weighting),
        }


def badness(metric: str, values: np.ndarray | float) -> np.ndarray | float:
    """`values` of a metric with a sign such that more is worse."""
    if metric == "bias":
        return np.abs(values)
    if metric == "interval_coverage":
        return np.abs(values - 0.9)
    return values if metric in LOWER_IS_BETTER else -values


def _attribute(
    predictions: Predictions, masks: dict[str, np.ndarray], bootstrap: ClusterBootstrap, min_identities: int
) -> AttributeScores:
    """The scores of an attribute's groups `masks`, and the gaps between those that may be worst or best."""
    values = {name: _values(predictions, mask, bootstrap) for name, mask in masks.items()}
    return {
        "groups": {name: _group_scores(predictions, masks[name], bootstrap, values[name]) for name in masks},
        "gaps": _gaps({name: values[name] for name in _ranked(masks, bootstrap, min_identities)}, bootstrap),
    }


def _ranked(masks: dict[str, np.ndarray], bootstrap: ClusterBootstrap, min_identities: int) -> dict[str, np.ndarray]:
    """The groups that may be worst or best: known, and of enough identities."""
    return {
        name: mask
        for name, mask in masks.items()
        if groups.is_known(name) and len(np.unique(bootstrap.index[mask])) >= min_identities
    }


def _values(predictions: Predictions, mask: np.ndarray, bootstrap: ClusterBootstrap) -> dict[str, np.ndarray]:
    """Metric -> value and replicates of the group `mask`, `(1 + resamples,)`."""
    return group_measures(subset(predictions, mask), bootstrap.part(mask))


def _group_scores(
    predictions: Predictions, mask: np.ndarray, bootstrap: ClusterBootstrap, values: dict[str, np.ndarray]
) -> FairnessScores:
    identities = len(np.unique(bootstrap.index[mask]))
    return {
        "frames": int(mask.sum()),
        "identities": identities,
        "pain": float(np.mean(predictions["labels"][mask] >= 3)),
        **summarise(values, bootstrap, identities),
    }


def _gaps(values: dict[str, dict[str, np.ndarray]], bootstrap: ClusterBootstrap) -> dict[str, Gap]:
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
    """Metric -> the gaps `(permutations,)` when the people are assigned at random to groups of the same sizes."""
    anyone = np.any(list(masks.values()), axis=0)
    people, index = np.unique(bootstrap.index[anyone], return_inverse=True)
    group_of = np.zeros(len(people), dtype=int)
    for k, mask in enumerate(masks.values()):
        group_of[np.unique(index[mask[anyone]])] = k
    shuffled = np.random.default_rng((seed, len(people))).permuted(np.tile(group_of, (permutations, 1)), axis=1)
    weights = np.concatenate([shuffled == k for k in range(len(masks))]).astype(np.float64)
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


def _share_as_large(shuffled: np.ndarray, gap: float) -> float | None:
    """The permutation p-value of a gap, the gap itself counted as one more."""
    defined = shuffled[~np.isnan(shuffled)]
    return float(((defined >= gap - 1e-12).sum() + 1) / (defined.size + 1)) if defined.size else None
