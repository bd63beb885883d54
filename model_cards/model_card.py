"""The model card: what a ViTPain directory holds, with the numbers of its evaluation beside the trivial rows'."""

from pathlib import Path
from string import Template

from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard import metadata_load
from yaml import YAMLError

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.hub_readme import README
from dataset_script.strict_json import parse_json
from evaluation.provenance import weight_hashes

from .face_words import says
from .model_words import architecture, conversion_words, framing, intervals, licence, neutral_frames
from .results import eval_results, results
from .shift import check_shift, shift_results, shift_section
from .shift_file import SHIFT, Shifts, read_shifts
from .text import CITATION, TEMPLATES, fenced_yaml, read_json
from .training_words import training_words

TAGS = ["pain", "pspi", "facs", "action-units", "facial-expression", "vitpain"]


def build_model_card(directory: str | Path, metrics: str | Path | None = None) -> ModelCard:
    """The card of a model directory.

    Args:
        directory: holds `config.json`, the weights, and `training.json` if `pain3d train` made it, or `conversion.json`
            if it was converted.
        metrics: what `pain3d evaluate` wrote; default `metrics.json` in `directory`, where it is optional. The card
            also has the numbers of `fairness.json` and `explanations.json` beside it, and those of `shift.json` beside
            the weights.

    Raises:
        InvalidInput: `directory` is no ViTPain, `metrics` is missing, or one of these is of other weights.
        WorkFailed: a JSON file is damaged, or `shift.json` was written by another version.
    """
    directory = Path(directory)
    from modeling_vitpain.prediction.load import checked_config  # the card of a dataset needs no model's libraries

    config = checked_config(directory, read_json(directory / "config.json")).to_dict()
    training, conversion, processor = (
        read_json(directory / name) if (directory / name).is_file() else None
        for name in ("training.json", "conversion.json", "preprocessor_config.json")
    )
    path = Path(metrics) if metrics else directory / "metrics.json"
    weights = weight_hashes(directory)
    scores = _of_these_weights(path, weights) if metrics or path.is_file() else None
    others = [path.with_name(name) for name in ("fairness.json", "explanations.json")]
    beside = [_of_these_weights(other, weights) if other.is_file() else None for other in others]

    shifts = _shifts(directory / SHIFT, weights)

    name = directory.resolve().name
    identifier, licence_text = licence(training, conversion)
    data = ModelCardData(
        model_name=name,
        license=identifier,
        library_name="transformers",
        pipeline_tag="image-classification",
        tags=TAGS,
        eval_results=[*(eval_results(scores) if scores else ()), *(shift_results(shifts) if shifts else ())] or None,
        **_stated(directory / README),
    )
    body = Template((TEMPLATES / "model_card.md").read_text(encoding="utf-8")).substitute(
        title=name,
        name=name,
        architecture=architecture(config, training) + _storage(directory, config),
        load="from transformers import AutoImageProcessor, AutoModel\n\n"
        'load = {"trust_remote_code": True, "revision": "main"}  # a tag or commit you have read: its code will run\n'
        f'processor = AutoImageProcessor.from_pretrained("{name}", **load)\n'
        f'model = AutoModel.from_pretrained("{name}", **load)',
        framing=framing(processor),
        units=str(len(config.get("au_names", AU_NAMES))),
        says=says(config, (training or {}).get("calibration")),
        neutral_frames=neutral_frames(name, config),
        intervals=intervals(config, (training or {}).get("calibration")),
        results=results(scores, *beside)
        if scores
        else "Not evaluated yet: `pain3d evaluate` writes the numbers for this card.",
        shift=shift_section(shifts)
        if shifts
        else "Not measured yet: `python -m benchmarks.shift` writes the numbers for this card.",
        citation=CITATION,
        training=training_words(name, training) if training else conversion_words(conversion, config),
        licence=licence_text,
    )
    return ModelCard(fenced_yaml(data) + body)


def _stated(readme: Path) -> dict:
    """`rights` of the card that is there: what its publisher stated stays in the new one."""
    try:
        data = metadata_load(readme) or {}
    except (OSError, ValueError, YAMLError):  # none, or none that can be read
        return {}
    return {"rights": data["rights"]} if "rights" in data else {}


def _shifts(path: Path, weights: dict[str, str]) -> Shifts | None:
    """What is left of the model on other faces; None: not measured. Raises InvalidInput where it is of others."""
    if not path.is_file():
        return None
    found = read_shifts(path)
    check_shift(found, weights)
    return found


def _storage(directory: Path, config: dict) -> str:
    """A sentence on weights that are stored in float16 and load as another dtype; of others nothing."""
    stored = {kind for path in directory.glob("*.safetensors") for kind in _stored_dtypes(path)}
    if stored != {"F16"} or config.get("dtype") == "float16":
        return ""
    return f" Its weights are stored in float16 and load as {config.get('dtype', 'float32')}."


def _stored_dtypes(path: Path) -> set[str]:
    """The dtypes in a file of safetensors, as its header names them; none of a file that has no header."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            return set()
        content = file.read(length)
    try:
        header = parse_json(content)
        return {tensor["dtype"] for name, tensor in header.items() if name != "__metadata__"}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise WorkFailed(f"{path} is damaged: its header cannot be read ({type(error).__name__})") from None


def _of_these_weights(path: Path, weights: dict[str, str]) -> dict:
    """The JSON object in `path`. Raises InvalidInput where it was computed with other weights, or there is none."""
    found = read_json(path)
    context = found.get("context")
    if not isinstance(context, dict) or context.get("weights") != weights:
        raise InvalidInput(f"{path} was computed with other weights than the model's: make it again, or remove it")
    return found
