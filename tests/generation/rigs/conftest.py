import pytest
import synthetic_ict

from generation.rigs.neural.ict import IctFaces, load_ict


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    """Path of a stand-in for the ICT-FaceKit pack."""
    return synthetic_ict.write(tmp_path_factory.mktemp("ict") / "ict_facekit.npz")


@pytest.fixture(scope="session")
def faces(pack) -> IctFaces:
    return load_ict(pack)
