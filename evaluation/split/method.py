"""What the numbers of an evaluation are based on, in words: sizes, intervals, thresholds, the rows beside the model."""

from dataset_script.facs import PSPI_CLASSES

from ..markdown import sample_size
from ..statistics.measures import LOWER_IS_BETTER
from ..statistics.thresholds import EVEN
from .results import Evaluation, EvaluationContext

METRICS = {
    "macro_auroc": "macro AUROC, 17 classes (0-16) ↑",
    "macro_auroc_16": "macro AUROC, 16 classes (0-15) ↑",
    "accuracy": "accuracy ↑",
    "accuracy_within_1": "accuracy within ±1 ↑",
    "accuracy_within_2": "accuracy within ±2 ↑",
    "mae": "MAE ↓",
    "mse": "MSE ↓",
    "pcc": "PCC ↑",
    "icc_3_1": "ICC(3,1) ↑",
    "icc_2_1": "ICC(2,1) ↑",
    "qwk": "quadratic weighted kappa ↑",
}
TRIVIAL_ROWS = {
    "majority": "the training frames' commonest PSPI for everyone",
    "prior": "a PSPI drawn with the training frequencies (expected score)",
    "mean": "the training frames' mean PSPI for everyone",
}
ENOUGH = 20
"""Identities from which percentile intervals hold about what they promise (tests/evaluation/statistics)."""
HOG = "HOG + ridge"


def method(metrics: Evaluation) -> str:
    """What the numbers are based on."""
    context = metrics["context"]
    absent = metrics["classes_absent"]
    classes = f"Macro AUROC is over {PSPI_CLASSES - len(absent)} classes"
    if absent:
        classes += f" (PSPI {', '.join(map(str, absent))} not among these frames)"
    parts = [
        f"{sample_size(context)}, input `{context['input']}`.",
        interval_words(context),
        threshold_words(context),
        f"{classes}.",
        trivial_words(metrics),
        hog_words(metrics),
    ]
    return " ".join(part for part in parts if part)


def interval_words(context: EvaluationContext) -> str:
    """What the intervals are, and what they are worth with few identities."""
    if context["identities"] == 1:
        return "No intervals: one identity says nothing about others."
    text = f"Intervals: identities resampled {context['resamples']:,} times (seed {context['seed']})."
    return text if context["identities"] >= ENOUGH else f"{text} Of fewer than {ENOUGH} they are too narrow."


def threshold_words(context: EvaluationContext) -> str:
    """What sets the decision thresholds."""
    if context["calibration_split"] is None:
        return f"Decision thresholds: {EVEN:g}, as the data have no other split to set them."
    text = f"Decision thresholds: the best F1 on the {context['calibration_split']} split"
    unset = context.get("thresholds_unset", [])
    if not unset:
        return f"{text}."
    return f"{text}; from PSPI {unset[0]} on {EVEN:g}, as none of its frames shows that much."


def trivial_words(metrics: Evaluation) -> str:
    """What the trivial rows are, or why there are none."""
    if not metrics["trivial"]:
        return "Rows fitted to training frames are left out: the data have none."
    return f"Trivial rows: {'; '.join(f'{name}: {text}' for name, text in TRIVIAL_ROWS.items())}."


def hog_words(metrics: Evaluation) -> str:
    """What the row HOG + ridge is, and in what the model is no better; or why there is none."""
    hog = metrics.get("hog_ridge")
    if hog is None:
        return metrics.get("hog_left_out", "")
    worse = [label[:-2] for name, label in METRICS.items() if not _better(metrics, name)]
    return (
        f"{HOG}: regression (strength {hog['strength']:g}, set on the validation split) from histograms of gradients "
        f"of the face, fitted to {hog['training_frames']:,} training frames."
        + (f" **The model is no better than it in: {', '.join(worse)}.**" if worse else "")
    )


def _better(metrics: Evaluation, name: str) -> bool:
    """Whether the model is better than HOG + ridge, or one of them is not defined."""
    ours, theirs = metrics["pspi"][name]["value"], metrics["hog_ridge"]["pspi"][name]["value"]
    if ours is None or theirs is None:
        return True
    return ours < theirs if name in LOWER_IS_BETTER else ours > theirs
