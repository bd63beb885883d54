"""Clips with pain against clips without: thresholds come from other subjects, and the numbers are those of a hand."""

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from evaluation.statistics.thresholds import best_accuracy_threshold
from evaluation.stimulus.run import HARDLY_REACT
from evaluation.stimulus.scores import Clips, left_out_thresholds, score_clips, trivial_rows


def clips_of(values: dict[str, tuple[list[float], list[float]]]) -> Clips:
    """Subject -> scores of BL1, scores of PA4."""
    subject, painful, scores = [], [], []
    for name, sides in values.items():
        for side, own in enumerate(sides):
            subject += [name] * len(own)
            painful += [bool(side)] * len(own)
            scores += own
    return Clips(np.array(subject), np.array(painful), {"max": np.array(scores)})


THREE = {"a": ([0.0, 1.0], [3.0, 4.0]), "b": ([1.0, 2.0], [5.0, 6.0]), "c": ([4.0, 4.5], [7.0, 8.0])}


def test_a_subject_is_judged_with_the_threshold_of_the_others():
    clips = clips_of(THREE)
    found = left_out_thresholds(clips.subject, clips.painful, clips.scores["max"])
    # b and c are cut best between 4.5 and 5, a and b between 2 and 3
    assert found["a"] == 4.75 and found["c"] == 2.5
    moved = clips_of(THREE | {"a": ([9.0, 9.0], [0.0, 0.0])})
    assert left_out_thresholds(moved.subject, moved.painful, moved.scores["max"])["a"] == found["a"]


def test_the_scores_are_those_of_a_hand():
    (row,) = score_clips(clips_of({"a": THREE["a"], "c": THREE["c"]}), resamples=50).values()
    # a is judged from 5.75 on: nothing is called; c from 2 on: everything is
    assert row["thresholds"] == [2.0, 5.75]
    assert row["accuracy"]["value"] == 0.5
    assert (row["sensitivity"]["value"], row["specificity"]["value"]) == (0.5, 0.5)
    assert row["auroc_within"]["value"] == 1.0
    assert row["auroc"]["value"] == 12.5 / 16


def test_separable_clips_and_clips_without_information():
    easy = {f"s{k}": ([0.1 * k, 0.2], [3.0, 4.0 + k]) for k in range(8)}
    (row,) = score_clips(clips_of(easy), resamples=100).values()
    assert [row[name]["value"] for name in ("accuracy", "auroc", "auroc_within")] == [1, 1, 1]
    assert row["accuracy"]["interval_95"] == [1, 1]
    flat = {f"s{k}": ([1.0] * 4, [1.0] * 4) for k in range(8)}
    (row,) = score_clips(clips_of(flat), resamples=100).values()
    assert [row[name]["value"] for name in ("accuracy", "auroc", "auroc_within")] == [0.5, 0.5, 0.5]


def test_random_scores_are_at_chance():
    random = np.random.default_rng(0)
    noise = {f"s{k}": (random.random(20).tolist(), random.random(20).tolist()) for k in range(40)}
    (row,) = score_clips(clips_of(noise), resamples=500).values()
    low, high = row["auroc"]["interval_95"]
    assert low < 0.5 < high and abs(row["accuracy"]["value"] - 0.5) < 0.05


def test_the_trivial_rows():
    assert trivial_rows(clips_of(THREE))["one_answer"]["accuracy"] == 0.5
    uneven = clips_of({"a": ([0.0], [1.0, 1.0, 1.0]), "b": ([0.0], [1.0, 1.0, 1.0])})
    assert trivial_rows(uneven) == {
        "chance": {"accuracy": 0.5, "auroc": 0.5},
        "one_answer": {"accuracy": 0.75, "auroc": 0.5},
    }


def test_a_clip_is_scored_by_its_highest_frame_and_by_their_mean():
    clip, subject = np.array(["x", "x", "y", "y", "z"]), np.array(["a", "a", "b", "b", "b"])
    painful = np.array([False, False, True, True, False])
    clips = Clips.of_frames(clip, subject, painful, np.array([1.0, 3.0, 2.0, 6.0, 0.0]))
    assert clips.scores["max"].tolist() == [3, 6, 0] and clips.scores["mean"].tolist() == [2, 4, 0]
    assert clips.subject.tolist() == ["a", "b", "b"] and clips.painful.tolist() == [False, True, False]


def test_what_cannot_be_scored():
    with pytest.raises(InvalidInput, match="clips of 1 subjects; allowed are two or more"):
        clips_of({"a": ([0.0], [1.0])})
    with pytest.raises(InvalidInput, match="2 clips with PA4 and 0 with BL1"):
        clips_of({"a": ([], [1.0]), "b": ([], [2.0])})


@pytest.mark.parametrize(
    ("scores", "positive", "threshold"),
    [
        ([0.0, 1.0, 2.0, 3.0], [0, 0, 1, 1], 1.5),
        ([0.0, 1.0, 2.0], [1, 1, 1], 0.0),  # everything is called
        ([0.0, 1.0, 2.0, 3.0], [0, 1, 0, 1], 2.5),  # .5 and 2.5 are equally good: the strictest
    ],
)
def test_the_threshold_with_the_best_accuracy(scores, positive, threshold):
    assert best_accuracy_threshold(np.array(scores), np.array(positive, dtype=bool)) == threshold


def test_the_threshold_where_no_call_is_best_is_above_all():
    assert best_accuracy_threshold(np.array([1.0, 2.0]), np.array([False, False])) > 2.0


def test_the_published_list_has_twenty_subjects():
    assert len(HARDLY_REACT) == 20
