"""Macro AUROC of PSPI classes, one-vs-rest, as an `evaluate` metric."""

import datasets
import evaluate

from .functions import PSPI_CLASSES, macro_auroc


class MacroAuroc(evaluate.Metric):
    """`compute(predictions=(n, 17) scores, references=(n,) PSPI, num_classes=17, sample_weight=None)`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Mean over the PSPI classes present of the one-vs-rest AUROC, ties by mid-ranks.",
            citation="",
            inputs_description=macro_auroc.__doc__,
            features=datasets.Features(
                {"predictions": datasets.List(datasets.Value("float64")), "references": datasets.Value("float64")}
            ),
        )

    def _compute(self, predictions, references, num_classes: int = PSPI_CLASSES, sample_weight=None) -> dict:
        return macro_auroc(predictions, references, num_classes, sample_weight)
