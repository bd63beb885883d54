"""Writes the card that fits a directory."""

from pathlib import Path

from huggingface_hub import DatasetCard, ModelCard

from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput
from dataset_script.storage import write_atomically

from .croissant import CROISSANT, build_croissant
from .dataset_card import build_dataset_card
from .datasheet import DATASHEET, build_datasheet
from .imported_card import build_imported_card
from .model_card import build_model_card
from .prompt_list import PROMPTS, prompt_list, read_prompts
from .text import UNKNOWN


def write_card(directory: str | Path, metrics: str | Path | None = None, plots: bool = False) -> Path:
    """Writes `README.md`: of a model where `directory` holds `config.json`, else of a dataset, generated or imported.

    Beside that of a generated dataset it writes `PROMPTS.md`, its appendix, `DATASHEET.md` and `croissant.json`.

    The card is read back as the Hub reads it before it takes the place of an old one.

    Args:
        directory: the dataset or the model.
        metrics: of a model, what `pain3d evaluate` wrote; default its own `metrics.json`.
        plots: of a generated dataset, whether pictures of its labels are drawn for the card.

    Raises:
        InvalidInput: `directory` is neither, `metrics` does not fit, or plots are asked for where there are none.
        WorkFailed: a file is damaged or cannot be written.
    """
    directory = Path(directory)
    beside: dict[str, str] = {}
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
            card = build_dataset_card(directory, plots)
            beside = _beside_the_card(found, card)
    if plots and not beside:
        raise InvalidInput(f"--plots is of a generated dataset; {directory} is none")
    content = str(card)
    assert type(card)(content).data.to_dict() == card.data.to_dict(), "the card does not read back as it was written"
    for name, text in beside.items():
        write_atomically(directory / name, text.encode())
    write_atomically(directory / "README.md", content.encode())
    return directory / "README.md"


def _beside_the_card(found: DatasetDirectory, card: DatasetCard) -> dict[str, str]:
    """File name -> text of what a generated dataset has beside its card."""
    title = card.data.get("pretty_name") or "Pain3D"
    described = "Rendered faces of synthetic people in pain, with action units, PSPI and pixel-aligned heatmaps."
    return {
        PROMPTS: prompt_list(read_prompts(found)),
        DATASHEET: build_datasheet(found, title),
        CROISSANT: build_croissant(found, title, described, card.data.get("license") or UNKNOWN),
    }
