"""Trivial predictors, which look at no picture. They are always printed beside a model.

- majority: the commonest PSPI of the training frames, for everyone.
- prior: a PSPI drawn at random with the training frequencies; the expected score, so no draw is needed.
- mean: the mean PSPI of the training frames, for everyone.
- all pain, and coin (pain with the training frequency): for detection, and all present for action units.
- prior, and uniform, as distributions: for calibration.
"""

import numpy as np

from .. import macro_auroc, pspi_accuracy, pspi_calibration, pspi_regression
from ..pain_detection.functions import detection_from_sums
from ..statistics.measures import CLASSES


def trivial_scores(training: np.ndarray, references: np.ndarray) -> dict[str, dict[str, float | None]]:
    """Row -> metric -> value, for the rows majority, prior and mean.

    Args:
        training: `(m,)` PSPI of the training frames.
        references: `(n,)` PSPI of the frames to score on.
    """
    frequency = np.bincount(training, minlength=CLASSES) / len(training)
    rows = {"majority": _constant(float(np.argmax(frequency)), references)}
    # Accuracies and errors are means over frames, so the expectation over draws is the mean over constant predictions.
    constants = [_constant(float(c), references) for c in range(CLASSES)]
    linear = [name for name in constants[0] if name.startswith("accuracy") or name in ("mae", "mse")]
    rows["prior"] = {
        name: float(frequency @ [row[name] for row in constants]) if name in linear else rows["majority"][name]
        for name in constants[0]
    }
    rows["prior"] |= {
        "pcc": None,
        "icc_3_1": None,
        "icc_2_1": None,
        "qwk": None,
    }  # of one draw these are random, around 0
    rows["mean"] = _constant(float(training.mean()), references)
    return rows


def trivial_detection(training: np.ndarray, references: np.ndarray, pspi_threshold: int) -> dict[str, dict]:
    """Row -> AUROC, F1, precision and recall for the rows all_pain and coin; arguments as in `trivial_scores`.

    The coin's F1 is that of its expected counts. Both give every frame the same score: AUROC 0.5, or None where all
    frames are of one kind.
    """
    true = references >= pspi_threshold
    area = 0.5 if true.any() and not true.all() else None
    rows = {}
    for name, rate in {"all_pain": 1.0, "coin": float(np.mean(training >= pspi_threshold))}.items():
        sums = np.array([rate * true.sum(), rate * (~true).sum(), (1 - rate) * true.sum()])
        values = detection_from_sums(sums)
        rows[name] = {"auroc": area, **{k: None if np.isnan(v) else float(v) for k, v in values.items()}}
    return rows


def trivial_calibration(training: np.ndarray, references: np.ndarray) -> dict[str, dict[str, float]]:
    """Row -> calibration metric -> value, for the training frequencies (prior) and for all classes alike (uniform)."""
    rows = {"prior": np.bincount(training, minlength=CLASSES) / len(training), "uniform": np.full(CLASSES, 1 / CLASSES)}
    return {name: pspi_calibration(np.tile(row, (len(references), 1)), references) for name, row in rows.items()}


def _constant(value: float, references: np.ndarray) -> dict[str, float | None]:
    predictions, flat = np.full(len(references), value), np.zeros((len(references), CLASSES))
    return {
        "macro_auroc": macro_auroc(flat, references)["macro_auroc"],
        "macro_auroc_16": macro_auroc(flat, references, num_classes=16)["macro_auroc"],
        **pspi_accuracy(predictions, references),
        **{k: v for k, v in pspi_regression(predictions, references).items() if k != "undefined"},
    }
