"""What both cards need: templates, YAML fences, JSON files."""

from pathlib import Path

from huggingface_hub import CardData

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.strict_json import parse_json

TEMPLATES = Path(__file__).with_name("templates")
UNKNOWN = "not known to this version of Pain3D"
PAPER = "https://arxiv.org/abs/2509.16727"
CITATION = """@article{lin2025pain3d,
  title   = {Pain in 3D: Generating Controllable Synthetic Faces for Automated Pain Assessment},
  author  = {Lin, Xin Lei and Mehraban, Soroush and Moturu, Abhishek and Taati, Babak},
  journal = {arXiv preprint arXiv:2509.16727},
  year    = {2025}
}"""
"""What data and models of this package are to be cited with."""


def fenced_yaml(data: CardData) -> str:
    """The metadata block that opens a card."""
    return f"---\n{data.to_yaml()}\n---\n\n"


def read_json(path: Path) -> dict:
    """A JSON object from a file. Raises InvalidInput when there is none, WorkFailed when it is damaged."""
    try:
        value = parse_json(path.read_text(encoding="utf-8"), nan=True)
    except FileNotFoundError:
        raise InvalidInput(f"there is no {path}") from None
    except ValueError as error:
        raise WorkFailed(f"{path} is damaged: {error}") from None
    if not isinstance(value, dict):
        raise WorkFailed(f"{path} is damaged: it does not hold an object")
    return value
