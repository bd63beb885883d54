"""Groups add up, unfairness that was planted is found, fairness that was not is not, and the files say so."""

import json
import sys

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from evaluation import pain_detection, pspi_calibration, pspi_regression
from evaluation.fairness.gaps import badness, by_group, fairness
from evaluation.fairness.report import to_markdown, write_fairness
from evaluation.statistics.groups import of_frames, of_people
from evaluation.statistics.measures import pain_probability, softmax
from evaluation.statistics.thresholds import threshold_key, with_thresholds

PEOPLE, FRAMES = 48, 18


def imagine(seed: int, harm: float = 0.0) -> dict[str, np.ndarray]:
    """A model whose errors on group 3 of ethnicity are larger by `harm` PSPI, and on everybody else's are alike."""
    rng = np.random.default_rng(seed)
    identity = np.repeat(np.arange(PEOPLE), FRAMES)
    labels = np.concatenate([rng.permutation(np.r_[0, np.arange(17)]) for _ in range(PEOPLE)])
    person = np.arange(PEOPLE)
    attributes = {"age_group": person // 24, "ethnicity": person % 6, "gender": person // 6 % 2}
    attributes = {name: values[identity] for name, values in attributes.items()}
    pspi = labels + rng.normal(0, 1, len(labels)) * (1 + harm * (attributes["ethnicity"] == 3))
    logits = -0.5 * (pspi[:, None] - np.arange(17)) ** 2
    units = np.zeros((len(labels), 6))
    common = {"identity_id": identity, "view_id": np.arange(len(labels)) % 3, "au": units, "au_labels": units}
    return {**common, **attributes, "labels": labels, "pspi": pspi, "logits": logits}


@pytest.fixture(scope="module")
def unfair() -> dict:
    return fairness(imagine(0, harm=1.5), imagine(1), resamples=300)


def test_groups_and_crossings_hold_every_frame_once():
    predictions = imagine(0)
    people, frames = of_people(predictions), of_frames(predictions)
    assert len(people) == 7
    assert len(people["age_group x ethnicity x gender"]) == 24
    for groups in (people | frames).values():
        np.testing.assert_array_equal(np.sum(list(groups.values()), axis=0), 1)
    member = people["age_group x gender"]["elderly x woman"]
    np.testing.assert_array_equal(member, (predictions["age_group"] == 1) & (predictions["gender"] == 1))
    band = predictions["labels"][frames["pspi_band"]["pspi 3-5"]]
    assert (band.min(), band.max()) == (3, 5)


def test_a_group_has_the_numbers_of_the_metrics_on_its_frames(unfair):
    predictions = imagine(0, harm=1.5)
    member = predictions["ethnicity"] == 3
    entry = unfair["attributes"]["ethnicity"]["groups"]["black"]
    labels, pspi, chances = predictions["labels"][member], predictions["pspi"][member], softmax(predictions["logits"])
    expected = pspi_regression(pspi, labels) | pspi_calibration(chances[member], labels)
    expected["bias"] = np.mean(pspi - labels)
    threshold = unfair["decision_thresholds"]["pspi>=3"]
    detection = pain_detection(chances[member, 3:].sum(axis=1), labels, decision_threshold=threshold, pspi_threshold=3)
    expected |= {f"{name}_pspi_3": detection[name] for name in ("auroc", "f1", "precision", "recall")}
    expected.pop("undefined")
    for name, value in expected.items():
        assert entry[name]["value"] == pytest.approx(value, abs=1e-9), name
    assert (entry["frames"], entry["identities"]) == (member.sum(), 8)
    assert entry["pain"] == np.mean(labels >= 3)


def test_intervals_are_those_of_resampled_people():
    """The interval of a group's MAE, by drawing people of everyone's list again and looking at the group."""
    predictions = imagine(0)
    found = fairness(predictions, imagine(1), resamples=2000)["attributes"]["gender"]["groups"]["woman"]["mae"]
    rng, error = np.random.default_rng(1), np.abs(predictions["pspi"] - predictions["labels"]).reshape(PEOPLE, -1)
    woman = predictions["gender"].reshape(PEOPLE, -1)[:, 0] == 1
    means = []
    for _ in range(2000):
        drawn = rng.integers(PEOPLE, size=PEOPLE)
        means.append(error[drawn[woman[drawn]]].mean())
    assert found["interval_95"] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.01)


def test_planted_unfairness_is_found(unfair):
    gap = unfair["attributes"]["ethnicity"]["gaps"]["mae"]
    assert gap["worst"] == "black"
    assert gap["p_permutation"] < 0.01
    assert gap["interval_95"][0] > 0.5
    groups = unfair["attributes"]["ethnicity"]["groups"]
    assert gap["gap"] == pytest.approx(groups["black"]["mae"]["value"] - groups[gap["best"]]["mae"]["value"])
    assert unfair["attributes"]["ethnicity x gender"]["gaps"] == {}  # four people in each


@pytest.mark.slow
def test_a_fair_model_has_gaps_that_chance_makes():
    """Its largest gap of six groups is above 0, and the p-values say that shuffled groups have as large ones."""
    values = []
    for seed in range(6):
        found = fairness(imagine(seed), imagine(99), resamples=60)["attributes"]["ethnicity"]["gaps"]
        assert found["mae"]["gap"] > 0
        values.append(found["mae"]["p_permutation"])
    assert np.mean(values) > 0.2 and sum(p < 0.05 for p in values) <= 2


