"""What a protocol is run with: an untrained model, a few people, and a cache of `datasets` that goes away."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> str:
    """A ViTPain of 32 px with nothing learned."""
    from small_faces import small_model

    directory = tmp_path_factory.mktemp("config")
    small_model().config.save_pretrained(directory)
    return str(directory)


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    """What `load_dataset` prepares here goes away with the tests; in processes that they start, too."""
    cache = tmp_path_factory.mktemp("datasets-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", cache)
        patch.setenv("HF_DATASETS_CACHE", str(cache))
        yield


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """Nine people of bars, in the data's splits of 5, 2 and 2."""
    from small_faces import write_faces

    return write_faces(tmp_path_factory.mktemp("people") / "data", {"train": 5, "validation": 2, "test": 2})
