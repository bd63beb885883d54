"""A protocol goes on where it stopped, and never takes one fold for another."""

import numpy as np
import pytest

from dataset_script.errors import InvalidInput, WorkFailed
from evaluation.protocols.fold_runs import run_folds
from evaluation.protocols.scores import score_folds
from evaluation.protocols.splits import Split, subject_kfold
from evaluation.statistics.measures import TrainingLabels


class Runner:
    """Predicts everybody's PSPI with an error; stops before a fold when told to."""

    def __init__(self, stop_before: str | None = None):
        self.stop_before, self.ran = stop_before, []

    def predict(self, people: tuple) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(list(people))
        labels = np.tile(np.arange(17), len(people))
        pspi = labels + rng.normal(0, 1.5, len(labels))
        names = np.array([f"{person:05d}-{k}" for person in people for k in range(17)])
        units = np.zeros((len(labels), 6), dtype=np.float32)
        common = {"frame_id": names, "identity_id": np.repeat(people, 17), "au": units, "au_labels": units}
        return {**common, "labels": labels, "pspi": pspi, "logits": -((pspi[:, None] - np.arange(17)) ** 2)}

    def __call__(self, split: Split):
        if split.name == self.stop_before:
            raise KeyboardInterrupt
        self.ran.append(split.name)
        return self.predict(split.test), self.predict(split.validation)


def test_an_interrupted_run_goes_on_and_ends_the_same(tmp_path):
    splits = subject_kfold(range(10))
    stopped = Runner(stop_before="fold-3")
    with pytest.raises(KeyboardInterrupt):
        run_folds(splits, stopped, tmp_path / "a")
    again = Runner()
    resumed = run_folds(splits, again, tmp_path / "a")
    assert (stopped.ran, again.ran) == (["fold-0", "fold-1", "fold-2"], ["fold-3", "fold-4"])
    whole = run_folds(splits, Runner(), tmp_path / "b")
    training = [TrainingLabels(np.arange(17), np.zeros((17, 6)))] * 5
    assert score_folds(resumed, training, 50) == score_folds(whole, training, 50)
    for one, other in zip(resumed, whole, strict=True):
        for key, values in other.test.items():
            np.testing.assert_array_equal(one.test[key], values)
            assert one.test[key].dtype == values.dtype


def test_each_fold_says_who_and_how_long_the_rest_will_take(tmp_path, monkeypatch):
    splits, lines = subject_kfold(range(10)), []
    with pytest.raises(KeyboardInterrupt):
        run_folds(splits, Runner(stop_before="fold-2"), tmp_path)
    ticks = iter([0.0, 90.0, 150.0, 600.0])
    monkeypatch.setattr("evaluation.protocols.fold_runs.time.monotonic", lambda: next(ticks))
    run_folds(splits, Runner(), tmp_path, tell=lines.append)
    assert lines[:3] == [
        "fold-2 (3 of 5): 6 people train, 2 select, 2 are tested",
        "fold-2 done, 0:01:30 in all; 2 left, about 0:03:00",
        "fold-3 (4 of 5): 6 people train, 2 select, 2 are tested",
    ]
    assert lines[3:] == [
        "fold-3 done, 0:02:30 in all; 1 left, about 0:01:15",
        "fold-4 (5 of 5): 6 people train, 2 select, 2 are tested",
        "fold-4 done, 0:10:00 in all",
    ]


def test_a_fold_of_other_people_is_refused(tmp_path):
    run_folds(subject_kfold(range(10)), Runner(), tmp_path)
    with pytest.raises(InvalidInput, match="other people than fold-0"):
        run_folds(subject_kfold(range(10), validation=1), Runner(), tmp_path)


def test_a_damaged_fold_is_named(tmp_path):
    splits = subject_kfold(range(10))
    run_folds(splits, Runner(), tmp_path)
    path = tmp_path / "fold-001.npz"
    for content in (path.read_bytes()[:-200], b"", b"no archive"):
        path.write_bytes(content)
        with pytest.raises(WorkFailed, match=r"fold-001\.npz"):
            run_folds(splits, Runner(), tmp_path)


def test_a_runner_that_predicts_the_wrong_people_is_refused_and_leaves_no_file(tmp_path):
    def swapped(split):
        return tuple(reversed(Runner()(split)))

    with pytest.raises(InvalidInput, match="test frames hold"):
        run_folds(subject_kfold(range(10)), swapped, tmp_path)
    assert list(tmp_path.iterdir()) == []
