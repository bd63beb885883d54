"""Clips with heat against clips without, by the predicted PSPI of their frames; one threshold for each subject."""

from dataclasses import dataclass

import numpy as np

from dataset_script.errors import InvalidInput

from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.measures import summarise
from ..statistics.thresholds import best_accuracy_threshold
from .results import ClipScores

OF_FRAMES = {"max": np.max, "mean": np.mean}
"""What a clip's score is of the predicted PSPI of its frames."""


@dataclass(frozen=True)
class Clips:
    """Clips of at least two subjects, with and without pain.

    Attributes:
        subject: `(n,)` whose.
        painful: `(n,)` bool: PA4; else BL1.
        scores: name of `OF_FRAMES` -> `(n,)`.

    Raises:
        InvalidInput: fewer than two subjects, or clips of one kind alone.
    """

    subject: np.ndarray
    painful: np.ndarray
    scores: dict[str, np.ndarray]

    def __post_init__(self) -> None:
        if len(np.unique(self.subject)) < 2:
            raise InvalidInput(f"there are clips of {len(np.unique(self.subject))} subjects; allowed are two or more")
        if self.painful.all() or not self.painful.any():
            raise InvalidInput(f"there are {self.painful.sum()} clips with PA4 and {(~self.painful).sum()} with BL1")

    @classmethod
    def of_frames(cls, clip: np.ndarray, subject: np.ndarray, painful: np.ndarray, pspi: np.ndarray) -> "Clips":
        """Clips from their frames: the clip, subject and kind of each, and the predicted PSPI, all `(frames,)`."""
        _, first, index = np.unique(clip, return_index=True, return_inverse=True)
        parts = [pspi[index == k] for k in range(len(first))]
        scores = {name: np.array([of(part) for part in parts]) for name, of in OF_FRAMES.items()}
        return cls(subject[first], painful[first], scores)


def score_clips(clips: Clips, resamples: int = 10_000, seed: int = 0) -> dict[str, ClipScores]:
    """`ClipScores` for each of `OF_FRAMES`; intervals by a bootstrap over subjects, whose thresholds stay."""
    bootstrap = ClusterBootstrap(clips.subject, resamples, seed)
    return {name: _score(clips, scores, bootstrap) for name, scores in clips.scores.items()}


def trivial_rows(clips: Clips) -> dict[str, dict[str, float]]:
    """Row -> accuracy and AUROC without a look at the clip: a fair coin, and the other subjects' commoner kind."""
    right = 0.0
    for subject in np.unique(clips.subject):
        tested = clips.subject == subject
        share, own = clips.painful[~tested].mean(), clips.painful[tested]
        right += 0.5 * tested.sum() if share == 0.5 else float((own == (share > 0.5)).sum())
    return {
        "chance": {"accuracy": 0.5, "auroc": 0.5},
        "one_answer": {"accuracy": right / len(clips.subject), "auroc": 0.5},
    }


def left_out_thresholds(subject: np.ndarray, painful: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Subject -> the threshold with the best accuracy on the clips of all others."""
    return {
        name: best_accuracy_threshold(scores[subject != name], painful[subject != name])
        for name in np.unique(subject).tolist()
    }


def _score(clips: Clips, scores: np.ndarray, bootstrap: ClusterBootstrap) -> ClipScores:
    thresholds = left_out_thresholds(clips.subject, clips.painful, scores)
    called = scores >= np.array([thresholds[name] for name in clips.subject.tolist()])
    painful = clips.painful
    kinds = np.stack([called & painful, ~called & ~painful, painful, ~painful], axis=1).astype(float)
    hits, rejections, with_pain, without = bootstrap.whole.sums(kinds).T
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN in a resample without one kind
        measures = {
            "accuracy": (hits + rejections) / (with_pain + without),
            "auroc": bootstrap.whole.auroc(scores, painful),
            "auroc_within": _auroc_within(clips, scores, bootstrap.whole),
            "sensitivity": hits / with_pain,
            "specificity": rejections / without,
        }
    return {
        **summarise(measures, bootstrap),
        "thresholds": [min(thresholds.values()), max(thresholds.values())],
    }


def _auroc_within(clips: Clips, scores: np.ndarray, whole: Weighting) -> np.ndarray:
    """The mean over subjects of the AUROC of their own clips, in each row; those with one kind alone have none."""
    areas = np.full(whole.size, np.nan)
    for k in range(whole.size):
        own = whole.index == k
        areas[k] = Weighting(np.zeros(own.sum(), dtype=int), np.ones((1, 1))).auroc(scores[own], clips.painful[own])[0]
    known = ~np.isnan(areas)
    return whole.weights[:, known] @ areas[known] / whole.weights[:, known].sum(axis=1)
