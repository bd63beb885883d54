"""How good is a pain model: metrics (pure NumPy), intervals over identities, trivial rows, the report.

Each metric's folder also loads alone through `evaluate.load("evaluation/macro_auroc")`; the functions here are the
same, and importing them needs NumPy only.
"""

from .au_agreement.functions import au_agreement
from .interval_coverage.functions import interval_coverage
from .macro_auroc.functions import macro_auroc
from .pain_detection.functions import pain_detection
from .pspi_accuracy.functions import pspi_accuracy
from .pspi_calibration.functions import pspi_calibration
from .pspi_regression.functions import pspi_regression

__all__ = [
    "au_agreement",
    "interval_coverage",
    "macro_auroc",
    "pain_detection",
    "pspi_accuracy",
    "pspi_calibration",
    "pspi_regression",
]
