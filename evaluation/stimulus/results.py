"""What `biovid.json` holds: how well a model's predicted PSPI tells clips with pain from clips without."""

from typing import TypedDict

from ..results import Interval, Score


class ClipScores(TypedDict):
    """One way to score a clip by its frames.

    `auroc` is of all clips, `auroc_within` the mean over subjects of their own. `sensitivity` and `specificity` are the
    shares of PA4 and of BL1 that are recognised. `thresholds`: the lowest and the highest over the folds.
    """

    accuracy: Score
    auroc: Score
    auroc_within: Score
    sensitivity: Score
    specificity: Score
    thresholds: Interval


class StimulusContext(TypedDict):
    """What was scored.

    `reference`: the model's, "none" or "neutral". `subjects_option`: 87 for all of the data, 67 for all but those whose
    faces hardly react; `subjects_left_out`: those of them that are in the data. `clips`: by stimulus. `without_face`:
    frames left out, None where no face was looked for; `clips_without_face`: clips of which nothing is left.
    """

    model: str
    reference: str
    data: str
    subjects: int
    subjects_option: int
    subjects_left_out: list[str]
    clips: dict[str, int]
    frames: int
    without_face: int | None
    clips_without_face: int
    spec_hash: str | None
    weights: dict[str, str]
    resamples: int
    seed: int
    versions: dict[str, str]


class StimulusEvaluation(TypedDict):
    """`biovid.json`. `scores`: by what a clip's score is of its frames. `trivial`: row -> metric -> value."""

    context: StimulusContext
    scores: dict[str, ClipScores]
    trivial: dict[str, dict[str, float]]
