"""Intervals of the units, companions, and the probability of pain: their numbers, where there are any."""

import numpy as np
import pytest
from assessing_models import COMPANIONS, save_assessing_model
from fake_predictions import imagine, write_dataset
from typed_dicts import mismatches

from dataset_script.facs import ALL_AU_NAMES, AU_NAMES, EXTRA_AU_NAMES
from evaluation import interval_coverage
from evaluation.markdown import to_json
from evaluation.split.labels import read_columns, read_training_labels
from evaluation.split.pain_probability import pain_probability_scores
from evaluation.split.report import au_table, companion_section, pain_probability_section
from evaluation.split.results import SplitScores
from evaluation.split.scores import evaluate_predictions
from evaluation.statistics.bootstrap import ClusterBootstrap
from modeling_vitpain.prediction.splits import predict_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("others") / "pain3d", others=5)


@pytest.fixture(scope="module")
def predictions(data):
    """Of an imagined model: units off by 0.5 with intervals of +-1, and a probability that follows AU4."""
    found = imagine(data, "train")
    rows = read_columns(data, "train", ["extra_au"])["extra_au"].to_pylist()
    truth = np.array([[row[name] for name in EXTRA_AU_NAMES] for row in rows], dtype=np.float32)
    rng = np.random.default_rng(0)
    said = truth + rng.normal(0, 0.5, truth.shape).astype(np.float32)
    said[:, EXTRA_AU_NAMES.index("AU27")] = np.nan  # which it does not predict
    every = np.concatenate([found["au"], said], axis=1)
    pain = 1 / (1 + np.exp(3 - 1.5 * found["au_labels"][:, 0] + rng.normal(0, 1, len(truth))))
    return {
        **found,
        "companions": said,
        "companion_labels": truth,
        "au_low": every - 1,
        "au_high": every + 1,
        "pain_probability": pain,
    }


@pytest.fixture(scope="module")
def scores(data, predictions):
    return evaluate_predictions(predictions, imagine(data, "validation"), read_training_labels(data), resamples=60)


def test_the_results_are_as_declared_and_can_be_written(scores):
    assert mismatches(scores, SplitScores) == []
    assert '"companions"' in to_json(scores)


def test_each_unit_has_coverage_and_width_of_its_interval(scores, predictions):
    for name in (*AU_NAMES, *COMPANIONS):
        unit, place = scores["au" if name in AU_NAMES else "companions"][name], ALL_AU_NAMES.index(name)
        truth = np.concatenate([predictions["au_labels"], predictions["companion_labels"]], axis=1)[:, place]
        ends = np.stack([predictions["au_low"][:, place], predictions["au_high"][:, place]], axis=1)
        for metric, value in interval_coverage(ends, truth).items():
            assert unit[metric]["value"] == pytest.approx(value), (name, metric)
        assert 0.9 < unit["interval_coverage"]["value"] < 1 and unit["interval_coverage"]["interval_95"] is not None
    assert au_table(scores["au"]).count("| 2.000 (2.000 to 2.000) |") == 6


def test_companions_are_scored_where_the_model_predicts_them_and_the_data_tell(data, scores, predictions):
    assert list(scores["companions"]) == COMPANIONS
    k = EXTRA_AU_NAMES.index("AU12")
    said, truth = predictions["companions"][:, k], predictions["companion_labels"][:, k]
    unit = scores["companions"]["AU12"]
    assert unit["mae"]["value"] == pytest.approx(np.abs(said - truth).mean(), abs=1e-6)
    assert unit["pcc"]["value"] == pytest.approx(np.corrcoef(said, truth)[0, 1], abs=1e-6)
    mean = read_training_labels(data).companions[:, k].mean()
    assert unit["mae_of_mean"] == pytest.approx(np.abs(mean - truth).mean(), abs=1e-6)
    assert "| AU12 lip corner puller |" in companion_section(scores)

    partly = {**predictions, "companion_labels": predictions["companion_labels"].copy()}
    partly["companion_labels"][::2, k] = np.nan
    partly["companion_labels"][:, EXTRA_AU_NAMES.index("AU1")] = np.nan
    found = evaluate_predictions(partly, imagine(data, "validation"), read_training_labels(data), resamples=5)
    assert found["companions"]["AU12"]["mae"]["value"] == pytest.approx(np.abs(said - truth)[1::2].mean(), abs=1e-6)
    assert "AU1" not in found["companions"]


