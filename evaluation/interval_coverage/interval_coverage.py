"""How often predicted intervals hold the observed value, as an `evaluate` metric."""

import datasets
import evaluate

from .functions import interval_coverage


class IntervalCoverage(evaluate.Metric):
    """`compute(predictions=(n, 2) lowest and highest, references=(n,) values, sample_weight=None)`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Coverage and mean width of predicted intervals.",
            citation="",
            inputs_description=interval_coverage.__doc__,
            features=datasets.Features(
                {"predictions": datasets.List(datasets.Value("float64")), "references": datasets.Value("float64")}
            ),
        )

    def _compute(self, predictions, references, sample_weight=None) -> dict:
        return interval_coverage(predictions, references, sample_weight)
