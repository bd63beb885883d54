"""HOG + ridge: the regression by its closed form, what it sees of a picture, and when it stands beside a model."""

import numpy as np
import pytest
from datasets import Dataset, Features, Image, List, Value
from fake_predictions import imagine
from PIL import Image as Pictures

from dataset_script.errors import WorkFailed
from dataset_script.vocabulary import SPLITS
from evaluation.split import hog, hog_scores
from evaluation.split.hog import SIDE, grey_face, hog_features
from evaluation.split.method import HOG, hog_words
from evaluation.split.report import au_table, detection_table, pspi_table
from evaluation.split.ridge import Described, fit_ridge
from evaluation.split.scores import evaluate_predictions
from evaluation.statistics.measures import TrainingLabels


def described(rng: np.random.Generator, frames: int, size: int, noise: float = 0.0) -> Described:
    """Frames whose PSPI is 4 times their first feature, kept on its scale, and whose AU4 is the second."""
    x = rng.uniform(0, 4, (frames, size)).astype(np.float32)
    au = np.zeros((frames, 6))
    au[:, 0] = x[:, 1]
    return Described(x, np.round(4 * x[:, 0]) + noise * rng.normal(size=frames), au)


@pytest.mark.parametrize("frames", [12, 300])  # fewer than features: the other of the two systems
def test_weights_are_those_of_the_closed_form(frames):
    rng = np.random.default_rng(0)
    data = described(rng, frames, 20)
    found = fit_ridge(data, data, strengths=(2.5,))
    x = (data.features - data.features.mean(axis=0)).astype(np.float64)
    y = np.column_stack([data.pspi, data.au])
    expected = np.linalg.solve(x.T @ x + 2.5 * np.eye(20), x.T @ (y - y.mean(axis=0)))
    assert found.weights == pytest.approx(expected, abs=1e-4)
    assert found.intercept == pytest.approx(y.mean(axis=0))


def test_the_strength_is_the_one_that_other_people_like():
    rng = np.random.default_rng(1)
    training, others = described(rng, 30, 100, noise=3), described(rng, 300, 100)
    errors = {}
    for strength in (0.01, 1.0, 100.0, 1e6):
        predicted = fit_ridge(training, others, strengths=(strength,)).predict(others.features)["pspi"]
        errors[strength] = np.abs(predicted - others.pspi).mean()
    chosen = fit_ridge(training, others, strengths=tuple(errors))
    assert chosen.strength == min(errors, key=errors.get) != 0.01
    assert chosen.spread == pytest.approx(
        np.sqrt(((chosen.predict(others.features)["pspi"] - others.pspi) ** 2).mean())
    )


def test_scores_are_within_their_scales_and_the_nearest_class_is_likeliest():
    rng = np.random.default_rng(2)
    data = described(rng, 200, 5)
    found = fit_ridge(data, data).predict(np.concatenate([data.features, 50 + data.features, data.features - 50]))
    assert found["pspi"].min() == 0 and found["pspi"].max() == 16
    assert found["au"].min() == 0 and found["au"].max() == 5 and found["au"][:, 5].max() <= 1
    assert (found["logits"].argmax(axis=1) == np.round(found["pspi"])).all()


def test_data_with_pspi_alone_have_no_units():
    data = described(np.random.default_rng(3), 50, 5)
    data.au[4] = np.nan
    found = fit_ridge(data, data).predict(data.features)
    assert np.isnan(found["au"]).all() and found["au"].shape == (50, 6)
    assert np.corrcoef(found["pspi"], data.pspi)[0, 1] > 0.99


