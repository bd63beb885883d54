"""What tests of the demo are made of: a portrait, saved models, pictures as files, and a reader of the HTML."""

from html.parser import HTMLParser
from pathlib import Path

import torch

from generation.plan import ViewPlan
from generation.sheets.portrait import Portrait
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor

PAIN = (4.0, 3.0, 4.0, 2.0, 3.0, 0.0)
AT_REST = (0.0,) * 6
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
"""Text that would run in a page that did not escape it."""


def portrait(au: tuple[float, ...] = AT_REST, yaw: float = 0.0, age: int = 40) -> Portrait:
    return Portrait(age, "black", "woman", 7, au, {}, ViewPlan(0, yaw, 0.0, 0.0, 26.0, 1.0))


def save_model(directory: Path, **config) -> Path:
    """A tiny model with random weights."""
    torch.manual_seed(0)
    network = ViTPainForPainAssessment(ViTPainConfig.tiny(**config))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.03)
    network.save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.7).save_pretrained(directory)
    return directory


class Page(HTMLParser):
    """The elements of a piece of HTML as a browser would see them: `tags`, their `attributes`, and the `text`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def runs_something(self) -> bool:
        """Whether anything in it is a program, or is loaded from elsewhere."""
        sources = [value or "" for name, value in self.attributes if name in ("src", "href")]
        return (
            bool({"script", "iframe", "object", "embed", "link", "style"} & set(self.tags))
            or any(name.startswith("on") for name, _ in self.attributes)
            or not all(source.startswith("data:image/jpeg;base64,") for source in sources)
        )
