"""Deletion and insertion: does the predicted PSPI depend on the patches of an explanation (Petsiuk et al. 2018).

Patches are taken from the picture in the order of the explanation, the most important first, and the model predicts
again each time (deletion); or they are put back in that order into a picture that has none (insertion). What is taken
away is filled in one of `FILLS`. Random order is the reference: with a good explanation the prediction changes sooner.

A PSPI without evidence is not 0: without its picture a model predicts some middle PSPI, so that the prediction rises
for a weak expression and falls for a strong one. Hence a curve is the share of the distance between the prediction for
the empty picture (0) and for the whole one (1), over frames: sum(s (f_t - f_empty)) / sum(|f_whole - f_empty|), s the
sign of f_whole - f_empty of the frame. Frames whose prediction changes more weigh more. The area under the curve is the
score.
"""

from collections.abc import Mapping

import numpy as np

from dataset_script.errors import InvalidInput

from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.comparison import paired_difference
from .results import Removal

FILLS = ("blur", "mean")
"""- blur: a Gaussian of `modeling_vitpain.explanation.gradients.BLUR` sides; mean: the picture's mean colour."""
ORDERS = ("attention", "gradient", "heat", "centre", "random")
"""- attention: the maps of the units that the predicted PSPI is computed from, weighted by their predicted intensities.
- gradient: of the prediction by the pixels, times the change that filling makes, as a size; summed over the patch.
- heat: the true heat of the expression, which no model knows; centre: from the middle outwards."""
MODES = ("deletion", "insertion")

Predicted = Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]
"""Fill -> order -> mode -> PSPI `(n, steps + 1)`: with 0 to `steps` equal parts of the patches removed or put back."""


def removal_scores(predicted: Predicted, identities: np.ndarray, resamples: int = 10_000, seed: int = 0) -> Removal:
    """The curves, and the areas under them.

    Args:
        predicted: the same orders in each fill, "random" among them.
        identities: `(n,)`.
        resamples, seed: of the bootstrap over people.

    Raises:
        InvalidInput: no order "random", or predictions of another number of frames.
    """
    bootstrap = ClusterBootstrap(identities, resamples, seed)
    result = {}
    for fill, orders in predicted.items():
        if "random" not in orders:
            raise InvalidInput(f"predicted of fill {fill} holds {', '.join(orders)}; 'random' must be among them")
        curves = {
            (order, mode): remaining(values, mode, bootstrap.whole)
            for order, modes in orders.items()
            for mode, values in modes.items()
        }
        result[fill] = {}
        for (order, mode), curve in curves.items():
            areas = area(curve)
            entry = bootstrap.estimate(areas)
            if order != "random":
                entry |= paired_difference(areas - area(curves["random", mode]), bootstrap)
            bounds = [bootstrap.interval(replicates) for replicates in curve[1:].T]
            result[fill].setdefault(order, {})[mode] = {
                "curve": [None if np.isnan(value) else float(value) for value in curve[0]],
                "curve_95": None if None in bounds else bounds,
                "pspi": orders[order][mode].mean(axis=0).tolist(),
                "area": entry,
            }
    return result


def remaining(predicted: np.ndarray, mode: str, weighting: Weighting) -> np.ndarray:
    """The share of the distance from the empty to the whole picture, `(rows, steps + 1)`, of PSPI `(n, steps + 1)`.

    NaN where no prediction depends on the picture.
    """
    if len(predicted) != len(weighting.index) or predicted.ndim != 2:
        raise InvalidInput(f"predicted has shape {predicted.shape}; allowed is ({len(weighting.index)}, steps + 1)")
    whole, empty = (0, -1) if mode == "deletion" else (-1, 0)
    change = predicted.astype(np.float64) - predicted[:, [empty]]
    sums = weighting.sums(change * np.sign(change[:, [whole]]))
    total = sums[:, [whole]]
    return np.divide(sums, total, out=np.full(sums.shape, np.nan), where=total > 0)


def area(curves: np.ndarray) -> np.ndarray:
    """The area under curves `(rows, steps + 1)` over 0-1 by trapezia, `(rows,)`."""
    return np.trapezoid(curves, dx=1 / (curves.shape[1] - 1), axis=1)
