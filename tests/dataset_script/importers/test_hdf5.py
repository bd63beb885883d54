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
from dataset_script.importers.layouts import LayoutOptions

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


def test_a_name_in_another_case_is_the_same_subject(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    names = [shot.subject.upper() if k % 3 == 0 else shot.subject for k, shot in enumerate(shots())]
    change(source / ANNOTATIONS, "subject_name", [name.encode() for name in names])
    report, rows = imported(source, tmp_path / "out")
    assert {row["subject_id"] for row in rows.values()} == {*SUBJECTS} and len(rows) == len(shots())
    assert "subject 042-ll042 is spelled 042-LL042 and 042-ll042: they are one subject" in report.notes


def letters(names: list[str], length: int = 12) -> np.ndarray:
    """A character matrix of MATLAB as HDF5 holds it: (length, N)."""
    return np.array([[ord(letter) for letter in name.ljust(length)] for name in names], np.uint16).T


def test_names_as_a_character_matrix_of_matlab_are_read(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    names = [shot.subject for shot in shots()]
    change(source / ANNOTATIONS, "subject_name", letters(names))
    report, rows = imported(source, tmp_path / "out")
    assert [rows[f"{name}/{k:06d}"]["subject_id"] for k, name in enumerate(names)] == names
    assert any("subject_name was read as a character matrix of MATLAB" in note for note in report.notes)


@pytest.mark.parametrize("kind", [np.uint16, np.float64])
def test_names_that_are_no_text_are_blamed_themselves(tmp_path, kind):
    source = write_unbc_hdf5(tmp_path / "h5")
    count = len(shots())
    change(source / ANNOTATIONS, "subject_name", np.ones((9, count if kind is np.float64 else 12), kind))
    message = rf"subject_name is (uint16 \(9, 12\)|float64 \(9, {count}\)); allowed is text, \({count},\)"
    with pytest.raises(WorkFailed, match=message):
        imported(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("file", "name", "others", "advice"),
    [
        (ANNOTATIONS, "index", {}, "none of them can be index, so add it"),
        (FRAMES, "index", {}, "none of them can be index, so add it"),
        (FRAMES, "image", {}, "none of them can be image, so add it"),
        (ANNOTATIONS, "index", {"row": np.arange(48)}, "if it is 'row', say so with --hdf5 index=NAME"),
        (ANNOTATIONS, "index", {"who": [b"x"] * 48, "maps": np.zeros((48, 4, 4))}, "none of them can be index"),
        (ANNOTATIONS, "subject_name", {"who": [b"x"] * 48}, "if it is 'who', say so with --hdf5 subject_name=NAME"),
        (ANNOTATIONS, "label_AU_7", {"lid": np.zeros((48, 2))}, "if it is 'lid', say so with --hdf5 label_AU_7=NAME"),
    ],
)
def test_a_missing_data_set_is_explained_and_only_what_fits_is_offered(tmp_path, file, name, others, advice):
    source = write_unbc_hdf5(tmp_path / "h5")
    change(source / file, name, None)
    with h5py.File(source / file, "r+") as opened:
        for other, values in others.items():
            opened[other] = values
    with pytest.raises(WorkFailed, match=rf"has no {name}, which is .*; it holds .*: {advice}"):
        imported(source, tmp_path / "out")


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


def to_frames(source: Path, made) -> None:
    """Writes the pictures as `made` of what they were."""
    with h5py.File(source / FRAMES, "r+") as file:
        pixels = file["image"][:]
        del file["image"]
        file["image"] = made(pixels)


@pytest.mark.parametrize(
    ("made", "grey"),
    [
        (lambda v: v.transpose(0, 3, 1, 2), False),
        (lambda v: v[:, None, ..., 0], True),
        (lambda v: v[..., :1], True),
        (lambda v: v[..., 0], True),
        (lambda v: v / np.float32(255), False),
        (lambda v: (v / 255.0).transpose(0, 3, 1, 2), False),
        (lambda v: (v[:, None, ..., 0] / np.float16(255)).astype(np.float16), True),
        (lambda v: v.astype(np.float32), False),
        (lambda v: v.astype(np.int64), False),
    ],
)
def test_pictures_of_any_axes_and_type_are_the_same_pictures(tmp_path, made, grey):
    source = write_unbc_hdf5(tmp_path / "h5")
    to_frames(source, made)
    report, rows = imported(source, tmp_path / "out", check_images=True, strict=True)
    for k, shot in enumerate(shots()):
        picture = Image.open(io.BytesIO(rows[f"{shot.subject}/{k:06d}"]["image"]["bytes"]))
        expected = face(shot.au, 60 + k % 40)
        assert np.array_equal(np.asarray(picture), expected[..., 0] if grey else expected)
    assert report.problems == 0


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda v: v[..., :2], r"image has the shape \(48, 36, 48, 2\) and type uint8; allowed is"),
        (lambda v: v[:, :3], "image has the shape .* allowed is"),
        (lambda v: v[..., None], "image has the shape .* allowed is"),
        (lambda v: v[:, 0, :, 0], "image has the shape .* allowed is"),
        (lambda v: v > 100, "and type bool; allowed is"),
        (lambda v: v / 127.5 - 1, "image holds -0.7.* to 0.3.*; allowed are 0 to 255, or floats from 0 to 1"),
        (lambda v: v.astype(np.uint16) * 257, "image holds 7710 to 44718; allowed are 0 to 255"),
    ],
)
def test_other_numbers_are_refused_in_one_line_and_nothing_is_left(tmp_path, made, message):
    source = write_unbc_hdf5(tmp_path / "h5")
    to_frames(source, made)
    with pytest.raises(WorkFailed, match=message) as refused:
        imported(source, tmp_path / "out")
    assert "\n" not in str(refused.value) and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("third", "others", "message"),
    [
        (lambda v: np.nan * v, lambda v: v / 255.0, "it holds numbers that are not finite"),
        (lambda v: np.inf + v, lambda v: v * 1.0, "it holds numbers that are not finite"),
        (lambda v: v / 255.0, lambda v: v * 1.0, "it holds numbers from 0 to 1, where other frames reach 255"),
    ],
)
def test_frames_whose_numbers_are_no_picture_are_left_out_and_named(tmp_path, third, others, message):
    source = write_unbc_hdf5(tmp_path / "h5")
    to_frames(source, lambda v: np.where(np.arange(len(v))[:, None, None, None] == 3, third(v), others(v)))
    report, rows = imported(source, tmp_path / "out")
    assert [(p.what, p.reason) for p in report.left_out] == [(f"{shots()[3].subject}/000003", message)]
    assert len(rows) == len(shots()) - 1


