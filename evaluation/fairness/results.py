"""What `fairness.json` holds: the scores of each group, and the gaps between groups."""

from typing import NotRequired, TypedDict

from ..results import CalibrationScores, Interval, PspiScores, Score, Sizes, ThresholdScores
from ..split.results import EvaluationContext


class FairnessScores(Sizes, PspiScores, ThresholdScores, CalibrationScores):
    """One group. `pain`: share of frames with PSPI >= 3. `bias`: mean of predicted minus true PSPI."""

    pain: float
    bias: Score


class Gap(TypedDict):
    """How much worse the worst group is than the best, in the metric's unit; p where groups are of people."""

    worst: str
    best: str
    gap: float
    interval_95: Interval | None
    p_permutation: float | None


class AttributeScores(TypedDict):
    """The groups of one attribute; `gaps` by metric, empty with fewer than two groups of enough identities."""

    groups: dict[str, FairnessScores]
    gaps: dict[str, Gap]


class ByGroup(TypedDict):
    """Scores by group. `unknown`: attribute of people -> those of whom the data do not tell it."""

    overall: FairnessScores
    attributes: dict[str, AttributeScores]
    unknown: dict[str, Sizes]
    min_identities: int
    permutations: int


class ProtocolTitle(TypedDict):
    """The `context` of the fairness of a protocol."""

    model: str
    data: str
    protocol: str


class Fairness(ByGroup):
    """`fairness.json`. `decision_thresholds`: by pain key; of a protocol, fold -> by pain key."""

    decision_thresholds: dict[str, float] | dict[str, dict[str, float]]
    context: NotRequired[EvaluationContext | ProtocolTitle]
