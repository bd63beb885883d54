"""Deletion and insertion: does the estimated PSPI hang on the patches that an explanation names (Petsiuk et al. 2018).

Patches are taken from the picture in the order of the explanation, the most important first, and the model estimates again
each time (deletion); or they are put back in that order into a picture that has none (insertion). What is taken away is
filled in one of `FILLS`. Random order is the reference: a good explanation loses the estimate sooner, and finds it sooner.

PSPI has no fixed place where "no evidence" lies: without its picture a model says some middling PSPI, so that a weak
expression rises and a strong one falls. Hence a curve is the share of the way between the estimate of the empty picture (0)
and that of the whole (1), over frames: sum(s (f_t - f_empty)) / sum(|f_whole - f_empty|), s the sign of the frame's own
way. Frames on which more depends weigh more. The area under it is the score.
"""

from collections.abc import Mapping

import numpy as np

from dataset_script.errors import InvalidInput

from ..statistics.bootstrap import ClusterBootstrap, Weighting
from .agreement import difference_of, with_interval

FILLS = ("blur", "mean")
"""- blur: a Gaussian of `modeling_vitpain.explanation.removal.BLUR` sides; mean: the picture's mean colour."""
ORDERS = ("attention", "gradient", "heat", "centre", "random")
"""- attention: the maps of the units that make up the estimated PSPI, weighted by their estimated intensities.
- gradient: of the estimate by the pixels, times the change that filling makes, as a size; summed over the patch.
- heat: the true heat of the expression, which no model knows; centre: from the middle outwards."""
MODES = ("deletion", "insertion")

Estimates = Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]
"""Fill -> order -> mode -> PSPI `(n, steps + 1)`: with 0, 1, … `steps` equal parts of the patches taken away or put back."""


def removal_scores(estimates: Estimates, identities: np.ndarray, resamples: int = 10_000, seed: int = 0) -> dict:
    """Curves and their areas.

    Args:
        estimates: the same orders in each fill, "random" among them.
        identities: `(n,)`.
        resamples, seed: of the bootstrap over people.

    Returns:
        fill -> order -> mode -> {`curve` (steps + 1), `curve_95` ([low, high] at each, or None), `pspi` (the mean estimate
        at each), `area`: {value, interval_95, and but for random: difference (it minus random), difference_95, p}}. In
        deletion a smaller area is better, in insertion a larger one.

    Raises:
        InvalidInput: no order "random", or estimates of another number of frames.
    """
    bootstrap = ClusterBootstrap(identities, resamples, seed)
    result = {}
    for fill, orders in estimates.items():
        if "random" not in orders:
            raise InvalidInput(f"estimates of fill {fill} hold {', '.join(orders)}; 'random' must be among them")
        curves = {
            (order, mode): remaining(values, mode, bootstrap.whole)
            for order, modes in orders.items()
            for mode, values in modes.items()
        }
        result[fill] = {}
        for (order, mode), curve in curves.items():
            areas = area(curve)
            entry = with_interval(areas, bootstrap)
            if order != "random":
                entry |= difference_of(areas - area(curves["random", mode]), bootstrap)
            bounds = [bootstrap.interval(replicates) for replicates in curve[1:].T]
            result[fill].setdefault(order, {})[mode] = {
                "curve": [None if np.isnan(value) else float(value) for value in curve[0]],
                "curve_95": None if None in bounds else bounds,
                "pspi": orders[order][mode].mean(axis=0).tolist(),
                "area": entry,
            }
    return result


def remaining(estimates: np.ndarray, mode: str, weighting: Weighting) -> np.ndarray:
    """The share of the way from the empty to the whole picture, `(rows, steps + 1)`, of estimates `(n, steps + 1)`.

    NaN where no estimate depends on the picture.
    """
    if len(estimates) != len(weighting.index) or estimates.ndim != 2:
        raise InvalidInput(f"estimates have shape {estimates.shape}; allowed is ({len(weighting.index)}, steps + 1)")
    whole, empty = (0, -1) if mode == "deletion" else (-1, 0)
    way = estimates.astype(np.float64) - estimates[:, [empty]]
    sums = weighting.sums(way * np.sign(way[:, [whole]]))
    total = sums[:, [whole]]
    return np.divide(sums, total, out=np.full(sums.shape, np.nan), where=total > 0)


def area(curves: np.ndarray) -> np.ndarray:
    """The area under curves `(rows, steps + 1)` over 0-1 by trapezia, `(rows,)`."""
    return np.trapezoid(curves, dx=1 / (curves.shape[1] - 1), axis=1)
