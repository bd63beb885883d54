"""Writes the card that fits a directory."""

from pathlib import Path

from huggingface_hub import DatasetCard, ModelCard

from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput
from dataset_script.storage import write_atomically

from .dataset_card import build_dataset_card
from .imported_card import build_imported_card
from .model_card import build_model_card
from .prompt_list import PROMPTS, prompt_list, read_prompts


def write_card(directory: str | Path, metrics: str | Path | None = None) -> Path:
    """Writes `README.md`: of a model where `directory` holds `config.json`, else of a dataset, generated or imported.

    Beside that of a generated dataset it writes `PROMPTS.md`, its appendix.

    The card is read back as the Hub reads it before it takes the place of an old one.

    Args:
        directory: the dataset or the model.
        metrics: of a model, what `pain3d evaluate` wrote; default its own `metrics.json`.

    Raises:
        InvalidInput: `directory` is neither, or `metrics` does not fit.
        WorkFailed: a file is damaged or cannot be written.
    """
    directory = Path(directory)
    appendix = None
    if (directory / "config.json").is_file():
        card: DatasetCard | ModelCard = build_model_card(directory, metrics)
    else:
        try:
            found = DatasetDirectory.open(directory)
        except InvalidInput:
            raise InvalidInput(f"{directory} is neither a dataset nor a model (no config.json)") from None
        if metrics is not None:
            raise InvalidInput(f"--metrics is of a model; {directory} is a dataset")
        if found.is_imported:
            card = build_imported_card(directory)
        else:
            card = build_dataset_card(directory)
            appendix = prompt_list(read_prompts(found))
    content = str(card)
    assert type(card)(content).data.to_dict() == card.data.to_dict(), "the card does not read back as it was written"
    if appendix is not None:
        write_atomically(directory / PROMPTS, appendix.encode())
    write_atomically(directory / "README.md", content.encode())
    return directory / "README.md"
