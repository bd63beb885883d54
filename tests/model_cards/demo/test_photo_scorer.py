from pathlib import Path

import pytest

from dataset_script.errors import InvalidInput
from model_cards.demo import photo_scorer
from model_cards.demo.photo_scorer import PhotoScorer
from modeling_vitpain.prediction.face_finders import best_finder
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.prediction.media import MediaFile, read_picture
from modeling_vitpain.prediction.pictures import Scorer


@pytest.fixture(scope="module")
def scorer(model) -> PhotoScorer:
    return PhotoScorer(model)


@pytest.fixture(scope="module")
def comparing(comparing_model) -> PhotoScorer:
    return PhotoScorer(comparing_model)


def test_scores_are_those_of_predict(comparing, comparing_model, photos):
    scorer = Scorer(*load_model(comparing_model), batch_size=1, faces=best_finder(None, print))
    neutral = scorer.read_references([photos["neutral"]])
    picture = read_picture(MediaFile(photos["pain"], "pain.png"))
    (expected,) = scorer.score([picture], lambda _: neutral)
    reading = comparing.read(photos["pain"], photos["neutral"])
    assert reading.compared
    assert reading.scores.pspi == pytest.approx(expected.scores.pspi)
    assert reading.scores.au == pytest.approx(expected.scores.au)
    assert reading.scores.au_interval["AU12"] == pytest.approx(expected.scores.au_interval["AU12"])
    assert 0 <= reading.scores.pain_probability <= 1
    assert set(reading.maps.units) == set(reading.scores.au)


def test_a_neutral_picture_changes_the_scores(comparing, photos):
    alone = comparing.read(photos["pain"])
    assert not alone.compared
    assert alone.scores.pspi != comparing.read(photos["pain"], photos["neutral"]).scores.pspi


def test_a_model_that_sees_one_picture(scorer, photos):
    reading = scorer.read(photos["pain"])
    assert not scorer.compares and not reading.compared
    assert reading.scores.error is None and reading.view.size == (256, 256)


@pytest.mark.parametrize("name", ["cut", "text"])
def test_what_is_wrong_with_a_picture_is_said_without_its_file(scorer, comparing, photos, name):
    for reading in (scorer.read(photos[name]), comparing.read(photos["pain"], photos[name])):
        assert reading.scores.error and reading.scores.pspi is None
        assert str(photos[name].parent) not in reading.scores.error
        assert "\n" not in reading.scores.error


def test_a_picture_without_a_face(scorer, tmp_path):
    from PIL import Image

    Image.new("RGB", (400, 300), (90, 120, 150)).save(tmp_path / "wall.png")
    assert "no face" in scorer.read(tmp_path / "wall.png").scores.error


def test_a_bomb_is_not_decoded(scorer, tmp_path):
    from PIL import Image

    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 100_000
    assert "too large" in scorer.read(tmp_path / "bomb.png").scores.error


def test_a_picture_is_not_compared_with_itself(comparing, photos, tmp_path):
    again = tmp_path / "again.png"
    again.write_bytes(photos["pain"].read_bytes())
    assert "the same file" in comparing.read(photos["pain"], again).scores.error


def test_without_the_model_of_the_package_the_reason_is_raised(monkeypatch):
    def absent() -> str:
        raise FileNotFoundError("vitpain-small is not in this copy of Pain3D")

    monkeypatch.setattr(photo_scorer, "shipped", absent)
    with pytest.raises(FileNotFoundError, match="vitpain-small"):
        PhotoScorer()


def test_a_model_that_was_named_must_be_there(tmp_path):
    with pytest.raises(InvalidInput, match="nothing"):
        PhotoScorer(Path(tmp_path / "nothing"))
