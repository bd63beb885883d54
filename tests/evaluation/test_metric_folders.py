"""What all metric folders share: weights, and lines that are in several because a folder must work copied alone."""

import importlib
import inspect

import numpy as np
import pytest

from dataset_script.facs import AU_MAX, AU_NAMES, PSPI_CLASSES, PSPI_MAX
from evaluation import (
    au_agreement,
    interval_coverage,
    macro_auroc,
    pain_detection,
    pspi_accuracy,
    pspi_calibration,
    pspi_regression,
)

LABELS = np.array([0, 0, 3, 4, 16, 2, 3])
RANDOM = np.random.default_rng(0)
SCORES, PSPI = RANDOM.dirichlet(np.ones(17), len(LABELS)), LABELS + RANDOM.normal(0, 2, len(LABELS))
AUS = RANDOM.integers(0, (6, 6, 6, 6, 6, 2), (len(LABELS), 6))
METRICS = {
    "macro_auroc": (macro_auroc, SCORES, LABELS, {}),
    "pspi_accuracy": (pspi_accuracy, PSPI, LABELS, {}),
    "pain_detection": (pain_detection, PSPI, LABELS, {"decision_threshold": 2.2}),
    "pspi_regression": (pspi_regression, PSPI, LABELS, {}),
    "pspi_calibration": (pspi_calibration, SCORES, LABELS, {}),
    "interval_coverage": (interval_coverage, PSPI[:, None] + RANDOM.uniform((-3, 0), (0, 3), (7, 2)), LABELS, {}),
    "au_agreement": (au_agreement, AUS + RANDOM.normal(0, 1, AUS.shape), AUS, {}),
}


def numbers(result: dict) -> np.ndarray:
    """Every score in a result; counts, which weights do not change, are whole numbers."""
    found = []
    for value in result.values():
        found.extend(numbers(value) if isinstance(value, dict) else [value] if isinstance(value, float) else [])
    return np.array(found)


@pytest.mark.parametrize("name", METRICS)
def test_a_whole_weight_is_so_many_frames(name):
    metric, predictions, references, how = METRICS[name]
    times = np.array([2, 0, 1, 3, 1, 1, 2])
    repeated = metric(np.repeat(predictions, times, axis=0), np.repeat(references, times, axis=0), **how)
    weighted = numbers(metric(predictions, references, **how, sample_weight=times))
    np.testing.assert_allclose(weighted, numbers(repeated), rtol=0, atol=1e-12)
    assert not np.allclose(weighted, numbers(metric(predictions, references, **how)))


@pytest.mark.parametrize("name", METRICS)
def test_equal_weights_change_nothing(name):
    metric, predictions, references, how = METRICS[name]
    plain, ones = (metric(predictions, references, **how, sample_weight=w) for w in (None, np.ones(len(LABELS))))
    np.testing.assert_allclose(numbers(plain), numbers(ones), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("weights", [[1.0] * 6, [-1.0] + [1.0] * 6, [np.nan] + [1.0] * 6, [0.0] * 7, [np.inf] * 7])
def test_bad_weights_are_refused(name, weights):
    metric, predictions, references, how = METRICS[name]
    with pytest.raises(ValueError, match="sample_weight"):
        metric(predictions, references, **how, sample_weight=weights)


@pytest.mark.parametrize("name", METRICS)
def test_empty_input_and_nan_are_refused(name):
    metric, predictions, references, how = METRICS[name]
    broken = np.array(predictions, dtype=float)
    broken.flat[0] = np.nan
    for p, r in ((predictions[:0], references[:0]), (broken, references), (predictions[1:], references)):
        with pytest.raises(ValueError, match=r"predictions|references"):
            metric(p, r, **how)


@pytest.mark.parametrize("function", ["auroc", "frame_weights"])
def test_copies_of_a_function_are_one(function):
    bodies = set()
    for name in METRICS:
        module = importlib.import_module(f"evaluation.{name}.functions")
        if hasattr(module, function):
            lines = inspect.getsource(getattr(module, function)).splitlines()
            bodies.add("\n".join(line for line in lines if not line.strip().startswith("#")))
    assert len(bodies) == 1


def test_constants_are_those_of_the_rows():
    facts = {"AU_NAMES": AU_NAMES, "INTENSITY_MAX": AU_MAX, "PSPI_MAX": PSPI_MAX, "PSPI_CLASSES": PSPI_CLASSES}
    copies = {name: [] for name in facts}
    for metric in METRICS:
        module = importlib.import_module(f"evaluation.{metric}.functions")
        for name in facts:
            copies[name] += [getattr(module, name)] if hasattr(module, name) else []
    for name, values in copies.items():
        assert values and all(value == facts[name] for value in values), name