def test_the_face_is_seen_with_a_margin():
    picture = Pictures.new("RGB", (200, 200), "white")
    picture.paste("black", (0, 0, 200, 45))  # to half of the margin above the box
    face = grey_face(picture, [50, 50, 150, 150])
    assert face.shape == (SIDE, SIDE)
    assert face[0].max() < 20 and face[SIDE // 10 + 2 :].min() > 235
    assert (grey_face(picture, [150, 150, 250, 250])[-1] < 20).all()  # outside of the picture
    assert grey_face(picture, None)[: SIDE * 40 // 200].max() < 20


def rows_of(*pictures: bytes | Pictures.Image) -> Dataset:
    columns = Features({"image": Image(), "face_box": List(Value("float32"), length=4)})
    images = [{"bytes": each, "path": None} if isinstance(each, bytes) else each for each in pictures]
    return Dataset.from_dict({"image": images, "face_box": [[8.0, 8.0, 56.0, 56.0]] * len(images)}, features=columns)


def test_features_are_the_same_again_and_those_of_each_picture_alone():
    rng = np.random.default_rng(4)
    pictures = [Pictures.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(3)]
    found = hog_features(rows_of(*pictures))
    assert found.dtype == np.float32 and len(np.unique(found, axis=0)) == 3
    assert np.array_equal(found, hog_features(rows_of(*pictures)))
    assert np.array_equal(found[2], hog_features(rows_of(pictures[2]))[0])


def test_a_picture_that_cannot_be_read_is_named():
    with pytest.raises(WorkFailed, match="picture 0 of those for HOG cannot be read"):
        hog_features(rows_of(b"no picture"))


@pytest.mark.parametrize(
    ("split", "input", "words"),
    [
        ("test", "heatmap", "sees heatmaps"),
        ("validation", "image", "test split alone"),
        ("train", "image", "test split"),
    ],
)
def test_it_is_left_out_with_the_reason(split, input, words):
    assert words in hog_scores.why_without_hog(split, input, set(SPLITS))


def test_without_opencv_one_line_says_what_to_install(monkeypatch):
    assert hog_scores.why_without_hog("test", "image", set(SPLITS)) is None
    monkeypatch.setattr(hog, "find_spec", lambda name: None)
    assert "pip install 'pain3d[faces]'" in hog_scores.why_without_hog("test", "image", set(SPLITS))


@pytest.fixture(scope="module")
def scores(dataset) -> dict:
    predictions = imagine(dataset, "test")
    training = TrainingLabels(predictions["labels"], predictions["au_labels"])
    found = evaluate_predictions(predictions, imagine(dataset, "validation"), training, resamples=20)
    return found | {"hog_ridge": hog_scores.hog_scores(dataset, "test", predictions, resamples=20, seed=0)}


def test_it_reads_what_the_face_boxes_tell_and_a_model_is_better(scores):
    """Blocks of colour tell nothing, but the boxes of `FakeMaker` grow narrower with every expression after neutral."""
    found = scores["hog_ridge"]
    assert found["training_frames"] > 500
    assert found["pspi"]["mae"]["value"] > scores["pspi"]["mae"]["value"]
    assert found["detection"]["pspi>=3"]["auroc"]["value"] > 0.8
    assert set(found["au"]) == set(scores["au"])
    assert "no better" not in hog_words(scores)


def test_a_model_that_is_no_better_is_told_so(scores):
    worse = scores | {"pspi": scores["pspi"] | {"mae": {"value": 9.0}}}
    assert hog_words(worse).endswith("**The model is no better than it in: MAE.**")


def test_every_table_has_its_column_only_where_it_was_scored(scores):
    alone = {name: value for name, value in scores.items() if name != "hog_ridge"}
    for make in (pspi_table, detection_table, lambda found: au_table(found["au"], found.get("hog_ridge"))):
        head, _, *body = make(scores).splitlines()
        assert HOG in head and HOG not in make(alone)
        assert {line.count("|") for line in body} == {head.count("|")}
    value = scores["hog_ridge"]["pspi"]["mae"]["value"]
    line = next(line for line in pspi_table(scores).splitlines() if "MAE" in line)
    assert line.split("|")[-2].strip().startswith(f"{value:.3f}")
