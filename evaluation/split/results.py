"""What `metrics.json` holds: the scores of one model on one split."""

from typing import NotRequired, TypedDict

from ..results import CalibrationScores, Comparison, DetectionScores, ModelContext, PspiScores, Score, Sizes, UnitScores


class EvaluationContext(ModelContext):
    """What was evaluated. `calibration_split` set the decision thresholds; None: there is none, they are 0.5.

    So are those of `thresholds_unset`, from PSPI values that none of its frames has.
    """

    calibration_split: str | None
    thresholds_unset: NotRequired[list[int]]
    training_frames: int
    interval_temperature: float


class CalibrationRows(TypedDict):
    """The model, and two distributions that do not depend on the picture: metric -> value.

    Prior: the training frequencies, where the data have training frames.
    """

    model: CalibrationScores
    prior: NotRequired[dict[str, float]]
    uniform: dict[str, float]


class TrivialDetection(TypedDict):
    """Detection by a predictor that does not look at the picture."""

    auroc: float | None
    f1: float | None
    precision: float | None
    recall: float | None


class Detection(TypedDict):
    """Pain from one PSPI threshold on. `prevalence` is the share of pain frames. No coin without training frames."""

    prevalence: float
    decision_threshold: float
    model: DetectionScores
    all_pain: TrivialDetection
    coin: NotRequired[TrivialDetection]


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


class ShareAboveNeutral(Sizes):
    """A group of frames: the mean probability of pain, and the share of them above a neutral face's level."""

    probability: Score
    above_neutral: Score


class PainProbabilityScores(TypedDict):
    """What the probability of "pain, and not another expression" is worth.

    `auroc_others`, `auroc_neutral`: of pain frames against those of other expressions, and against neutral ones.
    `neutral_level`: the 90th percentile of the neutral frames. `groups`: pain, neutral, others (all expressions that
    are neither), smiles (those of them with AU12 and AU6 of at least 1), and each expression that is neither.
    """

    auroc_others: Score
    auroc_neutral: Score
    neutral_level: float
    groups: dict[str, ShareAboveNeutral]


class SplitScores(TypedDict):
    """The scores of one model on one set of frames.

    `per_class_auroc`: PSPI -> AUROC against the others. `trivial`: row -> metric -> value; empty without
    training frames. `detection`: by pain key.
    `au`: by action unit, of the frames whose AUs are known; empty where there are none. `companions`: the same of
    units that do not count in the PSPI, of a model that predicts any. `groups`: attribute -> group.
    `expressions`: neutral, pain and each expression that is neither; empty where there are none of these.
    `pain_probability`: of a model with an expression head.
    """

    pspi: PspiScores
    per_class_auroc: dict[int, float]
    classes_absent: list[int]
    trivial: dict[str, dict[str, float | None]]
    calibration: CalibrationRows
    detection: dict[str, Detection]
    au: dict[str, UnitScores]
    companions: NotRequired[dict[str, UnitScores]]
    groups: dict[str, dict[str, GroupScores]]
    expressions: dict[str, ExpressionScores]
    pain_probability: NotRequired[PainProbabilityScores]


class HogScores(TypedDict):
    """HOG + ridge on the same frames. `strength`: of the ridge; `detection`: by pain key; `au`: by action unit."""

    strength: float
    training_frames: int
    pspi: PspiScores
    detection: dict[str, DetectionScores]
    au: dict[str, UnitScores]


class Evaluation(SplitScores):
    """`metrics.json`. `hog_ridge`: scores of HOG + ridge; `hog_left_out`: else, why they are missing."""

    context: EvaluationContext
    hog_ridge: NotRequired[HogScores]
    hog_left_out: NotRequired[str]
    comparison: NotRequired[Comparison]
