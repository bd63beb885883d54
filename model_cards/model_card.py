"""The model card: what a ViTPain directory holds, with the numbers of its evaluation beside the trivial rows'."""

from pathlib import Path
from string import Template

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from dataset_script.errors import InvalidInput
from evaluation.report import METRICS, au_table, describe, detection_table, group_table, pspi_table, sample_size, table
from evaluation.weights import weight_hashes

from .model_words import architecture, conversion_words, framing, intervals, licence, neutral_frames
from .text import TEMPLATES, fenced_yaml, read_json

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

TAGS = ["pain", "pspi", "facs", "action-units", "facial-expression", "vitpain"]


def build_model_card(directory: str | Path, metrics: str | Path | None = None) -> ModelCard:
    """The card of a model directory.

    Args:
        directory: holds `config.json`, the weights, and `training.json` if `pain3d train` made it, or `conversion.json` if
            it was converted.
        metrics: what `pain3d evaluate` wrote; default `metrics.json` in `directory`, where it is optional.

    Raises:
        InvalidInput: `directory` is no ViTPain, `metrics` is not there, or was computed with other weights.
        WorkFailed: a JSON file is damaged.
    """
    directory = Path(directory)
    config = read_json(directory / "config.json")
    if config.get("model_type") != "vitpain":
        raise InvalidInput(f"{directory} holds a model of type {config.get('model_type')!r}, not a ViTPain")
    training, conversion, processor = (
        read_json(directory / name) if (directory / name).is_file() else None
        for name in ("training.json", "conversion.json", "preprocessor_config.json")
    )
    path = Path(metrics) if metrics else directory / "metrics.json"
    scores = read_json(path) if metrics or path.is_file() else None
    if scores is not None and scores["context"]["weights"] != weight_hashes(directory):
        raise InvalidInput(
            f"{path} was computed with other weights than {directory} holds: run `pain3d evaluate` again"
        )

    name = directory.resolve().name
    identifier, licence_text = licence(training, conversion)
    data = ModelCardData(
        model_name=name,
        license=identifier,
        library_name="transformers",
        pipeline_tag="image-classification",
        tags=TAGS,
        eval_results=_eval_results(scores) if scores else None,
    )
    body = Template((TEMPLATES / "model_card.md").read_text(encoding="utf-8")).substitute(
        title=name,
        name=name,
        architecture=architecture(config, training),
        load="from transformers import AutoImageProcessor, AutoModel\n"
        f'processor = AutoImageProcessor.from_pretrained("{name}", trust_remote_code=True)\n'
        f'model = AutoModel.from_pretrained("{name}", trust_remote_code=True)',
        framing=framing(processor),
        neutral_frames=neutral_frames(name, config),
        intervals=intervals(config, (training or {}).get("calibration")),
        results=_results(scores)
        if scores
        else "Not evaluated yet: `pain3d evaluate` writes the numbers for this card.",
        training=_training(training) if training else conversion_words(conversion, config),
        licence=licence_text,
    )
    return ModelCard(fenced_yaml(data) + body)


def _results(scores: dict) -> str:
    context = scores["context"]
    versions = ", ".join(f"{name} {version}" for name, version in context["versions"].items())
    parts = [
        f"`pain3d evaluate` on `{context['data']}` (specification `{context['spec_hash']}`), {context['split']} split. "
        f"{describe(scores)}",
        pspi_table(scores),
        "### Pain detection",
        detection_table(scores),
        "### Action units",
        au_table(scores),
        "### By group",
        group_table(scores),
        f"Versions: {versions}.",
    ]
    return "\n\n".join(parts)


def _eval_results(scores: dict) -> list[EvalResult]:
    """The model-index: every PSPI metric, and AUROC and F1 of detection; a value that is not defined has no entry."""
    context = scores["context"]
    found = [(METRIC_TYPES[name], METRICS[name][:-2], scores["pspi"][name]["value"]) for name in METRICS]
    for threshold, entry in scores["detection"].items():
        label = threshold.replace("pspi", "PSPI ").replace(">=", ">= ")
        found.append(("roc_auc", f"AUROC at {label}", entry["model"]["auroc"]["value"]))
        found.append(("f1", f"F1 at {label}", entry["model"]["f1"]["value"]))
    return [
        EvalResult(
            task_type="image-classification",
            task_name="pain assessment",
            dataset_type=context["data"],
            dataset_name=f"{context['data']} ({sample_size(context)})",
            dataset_config="default",
            dataset_split=context["split"],
            dataset_args={"spec_hash": context["spec_hash"], "input": context["input"]},
            metric_type=kind,
            metric_name=label,
            metric_value=value,
        )
        for kind, label, value in found
        if value is not None
    ]


def _training(training: dict) -> str:
    data, best, versions = training["data"], training["best"], training["versions"]
    frames = ", ".join(f"{count:,} {split}" for split, count in data["frames"].items())
    settings = {**training["options"], **training["recipe"]}
    rows = [[name, str(value)] for name, value in settings.items() if value is not None and name != "data"]
    lora = settings.get("lora_rank")
    summary = (
        f"On `{Path(data['path']).name}` (specification `{data['spec_hash']}`): {frames} frames, no person in two splits. "
        f"{training['steps']:,} steps in {training['seconds']:,.0f} s; the weights are those of epoch {best['epoch']}, "
        f"the best on the validation split (PSPI MAE {best['validation_pspi_mae']:.3f}). "
        + (f"LoRA of rank {lora} on the backbone's attention, merged into the weights. " if lora else "")
        + f"Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}."
    )
    return f"{summary}\n\n{table(['setting', 'value'], rows, numbers=False)}"
