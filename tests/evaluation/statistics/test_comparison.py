"""Two models on the same people: each resample and each swap equals scoring the frames anew."""

import numpy as np
import pytest
from scipy import stats

from dataset_script.errors import InvalidInput
from evaluation.statistics.bootstrap import ClusterBootstrap
from evaluation.statistics.comparison import bootstrap_p, compare, default_measures, permutation_p, swaps
from evaluation.statistics.fold_mean import fold_summary, t_below, t_quantile


def people(seed: int, count: int = 6, frames: int = 15) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([rng.permutation(frames) % 17 for _ in range(count)])
    return {"identity_id": np.repeat(np.arange(count) * 3, frames), "labels": labels}


def guess(frames: dict[str, np.ndarray], seed: int, noise: float, spread: float = 0.0) -> dict[str, np.ndarray]:
    """A model off by `noise` PSPI a frame, and by `spread` a person."""
    rng = np.random.default_rng(seed)
    names, index = np.unique(frames["identity_id"], return_inverse=True)
    pspi = frames["labels"] + rng.normal(0, noise, len(index)) + rng.normal(0, spread, len(names))[index]
    return {**frames, "pspi": pspi, "logits": -0.3 * (pspi[:, None] - np.arange(17)) ** 2}


def whole(predictions: dict[str, np.ndarray]) -> dict[str, float]:
    bootstrap = ClusterBootstrap(predictions["identity_id"], 1)
    return {name: values[0] for name, values in default_measures(predictions, bootstrap.whole).items()}


