"""Faces that move without pain: how often a model calls them pain."""

import numpy as np
import pytest
from fake_predictions import imagine, write_dataset
from typed_dicts import mismatches

from dataset_script.facs import PAIN_THRESHOLDS
from evaluation.split.expressions import expression_scores
from evaluation.split.labels import read_training_labels
from evaluation.split.report import expression_section
from evaluation.split.results import ExpressionScores
from evaluation.split.scores import evaluate_predictions
from evaluation.statistics.bootstrap import ClusterBootstrap

ALWAYS = dict.fromkeys(PAIN_THRESHOLDS, 0.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("others") / "pain3d", others=5)


@pytest.fixture(scope="module")
def predictions(data):
    return imagine(data, "train")


def test_each_expression_has_its_share_of_frames_called_pain(data, predictions):
    training = read_training_labels(data)
    found = evaluate_predictions(predictions, imagine(data, "validation"), training, resamples=50)
    scores, decided = found["expressions"], found["detection"]["pspi>=1"]["decision_threshold"]
    assert mismatches(scores, dict[str, ExpressionScores]) == []
    assert list(scores)[:2] == ["neutral", "pain"] and len(scores) == 12
    assert sum(entry["frames"] for entry in scores.values()) == len(predictions["labels"])
    weights = np.exp(predictions["logits"])
    pain = weights[:, 1:].sum(axis=1) / weights.sum(axis=1) >= decided
    for name, entry in scores.items():
        member = predictions["expression"] == name
        assert entry["called_pspi>=1"]["value"] == pytest.approx(pain[member].mean())
        assert entry["observed_pspi"] == pytest.approx(predictions["labels"][member].mean())
        assert entry["predicted_pspi"]["value"] == pytest.approx(predictions["pspi"][member].mean())
        low, high = entry["predicted_pspi"]["interval_95"]
        assert low <= entry["predicted_pspi"]["value"] <= high
    assert scores["neutral"]["called_pspi>=1"]["value"] < scores["pain"]["called_pspi>=1"]["value"]
    text = expression_section(found)
    assert "| social smile |" in text and text.count("\n|") == 14


def test_a_threshold_of_zero_calls_everything_pain(predictions):
    found = expression_scores(predictions, ALWAYS, ClusterBootstrap(predictions["identity_id"], 20))
    assert {entry["called_pspi>=3"]["value"] for entry in found.values()} == {1.0}


def test_data_without_others_have_no_such_table(predictions):
    pain = predictions["expression"] == "pain"
    some = {name: values[pain] for name, values in predictions.items()}
    untold = {name: values for name, values in predictions.items() if name != "expression"}
    for without in (some, untold):
        assert expression_scores(without, ALWAYS, ClusterBootstrap(without["identity_id"], 20)) == {}
    assert expression_section({"expressions": {}}) == ""
