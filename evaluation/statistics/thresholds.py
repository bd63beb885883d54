"""Where a score becomes a decision. Thresholds come from other data than those they are judged on."""

import numpy as np

from dataset_script.errors import WorkFailed


def best_f1_threshold(scores: np.ndarray, positive: np.ndarray) -> float:
    """The threshold t with the highest F1 for `scores >= t`; of equally good ones the strictest.

    It lies midway between the scores that it parts, and is 0 when calling everything pain is best: other people's scores
    are never exactly these.

    Args:
        scores: `(n,)` probabilities of pain.
        positive: `(n,)` booleans.

    Raises:
        WorkFailed: no frame, or none that is positive: every threshold would be as good.
    """
    if not positive.any():
        raise WorkFailed("cannot calibrate a decision threshold: the calibration frames hold no pain")
    values, index = np.unique(scores, return_inverse=True)  # a threshold takes equal scores all or none
    said = np.bincount(index)[::-1].cumsum()[::-1]  # called pain by a threshold at each value
    hits = np.bincount(index, weights=positive)[::-1].cumsum()[::-1]
    f1 = 2 * hits / (said + positive.sum())
    best = int(np.flatnonzero(f1 == f1.max())[-1])
    if best == 0:
        return 0.0
    middle = (values[best - 1] + values[best]) / 2
    return float(middle if middle > values[best - 1] else values[best])
