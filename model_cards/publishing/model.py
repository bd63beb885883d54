"""The check of a model before it is published: it loads, its remote code is there, its card, its licences."""

from pathlib import Path

from dataset_script.errors import WorkFailed

from ..text import read_json
from .card import Card, read_card, section_problems
from .dataset import training_licences
from .files import PublishedFile, root_files
from .licences import training_licence_problems
from .publication import Findings

SUFFIXES = (".md", ".json", ".safetensors", ".py", ".onnx", ".png", ".jpg", ".svg")
"""Files beside the card that belong to a model. Pickled weights are not among them."""
RECORDS = ("training.json", "conversion.json")


def check_model(directory: Path) -> Findings:
    """Loads a model and checks its remote code, card and licences.

    Raises:
        InvalidInput: the directory holds no ViTPain.
    """
    writer = f"`pain3d card {directory}` writes one"
    config = read_json(directory / "config.json")
    card, files = read_card(directory, writer), root_files(directory, SUFFIXES)
    return Findings(
        files=files,
        problems=[
            *_loading_problems(directory),
            *_remote_code_problems(config, files),
            *card.problems,
            *section_problems(card, writer),
            *training_problems(directory, card),
        ],
        stale=("*.safetensors", "*.safetensors.index.json", "*.py"),
    )


def _loading_problems(directory: Path) -> list[str]:
    from modeling_vitpain.prediction.load import load_model  # torch: only where a model is published

    try:
        load_model(directory)
    except WorkFailed as error:
        return [str(error)]
    return []


def _remote_code_problems(config: dict, files: list[PublishedFile]) -> list[str]:
    """Files that `trust_remote_code=True` would look for and not find."""
    paths = {file.path for file in files}
    named = config.get("auto_map") or {}
    if "AutoModel" not in named:
        return ["config.json: it has no `auto_map` with AutoModel: `save_pretrained` of this package writes it"]
    missing = {f"{name.partition('.')[0]}.py" for name in map(str, named.values())} - paths
    return [f"{name}: missing, and config.json names it as remote code" for name in sorted(missing)]


def training_problems(directory: Path, card: Card) -> list[str]:
    """Why the data that the model in `directory` learned from do not allow to publish it."""
    training, conversion = (read_json(directory / name) if (directory / name).is_file() else None for name in RECORDS)
    if training is not None and isinstance(data := training.get("data"), dict):
        return training_licence_problems(training_licences(data), card)
    if conversion is None:
        return training_licence_problems([None], card)
    return []  # the card's licence is that of the checkpoint it was converted from, which is `other`
