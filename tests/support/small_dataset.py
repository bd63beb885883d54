"""Fixtures: a small dataset to read and one to damage. A `conftest.py` imports them where they are wanted."""

import shutil
from pathlib import Path

import pytest
from fake_maker import FakeMaker

from dataset_script.spec import Spec
from generation.run.generate import generate


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """A complete small dataset with geometry: 6 identities, 198 frames of 64 pixels. Not to be written to."""
    out = tmp_path_factory.mktemp("dataset") / "pain3d"
    generate(out, Spec(identities=6, size=64, geometry=True), maker_factory=FakeMaker)
    return out


@pytest.fixture
def copy(dataset, tmp_path) -> Path:
    """The same, to be written to."""
    return shutil.copytree(dataset, tmp_path / "pain3d")
