"""Agreement of estimated and true intensities, action unit by action unit, as an `evaluate` metric."""

import datasets
import evaluate

from .functions import DECISION_THRESHOLD, au_agreement


class AuAgreement(evaluate.Metric):
    """`compute(predictions=(n, 6), references=(n, 6), decision_threshold=0.5, sample_weight=None)`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="MAE, MSE, Pearson correlation, ICC(3,1), AUROC and F1 of six action units, one by one.",
            citation="",
            inputs_description=au_agreement.__doc__,
            features=datasets.Features(
                {
                    "predictions": datasets.List(datasets.Value("float64")),
                    "references": datasets.List(datasets.Value("float64")),
                }
            ),
        )

    def _compute(
        self, predictions, references, decision_threshold: float = DECISION_THRESHOLD, sample_weight=None
    ) -> dict:
        return au_agreement(predictions, references, decision_threshold, sample_weight)
