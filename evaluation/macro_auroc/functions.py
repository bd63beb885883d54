"""Macro AUROC of PSPI classes, one-vs-rest, in NumPy alone."""

import numpy as np

PSPI_CLASSES = 17
READINGS = (16, 17)


def auroc(positive: np.ndarray, negative: np.ndarray, weights: tuple[np.ndarray, np.ndarray] | None = None) -> float:
    """The share of (positive, negative) pairs in which the positive scores higher, ties counted half.

    That is the Mann-Whitney U of the mid-ranks over P x N, the area under the ROC curve. With `weights` (of the
    positives, of the negatives) a pair counts as the product of its two. NaN when either side is empty or weighs
    nothing.
    """
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


def macro_auroc(predictions, references, num_classes: int = PSPI_CLASSES, sample_weight=None) -> dict:
    """The unweighted mean over classes of the AUROC of "this class against the others".

    Args:
        predictions: `(n, 17)` or, in the 16-class reading, `(n, 16)`: one score a class. They are ranked as they are,
            so logits and probabilities give different values (a softmax depends on the whole row).
        references: `(n,)` PSPI, integers 0-16.
        num_classes: 17, or 16 for the reading of the paper's Table 2 (PSPI 0-15): frames of PSPI 16 and its column are
            left out, and the frames counted in `rows_left_out`.
        sample_weight: `(n,)` or None; a class whose frames weigh nothing counts as absent.

    Returns:
        `macro_auroc` (None when no class has both positives and negatives: then it is also named in `undefined`),
        `classes_present` (how many classes the mean is over), `classes_absent` (those left out of it), `per_class`
        (class -> AUROC), `rows_left_out`, `undefined`.

    Raises:
        ValueError: empty input, shapes that do not fit, a score that is not finite, a PSPI that is not an integer 0-16,
            weights that `frame_weights` refuses.
    """
    scores, labels = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if num_classes not in READINGS:
        raise ValueError(f"num_classes is {num_classes}; allowed are 16 (PSPI 0-15) and 17 (PSPI 0-16)")
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"references have shape {labels.shape}; allowed is (n,) with n of at least 1")
    if scores.ndim != 2 or len(scores) != len(labels) or not num_classes <= scores.shape[1] <= PSPI_CLASSES:
        raise ValueError(f"predictions have shape {scores.shape}; allowed is ({len(labels)}, {num_classes})")
    if not np.isfinite(scores).all():
        raise ValueError("predictions hold a value that is not finite")
    if not np.isin(labels, np.arange(PSPI_CLASSES)).all():
        raise ValueError(f"references must be integers 0-{PSPI_CLASSES - 1}")

    kept = labels < num_classes
    weights = None if sample_weight is None else frame_weights(sample_weight, len(labels))[kept]
    scores, labels = scores[kept], labels[kept]
    per_class = {}
    for c in range(num_classes):
        of_class = labels == c
        sides = None if weights is None else (weights[of_class], weights[~of_class])
        per_class[c] = auroc(scores[of_class, c], scores[~of_class, c], sides)
    present = {c: area for c, area in per_class.items() if not np.isnan(area)}
    return {
        "macro_auroc": sum(present.values()) / len(present) if present else None,
        "classes_present": len(present),
        "classes_absent": [c for c in per_class if c not in present],
        "per_class": present,
        "rows_left_out": int((~kept).sum()),
        "undefined": [] if present else ["macro_auroc"],
    }
