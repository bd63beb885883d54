from pathlib import Path

import pytest
from demo_parts import AT_REST, PAIN, portrait, save_model
from small_dataset import copy, dataset

from dataset_script.facs import AU_NAMES
from model_cards.demo.live_faces import LiveFaces

__all__ = ["copy", "dataset"]


@pytest.fixture(scope="session")
def faces() -> LiveFaces:
    return LiveFaces()


@pytest.fixture(scope="session")
def photos(faces, tmp_path_factory) -> dict[str, Path]:
    """Files: "pain" and "neutral" of one person, "cut" short in the middle, and "text", which is no picture."""
    folder = tmp_path_factory.mktemp("photos")
    found = {name: folder / f"{name}.png" for name in ("pain", "neutral", "cut", "text")}
    for name, au in (("pain", PAIN), ("neutral", AT_REST)):
        faces.render(portrait(au), 512).picture.save(found[name])
    found["cut"].write_bytes(found["pain"].read_bytes()[:20_000])
    found["text"].write_text("no picture")
    return found


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """It sees one picture."""
    return save_model(tmp_path_factory.mktemp("model") / "vitpain-one")


@pytest.fixture(scope="session")
def comparing_model(tmp_path_factory) -> Path:
    """It compares with a neutral picture, and gives intervals of the units and a probability of pain."""
    said = {"au_names": [*AU_NAMES, "AU1", "AU12"], "au_spread": True, "expression_head": True}
    return save_model(tmp_path_factory.mktemp("model") / "vitpain-two", reference="neutral", **said)
