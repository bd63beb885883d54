"""Is one model better than another on the same frames: the difference, its interval, and p-values over identities.

- Interval and bootstrap p-value: both models are scored on the same resamples of the identities, and the replicates are
  subtracted.
- Permutation p-value: if the models were equally good, swapping their predictions of a person would change nothing.
  Each permutation swaps the predictions of some of the people, and scores both models again. That is exact for any
  metric, also for one that is not a mean over people.

A model with swaps takes one of two copies of each person, so it is a row of 0-1 weights over 2 K identities, and no
frame is scored twice (see `bootstrap.py`). Frames swapped between models are ranked against each other: scores must be
on one scale, as probabilities and PSPI are.
"""

from collections.abc import Callable

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.facs import PAIN_THRESHOLDS

from ..results import Difference, PairedDifference
from .bootstrap import ClusterBootstrap, Weighting
from .measures import LEVELS, LOWER_IS_BETTER, Predictions, detection_measures, pspi_measures

Measure = Callable[[Predictions, Weighting], dict[str, np.ndarray]]
PERMUTATIONS = 2_000
SHARED = ("frame_id", "identity_id", "labels")
ROUNDING = 1e-12
"""Differences this close to the observed one count as equal to it: the same people summed in another order."""


def default_measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """The PSPI metrics, and AUROC at PSPI >= 1, 2, 3."""
    areas = {f"auroc_pspi_{t}": detection_measures(predictions, weighting, t, 0.5)["auroc"] for t in PAIN_THRESHOLDS}
    return {**pspi_measures(predictions, weighting), **areas}


def compare(
    first: Predictions,
    second: Predictions,
    measure: Measure = default_measures,
    resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Metric -> `first` minus `second`, with intervals and two-sided p-values.

    Args:
        first, second: predictions of the same frames in the same order.
        measure: what to compute, as `measures.pspi_measures`.
        resamples: of the bootstrap; of permutations at most `PERMUTATIONS`.
        seed: of both.

    Raises:
        InvalidInput: the two are not of the same frames, in one order.
    """
    for name in SHARED:
        if name in first and not np.array_equal(first[name], second[name]):
            raise InvalidInput(
                f"the two predictions differ in {name}: they must be of the same frames in the same order"
            )
    bootstrap = ClusterBootstrap(first["identity_id"], resamples, seed)
    a, b = measure(first, bootstrap.whole), measure(second, bootstrap.whole)
    swapped = _swapped_differences(first, second, measure, bootstrap, min(resamples, PERMUTATIONS), seed)
    result = {}
    for name in a:
        differences = a[name] - b[name]
        observed, replicates = differences[0], differences[1:]
        values = {"first": a[name][0], "second": b[name][0], "difference": observed}
        result[name] = {
            **{key: None if np.isnan(value) else float(value) for key, value in values.items()},
            "better": _better(name, observed),
            **{f"interval_{level}": bootstrap.interval(replicates, level / 100) for level in LEVELS},
            "p_bootstrap": _p_of_people(replicates, bootstrap),
            "p_permutation": permutation_p(observed, *swapped[name]),
            "identities": bootstrap.size,
        }
    return result


def paired_difference(values: np.ndarray, bootstrap: ClusterBootstrap) -> PairedDifference:
    """Value, interval and p-value of a difference, from its `values` under `bootstrap.whole`, `(1 + resamples,)`."""
    found = bootstrap.estimate(values)
    return {
        "difference": found["value"],
        "difference_95": found["interval_95"],
        "p": _p_of_people(values[1:], bootstrap),
    }


def swaps(people: int, permutations: int, seed: int = 0) -> tuple[np.ndarray, bool]:
    """Who is swapped, `(rows, people)` booleans, and whether these are all swaps there are.

    All 2 ^ people swaps when these are at most `permutations`; else that many at random.
    """
    if people < 63 and 2**people <= permutations:
        return (np.arange(2**people)[:, None] >> np.arange(people)) % 2 == 1, True
    return np.random.default_rng((seed, people)).random((permutations, people)) < 0.5, False


def bootstrap_p(replicates: np.ndarray) -> float | None:
    """Two-sided p-value of "no difference": twice the smaller share of replicates on either side of 0, at most 1.

    One is added to both counts, so that it is never 0. None when no replicate is defined.
    """
    defined = replicates[~np.isnan(replicates)]
    if not defined.size:
        return None
    smaller = min((defined <= 0).sum(), (defined >= 0).sum())
    return float(min(1.0, 2 * (smaller + 1) / (defined.size + 1)))


def permutation_p(observed: float, differences: np.ndarray, exhaustive: bool) -> float | None:
    """The share of `differences` at least as far from 0 as `observed`.

    Of random differences, not all there are, the observed one is counted as one more. None when the observed difference
    is not defined; differences that are not defined are left out.
    """
    defined = differences[~np.isnan(differences)]
    if np.isnan(observed) or not defined.size:
        return None
    as_large = (np.abs(defined) >= abs(observed) - ROUNDING).sum()
    return float(as_large / defined.size) if exhaustive else float((as_large + 1) / (defined.size + 1))


def _swapped_differences(
    first: Predictions, second: Predictions, measure: Measure, bootstrap: ClusterBootstrap, permutations: int, seed: int
) -> dict[str, tuple[np.ndarray, bool]]:
    """Metric -> the differences under each swap, and whether these are all swaps there are."""
    both = {key: np.concatenate([values, second[key]]) for key, values in first.items()}
    index = np.concatenate([bootstrap.index, bootstrap.index + bootstrap.size])  # a person's copy in each model
    swap, exhaustive = swaps(bootstrap.size, permutations, seed)
    sides = np.concatenate([np.concatenate([~swap, swap], axis=1), np.concatenate([swap, ~swap], axis=1)])
    values = measure(both, Weighting(index, sides.astype(np.float64)))
    halves = {name: np.split(rows, 2) for name, rows in values.items()}
    return {name: (a - b, exhaustive) for name, (a, b) in halves.items()}


def _p_of_people(replicates: np.ndarray, bootstrap: ClusterBootstrap) -> float | None:
    """`bootstrap_p`; None with one identity, which says nothing about others.

    At least 2 / 2 ^ identities, the smallest that swaps can give: resamples of two people who agree never disagree.
    """
    p = None if bootstrap.size < 2 else bootstrap_p(replicates)
    return None if p is None else max(p, 2.0 ** (1 - bootstrap.size))


def _better(name: str, difference: float) -> str | None:
    if np.isnan(difference) or difference == 0:
        return None
    return "first" if (difference < 0) == (name in LOWER_IS_BETTER) else "second"
