import pytest
from fake_predictions import write_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("evaluation") / "faces")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A ViTPain with random weights, saved."""
    from small_vitpain import small_model

    from modeling_vitpain import ViTPainImageProcessor

    directory = tmp_path_factory.mktemp("model") / "vitpain-test"
    small_model().save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 32, "width": 32}).save_pretrained(directory)
    return directory
