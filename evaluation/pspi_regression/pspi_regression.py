"""Agreement of estimated and true PSPI or AU intensity, as an `evaluate` metric."""

import datasets
import evaluate

from .functions import pspi_regression


class PspiRegression(evaluate.Metric):
    """`compute(predictions=(n,), references=(n,), sample_weight=None)`; see `pspi_regression`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="MAE, MSE, Pearson correlation, ICC(3,1), ICC(2,1), quadratic kappa of PSPI or AU intensities.",
            citation="",
            inputs_description=pspi_regression.__doc__,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
            ),
        )

    def _compute(self, predictions, references, sample_weight=None) -> dict:
        return pspi_regression(predictions, references, sample_weight)
