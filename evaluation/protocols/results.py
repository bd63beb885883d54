"""What `cross_validation.json` holds: the scores of a protocol, fold by fold and together."""

from typing import NotRequired, TypedDict

from ..results import CalibrationScores, Comparison, PspiScores, ThresholdScores, UnitScores
from ..statistics.fold_mean import FoldScores


class TrivialFoldF1(TypedDict):
    """F1 of a trivial predictor: of each fold, and of all test frames together."""

    folds: FoldScores
    pooled: float | None


class FoldDetection(TypedDict):
    """Pain from one PSPI threshold on, by predictors that do not look at the picture."""

    prevalence: float
    all_pain: TrivialFoldF1
    coin: TrivialFoldF1


class TrivialFolds(TypedDict):
    """Row -> metric -> of each fold, and of all test frames together."""

    folds: dict[str, dict[str, FoldScores]]
    pooled: dict[str, dict[str, float | None]]


class PooledScores(PspiScores, CalibrationScores, ThresholdScores):
    """All test frames together, each judged with the decision thresholds of its own fold."""


class ProtocolScores(TypedDict):
    """The scores of a protocol.

    `folds`: by metric. `detection`: by pain key. `decision_thresholds`: fold -> pain key -> threshold.
    """

    folds: dict[str, FoldScores]
    pooled: PooledScores
    decision_thresholds: dict[str, dict[str, float]]
    trivial: TrivialFolds
    detection: dict[str, FoldDetection]
    au: dict[str, UnitScores]


class PartSizes(TypedDict):
    """How many, in each part of a fold."""

    train: int
    validation: int
    test: int


class BestEpoch(TypedDict):
    """The epoch whose weights were kept, and its MAE on the validation people."""

    epoch: int
    validation_pspi_mae: float


class FoldTraining(TypedDict):
    """How the model of one fold was trained."""

    name: str
    people: PartSizes
    frames: PartSizes
    best: BestEpoch
    steps: int
    interval_temperature: float


class ProtocolContext(TypedDict):
    """What was trained and tested, on what, and how. `trained_on_unknown`: models that may have seen people tested."""

    model: str
    starts_from: str
    protocol: str
    protocol_words: str
    data: str
    spec_hash: str | None
    input: str
    frames: int
    identities: int
    preset: str
    recipe: dict
    parameters: int
    folds: list[FoldTraining]
    resamples: int
    seed: int
    versions: dict[str, str]
    trained_on_unknown: list[str]


class CrossValidation(ProtocolScores):
    """`cross_validation.json`."""

    context: ProtocolContext
    comparison: NotRequired[Comparison]
