"""The numbers behind the figures are those of the references, and the figures are there and show them."""

import json
import sys

import numpy as np
import pytest
from fake_predictions import imagine
from PIL import Image
from sklearn.metrics import roc_auc_score, roc_curve

from dataset_script.errors import InvalidInput
from evaluation.paper.figure_data import figure_data, limits_of_agreement, reliability, roc
from evaluation.paper.figures import DRAWINGS, draw_confusion, draw_roc, write_figures
from evaluation.statistics.bootstrap import ClusterBootstrap, Weighting
from evaluation.statistics.measures import softmax

PEOPLE = np.repeat(np.arange(12), 10)
RANDOM = np.random.default_rng(4)
TRUTH = RANDOM.random(120) < 0.4
SCORES = np.round(TRUTH + RANDOM.normal(0, 1, 120), 1)  # with ties


@pytest.fixture(scope="module")
def predictions(dataset) -> dict[str, np.ndarray]:
    return imagine(dataset, "train")


@pytest.fixture(scope="module")
def data(predictions) -> dict:
    return figure_data(predictions, resamples=60)


def test_the_roc_is_sklearns_with_ties():
    found = roc(SCORES, TRUTH, ClusterBootstrap(PEOPLE, 50))
    alarms, hits, _ = roc_curve(TRUTH, SCORES, drop_intermediate=False)
    np.testing.assert_allclose(found["true_positives"], np.interp(np.linspace(0, 1, 101), alarms, hits), atol=1e-12)
    assert found["auroc"] == pytest.approx(roc_auc_score(TRUTH, SCORES))
    assert np.all(np.array(found["low"]) <= np.array(found["high"]))


def test_the_rocs_band_is_that_of_resampled_people():
    found = roc(SCORES, TRUTH, ClusterBootstrap(PEOPLE, 80, seed=3))
    drawn = np.random.default_rng(3).integers(12, size=(80, 12))
    curves = []
    for row in drawn:
        frames = np.concatenate([np.flatnonzero(person == PEOPLE) for person in row])
        alarms, hits, _ = roc_curve(TRUTH[frames], SCORES[frames], drop_intermediate=False)
        curves.append(np.interp(np.linspace(0, 1, 101), alarms, hits))
    low, high = np.quantile(curves, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found["low"], low, atol=1e-12)
    np.testing.assert_allclose(found["high"], high, atol=1e-12)


def test_a_roc_of_one_kind_of_frame_is_not_defined():
    bootstrap = ClusterBootstrap(PEOPLE, 10)
    assert roc(SCORES, np.ones(120, bool), bootstrap) is None
    assert roc(SCORES, np.zeros(120, bool), bootstrap) is None


def test_reliability_bins_hold_every_frame():
    chances = RANDOM.random(120)
    bins = reliability(chances, TRUTH, ClusterBootstrap(PEOPLE, 40))
    assert sum(row["frames"] for row in bins) == 120
    first = (chances * 10).astype(int) == 0
    assert bins[0]["predicted"] == pytest.approx(chances[first].mean())
    assert bins[0]["observed"] == pytest.approx(TRUTH[first].mean())
    assert reliability(np.array([1.0]), np.array([True]), ClusterBootstrap(np.zeros(1), 5))[0]["frames"] == 1


def test_limits_of_agreement_are_the_analysis_of_variance():
    """Sizes differ; checked against the sums of squares written out person by person."""
    people = np.repeat(np.arange(4), (3, 5, 2, 6))
    difference = RANDOM.normal(0, 1, 16) + people
    found = limits_of_agreement(difference, Weighting(people, np.ones((1, 4))))
    groups = [difference[people == k] for k in range(4)]
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (16 - 4)
    between = sum(len(g) * (g.mean() - difference.mean()) ** 2 for g in groups) / 3
    typical = (16 - sum(len(g) ** 2 for g in groups) / 16) / 3
    spread = np.sqrt((between - within) / typical + within)
    assert found["bias"][0] == pytest.approx(difference.mean())
    assert found["high"][0] == pytest.approx(difference.mean() + 1.96 * spread)
    assert found["low"][0] == pytest.approx(difference.mean() - 1.96 * spread)


