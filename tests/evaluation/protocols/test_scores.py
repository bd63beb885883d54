"""Fold scores are those of the metrics, pooled ones are over everybody, thresholds do not depend on the test people."""

import json

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from evaluation import macro_auroc, pain_detection, pspi_regression
from evaluation.protocols.scores import FoldPredictions, score_folds
from evaluation.protocols.splits import subject_kfold
from evaluation.statistics.fold_mean import fold_summary
from evaluation.statistics.measures import TrainingLabels, pain_probability, softmax


def imagine(persons: tuple, noise: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(list(persons))
    labels = np.concatenate([rng.permutation(17) for _ in persons])
    pspi = labels + rng.normal(0, noise, len(labels))
    logits = -0.3 * (pspi[:, None] - np.arange(17)) ** 2
    units = np.zeros((len(labels), 6))
    identities = np.repeat(persons, 17)
    return {
        "identity_id": identities,
        "labels": labels,
        "pspi": pspi,
        "logits": logits,
        "au": units,
        "au_labels": units,
    }


@pytest.fixture(scope="module")
def folds() -> list[FoldPredictions]:
    splits = subject_kfold(range(10), 5)
    return [FoldPredictions(s, imagine(s.test, 1 + k), imagine(s.validation, 1 + k)) for k, s in enumerate(splits)]


@pytest.fixture(scope="module")
def training(folds) -> list[TrainingLabels]:
    known = [imagine(fold.split.train, 0) for fold in folds]
    return [TrainingLabels(part["labels"], part["au_labels"]) for part in known]


def test_fold_scores_are_those_of_the_metrics(folds, training):
    result = score_folds(folds, training, resamples=100)
    for k, fold in enumerate(folds):
        test, limits = fold.test, result["decision_thresholds"][fold.split.name]
        expected = {
            "mae": pspi_regression(test["pspi"], test["labels"])["mae"],
            "macro_auroc": macro_auroc(softmax(test["logits"]), test["labels"])["macro_auroc"],
        }
        for t in (1, 2, 3):
            how = {"decision_threshold": limits[f"pspi>={t}"], "pspi_threshold": t}
            detection = pain_detection(pain_probability(test, t), test["labels"], **how)
            expected |= {f"{name}_pspi_{t}": detection[name] for name in ("auroc", "f1", "precision", "recall")}
        for name, value in expected.items():
            assert result["folds"][name]["values"][k] == pytest.approx(value, abs=1e-9), name
    mae = result["folds"]["mae"]
    assert mae["interval"] == fold_summary(mae["values"])["interval"]


def test_pooled_scores_are_over_everybody_with_each_folds_threshold(folds, training):
    result = score_folds(folds, training, resamples=200)
    errors = np.concatenate([np.abs(fold.test["pspi"] - fold.test["labels"]) for fold in folds])
    assert result["pooled"]["mae"]["value"] == pytest.approx(errors.mean())
    hits = calls = true = 0
    for fold in folds:
        said = pain_probability(fold.test, 3) >= result["decision_thresholds"][fold.split.name]["pspi>=3"]
        pain = fold.test["labels"] >= 3
        hits, calls, true = hits + (said & pain).sum(), calls + said.sum(), true + pain.sum()
    assert result["pooled"]["f1_pspi_3"]["value"] == pytest.approx(2 * hits / (calls + true))
    low, high = result["pooled"]["mae"]["interval_95"]
    assert low < result["pooled"]["mae"]["value"] < high


def test_thresholds_do_not_know_the_test_people(folds, training):
    """Other test labels change the scores and leave the thresholds."""
    changed = [FoldPredictions(f.split, {**f.test, "labels": f.test["labels"][::-1]}, f.calibration) for f in folds]
    before, after = score_folds(folds, training, 10), score_folds(changed, training, 10)
    assert before["decision_thresholds"] == after["decision_thresholds"]
    assert before["folds"]["f1_pspi_3"]["values"] != after["folds"]["f1_pspi_3"]["values"]


def test_a_fold_whose_metric_is_undefined_is_left_out_and_counted(folds, training):
    painless = {**folds[0].test, "labels": folds[0].test["labels"] * 0}
    changed = [FoldPredictions(folds[0].split, painless, folds[0].calibration), *folds[1:]]
    result = score_folds(changed, training, 50)
    assert result["folds"]["auroc_pspi_3"]["values"][0] is None
    assert result["folds"]["auroc_pspi_3"]["folds_undefined"] == 1
    assert result["folds"]["auroc_pspi_3"]["mean"] is not None
    json.dumps(result, allow_nan=False)


def test_people_in_the_wrong_part_are_refused(folds, training):
    split, test, calibration = folds[0].split, folds[0].test, folds[0].calibration
    with pytest.raises(InvalidInput, match="calibration frames hold"):
        FoldPredictions(split, test, test)
    with pytest.raises(InvalidInput, match="test frames hold"):
        FoldPredictions(split, calibration, calibration)
    with pytest.raises(InvalidInput, match="tested in one fold"):
        score_folds([folds[0], folds[0]], training)
    with pytest.raises(InvalidInput, match="0 folds"):
        score_folds([], training)