def test_p_is_given_for_groups_of_people_only(unfair):
    for attribute, entry in unfair["attributes"].items():
        given = {gap["p_permutation"] is not None for gap in entry["gaps"].values()}
        assert given <= {attribute not in ("view", "pspi_band")}
    assert unfair["attributes"]["view"]["gaps"]["mae"]["interval_95"] is not None


def test_small_groups_are_scored_but_not_ranked(unfair):
    found = fairness(imagine(0, harm=1.5), imagine(1), resamples=50, min_identities=4)
    assert found["attributes"]["ethnicity x gender"]["gaps"]["mae"]["worst"].startswith("black")
    small = unfair["attributes"]["age_group x ethnicity x gender"]["groups"]
    assert all(entry["identities"] == 2 and entry["mae"]["value"] > 0 for entry in small.values())
    with pytest.raises(InvalidInput, match="min_identities"):
        fairness(imagine(0), imagine(1), min_identities=1)


def test_people_of_whom_nothing_is_known_are_a_group_that_is_not_ranked():
    predictions = imagine(0, harm=1.5)
    predictions["ethnicity"] = np.where(predictions["ethnicity"] == 3, -1, predictions["ethnicity"])
    found = fairness(predictions, imagine(1), resamples=50, min_identities=2)
    groups, gaps = (found["attributes"]["ethnicity"][part] for part in ("groups", "gaps"))
    assert groups["unknown"]["identities"] == 8
    assert max(groups, key=lambda name: groups[name]["mae"]["value"]) == "unknown" != gaps["mae"]["worst"]
    assert "unknown x man" in found["attributes"]["ethnicity x gender"]["groups"]
    assert "unknown" not in found["attributes"]["ethnicity x gender"]["gaps"]["mae"]["worst"]
    assert found["unknown"] == {"ethnicity": {"frames": 144, "identities": 8}}
    assert "ethnicity of 8 people (144 frames; a group of their own)" in to_markdown(found)


def test_what_is_known_of_nobody_is_left_out_and_counted():
    predictions = imagine(0)
    predictions |= {name: np.full(PEOPLE * FRAMES, -1) for name in ("age_group", "ethnicity", "gender")}
    found = fairness(predictions, imagine(1), resamples=50)
    assert set(found["attributes"]) == {"view", "pspi_band"}
    assert found["unknown"]["gender"] == {"frames": PEOPLE * FRAMES, "identities": PEOPLE}
    assert f"gender of {PEOPLE} people ({PEOPLE * FRAMES} frames; no table)" in to_markdown(found)
    assert fairness(imagine(0), imagine(1), resamples=20)["unknown"] == {}


def test_each_frame_is_judged_with_its_own_threshold():
    """As the folds of a protocol: F1 is of what each half of the people's own threshold calls pain."""
    predictions = imagine(0)
    limits = np.where(predictions["identity_id"] < 24, 0.3, 0.7)
    own = {**predictions, **{threshold_key(t): limits for t in (1, 2, 3)}}
    group = by_group(own, resamples=20)["attributes"]["gender"]["groups"]["woman"]
    said = (pain_probability(predictions, 3) >= limits)[predictions["gender"] == 1]
    pain = predictions["labels"][predictions["gender"] == 1] >= 3
    assert group["f1_pspi_3"]["value"] == pytest.approx(2 * (said & pain).sum() / (said.sum() + pain.sum()))
    alike = by_group(with_thresholds(predictions, {1: 0.3, 2: 0.3, 3: 0.3}), resamples=20)["overall"]
    assert alike["f1_pspi_3"]["value"] != by_group(own, resamples=20)["overall"]["f1_pspi_3"]["value"]


def test_one_person_alone_has_no_interval():
    predictions = imagine(0)
    predictions["ethnicity"] = np.where(predictions["identity_id"] == 7, 5, 1)
    groups = fairness(predictions, imagine(1), resamples=50)["attributes"]["ethnicity"]["groups"]
    assert groups["east_asian"]["identities"] == 1
    assert groups["east_asian"]["mae"]["value"] > 0 and groups["east_asian"]["mae"]["interval_95"] is None


def test_worse_is_worse():
    assert badness("mae", 2.0) > badness("mae", 1.0)
    assert badness("macro_auroc", 0.7) > badness("macro_auroc", 0.8)
    assert badness("bias", -2.0) > badness("bias", 1.0)
    assert badness("interval_coverage", 0.7) > badness("interval_coverage", 0.95)


def test_the_files_have_every_group_and_no_nan(unfair, tmp_path):
    pytest.importorskip("matplotlib")
    paths = write_fairness(unfair, tmp_path, plot=True)
    read = json.loads(paths[0].read_text(), parse_constant=pytest.fail)
    assert read == json.loads(json.dumps(unfair))
    text = paths[1].read_text()
    value = unfair["attributes"]["ethnicity"]["groups"]["black"]["mae"]["value"]
    assert f"| black | 144 | 8 | 0.778 | {value:.3f} (" in text
    assert "## PSPI band" in text and "## Age group × gender" in text
    assert "young × south asian × woman" in text and "nan" not in text.lower()
    assert paths[2].read_bytes()[:4] == b"\x89PNG" and len(paths[2].read_bytes()) > 20_000


def test_plots_without_matplotlib_are_one_clear_error(unfair, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InvalidInput, match=r"pain3d\[plots\]"):
        write_fairness(unfair, tmp_path / "new", plot=True)
    assert not (tmp_path / "new").exists()
    assert "## Ethnicity" in to_markdown(unfair)
