"""The benchmark of the metrics compares like with like, and prints how many times faster ours are."""

import json
import sys
from importlib.util import find_spec

import pytest

from benchmarks import metrics


@pytest.fixture(scope="module")
def found() -> dict:
    return metrics.measure(count=1_500, subjects=6, resamples=40, rounds=1)


@pytest.mark.parametrize(
    ("other", "tolerance"),
    [
        ("sklearn", 1e-9),
        pytest.param(
            "torchmetrics",
            1e-6,  # it computes in float32
            marks=pytest.mark.skipif(find_spec("torchmetrics") is None, reason="torchmetrics is not installed"),
        ),
    ],
)
def test_all_ways_give_the_same_values_and_a_ratio(found, other, tolerance):
    assert found["largest difference"][other] < tolerance
    seconds = found["seconds"]
    assert seconds[f"{other} / ours"] == seconds[other] / seconds["ours"]


def test_it_prints_the_ratio(monkeypatch, capsys):
    arguments = ["--frames", "300", "--subjects", "4", "--resamples", "5", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["metrics", *arguments])
    metrics.main()
    printed = json.loads(capsys.readouterr().out)
    assert printed["seconds"]["sklearn / ours"] > 0 and printed["frames"] == 300
