"""The default head and its rig, which nothing changes."""

import pytest

from generation.heads import HEADS
from generation.rigs import RIGS


@pytest.fixture(scope="session")
def head():
    return HEADS["makehuman"]()


@pytest.fixture(scope="session")
def rig():
    return RIGS["blendshapes"]("makehuman")
