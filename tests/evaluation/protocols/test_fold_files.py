"""The file of a fold's predictions, made by other programs or damaged."""

import numpy as np
import pytest

from dataset_script.errors import InvalidInput, WorkFailed
from evaluation.protocols import fold_runs
from evaluation.protocols.fold_runs import FoldPredictions, read_fold, write_fold
from evaluation.protocols.splits import Split

SPLIT = Split("a", (1, 2), (3,), (4,))


def rows(person: int) -> dict[str, np.ndarray]:
    return {"pspi": np.arange(4.0), "identity_id": np.full(4, person), "frame_id": np.array(["a", "b", "c", "d"])}


def test_a_fold_is_read_as_it_was_written(tmp_path):
    write_fold(FoldPredictions(SPLIT, rows(4), rows(1)), tmp_path / "a.npz")
    found = read_fold(tmp_path / "a.npz", SPLIT)
    assert found.test.keys() == rows(4).keys()
    assert all((found.calibration[name] == values).all() for name, values in rows(1).items())
    with pytest.raises(InvalidInput, match="is of other people than b"):
        read_fold(tmp_path / "a.npz", Split("b", (1, 2), (3,), (4,)))


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"test.pspi": np.arange(4.0)}, "it has no test.identity_id"),
        ({"other": np.arange(4.0)}, "it holds 'other'"),
        ({"elsewhere.identity_id": np.arange(4.0)}, "it holds 'elsewhere.identity_id'"),
    ],
)
def test_a_fold_without_people_or_with_other_arrays_is_refused(arrays, problem, tmp_path):
    np.savez(tmp_path / "a.npz", split=np.array(fold_runs._split_text(SPLIT)), **arrays)
    with pytest.raises(WorkFailed, match=problem):
        read_fold(tmp_path / "a.npz", SPLIT)
