"""Pain or not, at a stated PSPI: AUROC, F1, precision and recall, in NumPy alone."""

import numpy as np

PSPI_MAX = 16


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


def detection_terms(predictions, references, *, decision_threshold: float, pspi_threshold: int = 3) -> np.ndarray:
    """What every frame adds, `(n, 3)`: true positive, false positive, false negative. Raises ValueError."""
    scores, labels = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if labels.ndim != 1 or not labels.size or scores.shape != labels.shape:
        raise ValueError(f"predictions {scores.shape} and references {labels.shape} must both be (n,), n at least 1")
    if not np.isfinite(scores).all():
        raise ValueError("predictions hold a value that is not finite")
    if not ((labels >= 0) & (labels <= PSPI_MAX)).all():
        raise ValueError(f"references must be PSPI, 0-{PSPI_MAX}")
    if np.isnan(decision_threshold):
        raise ValueError("decision_threshold is NaN; it must be a number on the scale of the predictions")
    predicted, true = scores >= decision_threshold, labels >= pspi_threshold
    return np.stack([predicted & true, predicted & ~true, ~predicted & true], axis=1).astype(np.float64)


def detection_from_sums(sums: np.ndarray) -> dict[str, np.ndarray]:
    """F1, precision and recall from summed terms `(..., 3)`, each `(...)`; NaN where nothing is there to divide by."""
    hit, false_alarm, miss = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    with np.errstate(invalid="ignore"):
        return {
            "f1": 2 * hit / (2 * hit + false_alarm + miss),
            "precision": hit / (hit + false_alarm),
            "recall": hit / (hit + miss),
        }


def pain_detection(
    predictions, references, *, decision_threshold: float, pspi_threshold: int = 3, sample_weight=None
) -> dict:
    """How well a score tells pain (PSPI of at least `pspi_threshold`) from the rest.

    Args:
        predictions: `(n,)` scores on any scale, higher for more pain.
        references: `(n,)` PSPI, 0-16.
        decision_threshold: a score of at least this is called pain. It has no default: it must come from other data
            than these, and on the scale of the scores.
        pspi_threshold: pain begins here; 3 means PSPI >= 3 (elsewhere written "PSPI > 2").
        sample_weight: `(n,)` or None.

    Returns:
        `auroc`, `f1`, `precision`, `recall` (0-1, or None), `undefined` (the names of those that are None: `auroc` when
        all frames are of one kind, `precision` when nothing was called pain, `recall` when there is no pain, `f1` when
        both), `positives`, `frames`, `pspi_threshold`, `decision_threshold`.

    Raises:
        ValueError: empty input, shapes that differ, a score that is not finite, a PSPI out of range, weights that
            `frame_weights` refuses.
    """
    terms = detection_terms(
        predictions, references, decision_threshold=decision_threshold, pspi_threshold=pspi_threshold
    )
    scores, true = np.asarray(predictions, dtype=np.float64), np.asarray(references) >= pspi_threshold
    weights = frame_weights(sample_weight, len(true))
    sides = None if sample_weight is None else (weights[true], weights[~true])
    values = {"auroc": auroc(scores[true], scores[~true], sides), **detection_from_sums(weights @ terms)}
    return {
        **{name: None if np.isnan(value) else float(value) for name, value in values.items()},
        "undefined": [name for name, value in values.items() if np.isnan(value)],
        "positives": int(true.sum()),
        "frames": len(true),
        "pspi_threshold": pspi_threshold,
        "decision_threshold": float(decision_threshold),
    }
