"""Agreement of estimated and true intensity: MAE, MSE, PCC, ICC(3,1), ICC(2,1), QWK, in NumPy alone.

All six are functions of sums over frames, so a bootstrap over people only adds up the sums of each person.
"""

import numpy as np

NOISE = 1e-12
"""A sum of squared deviations below this share of the sum of squares is the rounding noise of a constant."""


def frame_weights(sample_weight, frames: int) -> np.ndarray:
    """`sample_weight` as `(frames,)` floats; ones when it is None. A weight of 2 counts as the same frame twice.

    Raises:
        ValueError: another shape, a weight that is negative or not finite, or none above 0.
    """
    weights = np.ones(frames) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (frames,):
        raise ValueError(f"sample_weight has shape {weights.shape}; allowed is ({frames},)")
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError("sample_weight must be finite, at least 0, and above 0 somewhere")
    return weights


def regression_terms(predictions, references) -> np.ndarray:
    """What every frame adds, `(n, 15)`: the columns that `regression_from_sums` names. Raises ValueError on bad input.

    Values are taken relative to the first of their kind. The formulas are about differences, and so sums of squares
    lose no digits to a far mean and are exactly zero for a constant.
    """
    predicted, labels = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if labels.ndim != 1 or not labels.size or predicted.shape != labels.shape:
        raise ValueError(f"predictions {predicted.shape} and references {labels.shape} must both be (n,), n at least 1")
    if not (np.isfinite(predicted).all() and np.isfinite(labels).all()):
        raise ValueError("predictions or references hold a value that is not finite")
    level_p, level_r = np.floor(predicted + 0.5), np.floor(labels + 0.5)
    error, step = predicted - labels, level_p - level_r
    p, r, a, b = (values - values[0] for values in (predicted, labels, level_p, level_r))
    errors, levels = (np.abs(error), error, error**2), (a, a**2, b, b**2, step, step**2)
    return np.stack([np.ones_like(p), *errors, p, p**2, r, r**2, p * r, *levels], axis=1)


def regression_from_sums(sums: np.ndarray) -> dict[str, np.ndarray]:
    """The six values from summed terms `(..., 15)`, each `(...)`; NaN where one is not defined.

    With two raters, ICC(3,1) of Shrout & Fleiss (1979) (MSR - MSE) / (MSR + MSE) is 2 cov / (var_p + var_r). Their
    ICC(2,1) (MSR - MSE) / (MSR + MSE + 2 (MSC - MSE) / n) has, as MSC is n bias^2 / 2, the bias in the denominator:
    with S for sums of squared deviations, 2 S_pr / (S_p + S_r + (n - 1) bias^2 - (S_p + S_r - 2 S_pr) / n). Kappa with
    quadratic weights is 1 - sum of (a - b)^2 / (n x its mean over all pairs), that mean being var_a + var_b +
    (mean_a - mean_b)^2. Distances are of intensities: scikit-learn's kappa is the same if it is told all `labels`.
    """
    n, abs_error, error, squared_error, p, pp, r, rr, pr, a, aa, b, bb, step, squared_step = np.moveaxis(sums, -1, 0)

    def deviation(total: np.ndarray, squares: np.ndarray) -> np.ndarray:
        value = squares - total**2 / n
        return np.where(value > NOISE * squares, value, 0.0)

    def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
        return np.divide(numerator, denominator, out=np.full_like(denominator, np.nan), where=denominator > 0)

    var_p, var_r, covariance = deviation(p, pp), deviation(r, rr), pr - p * r / n
    noise = (var_p + var_r - 2 * covariance) / n
    absolute = var_p + var_r + (n - 1) * (error / n) ** 2 - noise
    chance = deviation(a, aa) + deviation(b, bb) + step**2 / n
    return {
        "mae": abs_error / n,
        "mse": squared_error / n,
        "pcc": ratio(covariance, np.sqrt(var_p) * np.sqrt(var_r)),
        "icc_3_1": ratio(2 * covariance, var_p + var_r),
        "icc_2_1": ratio(2 * covariance, np.where(n > 1, absolute, 0.0)),
        "qwk": 1 - ratio(squared_step, chance),
    }


def pspi_regression(predictions, references, sample_weight=None) -> dict:
    """How close intensities are to the truth.

    Args:
        predictions: `(n,)` PSPI (0-16) or an AU's intensity (0-5), real.
        references: `(n,)` the true ones.
        sample_weight: `(n,)` or None.

    Returns:
        `mae`, `mse`, `pcc` (Pearson), `icc_3_1` (two-way mixed, consistency, single rater), `icc_2_1` (two-way
        random, absolute agreement, single rater: an offset costs), `qwk` (Cohen's kappa with quadratic weights, both
        sides rounded half up), and `undefined`, the names of those that are None: `pcc` when either side is constant,
        `icc_3_1` when both are, `icc_2_1` and `qwk` when both are the same constant, `icc_2_1` also of one frame.

    Raises:
        ValueError: empty input, shapes that differ, a value that is not finite, weights that `frame_weights` refuses.
    """
    terms = regression_terms(predictions, references)
    values = regression_from_sums(frame_weights(sample_weight, len(terms)) @ terms)
    return {
        **{name: None if np.isnan(value) else float(value) for name, value in values.items()},
        "undefined": [name for name, value in values.items() if np.isnan(value)],
    }
