"""What `metrics.json` holds: the scores of one model on one split."""

from typing import NotRequired, TypedDict

from ..results import (
    CalibrationScores,
    Comparison,
    DetectionScores,
    IntensityAndPresence,
    ModelContext,
    PspiScores,
    Score,
    Sizes,
    UnitScores,
)


class EvaluationContext(ModelContext):
    """What was evaluated. `calibration_split` set the decision thresholds."""

    calibration_split: str
    training_frames: int
    interval_temperature: float


class CalibrationRows(TypedDict):
    """The model, and two distributions that do not depend on the picture: metric -> value."""

    model: CalibrationScores
    prior: dict[str, float]
    uniform: dict[str, float]


class TrivialDetection(TypedDict):
    """Detection by a predictor that does not look at the picture."""

    auroc: float | None
    f1: float | None
    precision: float | None
    recall: float | None


class Detection(TypedDict):
    """Pain from one PSPI threshold on. `prevalence` is the share of pain frames."""

    prevalence: float
    decision_threshold: float
    model: DetectionScores
    all_pain: TrivialDetection
    coin: TrivialDetection


class GroupScores(Sizes, PspiScores):
    """One group of people or frames."""

    auroc_pspi_3: Score


ExpressionScores = TypedDict(
    "ExpressionScores",
    {
        "frames": int,
        "identities": int,
        "observed_pspi": float,
        "predicted_pspi": Score,
        "called_pspi>=1": Score,
        "called_pspi>=2": Score,
        "called_pspi>=3": Score,
    },
)
"""One expression: its mean PSPI, the mean of the predicted ones, and the share of its frames that are called pain."""


class SplitScores(TypedDict):
    """The scores of one model on one set of frames.

    `per_class_auroc`: PSPI -> AUROC against the others. `trivial`: row -> metric -> value. `detection`: by pain key.
    `au`: by action unit, of the frames whose AUs are known; empty where there are none. `groups`: attribute -> group.
    `expressions`: neutral, pain and each expression that is neither; empty where there are none of these.
    """

    pspi: PspiScores
    per_class_auroc: dict[int, float]
    classes_absent: list[int]
    trivial: dict[str, dict[str, float | None]]
    calibration: CalibrationRows
    detection: dict[str, Detection]
    au: dict[str, UnitScores]
    groups: dict[str, dict[str, GroupScores]]
    expressions: dict[str, ExpressionScores]


class HogScores(TypedDict):
    """HOG + ridge on the same frames. `strength`: of the ridge; `detection`: by pain key; `au`: by action unit."""

    strength: float
    training_frames: int
    pspi: PspiScores
    detection: dict[str, DetectionScores]
    au: dict[str, IntensityAndPresence]


class Evaluation(SplitScores):
    """`metrics.json`. `hog_ridge`: scores of HOG + ridge; `hog_left_out`: else, why they are missing."""

    context: EvaluationContext
    hog_ridge: NotRequired[HogScores]
    hog_left_out: NotRequired[str]
    comparison: NotRequired[Comparison]
