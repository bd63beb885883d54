"""Accuracy of PSPI, exact and within 1 and 2 levels, in NumPy alone."""

import numpy as np

PSPI_MAX = 16
TOLERANCES = (0, 1, 2)
"""Levels of PSPI within which a frame counts as right."""


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


def accuracy_terms(predictions, references, tolerances=TOLERANCES) -> np.ndarray:
    """What every frame adds, `(n, 1 + len(tolerances))`: 1, then 1 where it is right within each tolerance.

    Real predictions are rounded half up (2.5 counts as 3), not half to even as `numpy.round` does. Raises ValueError on
    bad input.
    """
    predicted, labels = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if labels.ndim != 1 or not labels.size or predicted.shape != labels.shape:
        raise ValueError(f"predictions {predicted.shape} and references {labels.shape} must both be (n,), n at least 1")
    if not np.isfinite(predicted).all():
        raise ValueError("predictions hold a value that is not finite")
    if not np.isin(labels, np.arange(PSPI_MAX + 1)).all():
        raise ValueError(f"references must be integers 0-{PSPI_MAX}")
    if not len(tolerances) or not np.isin(tolerances, np.arange(PSPI_MAX + 1)).all():
        raise ValueError(f"tolerances are {tolerances}; allowed are whole numbers 0-{PSPI_MAX}, at least one")
    distance = np.abs(np.floor(predicted + 0.5) - labels)
    return np.stack([np.ones_like(distance), *(distance <= k for k in tolerances)], axis=1)


def accuracy_from_sums(sums: np.ndarray, tolerances=TOLERANCES) -> dict[str, np.ndarray]:
    """The accuracies from summed terms `(..., 1 + len(tolerances))`, each `(...)`."""
    names = [f"accuracy_within_{k}" if k else "accuracy" for k in tolerances]
    return {name: sums[..., k] / sums[..., 0] for k, name in enumerate(names, start=1)}


def pspi_accuracy(predictions, references, tolerances=TOLERANCES, sample_weight=None) -> dict[str, float]:
    """The share of frames whose PSPI is right within each of `tolerances`: exactly, within 1, within 2.

    Args:
        predictions: `(n,)` PSPI, whole or real; real ones are rounded half up.
        references: `(n,)` PSPI, integers 0-16.
        tolerances: levels of PSPI, whole numbers 0-16.
        sample_weight: `(n,)` or None.

    Returns:
        `accuracy` for a tolerance of 0, `accuracy_within_1`, `accuracy_within_2`, each 0-1.

    Raises:
        ValueError: empty input, shapes that differ, a prediction that is not finite, a PSPI that is not an integer
            0-16, a tolerance that is not, weights that `frame_weights` refuses.
    """
    terms = accuracy_terms(predictions, references, tolerances)
    sums = frame_weights(sample_weight, len(terms)) @ terms
    return {name: float(value) for name, value in accuracy_from_sums(sums, tolerances).items()}