def rows(predictions: dict[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[chosen] for name, values in predictions.items()}


def test_the_interval_equals_the_naive_loop():
    frames = people(0)
    first, second = guess(frames, 1, 1.0), guess(frames, 2, 2.5)
    result = compare(first, second, resamples=40, seed=5)
    bootstrap = ClusterBootstrap(frames["identity_id"], 40, 5)
    slow = []
    for weights in bootstrap.weights:
        chosen = np.concatenate(
            [np.flatnonzero(bootstrap.index == k) for k in np.repeat(range(6), weights.astype(int))]
        )
        a, b = (whole(rows(model, chosen)) for model in (first, second))
        slow.append({name: a[name] - b[name] for name in a})
    for name, entry in result.items():
        expected = np.quantile([row[name] for row in slow], [0.025, 0.975])
        np.testing.assert_allclose(entry["interval_95"], expected, rtol=0, atol=1e-9, err_msg=name)
        assert entry["difference"] == pytest.approx(entry["first"] - entry["second"])


@pytest.mark.slow
def test_the_permutation_test_equals_swapping_the_frames():
    frames = people(3)
    first, second = guess(frames, 1, 1.0, 1.0), guess(frames, 2, 1.3, 1.0)
    result = compare(first, second, resamples=64, seed=0)
    _, index = np.unique(frames["identity_id"], return_inverse=True)
    everyone, exhaustive = swaps(6, 64)
    assert exhaustive and len(everyone) == 64
    slow = []
    for swap in everyone:
        taken = swap[index]
        a = {key: np.where(taken.reshape(-1, *[1] * (v.ndim - 1)), second[key], v) for key, v in first.items()}
        b = {key: np.where(taken.reshape(-1, *[1] * (v.ndim - 1)), v, second[key]) for key, v in first.items()}
        slow.append({name: value - whole(b)[name] for name, value in whole(a).items()})
    for name, entry in result.items():
        as_far = [abs(row[name]) >= abs(entry["difference"]) - 1e-12 for row in slow]
        assert entry["p_permutation"] == pytest.approx(np.mean(as_far), abs=1e-12), name


def test_of_a_mean_over_people_it_is_the_sign_flip_test():
    """MAE, with equally many frames of everyone, is the mean of each person's; scipy's paired test flips the signs."""
    frames = people(4)
    first, second = guess(frames, 1, 1.0, 1.0), guess(frames, 2, 1.3, 1.0)
    errors = [np.abs(m["pspi"] - m["labels"]).reshape(6, -1).mean(axis=1) for m in (first, second)]
    expected = stats.permutation_test(errors, lambda a, b: a.mean() - b.mean(), permutation_type="samples").pvalue
    assert compare(first, second, resamples=100)["mae"]["p_permutation"] == pytest.approx(expected)


def test_a_better_model_is_told_from_a_worse_one():
    frames = people(0, count=20)
    result = compare(guess(frames, 1, 0.5), guess(frames, 2, 3.0), resamples=1000)
    for name in ("mae", "macro_auroc", "auroc_pspi_3", "icc_2_1"):
        assert result[name]["better"] == "first"
        assert result[name]["p_bootstrap"] < 0.01 and result[name]["p_permutation"] < 0.01
        assert np.sign(result[name]["interval_95"]).tolist() == [np.sign(result[name]["difference"])] * 2


def test_a_model_against_itself_is_a_tie():
    model = guess(people(0), 1, 1.0)
    for entry in compare(model, model, resamples=200).values():
        assert entry["difference"] == 0 and entry["better"] is None
        assert entry["p_bootstrap"] == entry["p_permutation"] == 1.0


def test_models_that_are_alike_are_rarely_told_apart():
    """Of 200 pairs with equal noise, about 5 % are "different" at 0.05; the permutation test keeps to it."""
    hits = 0
    for trial in range(200):
        frames = people(trial, count=8, frames=6)
        models = guess(frames, 2 * trial + 1000, 1.0, 1.0), guess(frames, 2 * trial + 1001, 1.0, 1.0)
        hits += compare(*models, resamples=256)["mae"]["p_permutation"] <= 0.05
    assert 1 <= hits <= 20


def test_one_person_cannot_tell_models_apart():
    frames = people(0, count=1)
    entry = compare(guess(frames, 1, 0.5), guess(frames, 2, 3.0), resamples=50)["mae"]
    assert entry["interval_95"] is None and entry["p_bootstrap"] is None
    assert entry["p_permutation"] == 1.0


def test_two_people_who_agree_are_no_proof():
    """However many resamples there are: half of all swaps of two people leave the difference as large as it is."""
    frames = people(0, count=2)
    entry = compare(guess(frames, 1, 0.1), guess(frames, 2, 5.0), resamples=1000)["mae"]
    assert entry["p_bootstrap"] == entry["p_permutation"] == 0.5


def test_other_frames_are_refused():
    frames = people(0)
    first, second = guess(frames, 1, 1.0), guess(frames, 2, 1.0)
    second["labels"] = second["labels"][::-1]
    with pytest.raises(InvalidInput, match="labels"):
        compare(first, second, resamples=10)


def test_undefined_values_are_left_out_of_p():
    assert bootstrap_p(np.array([np.nan, 1.0, 2.0, 3.0])) == pytest.approx(0.5)
    assert bootstrap_p(np.full(3, np.nan)) is None
    assert permutation_p(np.nan, np.ones(3), True) is None
    assert permutation_p(1.0, np.array([np.nan, -1.0, 0.5]), False) == pytest.approx(2 / 3)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 24, 25, 200])
def test_student_t_equals_scipy(freedom):
    for value in (-3.0, 0.0, 0.4, 2.5, 12.0):
        assert t_below(value, freedom) == pytest.approx(stats.t.cdf(value, freedom), abs=1e-12)
    for probability in (0.05, 0.5, 0.9, 0.975, 0.9995):
        assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-9, abs=1e-12)


def test_the_fold_interval_equals_scipy():
    values = [0.83, 0.9, 0.88, 0.79, 0.91]
    result = fold_summary([*values, None], 0.9)
    expected = stats.t.interval(0.9, 4, np.mean(values), stats.sem(values))
    assert result["interval"] == pytest.approx(expected)
    assert (result["folds"], result["folds_undefined"]) == (5, 1)
    assert result["sd"] == pytest.approx(np.std(values, ddof=1))


def test_few_folds_have_no_interval():
    assert fold_summary([0.5])["interval"] is None
    assert fold_summary([None])["mean"] is None
    with pytest.raises(InvalidInput, match="finite"):
        fold_summary([0.5, float("nan")])
    with pytest.raises(InvalidInput, match="level"):
        fold_summary([0.5, 0.6], level=95)
