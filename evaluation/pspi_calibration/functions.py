"""Is the distribution over PSPI calibrated: calibration error, Brier score, interval coverage, in NumPy alone.

All are functions of sums over frames, so a bootstrap over people only adds up the sums of each person.
"""

import numpy as np

PSPI_CLASSES = 17
BINS = 15
LEVEL = 0.9
ROUNDING = 1e-4
"""A row of probabilities may miss the sum of 1 by this much: half precision does."""


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


def calibration_terms(predictions, references, bins: int = BINS, level: float = LEVEL) -> np.ndarray:
    """What every frame adds, `(n, 4 + bins)`: 1, Brier score, whether its interval holds the truth, the interval's
    width, and, in the column of its bin, right (1 or 0) minus confidence. Raises ValueError on bad input.
    """
    probabilities, labels = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"references have shape {labels.shape}; allowed is (n,) with n of at least 1")
    if probabilities.shape != (len(labels), PSPI_CLASSES):
        raise ValueError(f"predictions have shape {probabilities.shape}; allowed is ({len(labels)}, {PSPI_CLASSES})")
    if not (probabilities >= 0).all() or (np.abs(probabilities.sum(axis=1) - 1) > ROUNDING).any():
        raise ValueError("predictions must be probabilities: at least 0, and a row sums to 1 (apply softmax to logits)")
    if not np.isin(labels, np.arange(PSPI_CLASSES)).all():
        raise ValueError(f"references must be integers 0-{PSPI_CLASSES - 1}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; allowed is above 0 and below 1")
    if bins < 1:
        raise ValueError(f"bins is {bins}; allowed is at least 1")

    frames = np.arange(len(labels))
    truth = np.zeros_like(probabilities)
    truth[frames, labels.astype(int)] = 1
    confidence = probabilities.max(axis=1)
    gaps = np.zeros((len(labels), bins))
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps[frames, bin_of] = (probabilities.argmax(axis=1) == labels) - confidence
    below = np.cumsum(probabilities, axis=1)
    tail = (1 - level) / 2
    low, high = (below <= tail).sum(axis=1), (below < 1 - tail).sum(axis=1)
    high = np.minimum(high, PSPI_CLASSES - 1)  # a row that sums to a little less than 1
    brier, inside = ((probabilities - truth) ** 2).sum(axis=1), (low <= labels) & (labels <= high)
    return np.column_stack([np.ones(len(labels)), brier, inside, high - low, gaps])


def calibration_from_sums(sums: np.ndarray) -> dict[str, np.ndarray]:
    """The values from summed terms `(..., 4 + bins)`, each `(...)`."""
    n = sums[..., 0]
    return {
        "ece": np.abs(sums[..., 4:]).sum(axis=-1) / n,
        "brier": sums[..., 1] / n,
        "interval_coverage": sums[..., 2] / n,
        "interval_width": sums[..., 3] / n,
    }


def pspi_calibration(
    predictions, references, bins: int = BINS, level: float = LEVEL, sample_weight=None
) -> dict[str, float]:
    """How far the probabilities can be relied on.

    Args:
        predictions: `(n, 17)` probabilities of PSPI 0-16.
        references: `(n,)` PSPI, integers 0-16.
        bins: of equal width, by the confidence (the highest probability).
        level: of the central interval: at most (1 - level) / 2 of the probability lies below it, and as much above.
        sample_weight: `(n,)` or None.

    Returns:
        `ece`, the expected calibration error (Guo et al. 2017): the mean over frames of the distance between confidence
        and accuracy of their bin, 0-1; `brier`, the mean squared distance of the distribution from the truth, 0-2;
        `interval_coverage`, the share of frames whose PSPI lies in the interval (it should be at least `level`), and
        `interval_width`, its mean width in PSPI levels: 0 is a single level.

    Raises:
        ValueError: empty input, shapes that differ, rows that are no probabilities, a PSPI that is not an integer 0-16,
            a level or bins out of range, weights that `frame_weights` refuses.
    """
    terms = calibration_terms(predictions, references, bins, level)
    values = calibration_from_sums(frame_weights(sample_weight, len(terms)) @ terms)
    return {name: float(value) for name, value in values.items()}
