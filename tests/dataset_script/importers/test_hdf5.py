"""UNBC-McMaster in the authors' HDF5 form: frames and annotations belong together by index; their folds are kept."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from unbc_layout import SUBJECTS, face, shots, write_unbc_hdf5

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.importers.importing import import_dataset

h5py = pytest.importorskip("h5py")

ANNOTATIONS = "annotations_unbc_2020-10-13-22-55-04.hdf5"
FRAMES = "frames_unbc_2020-09-21-05-42-04.hdf5"
FOLDS = "UNBC_CVFolds_2019-05-16-15-16-36.hdf5"


def imported(source: Path, out: Path, **options):
    report = import_dataset(source, out, copy=True, **options)
    tables = [pq.read_table(path) for path in sorted((out / "data").glob("*.parquet"))]
    return report, {row["frame_id"]: row for table in tables for row in table.to_pylist()}


def change(path: Path, name: str, values) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]
        if values is not None:
            file[name] = values


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("columns", [1, 2])
def test_labels_and_pixels_belong_together(tmp_path, shuffled, columns):
    """Also where the annotations are in another order than the frames."""
    report, rows = imported(write_unbc_hdf5(tmp_path / "h5", shuffled, columns), tmp_path / "out", check_images=True)
    assert len(rows) == len(shots()) and report.problems == 0
    for k, shot in enumerate(shots()):
        row = rows[f"{shot.subject}/{k:06d}"]
        assert tuple(row["au"]) == shot.au and row["pspi"] == shot.pspi  # NaN is absent, AU43 above 0 is 1
        assert row["subject_id"] == shot.subject and row["licence"] == "UNBC-McMaster agreement"
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(row["image"]["bytes"]))), face(shot.au, 60 + k % 40))


def test_the_authors_folds_are_kept(tmp_path):
    _, rows = imported(write_unbc_hdf5(tmp_path / "h5"), tmp_path / "out")
    folds = json.loads((tmp_path / "out" / "folds.json").read_text())["folds"]
    assert [fold["validation_subjects"] for fold in folds] == [list(SUBJECTS[k::3]) for k in range(3)]
    for row in rows.values():
        assert row["subject_id"] in folds[row["fold"]]["validation_subjects"]


def test_without_folds_they_are_dealt_and_the_report_says_so(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    (source / FOLDS).unlink()
    report, _ = imported(source, tmp_path / "out")
    assert any("the source has no folds" in note for note in report.notes)


@pytest.mark.parametrize(
    ("side", "subjects", "message"),
    [
        ("train_subjects", [42, 43], "among its training and its validation subjects"),
        ("validation_subjects", [48], "042-ll042 is held out in 0 folds"),
    ],
)
def test_folds_that_leak_are_refused(tmp_path, side, subjects, message):
    source = write_unbc_hdf5(tmp_path / "h5")
    change(source / FOLDS, f"fold-0/{side}", subjects)
    with pytest.raises(WorkFailed, match=message):
        imported(source, tmp_path / "out")


def test_wrong_rows_are_named(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    path = source / ANNOTATIONS
    with h5py.File(path, "r+") as file:
        file["label_AU_4"][3] = 9
        file["label_pspi"][5] = np.nan
        file["label_pspi"][6] = (shots()[6].pspi + 1) % 17
        file["index"][7] = 999
    report, rows = imported(source, tmp_path / "out")
    names = [f"{shot.subject}/{k:06d}" for k, shot in enumerate(shots())]
    assert {problem.what: problem.kind for problem in report.left_out} == {
        names[3]: "AU out of range",
        names[5]: "bad number",
        names[6]: "PSPI disagrees",
        f"{shots()[7].subject}/000999": "no picture",
        "frame 7": "no annotation",
    }
    assert rows.keys() == {*names} - {names[k] for k in (3, 5, 6, 7)}


@pytest.mark.parametrize(
    ("file", "name", "values", "message"),
    [
        (ANNOTATIONS, "label_AU_7", None, "has no label_AU_7"),
        (ANNOTATIONS, "label_AU_7", np.zeros(3), "label_AU_7 has 3 rows"),
        (FRAMES, "index", np.zeros(48, int), "same index"),
        (FRAMES, "image", np.zeros((48, 4, 4, 3), np.float32), "image has the shape"),
        (FOLDS, "fold-1/train_subjects", None, "fold-1 has no train_subjects"),
    ],
)
def test_a_file_of_the_wrong_form_is_failed_work(tmp_path, file, name, values, message):
    source = write_unbc_hdf5(tmp_path / "h5")
    change(source / file, name, values)
    with pytest.raises(WorkFailed, match=message):
        imported(source, tmp_path / "out")


def test_a_truncated_file_is_failed_work(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    content = (source / FRAMES).read_bytes()
    (source / FRAMES).write_bytes(content[: len(content) // 2])
    with pytest.raises(WorkFailed, match="not a readable HDF5 file"):
        imported(source, tmp_path / "out")


def test_pictures_inside_must_be_copied(tmp_path):
    with pytest.raises(InvalidInput, match="add --copy"):
        import_dataset(write_unbc_hdf5(tmp_path / "h5"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