def test_data_sets_of_other_names_and_in_groups_are_found_and_said(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    with h5py.File(source / FRAMES, "r+") as file:
        file.move("image", "data/Face crops")
        file.move("index", "data/index")
    with h5py.File(source / ANNOTATIONS, "r+") as file:
        for old, new in (("subject_name", "subject name"), ("label_pspi", "Label PSPI"), ("label_AU_4", "AU04")):
            file.move(old, new)
        for name in ("index", "subject name", "Label PSPI"):  # as MATLAB writes columns
            values = file[name][:]
            del file[name]
            file[name] = values.reshape(1, -1)
    report, rows = imported(source, tmp_path / "out", strict=True)
    assert len(rows) == len(shots())
    assert f"image is read from 'data/Face crops' of {FRAMES}" in report.notes
    assert report.notes.count(f"label_AU_4 is read from 'AU04' of {ANNOTATIONS}") == 1
    assert (source / FOLDS).exists() and (tmp_path / "out" / "folds.json").exists()


def test_of_several_candidates_one_must_be_named(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    with h5py.File(source / FRAMES, "r+") as file:
        file.move("image", "image raw")
        file["image aligned"] = file["image raw"][:] // 2
    with pytest.raises(InvalidInput, match=r"image may be 'image aligned' \(.*\), 'image raw' .*--hdf5 image=NAME"):
        imported(source, tmp_path / "out")
    report, rows = imported(source, tmp_path / "out", options=LayoutOptions(hdf5={"image": "image aligned"}))
    picture = Image.open(io.BytesIO(rows[f"{shots()[0].subject}/000000"]["image"]["bytes"]))
    assert np.array_equal(np.asarray(picture), face(shots()[0].au, 60) // 2) and report.problems == 0


def test_of_several_files_one_must_be_named(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    (source / "frames_b.hdf5").write_bytes((source / FRAMES).read_bytes())
    with pytest.raises(InvalidInput, match=r"several files like .*frames_b.hdf5, frames_unbc.*--hdf5 frames=FILE"):
        imported(source, tmp_path / "out")
    _, rows = imported(source, tmp_path / "out", options=LayoutOptions(hdf5={"frames": FRAMES}))
    assert len(rows) == len(shots())


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"pictures": "image"}, "hdf5 is pictures=image; allowed are frames, annotations, folds, image"),
        ({"image": "faces"}, r"hdf5 is image=faces, and .* holds 'image' \(48, 36, 48, 3\), 'index'"),
        ({"frames": "other.hdf5"}, "hdf5 is frames=other.hdf5, and .* is not a file"),
    ],
)
def test_a_choice_that_does_not_exist_is_named_with_what_does(tmp_path, chosen, message):
    with pytest.raises(InvalidInput, match=message):
        imported(write_unbc_hdf5(tmp_path / "h5"), tmp_path / "out", options=LayoutOptions(hdf5=chosen))


