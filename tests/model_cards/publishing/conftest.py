import shutil
from pathlib import Path

import pytest
from fake_maker import FakeMaker
from huggingface_hub import constants
from local_hub.server import serving
from local_hub.store import Hub

from dataset_script.spec import Spec
from generation.run.generate import generate
from model_cards.write import write_card

TOKEN = "hf_of_the_user"


@pytest.fixture
def hub():
    """A local Hub on which `user` and `other` are known."""
    with serving(Hub({TOKEN: "user", "hf_of_another": "other"})) as hub:
        yield hub


@pytest.fixture
def environment(hub, tmp_path) -> dict[str, str]:
    """Variables for a process that uses it as `user`, with caches of its own."""
    return {
        "HF_ENDPOINT": hub.address,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


@pytest.fixture
def logged_in(hub, environment, monkeypatch) -> Hub:
    """The hub, used by this process as `user`."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    return hub


@pytest.fixture(scope="session")
def dataset_with_card(tmp_path_factory) -> Path:
    """A complete dataset of 4 people with its card. Not to be written to."""
    out = tmp_path_factory.mktemp("publish") / "pain3d"
    generate(out, Spec(identities=4, size=64), maker_factory=FakeMaker)
    write_card(out)
    return out


@pytest.fixture
def data(dataset_with_card, tmp_path) -> Path:
    """The same, to be written to."""
    return shutil.copytree(dataset_with_card, tmp_path / "pain3d")