def test_the_probability_of_pain_is_held_against_the_neutral_frames(scores, predictions):
    found, names = scores["pain_probability"], predictions["expression"]
    said = predictions["pain_probability"]
    level = np.percentile(said[names == "neutral"], 90)
    assert found["neutral_level"] == pytest.approx(level)
    assert found["groups"]["neutral"]["above_neutral"]["value"] == pytest.approx(0.1, abs=0.02)
    other = ~np.isin(names, ["neutral", "pain"])
    smile = other & (predictions["companion_labels"][:, 2] >= 1) & (predictions["au_labels"][:, 1] >= 1)
    assert set(names[smile]) >= {"duchenne_smile"}
    for name, member in {"others": other, "smiles": smile, "yawn": names == "yawn"}.items():
        group = found["groups"][name]
        assert group["frames"] == member.sum()
        assert group["above_neutral"]["value"] == pytest.approx((said[member] > level).mean())
        assert group["probability"]["value"] == pytest.approx(said[member].mean())
    pain = said[names == "pain"]
    wins = (pain[:, None] > said[other][None]).mean()
    assert found["auroc_others"]["value"] == pytest.approx(wins, abs=1e-9)
    text = pain_probability_section(scores)
    assert "| smiles |" in text and "AUROC of telling pain from other expressions" in text


def test_without_others_pain_is_told_from_neutral_faces_alone(predictions):
    some = np.isin(predictions["expression"], ["neutral", "pain"])
    part = {name: values[some] for name, values in predictions.items()}
    found = pain_probability_scores(part, ClusterBootstrap(part["identity_id"], 20))
    assert found["auroc_others"]["value"] is None and found["auroc_neutral"]["value"] > 0.5
    assert set(found["groups"]) == {"pain", "neutral"}
    assert "from other expressions" not in pain_probability_section({"pain_probability": found})


def test_what_a_model_does_not_say_is_not_scored(data):
    plain = evaluate_predictions(imagine(data, "train"), imagine(data, "validation"), read_training_labels(data), 5)
    assert {"companions", "pain_probability"} & plain.keys() == set()
    assert "interval_coverage" not in plain["au"]["AU4"] and "90 % interval" not in au_table(plain["au"])
    assert companion_section(plain) == pain_probability_section(plain) == ""


def test_predictions_of_a_saved_model_have_all_of_it(data, tmp_path):
    found = predict_dataset(save_assessing_model(tmp_path / "model", side=32), data, limit=6)
    assert found["au"].shape == found["au_labels"].shape == (6, 6)
    assert found["companions"].shape == found["companion_labels"].shape == (6, 7)
    absent = EXTRA_AU_NAMES.index("AU27")
    assert np.isnan(found["companions"][:, absent]).all() and not np.isnan(found["companions"][:, :absent]).any()
    assert not np.isnan(found["companion_labels"]).any()
    every = np.concatenate([found["au"], found["companions"]], axis=1)[:, :-1]
    assert (found["au_low"][:, :-1] <= every).all() and (every <= found["au_high"][:, :-1]).all()
    assert np.isnan(found["au_low"][:, -1]).all()
    assert ((found["pain_probability"] > 0) & (found["pain_probability"] < 1)).all()
    plain = save_assessing_model(tmp_path / "plain", 32, au_names=None, au_spread=False, expression_head=False)
    assert {"au_low", "au_high", "pain_probability"} & predict_dataset(plain, data, limit=6).keys() == set()
