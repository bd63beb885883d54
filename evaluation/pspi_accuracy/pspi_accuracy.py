"""Accuracy of PSPI, exact and within 1 and 2 levels, as an `evaluate` metric."""

import datasets
import evaluate

from .functions import TOLERANCES, pspi_accuracy


class PspiAccuracy(evaluate.Metric):
    """`compute(predictions=(n,) PSPI, references=(n,) PSPI, tolerances=(0, 1, 2), sample_weight=None)`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Share of frames whose PSPI is exactly right, within 1 and within 2 levels.",
            citation="",
            inputs_description=pspi_accuracy.__doc__,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
            ),
        )

    def _compute(self, predictions, references, tolerances=TOLERANCES, sample_weight=None) -> dict:
        return pspi_accuracy(predictions, references, tolerances, sample_weight)