def test_limits_of_people_who_are_alike_are_those_of_frames():
    difference = np.tile([-1.0, 0.0, 1.0], 50)
    found = limits_of_agreement(difference, Weighting(np.repeat(np.arange(50), 3), np.ones((1, 50))))
    assert found["high"][0] == pytest.approx(1.96 * np.sqrt((difference**2).sum() / 100))  # nothing between people


def test_a_person_drawn_twice_is_two_people():
    people = np.repeat(np.arange(3), 4)
    difference = RANDOM.normal(0, 1, 12) + people
    twice = limits_of_agreement(difference, Weighting(people, np.array([[2.0, 1.0, 0.0]])))
    frames = np.r_[0:4, 0:4, 4:8]
    again = limits_of_agreement(difference[frames], Weighting(people, np.ones((1, 3))))
    for name, values in twice.items():
        assert values[0] == pytest.approx(again[name][0]), name


def test_the_numbers_are_those_of_the_predictions(data, predictions):
    labels, said = predictions["labels"], predictions["logits"].argmax(axis=1)
    confusion = np.array(data["confusion"])
    assert confusion.sum() == len(labels)
    assert confusion[3, 4] == np.sum((labels == 3) & (said == 4))
    chances = softmax(predictions["logits"])
    for c, entry in data["per_class_auroc"].items():
        assert entry["value"] == pytest.approx(roc_auc_score(labels == c, chances[:, c]))
        assert entry["frames"] == np.sum(labels == c)
    bias = data["bland_altman"]["bias"]
    assert bias["value"] == pytest.approx((predictions["pspi"] - labels).mean())
    assert bias["interval_95"][0] < bias["value"] < bias["interval_95"][1]
    assert len(data["bland_altman"]["people"]) == data["identities"]


@pytest.mark.slow
def test_figures_are_written_and_equal_when_written_again(predictions, tmp_path):
    paths = write_figures(predictions, tmp_path / "a")
    assert [path.name for path in paths] == [*(f"{name}.png" for name in DRAWINGS), "figures.json"]
    for path in paths[:-1]:
        with Image.open(path) as picture:
            assert picture.format == "PNG" and 700 < picture.width < 1500
            assert len(picture.convert("L").getcolors()) > 3  # not blank
        assert path.stat().st_size < 150_000
    json.loads(paths[-1].read_text(), parse_constant=pytest.fail)
    again = write_figures(predictions, tmp_path / "b")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_the_confusion_shows_every_count(data):
    shown = [text.get_text() for text in draw_confusion(data).axes[0].texts]
    assert sorted(shown) == sorted(f"{count:,}" for count in np.ravel(data["confusion"]) if count)


def test_the_roc_names_its_area(data):
    texts = [text.get_text() for axes in draw_roc(data).axes for text in axes.texts]
    for text, curve in zip(texts, data["roc"].values(), strict=True):
        assert f"{curve['auroc']:.3f} (" in text


def test_one_person_and_few_classes_are_drawn_too(predictions, tmp_path):
    """No interval, no limits between people, PSPI 0 alone at one threshold."""
    member = (predictions["identity_id"] == predictions["identity_id"][0]) & (predictions["labels"] < 2)
    few = {key: values[member] for key, values in predictions.items()}
    assert len(write_figures(few, tmp_path)) == 6
    few["labels"] = np.zeros_like(few["labels"])
    data = figure_data(few, resamples=5)
    assert data["roc"] == {"pspi>=1": None, "pspi>=2": None, "pspi>=3": None} and data["per_class_auroc"] == {}
    for draw in DRAWINGS.values():
        draw(data)


def test_without_matplotlib_it_says_what_is_missing(predictions, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InvalidInput, match=r"pain3d\[plots\]"):
        write_figures(predictions, tmp_path)
