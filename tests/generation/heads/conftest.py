"""One remeshed person as a file, and its wrap, for all tests of heads from files."""

import pytest
from other_heads import remeshed, with_parts, write_obj

from generation.heads import own

PLACE_CM = (2.0, 160.0, -3.0)


@pytest.fixture(scope="session")
def mesh():
    return remeshed(4500)


@pytest.fixture(scope="session")
def obj(mesh, tmp_path_factory):
    """The person in centimetres, standing, with eyeballs and a bar between the teeth."""
    vertices, triangles = with_parts(mesh)
    return write_obj(tmp_path_factory.mktemp("head") / "head.obj", vertices / 10 + PLACE_CM, triangles)


@pytest.fixture(scope="session")
def wrapped(obj):
    return own.load(obj)
