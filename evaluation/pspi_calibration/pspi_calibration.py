"""Is the distribution over PSPI calibrated, as an `evaluate` metric."""

import datasets
import evaluate

from .functions import BINS, LEVEL, pspi_calibration


class PspiCalibration(evaluate.Metric):
    """`compute(predictions=(n, 17) probabilities, references=(n,) PSPI, bins=15, level=0.9, sample_weight=None)`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Expected calibration error, Brier score and interval coverage of a distribution over PSPI.",
            citation="",
            inputs_description=pspi_calibration.__doc__,
            features=datasets.Features(
                {"predictions": datasets.List(datasets.Value("float64")), "references": datasets.Value("float64")}
            ),
        )

    def _compute(self, predictions, references, bins: int = BINS, level: float = LEVEL, sample_weight=None) -> dict:
        return pspi_calibration(predictions, references, bins, level, sample_weight)
