"""The metrics equal scikit-learn's and hand formulas, and name what is not defined."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import interval_coverage, macro_auroc, pain_detection, pspi_accuracy, pspi_regression

CASES = settings(max_examples=1000, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def random_case(seed: int) -> tuple[np.random.Generator, np.ndarray]:
    """A generator and PSPI labels: few to many frames, some classes absent."""
    rng = np.random.default_rng(seed)
    classes = rng.choice(17, size=rng.integers(1, 18), replace=False)
    return rng, rng.choice(classes, size=rng.integers(1, 60))


def tied(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Values rounded as coarsely as makes many of them equal, half of the time."""
    return np.round(values, 1) if rng.random() < 0.5 else values


def weighted(rng: np.random.Generator, frames: int) -> np.ndarray | None:
    """No weights, whole ones with zeros, or real ones."""
    kinds = [lambda: None, lambda: rng.integers(0, 4, frames).astype(float), lambda: rng.random(frames) + 0.01]
    weights = kinds[rng.integers(3)]()
    if weights is not None and not weights.any():
        weights[0] = 1
    return weights


def icc_by_anova(*judges: np.ndarray) -> tuple[float, float]:
    """ICC(3,1) and ICC(2,1) of Shrout & Fleiss (1979), from the mean squares of a two-way layout, targets x judges."""
    x = np.stack(judges, axis=1)
    n, k = x.shape
    rows, columns, grand = x.mean(axis=1), x.mean(axis=0), x.mean()
    between = k * ((rows - grand) ** 2).sum() / (n - 1)
    judge = n * ((columns - grand) ** 2).sum() / (k - 1)
    residual = ((x - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    consistency = (between - residual) / (between + (k - 1) * residual)
    return consistency, (between - residual) / (between + (k - 1) * residual + k * (judge - residual) / n)


@settings(max_examples=150, deadline=None)  # of several classes each: 1,000 AUROCs
@given(seeds, st.sampled_from([16, 17]))
def test_macro_auroc_equals_sklearn(seed, num_classes):
    rng, labels = random_case(seed)
    scores, weights = tied(rng, rng.random((len(labels), 17))), weighted(rng, len(labels))
    result = macro_auroc(scores, labels, num_classes, weights)
    kept = labels < num_classes
    w = np.ones(kept.sum()) if weights is None else weights[kept]
    expected = {
        c: sk.roc_auc_score(labels[kept] == c, scores[kept, c], sample_weight=w)
        for c in range(num_classes)
        if w[labels[kept] == c].any() and w[labels[kept] != c].any()
    }
    assert result["per_class"].keys() == expected.keys()
    assert all(close(result["per_class"][c], expected[c]) for c in expected)
    assert result["classes_present"] == len(expected)
    assert result["classes_absent"] == [c for c in range(num_classes) if c not in expected]
    assert result["rows_left_out"] == (~kept).sum()
    if expected:
        assert close(result["macro_auroc"], np.mean(list(expected.values())))
        assert result["undefined"] == []
    else:
        assert result["macro_auroc"] is None
        assert result["undefined"] == ["macro_auroc"]


@CASES
@given(seeds, st.integers(1, 16), st.floats(-1, 17))
def test_pain_detection_equals_sklearn(seed, pspi_threshold, decision_threshold):
    rng, labels = random_case(seed)
    scores, weights = tied(rng, labels + rng.normal(0, 4, len(labels))), weighted(rng, len(labels))
    how = {"decision_threshold": decision_threshold, "pspi_threshold": pspi_threshold}
    result = pain_detection(scores, labels, **how, sample_weight=weights)
    true, said = labels >= pspi_threshold, scores >= decision_threshold
    w = np.ones(len(labels)) if weights is None else weights
    defined = {
        "auroc": w[true].any() and w[~true].any(),
        "f1": w[true | said].any(),
        "precision": w[said].any(),
        "recall": w[true].any(),
    }
    reference = {
        "auroc": lambda: sk.roc_auc_score(true, scores, sample_weight=w),
        "f1": lambda: sk.f1_score(true, said, sample_weight=w),
        "precision": lambda: sk.precision_score(true, said, sample_weight=w),
        "recall": lambda: sk.recall_score(true, said, sample_weight=w),
    }
    assert set(result["undefined"]) == {name for name, ok in defined.items() if not ok}
    for name, ok in defined.items():
        assert close(result[name], reference[name]()) if ok else result[name] is None


@CASES
@given(seeds)
def test_regression_equals_references(seed):
    rng, labels = random_case(seed)
    predictions = tied(rng, np.clip(labels + rng.normal(0, 3, len(labels)), 0, 16))
    weights = weighted(rng, len(labels))
    result = pspi_regression(predictions, labels, weights)
    w = np.ones(len(labels)) if weights is None else weights
    assert close(result["mae"], sk.mean_absolute_error(labels, predictions, sample_weight=w))
    assert close(result["mse"], sk.mean_squared_error(labels, predictions, sample_weight=w))
    rated = np.floor(predictions + 0.5).astype(int)
    seen = {"p": predictions[w > 0], "r": labels[w > 0], "both": np.concatenate([labels[w > 0], rated[w > 0]])}
    varied = {name: np.ptp(values) > 0 for name, values in seen.items()}
    assert (result["pcc"] is None) == ("pcc" in result["undefined"]) == (not (varied["p"] and varied["r"]))
    if result["pcc"] is not None:
        (a, c), (_, b) = np.cov(labels, predictions, aweights=w, ddof=0)
        assert close(result["pcc"], c / math.sqrt(a * b))
    assert (result["icc_3_1"] is None) == (not (varied["p"] or varied["r"]))
    assert (result["qwk"] is None) == (not varied["both"])
    if varied["both"]:
        kappa = sk.cohen_kappa_score(labels, rated, weights="quadratic", labels=range(17), sample_weight=w)
        assert close(result["qwk"], kappa)


@CASES
@given(seeds)
def test_icc_equals_the_analysis_of_variance(seed):
    """A whole weight stands for so many frames."""
    rng, labels = random_case(seed)
    predictions = tied(rng, labels + rng.normal(rng.normal(), 3, len(labels)))
    times = rng.integers(0, 4, len(labels))
    if np.ptp(labels[times > 0]) if times.any() else False:
        result = pspi_regression(predictions, labels, times)
        consistency, agreement = icc_by_anova(np.repeat(predictions, times), np.repeat(labels, times))
        assert close(result["icc_3_1"], consistency) and close(result["icc_2_1"], agreement)


def test_icc_of_the_classic_example():
    """The four judges of Shrout & Fleiss (1979), table 2, give their .71 and .29; and so the formula is theirs."""
    first, second = np.array([9, 6, 8, 7, 10, 6.0]), np.array([2, 1, 4, 1, 5, 2.0])
    others = np.array([5, 3, 6, 2, 6, 4.0]), np.array([8, 2, 8, 6, 9, 7.0])
    assert np.round(icc_by_anova(first, second, *others), 2).tolist() == [0.71, 0.29]
    result = pspi_regression(first, second)
    assert close(result["icc_3_1"], icc_by_anova(first, second)[0])
    assert close(result["icc_2_1"], icc_by_anova(first, second)[1])
    shifted = pspi_regression(first, first - 5)
    assert close(shifted["icc_3_1"], 1.0)  # consistency: an offset does not count
    assert shifted["icc_2_1"] < 0.2  # agreement: it does


@CASES
@given(seeds)
def test_accuracy_by_counting(seed):
    rng, labels = random_case(seed)
    predictions, weights = rng.integers(0, 17, len(labels)), weighted(rng, len(labels))
    result = pspi_accuracy(predictions, labels, sample_weight=weights)
    w = np.ones(len(labels)) if weights is None else weights
    distances = [abs(int(p) - int(y)) for p, y in zip(predictions, labels, strict=True)]
    for k, name in enumerate(("accuracy", "accuracy_within_1", "accuracy_within_2")):
        right = sum(weight for d, weight in zip(distances, w, strict=True) if d <= k)
        assert close(result[name], right / sum(w))
    assert close(result["accuracy"], sk.accuracy_score(labels, predictions, sample_weight=w))
    assert list(pspi_accuracy(predictions, labels, tolerances=(0, 3))) == ["accuracy", "accuracy_within_3"]


def test_real_predictions_are_rounded_half_up():
    assert pspi_accuracy([0.5, 1.5, 2.5, 2.499], [1, 2, 3, 2])["accuracy"] == 1.0
    assert pspi_accuracy([2.5], [2]) == {"accuracy": 0.0, "accuracy_within_1": 1.0, "accuracy_within_2": 1.0}


def test_constant_predictions_are_named_not_nan():
    result = pspi_regression([0.1] * 7, [0, 1, 2, 3, 4, 5, 6])
    assert result["pcc"] is None and result["undefined"] == ["pcc"]
    assert result["icc_3_1"] == 0.0
    assert abs(result["qwk"]) < 1e-12
    assert pspi_regression([3], [3])["undefined"] == ["pcc", "icc_3_1", "icc_2_1", "qwk"]
    assert macro_auroc(np.zeros((6, 17)), [0, 0, 5, 5, 16, 16])["macro_auroc"] == 0.5


def test_a_tiny_variation_on_a_far_mean_is_not_lost():
    labels = np.arange(50.0) % 7
    assert close(pspi_regression(1e6 + labels * 1e-3, labels)["pcc"], 1.0)


@pytest.mark.parametrize(
    "metric", [pspi_accuracy, pspi_regression, lambda p, r: pain_detection(p, r, decision_threshold=1)]
)
@pytest.mark.parametrize(
    ("predictions", "references"),
    [([], []), ([1.0, 2.0], [1]), ([float("nan"), 1], [1, 2]), ([float("inf"), 1], [1, 2]), ([[1.0]], [[1]])],
)
def test_bad_input_is_refused(metric, predictions, references):
    with pytest.raises(ValueError, match="predictions"):
        metric(predictions, references)


@pytest.mark.parametrize(
    ("scores", "labels", "classes"),
    [
        (np.zeros((0, 17)), [], 17),
        (np.zeros((2, 17)), [1], 17),
        (np.zeros((2, 16)), [1, 2], 17),
        (np.zeros((2, 18)), [1, 2], 17),
        (np.full((2, 17), np.nan), [1, 2], 17),
        (np.zeros((2, 17)), [1, 17], 17),
        (np.zeros((2, 17)), [1, -1], 16),
        (np.zeros((2, 17)), [1, 2.5], 17),
        (np.zeros((2, 17)), [1, 2], 10),
    ],
)
def test_macro_auroc_refuses_bad_input(scores, labels, classes):
    with pytest.raises(ValueError, match=r"references|predictions|num_classes"):
        macro_auroc(scores, labels, classes)


def test_pspi_out_of_range_and_a_missing_threshold_are_refused():
    with pytest.raises(ValueError, match="0-16"):
        pspi_accuracy([1], [17])
    with pytest.raises(ValueError, match="0-16"):
        pain_detection([1], [17], decision_threshold=1)
    with pytest.raises(TypeError, match="decision_threshold"):
        pain_detection([1], [1])


def test_an_interval_holds_its_ends_and_its_width_is_in_the_unit_of_the_values():
    found = interval_coverage([[0, 1], [2, 4], [1, 1], [0, 5]], [1, 4.5, 1, 2])
    assert found == {"interval_coverage": 0.75, "interval_width": 2.0}
    with pytest.raises(ValueError, match="lowest and highest, in this order"):
        interval_coverage([[2, 1]], [1])
