"""The card that a directory needs before it may be published: `README.md` with metadata."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub.repocard import metadata_load
from yaml import YAMLError

from dataset_script.hub_readme import README

_NAMED = ("license_name", "license_link")


@dataclass(frozen=True)
class Card:
    """The README of a directory.

    Attributes:
        data: its YAML.
        body: the text below it.
        problems: why it is no card, one line each.
    """

    data: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    problems: tuple[str, ...] = ()

    @property
    def licence(self) -> str | None:
        """`license` of the YAML; of a list, its parts joined by commas."""
        value = self.data.get("license")
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    @property
    def rights(self) -> dict[str, str]:
        """`rights` of the YAML: what the publisher states on licences and consent that Pain3D cannot know."""
        value = self.data.get("rights")
        return {str(name): str(text).strip() for name, text in value.items()} if isinstance(value, dict) else {}


def read_card(directory: Path, writer: str) -> Card:
    """The card of a directory, with what is wrong with it.

    Args:
        directory: where `README.md` lies.
        writer: the command that writes such a card, for the messages.
    """
    readme = directory / README
    try:
        data = metadata_load(readme)
    except FileNotFoundError:
        return Card(problems=(f"{README}: there is no card; {writer}",))
    except (UnicodeDecodeError, ValueError, YAMLError) as error:
        return Card(problems=(f"{README}: its metadata cannot be read: {str(error).splitlines()[0]}",))
    text = readme.read_text(encoding="utf-8-sig")
    body = re.sub(r"\A\s*---\s*\n.*?\n---\s*(\n|\Z)", "", text, flags=re.DOTALL).strip()
    if not data:
        return Card(body=body, problems=(f"{README}: it has no metadata (YAML between two lines of ---); {writer}",))
    problems = [] if body else [f"{README}: there is no text below its metadata; {writer}"]
    card = Card(data, body)
    return Card(data, body, (*problems, *_licence_problems(card)))


def section_problems(card: Card, writer: str) -> list[str]:
    """What is wrong with the text of a card that must describe data or weights: it needs sections."""
    if card.problems or re.search(r"^## ", card.body, re.MULTILINE):
        return []
    return [f"{README}: it is the short text written with the data, not a card; {writer}"]


def _licence_problems(card: Card) -> list[str]:
    if not isinstance(card.licence, str) or not card.licence.strip():
        return [f"{README}: its metadata has no `license`"]
    if card.licence.lower() in ("other", "unknown") and not all(card.data.get(name) for name in _NAMED):
        return [
            f"{README}: its `license` is {card.licence}; allowed: an identifier of the Hub, such as cc-by-4.0, or "
            "other with `license_name` and `license_link`"
        ]
    return []
