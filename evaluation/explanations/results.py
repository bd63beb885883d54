"""What `explanations.json` holds: agreement of attention with heat, and curves of removal."""

from typing import NotRequired, TypedDict

from ..results import Estimate, Interval, ModelContext, Sizes


class RowScore(Estimate):
    """A score, and its `PairedDifference` from the row that the others are compared with, which itself has none."""

    difference: NotRequired[float | None]
    difference_95: NotRequired[Interval | None]
    p: NotRequired[float | None]


class MapScores(TypedDict):
    """How well maps agree with the true heat: metric of `agreement.METRICS` -> row of `agreement.ROWS`."""

    energy: dict[str, RowScore]
    pointing: dict[str, RowScore]
    pointing_strict: dict[str, RowScore]
    iou: dict[str, RowScore]


class UnitAgreement(MapScores, Sizes):
    """One action unit; `region` is the mean share of patches in the hot region."""

    region: float


class Agreement(TypedDict):
    """By action unit, without those that no frame shows; and the mean over units. Compared with the row "attention"."""

    units: dict[str, UnitAgreement]
    mean: MapScores


class RemovalCurve(TypedDict):
    """One order of the patches: the curve (steps + 1), its interval, the mean predicted PSPI, and the area under it.

    The area is compared with that of the order "random". In deletion a smaller area is better, in insertion a larger
    one.
    """

    curve: list[float | None]
    curve_95: list[Interval] | None
    pspi: list[float]
    area: RowScore


Removal = dict[str, dict[str, dict[str, RemovalCurve]]]
"""Fill -> order -> mode, of `removal.FILLS`, `ORDERS`, `MODES`."""


class ExplanationContext(ModelContext):
    """What was explained. `grid`: rows and columns of patches. `truth`: "units", "whole", or None without heatmaps.

    `mean_way`: fill -> mean difference of predicted PSPI between the whole and the empty picture.
    """

    grid: list[int]
    truth: str | None
    training_frames: int
    removal_frames: int
    removal_identities: int
    mean_way: dict[str, float]
    steps: int


class Explanations(TypedDict):
    """`explanations.json`. `agreement` is None without heatmaps, `removal` where no frame shows pain."""

    context: ExplanationContext
    agreement: Agreement | None
    removal: Removal | None
