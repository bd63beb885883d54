"""How often predicted intervals hold the observed value, and how wide they are, in NumPy alone.

Both are functions of sums over frames, so a bootstrap over people only adds up the sums of each person.
"""

import numpy as np


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


def interval_terms(predictions, references) -> np.ndarray:
    """What every frame adds, `(n, 3)`: 1, whether its interval holds the value, the interval's width.

    Raises ValueError on bad input.
    """
    intervals, values = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"references have shape {values.shape}; allowed is (n,) with n of at least 1")
    if intervals.shape != (len(values), 2):
        raise ValueError(f"predictions have shape {intervals.shape}; allowed is ({len(values)}, 2): lowest and highest")
    if not np.isfinite(values).all() or not np.isfinite(intervals).all():
        raise ValueError("predictions and references must be finite numbers")
    low, high = intervals.T
    if (low > high).any():
        raise ValueError("predictions must be lowest and highest, in this order")
    return np.column_stack([np.ones(len(values)), (low <= values) & (values <= high), high - low])


def interval_from_sums(sums: np.ndarray) -> dict[str, np.ndarray]:
    """The values from summed terms `(..., 3)`, each `(...)`."""
    return {"interval_coverage": sums[..., 1] / sums[..., 0], "interval_width": sums[..., 2] / sums[..., 0]}


def interval_coverage(predictions, references, sample_weight=None) -> dict[str, float]:
    """How often intervals hold the observed value, and how wide they are.

    Args:
        predictions: `(n, 2)`, lowest and highest of each interval, which both belong to it.
        references: `(n,)` observed values, in the same unit.
        sample_weight: `(n,)` or None.

    Returns:
        `interval_coverage`, the share of frames whose value lies in the interval: it should be the level that the
        intervals are of; `interval_width`, their mean width in the unit of the values: of two predictors of that
        coverage, the one with the narrower intervals knows more.

    Raises:
        ValueError: empty input, shapes that differ, a number that is not finite, an interval whose lowest end is above
            its highest, weights that `frame_weights` refuses.
    """
    terms = interval_terms(predictions, references)
    values = interval_from_sums(frame_weights(sample_weight, len(terms)) @ terms)
    return {name: float(value) for name, value in values.items()}