def test_pspi_alone_leaves_the_units_null(tmp_path):
    source = write_unbc_hdf5(tmp_path / "h5")
    for unit in (4, 6, 7, 9, 10, 43):
        change(source / ANNOTATIONS, f"label_AU_{unit}", None)
    report, rows = imported(source, tmp_path / "out", strict=True)
    assert [row["pspi"] for _, row in sorted(rows.items())] == [
        shot.pspi for _, shot in sorted((f"{s.subject}/{k:06d}", s) for k, s in enumerate(shots()))
    ]
    assert all(row["au"] is None for row in rows.values())
    assert any("no action units" in note for note in report.notes)
    change(source / ANNOTATIONS, "label_pspi", None)
    with pytest.raises(WorkFailed, match=r"has no label_pspi, which is .*; it holds 'index'"):
        imported(source, tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("index", np.full(48, 0.5), "index holds numbers that are not whole"),
        ("label_pspi", np.array([b"x"] * 48), "label_pspi is of type"),
        ("label_pspi", np.zeros((48, 2)), r"label_pspi has 48 rows, of the shape \(48, 2\)"),
    ],
)
def test_columns_of_the_wrong_form_are_failed_work(tmp_path, name, values, message):
    source = write_unbc_hdf5(tmp_path / "h5")
    change(source / ANNOTATIONS, name, values)
    with pytest.raises(WorkFailed, match=message):
        imported(source, tmp_path / "out")


def test_a_folder_around_it_changes_nothing(tmp_path):
    write_unbc_hdf5(tmp_path / "h5" / "h5")
    report, rows = imported(tmp_path / "h5", tmp_path / "out")
    assert len(rows) == len(shots()) and f"the data set lies in {tmp_path / 'h5' / 'h5'}" in report.notes
    write_unbc_hdf5(tmp_path / "h5" / "again")
    with pytest.raises(InvalidInput, match=r"holds 2 data sets: .*again, .*h5; name one of them"):
        imported(tmp_path / "h5", tmp_path / "other")


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


def move(path: Path, name: str, to: Path) -> None:
    """Puts the data set `name` of one file into another."""
    to.parent.mkdir(exist_ok=True)
    with h5py.File(path, "r+") as file, h5py.File(to, "a") as other:
        file.copy(name, other)
        del file[name]


def test_what_links_lead_to_is_read_and_what_is_not_there_is_named(tmp_path):
    source = write_unbc_hdf5(tmp_path / "source")
    move(source / FRAMES, "image", source / "raw" / "p1.h5")
    with h5py.File(source / FRAMES, "r+") as file:
        file["Images"] = h5py.ExternalLink("raw/p1.h5", "image")
        file["images"] = h5py.SoftLink("/Images")
        file["again/here"] = h5py.SoftLink("/")
    move(source / ANNOTATIONS, "label_AU_4", source / "raw" / "p2.h5")
    with h5py.File(source / ANNOTATIONS, "r+") as file:
        file["label_AU_4"] = h5py.ExternalLink("raw/p2.h5", "label_AU_4")
    _, rows = imported(source, tmp_path / "b")
    assert len(rows) == len(shots())
    assert {(shot.au[0], shot.pspi) for shot in shots()} == {(row["au"][0], row["pspi"]) for row in rows.values()}
    (source / "raw" / "p2.h5").unlink()
    with pytest.raises(WorkFailed, match=r"its link 'label_AU_4' leads to 'label_AU_4' of raw/p2\.h5, which is not th"):
        imported(source, tmp_path / "c")
    (source / "raw" / "p1.h5").unlink()
    with pytest.raises(WorkFailed, match=r"its link 'Images' leads to 'image' of raw/p1\.h5, which is not there"):
        imported(source, tmp_path / "d")


def test_pictures_that_lie_in_part_in_a_file_that_is_absent_are_refused(tmp_path):
    """HDF5 itself reads them as black."""
    source = write_unbc_hdf5(tmp_path / "source")
    move(source / FRAMES, "image", source / "raw.h5")
    with h5py.File(source / "raw.h5") as raw, h5py.File(source / FRAMES, "r+") as file:
        layout = h5py.VirtualLayout(raw["image"].shape, raw["image"].dtype)
        layout[:] = h5py.VirtualSource("raw.h5", "image", raw["image"].shape)
        file.create_virtual_dataset("image", layout)
    assert len(imported(source, tmp_path / "a")[1]) == len(shots())
    (source / "raw.h5").unlink()
    with pytest.raises(WorkFailed, match=r"/image lies in part in raw\.h5, which is not there"):
        imported(source, tmp_path / "b")


@pytest.mark.parametrize("form", ["spaces", "zeros", "cell"])
def test_names_of_fixed_length_and_cells_of_matlab_are_those_of_the_subjects(tmp_path, form):
    source = write_unbc_hdf5(tmp_path / "source")
    with h5py.File(source / ANNOTATIONS, "r+") as file:
        names = [name.decode() for name in file["subject_name"][()]]
        del file["subject_name"]
        if form == "cell":
            for k, name in enumerate(names):
                file[f"#refs#/{k}"] = np.frombuffer(name.encode("utf-16-le"), np.uint16)[:, None]
            file["subject_name"] = np.array([file[f"#refs#/{k}"].ref for k in range(len(names))], h5py.ref_dtype)[None]
        else:
            file["subject_name"] = np.array([name.ljust(20) if form == "spaces" else name for name in names], "S20")
    _, rows = imported(source, tmp_path / "out")
    assert {row["subject_id"] for row in rows.values()} == {*SUBJECTS}
