"""What a model card says of a model's numbers: those of `metrics.json`, `fairness.json` and `explanations.json`."""

from typing import Any

from huggingface_hub import EvalResult

from evaluation.explanations.report import summary
from evaluation.explanations.results import Explanations
from evaluation.fairness.results import Fairness
from evaluation.markdown import number, p_value, sample_size, span, table
from evaluation.split.method import METRICS, method
from evaluation.split.report import (
    au_table,
    calibration_table,
    companion_section,
    comparison_section,
    detection_table,
    expression_section,
    group_table,
    pain_probability_section,
    pspi_table,
)
from evaluation.split.results import Evaluation

METRIC_TYPES = {
    "macro_auroc": "roc_auc",
    "macro_auroc_16": "roc_auc",
    "accuracy": "accuracy",
    "accuracy_within_1": "accuracy",
    "accuracy_within_2": "accuracy",
    "mae": "mae",
    "mse": "mse",
    "pcc": "pearsonr",
    "icc_3_1": "icc_3_1",
    "icc_2_1": "icc_2_1",
    "qwk": "cohen_kappa",
}
"""Metric -> its identifier on the Hub, where there is one."""
METRIC_NAMES = {name: title[:-2] for name, title in METRICS.items()}
"""Metric -> its name without the arrow that says what is better."""
CALIBRATION_TYPES = {"ece": ("ece", "calibration error (ECE)"), "brier": ("brier_score", "Brier score")}
GAPS = {"mae": "MAE", "bias": "bias", "auroc_pspi_3": "AUROC at PSPI ≥ 3"}
"""Gaps between groups that a card shows; `fairness.md` has all."""


def results(scores: Evaluation, fairness: Fairness | None = None, explanations: Explanations | None = None) -> str:
    """The section on results.

    Args:
        scores: `metrics.json` of `pain3d evaluate`.
        fairness: `fairness.json` of `pain3d evaluate --fairness`.
        explanations: `explanations.json` of `pain3d explain`.
    """
    context = scores["context"]
    versions = ", ".join(f"{name} {version}" for name, version in context["versions"].items())
    parts = [
        f"`pain3d evaluate` on `{context['data']}` (specification `{context['spec_hash']}`), {context['split']} split. "
        f"{method(scores)}",
        pspi_table(scores),
        "### Pain detection",
        detection_table(scores),
        "### Calibration",
        calibration_table(scores),
        "### Action units",
        au_table(scores["au"], scores.get("hog_ridge")),
        *_deeper(companion_section(scores)),
        "### By group",
        group_table(scores),
        *_deeper(expression_section(scores)),
        *_deeper(pain_probability_section(scores)),
    ]
    if fairness is not None:
        parts += ["### Gaps between groups", gap_table(fairness)]
    if "comparison" in scores:
        parts += _deeper(comparison_section(context["model"], scores["comparison"]))
    if explanations is not None:
        parts += ["### Where it looks", _explanations(explanations)]
    parts.append(f"Versions: {versions}.")
    return "\n\n".join(parts)


def _deeper(section: str) -> list[str]:
    """A section of `metrics.md`, its heading one level down; nothing where it is empty."""
    return [f"#{section.strip()}"] if section else []


def eval_results(scores: Evaluation) -> list[EvalResult]:
    """The model-index: PSPI metrics, calibration, AUROC and F1 of detection; what is not defined has no entry."""
    context = scores["context"]
    found = [(METRIC_TYPES[name], title, scores["pspi"][name]["value"]) for name, title in METRIC_NAMES.items()]
    calibration = scores["calibration"]["model"]
    found += [(kind, label, calibration[name]["value"]) for name, (kind, label) in CALIBRATION_TYPES.items()]
    for threshold, entry in scores["detection"].items():
        label = threshold.replace("pspi", "PSPI ").replace(">=", ">= ")
        found.append(("roc_auc", f"AUROC at {label}", entry["model"]["auroc"]["value"]))
        found.append(("f1", f"F1 at {label}", entry["model"]["f1"]["value"]))
    return [
        pain_result(
            kind,
            label,
            value,
            dataset_type=context["data"],
            dataset_name=f"{context['data']} ({sample_size(context)})",
            dataset_config="default",
            dataset_split=context["split"],
            dataset_args={"spec_hash": context["spec_hash"], "input": context["input"]},
        )
        for kind, label, value in found
        if value is not None
    ]


def pain_result(kind: str, label: str, value: float, **dataset: Any) -> EvalResult:
    """An entry of the model-index: a metric by its identifier on the Hub and its name, and the `dataset_…` of it."""
    task = {"task_type": "image-classification", "task_name": "pain assessment"}
    return EvalResult(**task, **dataset, metric_type=kind, metric_name=label, metric_value=value)


def gap_table(fairness: Fairness) -> str:
    """How much worse the worst group is than the best, of age group, ethnicity and gender."""
    body = [
        [
            f"{attribute.replace('_', ' ')}: {label}",
            entry["worst"].replace("_", " "),
            entry["best"].replace("_", " "),
            number(entry["gap"]),
            span(entry["interval_95"]),
            p_value(entry["p_permutation"]),
        ]
        for attribute in ("age_group", "ethnicity", "gender")
        for metric, label in GAPS.items()
        if (entry := fairness["attributes"].get(attribute, {"gaps": {}})["gaps"].get(metric))
    ]
    if not body:
        return f"None: no attribute has two groups of {fairness['min_identities']} identities."
    return (
        table(["gap in", "worst", "best", "gap", "95 % interval", "p"], body)
        + f"\n\nAmong groups of at least {fairness['min_identities']} identities; p: the share of random groupings of "
        "the people with a gap as large."
    )


def _explanations(found: Explanations) -> str:
    context = found["context"]
    return (
        f"`pain3d explain` on `{context['data']}`, {context['split']} split, {sample_size(context)}. {summary(found)} "
        "Attention is where the AU branch takes its features from; read it as an explanation only as far as these "
        "numbers go."
    )
