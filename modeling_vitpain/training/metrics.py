"""What an evaluation in training says of the predictions on the validation people."""

import numpy as np
from transformers import EvalPrediction

from dataset_script.facs import AU_NAMES


def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """PSPI mean absolute error of the expectation, exact accuracy of the likeliest class, AU mean absolute error.

    The AU error is over the frames whose units are known, that of companions over the values that are known: both are
    absent where there are none. `pain_auroc`, of a model with an expression head: of a face in pain and one that is
    neutral or moves without pain, how often the first has the higher logit; absent where the frames lack one of them.
    """
    logits, pspi, au, *pain_logits = prediction.predictions
    labels, au_labels, pain_labels = prediction.label_ids
    six, known = len(AU_NAMES), ~np.isnan(au_labels)
    known[:, :six] = known[:, :six].all(axis=1, keepdims=True)
    errors = np.abs(au - au_labels)
    found = {
        "pspi_mae": float(np.abs(pspi - labels).mean()),
        "pspi_accuracy": float((logits.argmax(axis=-1) == labels).mean()),
    }
    for name, part in (("au_mae", np.s_[:, :six]), ("companion_mae", np.s_[:, six:])):
        if known[part].any():
            found[name] = float(errors[part][known[part]].mean())
    if pain_logits:
        positive, negative = (pain_logits[0][pain_labels == kind] for kind in (1, 0))
        if len(positive) and len(negative):
            found["pain_auroc"] = _auroc(positive, negative)
    return found


def _auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """How often a value of `positive` exceeds one of `negative`; a tie counts half."""
    order = np.sort(negative)
    below = np.searchsorted(order, positive, side="left") + np.searchsorted(order, positive, side="right")
    return float(below.mean() / (2 * len(negative)))
