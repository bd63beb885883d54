"""Intervals over identities: identities are resampled whole, because frames of one face are not independent.

A resample is a count per identity, so nothing is computed on frames twice:

- a metric that is a function of sums over frames needs the sums of each identity: `(resamples, K) @ (K, m)`;
- an AUROC needs `wins[i, j]`, how often a positive frame of identity i ranks above a negative one of identity j (ties
  half). With counts `w`, it is exactly `w wins w / ((w . positives) (w . negatives))`.

Two models scored on the same identities with the same seed get the same resamples, so their replicates can be
subtracted.
"""

import numpy as np

from dataset_script.facs import PSPI_CLASSES

from ..results import Estimate, Interval


class Weighting:
    """The frames of K identities, and rows of weights for the identities. Every metric gives one value a row.

    Attributes:
        index: `(n,)` the identity of each frame, 0 to K-1.
        weights: `(rows, K)` how often each identity counts.
        size: K.
    """

    def __init__(self, index: np.ndarray, weights: np.ndarray):
        self.index, self.weights = index, weights
        self.size = weights.shape[1]

    def sums(self, terms: np.ndarray) -> np.ndarray:
        """Sums of per-frame `terms` `(n, m)` in each row, `(rows, m)`."""
        per_identity = np.zeros((self.size, terms.shape[1]))
        np.add.at(per_identity, self.index, terms)
        return self.weights @ per_identity

    def auroc(self, scores: np.ndarray, positive: np.ndarray, negative: np.ndarray | None = None) -> np.ndarray:
        """AUROC of `scores` `(n,)` in each row, `(rows,)`; NaN where one kind of frame weighs nothing.

        `positive` and `negative` `(n,)` are masks; without `negative`, it is every other frame.
        """
        negative = ~positive if negative is None else negative
        wins = pair_wins(scores, positive, negative, self.index, self.size)
        positives = self.weights @ np.bincount(self.index[positive], minlength=self.size)
        negatives = self.weights @ np.bincount(self.index[negative], minlength=self.size)
        total = np.einsum("rk,rk->r", self.weights @ wins, self.weights)
        return _ratio(total, positives * negatives)

    def macro_auroc(self, scores: np.ndarray, labels: np.ndarray, num_classes: int = PSPI_CLASSES) -> np.ndarray:
        """`evaluation.macro_auroc` in each row, over the classes present in it, `(rows,)`.

        `scores` `(n, num_classes)` one a class, `labels` `(n,)` PSPI; frames of other classes are left out.
        """
        total, present = np.zeros(len(self.weights)), np.zeros(len(self.weights))
        for c in np.unique(labels[labels < num_classes]):
            areas = self.auroc(scores[:, c], labels == c, (labels < num_classes) & (labels != c))
            total += np.nan_to_num(areas)
            present += ~np.isnan(areas)
        return _ratio(total, present)


class ClusterBootstrap(Weighting):
    """Resamples of the identities of one set of frames: a row of weights is how many times each was drawn.

    Attributes:
        index, weights, size: as in `Weighting`; each row of weights sums to the number of identities.
        whole: a `Weighting` with a row of ones before these rows: the first value of a metric is that of all frames,
            the others are its replicates.
    """

    def __init__(self, clusters: np.ndarray, resamples: int = 10_000, seed: int | tuple[int, ...] = 0):
        """`clusters` `(n,)` holds the identity of each frame."""
        names, index = np.unique(clusters, return_inverse=True)
        drawn = np.random.default_rng(seed).integers(len(names), size=(resamples, len(names)))
        drawn += np.arange(resamples)[:, None] * len(names)
        counts = np.bincount(drawn.ravel(), minlength=resamples * len(names)).reshape(resamples, len(names))
        whole = np.concatenate([np.ones((1, len(names))), counts])
        super().__init__(index, whole[1:])
        self.whole = Weighting(index, whole)

    def part(self, mask: np.ndarray) -> Weighting:
        """`whole` for the frames of `mask` `(n,)` and their identities alone; NaN in rows that draw none of these."""
        members, index = np.unique(self.index[mask], return_inverse=True)
        return Weighting(index, self.whole.weights[:, members])

    def interval(self, replicates: np.ndarray, level: float = 0.95) -> Interval | None:
        """The percentile interval [low, high] of a metric's `replicates` `(resamples,)`.

        Resamples in which the metric is undefined (NaN) are left out. None where all are, and with one identity, which
        says nothing about others.
        """
        defined = replicates[~np.isnan(replicates)]
        if self.size < 2 or not defined.size:
            return None
        return np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]).tolist()

    def estimate(self, values: np.ndarray) -> Estimate:
        """Value and 95 % interval of a metric, from what it gives under `whole`, `(1 + resamples,)`."""
        value = None if np.isnan(values[0]) else float(values[0])
        return {"value": value, "interval_95": self.interval(values[1:])}


def pair_wins(
    scores: np.ndarray, positive: np.ndarray, negative: np.ndarray, index: np.ndarray, size: int
) -> np.ndarray:
    """`wins[i, j]`: pairs of a positive frame of identity i and a negative one of j that are ranked right; ties half.

    `scores`, the masks and `index` are `(n,)`, `index` in 0 to `size`-1; the result is `(size, size)`.
    """
    order = np.argsort(scores[positive])
    needles, owner = scores[positive][order], index[positive][order]
    order = np.lexsort((scores[negative], index[negative]))  # by identity, ascending within each
    ends = np.cumsum(np.bincount(index[negative], minlength=size))
    wins = np.zeros((size, size))
    for j, ordered in enumerate(np.split(scores[negative][order], ends[:-1])):
        doubled = np.searchsorted(ordered, needles, "left") + np.searchsorted(ordered, needles, "right")
        wins[:, j] = np.bincount(owner, weights=doubled, minlength=size)
    return wins / 2


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
