"""The results that are returned are what their types say: no key more, none less, each of its kind."""

from typing import NotRequired, TypedDict

import numpy as np
import pytest
from fake_predictions import imagine
from typed_dicts import mismatches

from evaluation.explanations.agreement import UnitMaps, agreement
from evaluation.explanations.removal import removal_scores
from evaluation.explanations.results import Agreement, Removal
from evaluation.fairness.gaps import fairness
from evaluation.fairness.results import Fairness
from evaluation.paper.figure_data import FigureData, figure_data
from evaluation.protocols.results import ProtocolScores
from evaluation.protocols.scores import FoldPredictions, score_folds
from evaluation.protocols.splits import Split
from evaluation.results import Difference, PairedDifference
from evaluation.split.labels import read_training_labels
from evaluation.split.results import SplitScores
from evaluation.split.scores import evaluate_predictions
from evaluation.statistics.bootstrap import ClusterBootstrap
from evaluation.statistics.comparison import compare, paired_difference


@pytest.fixture(scope="module")
def predictions(dataset) -> dict[str, dict[str, np.ndarray]]:
    return {split: imagine(dataset, split) for split in ("train", "validation", "test")}


def test_scores_of_a_split(predictions, dataset):
    training = read_training_labels(dataset)
    found = evaluate_predictions(predictions["test"], predictions["validation"], training, resamples=20)
    assert mismatches(found, SplitScores) == []
    painless = {**predictions["test"], "labels": np.zeros_like(predictions["test"]["labels"])}  # little is defined
    found = evaluate_predictions(painless, predictions["validation"], training, resamples=20)
    assert found["detection"]["pspi>=3"]["model"]["auroc"]["value"] is None
    assert mismatches(found, SplitScores) == []


def test_scores_by_group(predictions):
    found = fairness(predictions["train"], predictions["validation"], resamples=20, min_identities=2)
    assert found["attributes"]["gender"]["gaps"]
    assert mismatches(found, Fairness) == []


def test_scores_of_a_protocol(predictions, dataset):
    people = {split: tuple(np.unique(part["identity_id"]).tolist()) for split, part in predictions.items()}
    fold = FoldPredictions(Split("own", **people), predictions["test"], predictions["validation"])
    assert mismatches(score_folds([fold], [read_training_labels(dataset)], resamples=20), ProtocolScores) == []


def test_differences(predictions):
    found = compare(predictions["test"], predictions["test"], resamples=20)
    assert mismatches(found, dict[str, Difference]) == []
    bootstrap = ClusterBootstrap(np.arange(3), 10)
    assert mismatches(paired_difference(np.arange(11.0), bootstrap), PairedDifference) == []


def test_scores_of_explanations():
    maps = np.random.default_rng(0).random((12, 6, 4, 4)) + 0.01
    people = np.arange(12) // 3
    unit_maps = UnitMaps(maps, maps, np.ones((12, 6), bool), people, maps.mean(axis=0), maps)
    assert mismatches(agreement(unit_maps, resamples=20), Agreement) == []
    curves = {mode: maps[:, 0, 0] for mode in ("deletion", "insertion")}
    found = removal_scores({"blur": {"attention": curves, "random": curves}}, people, resamples=20)
    assert mismatches(found, Removal) == []


def test_numbers_of_figures(predictions):
    assert mismatches(figure_data(predictions["test"], resamples=20), FigureData) == []


def test_a_mismatch_is_found():
    class Inner(TypedDict):
        value: float | None

    class Outer(TypedDict):
        name: str
        inner: dict[str, Inner]
        more: NotRequired[list[int]]

    good = {"name": "x", "inner": {"a": {"value": 1.5}, "b": {"value": None}}}
    assert mismatches(good, Outer) == []
    for wrong, text in (
        ({"name": "x"}, ".inner is missing"),
        ({**good, "other": 1}, ".other is not declared"),
        ({**good, "inner": {"a": {"value": "1"}}}, ".inner.a.value is '1'"),
        ({**good, "more": [1, "2"]}, ".more[1] is '2'"),
    ):
        assert [each[: len(text)] for each in mismatches(wrong, Outer)] == [text]
