"""What the results of `evaluation` are made of: scores with intervals over identities.

The files it writes are described beside their makers: `metrics.json` in `split/results.py`, `fairness.json` in
`fairness/results.py`, `cross_validation.json` in `protocols/results.py`, `explanations.json` in
`explanations/results.py`, `biovid.json` in `stimulus/results.py`. A number that is not defined is None (null in the
files), never NaN. Intervals are [low, high]. A "metric" is a name such as "mae", a "pain key" one such as "pspi>=3".
"""

from typing import NotRequired, TypedDict

Interval = list[float]


class Estimate(TypedDict):
    """A value and its interval over identities; None with one identity, or where no resample defines it."""

    value: float | None
    interval_95: Interval | None


class Score(Estimate):
    """A metric. `undefined_resamples` counts those that did not define it and are left out of the intervals."""

    interval_90: Interval | None
    undefined_resamples: int


class Sizes(TypedDict):
    """How many frames, and of how many identities."""

    frames: int
    identities: int


class IntensityScores(TypedDict):
    """The metrics of a predicted intensity, of PSPI or an action unit, see `pspi_regression`."""

    mae: Score
    mse: Score
    pcc: Score
    icc_3_1: Score
    icc_2_1: Score
    qwk: Score


class PspiScores(IntensityScores):
    """The metrics of predicted PSPI, see `measures.pspi_measures`."""

    macro_auroc: Score
    macro_auroc_16: Score
    accuracy: Score
    accuracy_within_1: Score
    accuracy_within_2: Score


class CalibrationScores(TypedDict):
    """The metrics of the distribution over PSPI, see `measures.calibration_measures`."""

    ece: Score
    brier: Score
    interval_coverage: Score
    interval_width: Score


class DetectionScores(TypedDict):
    """Whether something is present: pain, or an action unit."""

    auroc: Score
    f1: Score
    precision: Score
    recall: Score


class ThresholdScores(TypedDict):
    """`DetectionScores` of pain at each PSPI threshold."""

    auroc_pspi_1: Score
    f1_pspi_1: Score
    precision_pspi_1: Score
    recall_pspi_1: Score
    auroc_pspi_2: Score
    f1_pspi_2: Score
    precision_pspi_2: Score
    recall_pspi_2: Score
    auroc_pspi_3: Score
    f1_pspi_3: Score
    precision_pspi_3: Score
    recall_pspi_3: Score


class UnitScores(IntensityScores, DetectionScores):
    """One action unit: intensity, presence, the scores of trivial predictors, and the 90 % interval of a model with."""

    mae_of_mean: float | None
    f1_all_present: float | None
    interval_coverage: NotRequired[Score]
    interval_width: NotRequired[Score]


class Difference(TypedDict):
    """One metric of two models on the same frames; `better` is "first", "second" or, of equals, None."""

    first: float | None
    second: float | None
    difference: float | None
    better: str | None
    interval_90: Interval | None
    interval_95: Interval | None
    p_bootstrap: float | None
    p_permutation: float | None
    identities: int


class PairedDifference(TypedDict):
    """The difference of two scores on the same frames; p is two-sided."""

    difference: float | None
    difference_95: Interval | None
    p: float | None


class Comparison(TypedDict):
    """A model against another, by metric. `weights`: SHA-256 of the other's files, where it is one model."""

    model: str
    weights: NotRequired[dict[str, str]]
    metrics: dict[str, Difference]


class ModelContext(Sizes):
    """Which model was run on which split, and how. `weights`: SHA-256 of its files; `versions`: of the packages."""

    model: str
    data: str
    split: str
    input: str
    spec_hash: str | None
    weights: dict[str, str]
    resamples: int
    seed: int
    versions: dict[str, str]
