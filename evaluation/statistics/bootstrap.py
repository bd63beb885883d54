"""Intervals over identities: whole people are drawn again, with replacement, because frames of one face are not independent.

A resample is a count per identity, so nothing is computed on frames twice:

- a metric that is a function of sums over frames needs the sums of each identity: `(resamples, K) @ (K, m)`;
- an AUROC needs `wins[i, j]`, how often a positive of identity i beats a negative of identity j (ties half). With counts
  `w`, it is exactly `w wins w / ((w . positives) (w . negatives))`.

Two models scored on the same identities with the same seed get the same resamples, so their replicates can be subtracted.
"""

import numpy as np


class Weighting:
    """Frames of some clusters (identities), and rows of weights for the clusters; every metric comes as one value a row.

    Attributes:
        index: `(n,)` the frame's cluster as 0 to K-1.
        weights: `(rows, K)` how often each cluster counts.
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

    def macro_auroc(self, scores: np.ndarray, labels: np.ndarray, num_classes: int = 17) -> np.ndarray:
        """`evaluation.macro_auroc` in each row, over the classes present in it, `(rows,)`."""
        total, present = np.zeros(len(self.weights)), np.zeros(len(self.weights))
        for c in np.unique(labels[labels < num_classes]):
            areas = self.auroc(scores[:, c], labels == c, (labels < num_classes) & (labels != c))
            total += np.nan_to_num(areas)
            present += ~np.isnan(areas)
        return _ratio(total, present)


class ClusterBootstrap(Weighting):
    """Resamples of the identities of one set of frames: a row of weights is how many times each was drawn.

    Rows sum to the number of identities. `whole` is the same with a row of ones before the others, so that a metric's
    value comes with its replicates.
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
        """`whole` for the frames of `mask` `(n,)` alone; columns are their people. A row may draw none of them: NaN."""
        members, index = np.unique(self.index[mask], return_inverse=True)
        return Weighting(index, self.whole.weights[:, members])

    def interval(self, replicates: np.ndarray, level: float = 0.95) -> list[float] | None:
        """The percentile interval [low, high] of a metric's `replicates` `(resamples,)`.

        Resamples in which the metric is undefined (NaN) are left out. None when it never was defined, or when there is
        one identity: that says nothing about others.
        """
        defined = replicates[~np.isnan(replicates)]
        if self.size < 2 or not defined.size:
            return None
        return np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]).tolist()


def pair_wins(
    scores: np.ndarray, positive: np.ndarray, negative: np.ndarray, index: np.ndarray, size: int
) -> np.ndarray:
    """`wins[i, j]`: over pairs of a positive frame of identity i and a negative of j, those ranked right; ties half.

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
