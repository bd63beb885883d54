"""The model card: what a ViTPain directory holds, with the numbers of its evaluation beside the trivial rows'."""

from pathlib import Path
from string import Template

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from dataset_script.errors import InvalidInput
from evaluation.report import METRICS, au_table, describe, detection_table, group_table, pspi_table, sample_size, table
from evaluation.weights import weight_hashes

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
    "qwk": "cohen_kappa",
}
"""Metric -> its identifier on the Hub, where there is one."""

APACHE_BACKBONES = ("google/vit-", "facebook/dinov2-")
TAGS = ["pain", "pspi", "facs", "action-units", "facial-expression", "vitpain"]


def build_model_card(directory: str | Path, metrics: str | Path | None = None) -> ModelCard:
    """The card of a model directory.

    Args:
        directory: holds `config.json`, the weights, and `training.json` if `pain3d train` made it.
        metrics: what `pain3d evaluate` wrote; default `metrics.json` in `directory`, where it is optional.

    Raises:
        InvalidInput: `directory` is no ViTPain, `metrics` is not there, or was computed with other weights.
        WorkFailed: a JSON file is damaged.
    """
    directory = Path(directory)
    config = read_json(directory / "config.json")
    if config.get("model_type") != "vitpain":
        raise InvalidInput(f"{directory} holds a model of type {config.get('model_type')!r}, not a ViTPain")
    training = read_json(directory / "training.json") if (directory / "training.json").is_file() else None
    path = Path(metrics) if metrics else directory / "metrics.json"
    scores = read_json(path) if metrics or path.is_file() else None
    if scores is not None and scores["context"]["weights"] != weight_hashes(directory):
        raise InvalidInput(
            f"{path} was computed with other weights than {directory} holds: run `pain3d evaluate` again"
        )

    name = directory.resolve().name
    licence, licence_text = _licence(training)
    data = ModelCardData(
        model_name=name,
        license=licence,
        library_name="transformers",
        pipeline_tag="image-classification",
        tags=TAGS,
        eval_results=_eval_results(scores) if scores else None,
    )
    body = Template((TEMPLATES / "model_card.md").read_text(encoding="utf-8")).substitute(
        title=name,
        name=name,
        architecture=_architecture(config, training),
        load="from transformers import AutoImageProcessor, AutoModel\n"
        f'processor = AutoImageProcessor.from_pretrained("{name}", trust_remote_code=True)\n'
        f'model = AutoModel.from_pretrained("{name}", trust_remote_code=True)',
        results=_results(scores)
        if scores
        else "Not evaluated yet: `pain3d evaluate` writes the numbers for this card.",
        training=_training(training) if training else "Not recorded.",
        licence=licence_text,
    )
    return ModelCard(fenced_yaml(data) + body)


def _architecture(config: dict, training: dict | None) -> str:
    backbone = config["backbone_config"]
    size = f"{training['parameters']:,} parameters; b" if training else "B"
    heatmaps = training is not None and training["options"]["input"] == "heatmap"
    return (
        ("**A teacher: it sees displacement heatmaps, not pictures.** " if heatmaps else "")
        + f"{size}ackbone {backbone['model_type']}, {backbone['num_hidden_layers']} layers of width "
        f"{backbone['hidden_size']}, {backbone['image_size']} px, patches of {backbone['patch_size']} px; "
        f"action units from the {'AU queries' if config['au_head'] == 'query' else 'CLS token'}."
    )


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
    summary = (
        f"On `{Path(data['path']).name}` (specification `{data['spec_hash']}`): {frames} frames, no person in two splits. "
        f"{training['steps']:,} steps in {training['seconds']:,.0f} s; the weights are those of epoch {best['epoch']}, "
        f"the best on the validation split (PSPI MAE {best['validation_pspi_mae']:.3f}). "
        f"Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}."
    )
    return f"{summary}\n\n{table(['setting', 'value'], rows, numbers=False)}"


def _licence(training: dict | None) -> tuple[str, str]:
    """The Hub's identifier, and a sentence."""
    if training is None:
        return "other", "Not recorded: how these weights were made is not known."
    backbone = training["options"]["backbone"]
    if backbone is None and training["options"]["config"] != "large":
        return "apache-2.0", "Apache-2.0; the weights were trained from scratch on synthetic data (CC-BY-4.0)."
    backbone = backbone or "google/vit-large-patch16-224-in21k"
    if backbone.startswith(APACHE_BACKBONES):
        return "apache-2.0", f"Apache-2.0, as the backbone `{backbone}`; fine-tuned on synthetic data (CC-BY-4.0)."
    return "other", f"The licence of the backbone `{Path(backbone).name}` holds for these weights; read it before use."
