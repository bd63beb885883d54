"""The default head and its rig, which nothing changes."""

import pytest

from generation.heads import makehuman
from generation.rigs import blendshapes


@pytest.fixture(scope="session")
def head():
    return makehuman.load()


@pytest.fixture(scope="session")
def rig():
    return blendshapes.load(makehuman.load())
