"""Numbers of a row from the kept predictions of its seeds, with intervals over people and seeds.

In each resample, people are drawn with replacement, the same for all rows and seeds, and as many seeds as there are,
with replacement; the value is the mean over these seeds. Differences are of rows in one resample, seed by seed.
"""

from collections.abc import Callable

import numpy as np

from dataset_script.facs import AU_NAMES
from evaluation.au_agreement.functions import PRESENT
from evaluation.results import Estimate, PairedDifference
from evaluation.statistics.bootstrap import ClusterBootstrap, Weighting
from evaluation.statistics.comparison import paired_difference
from evaluation.statistics.measures import Predictions, pspi_measures, subset

MEASURES = {
    "macro_auroc_16": "macro AUROC, 16 classes",
    "macro_auroc": "17 classes",
    "accuracy": "exact",
    "accuracy_within_1": "±1",
    "accuracy_within_2": "±2",
    "mae": "MAE ↓",
    "auroc_units": "mean AUROC of the units",
}
"""What is computed of a row -> its column."""
Measure = Callable[[Predictions, Weighting], dict[str, np.ndarray]]
Values = dict[str, np.ndarray]
"""Measure -> (seeds, 1 + resamples): of all people, then of each resample."""


def measures(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """MEASURES of one model: measure -> (rows of the weighting,)."""
    found = pspi_measures(predictions, weighting)
    found["auroc_units"] = np.mean([*unit_areas(predictions, weighting).values()], axis=0)
    return {name: found[name] for name in MEASURES}


def unit_areas(predictions: Predictions, weighting: Weighting) -> dict[str, np.ndarray]:
    """Unit -> AUROC of its presence."""
    units = zip(AU_NAMES, predictions["au"].T, predictions["au_labels"].T, strict=True)
    return {name: weighting.auroc(predicted, truth >= PRESENT) for name, predicted, truth in units}


def values_of(seeds: list[Predictions], measure: Measure, resamples: int) -> tuple[Values, ClusterBootstrap]:
    """What a measure gives of each seed, under the same resamples of the people."""
    bootstrap = ClusterBootstrap(seeds[0]["identity_id"], resamples)
    found = [measure(predictions, bootstrap.whole) for predictions in seeds]
    return {name: np.stack([each[name] for each in found]) for name in found[0]}, bootstrap


def over_seeds(values: np.ndarray) -> np.ndarray:
    """(1 + resamples,): mean of `values` (seeds, 1 + resamples) over the seeds, which each resample draws again."""
    seeds, columns = values.shape
    drawn = np.random.default_rng((seeds, columns)).integers(seeds, size=(seeds, columns))
    drawn[:, 0] = np.arange(seeds)
    return np.take_along_axis(values, drawn, axis=0).mean(axis=0)


def estimates(values: Values, bootstrap: ClusterBootstrap) -> dict[str, Estimate]:
    """Measure -> mean over the seeds, with its interval."""
    return {name: bootstrap.estimate(over_seeds(each)) for name, each in values.items()}


def differences(first: Values, second: Values, bootstrap: ClusterBootstrap) -> dict[str, PairedDifference]:
    """Measure -> `first` minus `second`, of the seeds that both have, which are paired."""
    seeds = min(len(next(iter(first.values()))), len(next(iter(second.values()))))
    return {
        name: paired_difference(over_seeds(first[name][:seeds] - second[name][:seeds]), bootstrap) for name in first
    }


def of_part(seeds: list[Predictions], part: np.ndarray, resamples: int) -> dict[str, Estimate]:
    """MEASURES of the frames of `part` (n,) alone."""
    values, bootstrap = values_of([subset(each, part) for each in seeds], measures, resamples)
    return estimates(values, bootstrap)
