"""Accuracy of PSPI, exact and within 1 and 2 levels, in NumPy alone."""

import numpy as np

PSPI_MAX = 16
TOLERANCES = {"accuracy": 0, "accuracy_within_1": 1, "accuracy_within_2": 2}


def accuracy_terms(predictions, references) -> np.ndarray:
    """What every frame adds, `(n, 4)`: 1, then 1 where it is right within 0, 1, 2. Raises ValueError on bad input.

    Real predictions are rounded half up (2.5 counts as 3), not half to even as `numpy.round` does.
    """
    predicted, labels = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if labels.ndim != 1 or not labels.size or predicted.shape != labels.shape:
        raise ValueError(f"predictions {predicted.shape} and references {labels.shape} must both be (n,), n at least 1")
    if not np.isfinite(predicted).all():
        raise ValueError("predictions hold a value that is not finite")
    if not np.isin(labels, np.arange(PSPI_MAX + 1)).all():
        raise ValueError(f"references must be integers 0-{PSPI_MAX}")
    distance = np.abs(np.floor(predicted + 0.5) - labels)
    return np.stack([np.ones_like(distance), *(distance <= k for k in TOLERANCES.values())], axis=1)


def accuracy_from_sums(sums: np.ndarray) -> dict[str, np.ndarray]:
    """The accuracies from summed terms `(..., 4)`, each `(...)`."""
    return {name: sums[..., k] / sums[..., 0] for k, name in enumerate(TOLERANCES, start=1)}


def pspi_accuracy(predictions, references) -> dict[str, float]:
    """The share of frames whose PSPI is exactly right, within 1, within 2.

    Args:
        predictions: `(n,)` PSPI, whole or real; real ones are rounded half up.
        references: `(n,)` PSPI, integers 0-16.

    Returns:
        `accuracy`, `accuracy_within_1`, `accuracy_within_2`, each 0-1.

    Raises:
        ValueError: empty input, shapes that differ, a prediction that is not finite, a PSPI that is not an integer 0-16.
    """
    sums = accuracy_terms(predictions, references).sum(axis=0)
    return {name: float(value) for name, value in accuracy_from_sums(sums).items()}
