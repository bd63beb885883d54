"""Pain or not, at a stated PSPI, as an `evaluate` metric."""

import datasets
import evaluate

from .functions import pain_detection


class PainDetection(evaluate.Metric):
    """`compute(predictions=(n,) scores, references=(n,) PSPI, decision_threshold=…, pspi_threshold=3)`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="AUROC, F1, precision and recall of pain (PSPI of at least a threshold) from a score.",
            citation="",
            inputs_description=pain_detection.__doc__,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
            ),
        )

    def _compute(
        self, predictions, references, *, decision_threshold: float, pspi_threshold: int = 3, sample_weight=None
    ) -> dict:
        return pain_detection(
            predictions,
            references,
            decision_threshold=decision_threshold,
            pspi_threshold=pspi_threshold,
            sample_weight=sample_weight,
        )
