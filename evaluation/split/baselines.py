"""Trivial predictors, which do not look at the picture. They are always printed beside a model.

- majority: the commonest PSPI of the training frames, for every frame.
- prior: a PSPI drawn at random with the training frequencies; the expected score, so no draw is needed.
- mean: the mean PSPI of the training frames, for every frame.
- all_pain, and coin (pain with the training frequency): for detection.
- prior, and uniform, as distributions: for calibration.
"""

import numpy as np

from dataset_script.facs import PSPI_CLASSES

from .. import macro_auroc, pspi_accuracy, pspi_calibration, pspi_regression
from ..pain_detection.functions import detection_from_sums
from .results import TrivialDetection


def trivial_scores(training: np.ndarray | None, references: np.ndarray) -> dict[str, dict[str, float | None]]:
    """Row -> metric -> value, for the rows majority, prior and mean; without training frames no row.

    Args:
        training: `(m,)` PSPI of the training frames; None: there are none.
        references: `(n,)` PSPI of the frames to score on.
    """
    if training is None:
        return {}
    frequency = training_frequencies(training)
    rows = {"majority": _constant(float(np.argmax(frequency)), references)}
    # Accuracies and errors are means over frames, so the expectation over draws is the mean over constant predictions.
    constants = [_constant(float(c), references) for c in range(PSPI_CLASSES)]
    linear = [name for name in constants[0] if name.startswith("accuracy") or name in ("mae", "mse")]
    rows["prior"] = {
        name: float(frequency @ [row[name] for row in constants]) if name in linear else rows["majority"][name]
        for name in constants[0]
    }
    rows["prior"] |= dict.fromkeys(("pcc", "icc_3_1", "icc_2_1", "qwk"))  # of one draw these are random, around 0
    rows["mean"] = _constant(float(training.mean()), references)
    return rows


def trivial_detection(
    training: np.ndarray | None, references: np.ndarray, pspi_threshold: int
) -> dict[str, TrivialDetection]:
    """Row -> AUROC, F1, precision and recall for the rows all_pain and coin; arguments as in `trivial_scores`.

    Without training frames there is no coin.

    The coin's F1 is that of its expected counts. Both give every frame the same score: AUROC 0.5, or None where all
    frames are of one kind.
    """
    true = references >= pspi_threshold
    area = 0.5 if true.any() and not true.all() else None
    rows = {}
    for name, rate in detection_rates(training, pspi_threshold).items():
        values = detection_from_sums(expected_counts(rate, true))
        rows[name] = {"auroc": area, **{k: None if np.isnan(v) else float(v) for k, v in values.items()}}
    return rows


def detection_rates(training: np.ndarray | None, pspi_threshold: int) -> dict[str, float]:
    """Row -> the share of frames that it calls pain."""
    coin = {} if training is None else {"coin": float(np.mean(training >= pspi_threshold))}
    return {"all_pain": 1.0, **coin}


def expected_counts(rate: float, true: np.ndarray) -> np.ndarray:
    """`(3,)` expected true positives, false positives and misses, where a share `rate` of the frames is called pain.

    `true` `(n,)`: whether each frame is pain.
    """
    return np.array([rate * true.sum(), rate * (~true).sum(), (1 - rate) * true.sum()])


def trivial_calibration(training: np.ndarray | None, references: np.ndarray) -> dict[str, dict[str, float]]:
    """Row -> calibration metric -> value, for the training frequencies (prior) and equal probabilities (uniform).

    Without training frames there is no prior.
    """
    prior = {} if training is None else {"prior": training_frequencies(training)}
    rows = {**prior, "uniform": np.full(PSPI_CLASSES, 1 / PSPI_CLASSES)}
    return {name: pspi_calibration(np.tile(row, (len(references), 1)), references) for name, row in rows.items()}


def training_frequencies(training: np.ndarray) -> np.ndarray:
    """`(17,)` the share of each PSPI among the training frames `(m,)`."""
    return np.bincount(training, minlength=PSPI_CLASSES) / len(training)


def _constant(value: float, references: np.ndarray) -> dict[str, float | None]:
    """The scores of predicting `value` for every frame."""
    predictions, flat = np.full(len(references), value), np.zeros((len(references), PSPI_CLASSES))
    return {
        "macro_auroc": macro_auroc(flat, references)["macro_auroc"],
        "macro_auroc_16": macro_auroc(flat, references, num_classes=PSPI_CLASSES - 1)["macro_auroc"],
        **pspi_accuracy(predictions, references),
        **{k: v for k, v in pspi_regression(predictions, references).items() if k != "undefined"},
    }
