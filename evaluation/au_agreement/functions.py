"""Agreement of estimated and true intensities, action unit by action unit, in NumPy alone."""

import numpy as np

AU_NAMES = ("AU4", "AU6", "AU7", "AU9", "AU10", "AU43")
INTENSITY_MAX = (5, 5, 5, 5, 5, 1)
PRESENT = 1
"""An action unit is present from intensity A = 1 on."""
DECISION_THRESHOLD = 0.5
"""An estimate of at least this is rounded to 1 or more."""
NOISE = 1e-12
"""A sum of squared deviations below this share of the sum of squares is the rounding noise of a constant."""


def auroc(positive: np.ndarray, negative: np.ndarray, weights: tuple[np.ndarray, np.ndarray] | None = None) -> float:
    """The share of (positive, negative) pairs in which the positive scores higher, ties counted half.

    That is the Mann-Whitney U of the mid-ranks over P x N, the area under the ROC curve. With `weights` (of the
    positives, of the negatives) a pair counts as the product of its two. NaN when either side is empty or weighs
    nothing.
    """
    # These lines are also in macro_auroc/functions.py: a metric folder must work copied alone. A test holds them equal.
    if weights is None:
        if not (len(positive) and len(negative)):
            return float("nan")
        ordered, needles = np.sort(negative), np.sort(positive)  # sorted needles keep the binary searches in cache
        wins = np.searchsorted(ordered, needles, "left").sum() + np.searchsorted(ordered, needles, "right").sum()
        return float(wins / (2 * len(positive) * len(negative)))
    of_positive, of_negative = weights
    if not (of_positive.any() and of_negative.any()):
        return float("nan")
    order = np.argsort(negative)
    ordered, below = negative[order], np.concatenate([[0.0], np.cumsum(of_negative[order])])
    wins = below[np.searchsorted(ordered, positive, "left")] + below[np.searchsorted(ordered, positive, "right")]
    return float(of_positive @ wins / (2 * of_positive.sum() * below[-1]))


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


def unit_agreement(estimate: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """MAE, MSE, PCC and ICC(3,1) of one unit, NaN where not defined. `estimate`, `truth` and `weights` are `(n,)`."""

    def squares(values: np.ndarray) -> tuple[np.ndarray, float]:
        # Relative to one of them, so that no digits are lost to a far mean and a constant is exactly zero.
        near = values - values[0]
        deviation = near - weights @ near / weights.sum()
        total = weights @ deviation**2
        return deviation, total if total > NOISE * (weights @ near**2) else 0.0

    error = estimate - truth
    (of_estimate, spread_e), (of_truth, spread_t) = squares(estimate), squares(truth)
    together = weights @ (of_estimate * of_truth)
    return {
        "mae": weights @ np.abs(error) / weights.sum(),
        "mse": weights @ error**2 / weights.sum(),
        "pcc": together / np.sqrt(spread_e) / np.sqrt(spread_t) if spread_e and spread_t else np.nan,
        "icc_3_1": 2 * together / (spread_e + spread_t) if spread_e or spread_t else np.nan,
    }


def unit_detection(estimate: np.ndarray, present: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict:
    """AUROC, F1, precision and recall of one unit's presence, each argument `(n,)`; NaN where not defined."""
    hit, calls, true = weights @ (predicted & present), weights @ predicted, weights @ present
    return {
        "auroc": auroc(estimate[present], estimate[~present], (weights[present], weights[~present])),
        "f1": 2 * hit / (calls + true) if calls + true else np.nan,
        "precision": hit / calls if calls else np.nan,
        "recall": hit / true if true else np.nan,
    }


def au_agreement(
    predictions, references, decision_threshold: float = DECISION_THRESHOLD, sample_weight=None
) -> dict[str, dict]:
    """How close the intensities of the six action units are to the truth, and how well their presence is predicted.

    Args:
        predictions: `(n, 6)` intensities of AU4, AU6, AU7, AU9, AU10 (0-5) and AU43 (0-1), real.
        references: `(n, 6)` the true ones.
        decision_threshold: from this on the unit is predicted to be present; it truly is from 1 on.
        sample_weight: `(n,)` or None.

    Returns:
        `per_au`: name -> `mae`, `mse`, `pcc`, `icc_3_1` (as in the metric pspi_regression), `auroc`, `f1`, `precision`,
        `recall` of presence (as in pain_detection), or None; `mean`: metric -> its mean over the units where it is
        defined, or None; `undefined`: "AU43.pcc" and the like, those that are None.

    Raises:
        ValueError: empty input, shapes other than (n, 6), an estimate that is not finite, a true intensity out of
            range, a threshold that is NaN, weights that `frame_weights` refuses.
    """
    estimates, truths = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if truths.ndim != 2 or not len(truths) or truths.shape[1] != len(AU_NAMES) or estimates.shape != truths.shape:
        raise ValueError(
            f"predictions {estimates.shape} and references {truths.shape} must both be (n, 6), n at least 1"
        )
    if not np.isfinite(estimates).all():
        raise ValueError("predictions hold a value that is not finite")
    if not ((truths >= 0) & (truths <= INTENSITY_MAX)).all():
        raise ValueError("references must be intensities, 0-5, and 0-1 of AU43")
    if np.isnan(decision_threshold):
        raise ValueError("decision_threshold is NaN; it must be a number on the scale of the predictions")
    weights = frame_weights(sample_weight, len(truths))
    per_au = {
        name: {
            **unit_agreement(estimate, truth, weights),
            **unit_detection(estimate, truth >= PRESENT, estimate >= decision_threshold, weights),
        }
        for name, estimate, truth in zip(AU_NAMES, estimates.T, truths.T, strict=True)
    }
    defined = {m: [unit[m] for unit in per_au.values() if not np.isnan(unit[m])] for m in per_au["AU4"]}
    return {
        "per_au": {
            name: {metric: None if np.isnan(value) else float(value) for metric, value in unit.items()}
            for name, unit in per_au.items()
        },
        "mean": {metric: float(np.mean(values)) if values else None for metric, values in defined.items()},
        "undefined": [f"{name}.{m}" for name, unit in per_au.items() for m, value in unit.items() if np.isnan(value)],
    }
