"""The statistics of what the judges see, on readings whose truth is known."""

import numpy as np
import pytest

from benchmarks.judges.client import BOTH_SIDES, SINGLE, Reading
from benchmarks.judges.dataset import own_neutrals
from benchmarks.judges.measures import MEASURES, Readings, group_masks, measure, view_masks
from benchmarks.judges.tables import dose_table, measures_table, short, with_interval
from dataset_script.errors import InvalidInput
from dataset_script.vocabulary import ETHNICITIES

PEOPLE, PAIN = 6, 10


def scores(rest: float = 0.0, **values: float) -> dict[str, float]:
    return dict.fromkeys((*BOTH_SIDES, *SINGLE), rest) | values


def made(noise: float = 0.0, turned: float = 0.0) -> Readings:
    """Six people whose scores follow the units exactly, each from another rest, plus noise; pain turns the face."""
    rng = np.random.default_rng(0)
    identity, neutral, au, pspi, seen = [], [], [], [], []
    for person in range(PEOPLE):
        own = len(identity)
        face = np.eye(PEOPLE)[person]
        for k in range(PAIN + 1):
            units = np.array([*rng.integers(0, 6, 5), rng.integers(0, 2)], float) * (k > 0)
            identity.append(f"{person:05d}")
            neutral.append(own)
            au.append(units)
            pspi.append(units[0] + units[1:3].max() + units[3:5].max() + units[5])
            rest = 0.1 * person + noise * rng.standard_normal()
            shown = scores(
                rest, browDown=rest + units[0] / 5, eyeSquint=rest + units[1:3].max() / 5,
                mouthUpperUp=rest + units[3:5].max() / 5, eyeBlink=rest + units[5],
            )  # fmt: skip
            other = np.eye(PEOPLE)[(person + 1) % PEOPLE]
            angle = turned * (k > 0)
            seen.append(Reading(shown, np.cos(angle) * face + np.sin(angle) * other))
    count = len(identity)
    half = np.arange(count) < count // 2
    return Readings(
        np.array(identity), {"first": half, "second": ~half}, np.array(neutral), np.ones(count, bool),
        np.array(au), np.array(pspi), seen,
    )  # fmt: skip


def test_a_perfect_judge_scores_perfectly():
    found = measure(made(), resamples=50)
    everyone = found["all"]
    assert everyone["people"] == PEOPLE and everyone["frames"] == PEOPLE * (PAIN + 1)
    assert everyone["found"]["value"] == 1 and everyone["other people"]["value"] == 0
    for name in MEASURES:
        if name.startswith("r("):
            assert everyone[name]["value"] == pytest.approx(1), name
    readings = made()
    pain = readings.neutral != np.arange(len(readings.pspi))
    assert everyone["rise"]["value"] == pytest.approx(readings.pspi[pain].mean())
    assert found["first"]["people"] == PEOPLE // 2


def test_noise_lowers_the_correlation_as_numpy_has_it():
    readings = made(noise=0.2)
    pain = readings.neutral != np.arange(len(readings.pspi))
    rise = readings.rise(lambda s: s["browDown"])[pain]
    found = measure(readings, resamples=200)["all"]["r(AU4)"]
    assert found["value"] == pytest.approx(np.corrcoef(rise, readings.au[pain, 0])[0, 1])
    low, high = found["interval_95"]
    assert low < found["value"] < high


def test_a_frame_without_a_face_counts_as_not_found_and_nowhere_else():
    readings = made()
    readings.seen[3] = Reading(None)
    found = measure(readings, resamples=20)["all"]
    assert found["found"]["value"] == pytest.approx(1 - 1 / len(readings.seen))
    assert found["r(rise, PSPI)"]["value"] == pytest.approx(1)
    readings.seen[0] = Reading(None)  # the first person's neutral: no rise of that person is defined
    pain = (readings.neutral != np.arange(len(readings.pspi))) & (readings.neutral != 0)
    assert measure(readings, resamples=20)["all"]["rise"]["value"] == pytest.approx(readings.pspi[pain].mean())


def test_strong_pain_is_what_has_pspi_6_and_more():
    readings = made()
    weak = np.flatnonzero((readings.pspi > 0) & (readings.pspi < 6))
    for n in weak:
        readings.seen[n] = Reading(scores(-1.0))
    found = measure(readings, resamples=20)["all"]
    assert weak.size and found["above from PSPI 6"]["value"] == 1
    pain = readings.neutral != np.arange(len(readings.pspi))
    rises = readings.rise(lambda s: s["browDown"])[pain & (readings.pspi < 6)]
    assert found["above"]["value"] < 1 and (rises < 0).any()


def test_likeness_is_of_frontal_faces():
    found = measure(made(turned=0.5), resamples=20)["all"]
    assert found["same person"]["value"] == pytest.approx(np.cos(0.5)) and found["other people range"] == [0, 0]
    readings = made()
    readings.frontal[:] = False
    assert measure(readings, resamples=20)["all"]["same person"]["value"] is None
    assert measure(readings, resamples=20)["all"]["other people"]["value"] is None


def test_a_person_drawn_twice_is_no_pair_of_people():
    readings = made()
    for n, each in enumerate(readings.seen):
        common = np.full(PEOPLE, 1 / np.sqrt(PEOPLE))
        readings.seen[n] = Reading(each.scores, np.sqrt(0.5) * each.embedding + np.sqrt(0.5) * common)
    found = measure(readings, resamples=500)["all"]["other people"]
    assert found["interval_95"] == pytest.approx([found["value"]] * 2)


def test_groups_without_a_frame_are_left_out():
    masks = group_masks(np.array([0, 0, 1]), np.zeros(3, int), np.ones(3, int))
    assert list(masks) == [*ETHNICITIES[:2], "young", "woman"] and masks[ETHNICITIES[1]].tolist() == [
        False,
        False,
        True,
    ]


def test_views_and_glasses_apart():
    frontal, glasses = np.array([True, True, False]), np.array([True, False, False])
    masks = {name: mask.tolist() for name, mask in view_masks(frontal, glasses).items()}
    assert masks["from the front"] == [True, True, False] and masks["from the sides"] == [False, False, True]
    assert masks["without glasses"] == [False, True, True]
    assert masks["from the front, without glasses"] == [False, True, False]
    assert "from the sides" not in view_masks(np.ones(2, bool), np.zeros(2, bool))


def test_a_neutral_frame_that_is_not_there_is_named():
    assert own_neutrals(["a", "b"], ["a", "a"]).tolist() == [0, 0]
    with pytest.raises(InvalidInput, match="neutral_frame_id of b is 'c'; allowed is a frame of the dataset"):
        own_neutrals(["a", "b"], ["a", "c"])


def test_numbers_as_text():
    assert [short(v) for v in (0.456, -0.021, 1.0, 2.468, -0.001, 0.998, None, float("nan"))] == [
        ".46", "-.02", "1.00", "2.47", ".00", "1.00", "–", "–"
    ]  # fmt: skip
    assert short(0.2, signed=True) == "+.20"
    assert with_interval({"value": 0.9724, "interval_95": [0.961, 0.98]}) == "0.972 (.96 to .98)"
    assert with_interval({"value": None, "interval_95": None}) == "–"
    result = measure(made(), resamples=20)
    text, markdown = measures_table(result, False), measures_table(result, True)
    assert text.splitlines()[-1].startswith("second") and markdown.splitlines()[-1].startswith("| second | 3 |")
    dose = {"AU4 5": {"people": 3, "browDown": 0.18, "jawOpen": float("nan")}}
    assert dose_table(dose, True).splitlines()[-1] == "| AU4 5 | 3 | +.18 | – |"
