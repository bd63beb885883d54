"""UNBC-McMaster in its original layout: what is right arrives, what is wrong is named, nothing is dropped silently."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from PIL import Image
from unbc_layout import SUBJECTS, landmarks, png, shots, write, write_unbc

from dataset_script.importers.importing import ProblemsFound, import_dataset
from dataset_script.importers.unbc import BLACK

SHOTS = {shot.key: shot for shot in shots()}


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    return write_unbc(tmp_path_factory.mktemp("unbc") / "UNBC")


@pytest.fixture
def archive(original, tmp_path) -> Path:
    """A copy to be damaged."""
    return shutil.copytree(original, tmp_path / "UNBC")


def rows_of(out: Path) -> dict[str, dict]:
    tables = [pq.read_table(path) for path in sorted((out / "data").glob("*.parquet"))]
    return {row["frame_id"]: row for table in tables for row in table.to_pylist()}


def reasons(report) -> dict[str, str]:
    return {problem.what: problem.kind for problem in report.left_out}


def blacken(archive: Path) -> set[str]:
    """Makes the frames black that are black in the archive, as far as the fixture has them."""
    found = {key for key in SHOTS if key in BLACK}
    for key in found:
        write(archive / "Images" / f"{key}.png", png(np.zeros((36, 48, 3), np.uint8)))
    return found


def test_every_frame_arrives_with_its_labels(original, tmp_path):
    report = import_dataset(original, tmp_path / "out", check_images=False)
    rows = rows_of(tmp_path / "out")
    assert rows.keys() == SHOTS.keys() - BLACK
    for key, row in rows.items():
        shot = SHOTS[key]
        assert tuple(row["au"]) == shot.au
        assert row["pspi"] == shot.pspi
        assert (row["subject_id"], row["sequence_id"]) == (shot.subject, shot.sequence)
        assert row["identity_id"] == int(shot.subject[:3])
        assert row["licence"] == "UNBC-McMaster agreement"
        assert row["image"] == {"bytes": None, "path": str(original / "Images" / f"{key}.png")}
        assert row["aam_landmarks"] == landmarks().tolist()
        assert row["face_box"][0] == pytest.approx(landmarks()[:, 0].min())
        assert row["sequence_ratings"] == dict.fromkeys(("AFF", "OPR", "SEN", "VAS"), 4.0)
        assert row["extra_au"]["AU12"] == 0 and row["extra_au"]["AU1"] is None  # coded and absent; not coded
        assert row["age"] is row["heatmap"] is row["camera"] is None
    assert report.incomplete == []


def test_the_reference_is_a_neutral_frame_of_the_same_sequence(original, tmp_path):
    import_dataset(original, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    for row in rows.values():
        neutral = rows[row["neutral_frame_id"]]
        assert neutral["pspi"] == neutral["expression_id"] == 0
        assert neutral["subject_id"] == row["subject_id"]
        has_own = any(r["sequence_id"] == row["sequence_id"] and not r["pspi"] for r in rows.values())
        assert (neutral["sequence_id"] == row["sequence_id"]) == has_own


def test_documented_black_frames_are_left_out_by_name_without_decoding(archive, tmp_path):
    black = blacken(archive)
    report = import_dataset(archive, tmp_path / "out")
    assert reasons(report) == dict.fromkeys(black, "black") and len(black) == 4


def test_black_and_damaged_pictures_are_found_by_decoding(archive, tmp_path):
    first, second, third = sorted(SHOTS.keys() - BLACK)[:3]
    write(archive / "Images" / f"{first}.png", png(np.full((36, 48, 3), 5, np.uint8)))
    picture = archive / "Images" / f"{second}.png"
    picture.write_bytes(picture.read_bytes()[:200])
    (archive / "Images" / f"{third}.png").write_bytes(b"")
    report = import_dataset(archive, tmp_path / "out", check_images=True)
    assert reasons(report) == {first: "black", second: "unreadable picture", third: "unreadable picture"}
    assert rows_of(tmp_path / "out").keys() == SHOTS.keys() - {
        first,
        second,
        third,
    }  # sound ones stay, whatever their name


def test_a_copy_with_doubled_folders_and_no_landmarks_gives_the_same_labels(original, tmp_path):
    doubled = write_unbc(tmp_path / "UNBC", doubled=True, extras=False)
    report = import_dataset(doubled, tmp_path / "out")
    assert report.problems == len(reasons(report)) == len(SHOTS.keys() & BLACK)  # lacking a whole folder is a note
    assert "Images holds a folder within itself" in "\n".join(report.notes)
    assert "this copy has no AAM_landmarks" in report.notes
    import_dataset(original, tmp_path / "whole")
    labels = ("au", "pspi", "split", "fold", "identity_id", "neutral_frame_id")
    mine, theirs = rows_of(tmp_path / "out"), rows_of(tmp_path / "whole")
    assert all(mine[key][name] == theirs[key][name] for key in theirs for name in labels if name in theirs[key])
    assert all(row["face_box"] is None for row in mine.values())


def test_a_file_in_both_the_folder_and_its_double_is_named(archive, tmp_path):
    key = sorted(SHOTS)[0]
    shutil.copytree(archive / "Images" / key.split("/")[0], archive / "Images" / "Images" / key.split("/")[0])
    report = import_dataset(archive, tmp_path / "out")
    assert [p.kind for p in report.left_out if p.what == key] == ["found twice"]
    assert key in rows_of(tmp_path / "out")


def write_label(folder: str, content: str):
    def change(archive: Path, key: str) -> None:
        write(archive / "Frame_Labels" / folder / f"{key}_facs.txt", content)

    return change


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (write_label("FACS", "4 7 0 0\n"), "AU out of range"),
        (write_label("FACS", "4 -1 0 0\n"), "AU out of range"),
        (write_label("FACS", "4 x 0 0\n"), "bad number"),
        (write_label("FACS", "99 1 0 0\n"), "unknown AU"),
        (write_label("PSPI", "nan\n"), "bad number"),
        (write_label("PSPI", ""), "bad number"),
        (write_label("PSPI", "16.0\n"), "PSPI disagrees"),
        (lambda archive, key: (archive / "Frame_Labels/FACS" / f"{key}_facs.txt").unlink(), "no FACS file"),
        (write_label("FACS", b"\xff\xfe\x00"), "unreadable label"),
        (lambda archive, key: (archive / "Images" / f"{key}.png").unlink(), "no picture"),
    ],
)
def test_a_frame_with_a_wrong_label_is_left_out_and_named(archive, tmp_path, change, kind):
    key = sorted(SHOTS)[1]
    change(archive, key)
    report = import_dataset(archive, tmp_path / "out")
    assert {reasons(report)[key]} == {kind}
    assert rows_of(tmp_path / "out").keys() == SHOTS.keys() - BLACK - {key}
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {problem["what"] for problem in written["left_out"]} == {key, *(SHOTS.keys() & BLACK)}
    assert written["frames"] == {
        "found": len(SHOTS) - (kind == "no picture"),
        "written": len(rows_of(tmp_path / "out")),
    }


def test_what_a_frame_can_do_without_is_counted_and_the_frame_stays(archive, tmp_path):
    first, second, third = sorted(SHOTS)[:3]
    (archive / "Frame_Labels/PSPI" / f"{first}_facs.txt").unlink()
    (archive / "AAM_landmarks" / f"{second}_aam.txt").unlink()
    write(archive / "AAM_landmarks" / f"{third}_aam.txt", "1 2\n")
    sequence = Path(first).parent.as_posix()
    (archive / "Sequence_Labels/VAS" / f"{sequence}.txt").unlink()
    write(archive / "Sequence_Labels/OPR" / f"{sequence}.txt", "many")
    report = import_dataset(archive, tmp_path / "out")
    assert {(problem.what, problem.kind) for problem in report.incomplete} == {
        (first, "no PSPI file"),
        (second, "no landmarks"),
        (third, "bad landmarks"),
        (sequence, "no sequence label"),
        (sequence, "bad sequence label"),
    }
    rows = rows_of(tmp_path / "out")
    assert rows[first]["pspi"] == SHOTS[first].pspi
    assert rows[second]["face_box"] is None
    assert rows[first]["sequence_ratings"] == {"AFF": 4.0, "OPR": None, "SEN": 4.0, "VAS": None}


def test_strict_lists_the_problems_and_writes_nothing(archive, tmp_path):
    (archive / "AAM_landmarks" / f"{sorted(SHOTS)[0]}_aam.txt").unlink()
    with pytest.raises(ProblemsFound) as refused:
        import_dataset(archive, tmp_path / "out", strict=True, check_images=True)
    assert [problem.kind for problem in refused.value.report.incomplete] == ["no landmarks"]
    assert not (tmp_path / "out").exists()


def test_strict_passes_a_sound_archive(original, tmp_path):
    assert import_dataset(original, tmp_path / "out", strict=True, check_images=True).problems == 0


def test_folds_and_splits_are_by_subject(original, tmp_path):
    import_dataset(original, tmp_path / "out")
    folds = json.loads((tmp_path / "out" / "folds.json").read_text())["folds"]
    assert sorted(name for fold in folds for name in fold["validation_subjects"]) == sorted(SUBJECTS)
    assert all({*fold["train_subjects"]} == {*SUBJECTS} - {*fold["validation_subjects"]} for fold in folds)
    seen: dict[str, set] = {}
    for split, rows in load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache")).items():
        for subject, fold in zip(rows["subject_id"], rows["fold"], strict=True):
            seen.setdefault(subject, set()).add((split, fold))
            assert subject in folds[fold]["validation_subjects"]
    assert seen.keys() == {*SUBJECTS} and all(len(places) == 1 for places in seen.values())


@pytest.mark.parametrize("copy", [False, True])
def test_load_dataset_decodes_the_pictures(original, tmp_path, copy):
    import_dataset(original, tmp_path / "out", copy=copy)
    rows = load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    for row in rows.select(range(3)):
        expected = Image.open(original / "Images" / f"{row['frame_id']}.png")
        assert np.array_equal(np.asarray(row["image"]), np.asarray(expected))
    stream = load_dataset(str(tmp_path / "out"), split="test", streaming=True)
    assert next(iter(stream))["image"].size == (48, 36)


def test_a_copy_holds_the_files_as_they_were(original, tmp_path):
    import_dataset(original, tmp_path / "out", copy=True)
    for key, row in rows_of(tmp_path / "out").items():
        assert row["image"] == {"bytes": (original / "Images" / f"{key}.png").read_bytes(), "path": None}
        Image.open(io.BytesIO(row["image"]["bytes"])).load()


def test_the_readme_forbids_to_pass_it_on_and_says_whether_it_is_portable(original, tmp_path):
    for copy in (False, True):
        import_dataset(original, tmp_path / str(copy), copy=copy)
        text = (tmp_path / str(copy) / "README.md").read_text()
        assert "do not publish" in text and "license: other" in text
        assert ("of use on this machine only" in text) != copy
        assert json.loads((tmp_path / str(copy) / "report.json").read_text())["portable"] == copy
