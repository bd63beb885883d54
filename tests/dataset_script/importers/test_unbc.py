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


def move_each(archive: Path, folder: str, target: str) -> None:
    """Moves each folder of a sequence; `target` as seen from it, with {0} for its name."""
    for place in sorted((archive / folder).glob("*/*")):
        place.rename(archive / "moved")
        (place / target.format(place.name)).parent.mkdir(parents=True)
        (archive / "moved").rename(place / target.format(place.name))


def into_one_of_its_own_name(archive: Path) -> None:
    archive.rename(archive.parent / "moved")
    (archive / "UNBC").mkdir(parents=True)
    (archive / "__MACOSX" / "Images").mkdir(parents=True)
    (archive.parent / "moved").rename(archive / "UNBC" / "UNBC")


def in_small_letters(archive: Path) -> None:
    for name in ("Images", "Frame_Labels/FACS", "Frame_Labels", "AAM_landmarks"):
        (archive / name).rename(archive / name.lower().replace("frame_labels/", "Frame_Labels/"))


def deeper(archive: Path) -> None:
    for name in ("Frame_Labels", "AAM_landmarks", "Sequence_Labels"):
        (archive / name).rename(archive / "moved")
        (archive / name / name).mkdir(parents=True)
        (archive / "moved").rename(archive / name / name / name)


@pytest.mark.parametrize(
    "change",
    [
        into_one_of_its_own_name,
        in_small_letters,
        deeper,
        lambda archive: move_each(archive, "Images", "{0}"),
        lambda archive: move_each(archive, "Frame_Labels/FACS", "{0}/{0}"),
        lambda archive: move_each(archive, "Images", "frames"),
        lambda archive: shutil.copytree(archive / "Images", archive / "aligned"),
        lambda archive: shutil.copytree(archive / "Images", archive / "Images_aligned" / "Images"),
    ],
)
def test_doubled_folders_change_nothing(original, archive, tmp_path, change):
    import_dataset(original, tmp_path / "whole")
    change(archive)
    report = import_dataset(archive, tmp_path / "out")
    assert report.problems == len(SHOTS.keys() & BLACK)
    mine, theirs = rows_of(tmp_path / "out"), rows_of(tmp_path / "whole")
    assert all(row | {"image": None} == theirs[key] | {"image": None} for key, row in mine.items())
    assert mine.keys() == theirs.keys()
    assert not any("aligned" in row["image"]["path"] for row in mine.values())


def rename_frames(archive: Path) -> None:
    for path in sorted((archive / "Images").rglob("*.png")):
        path.rename(path.with_name(f"{path.stem}_aligned.png"))
    (archive / "Images").rename(archive / "Aligned")


@pytest.mark.parametrize(
    "change",
    [
        lambda archive: (archive / "Images").rename(archive / "aligned"),
        lambda archive: (archive / "Images").rename(archive / "aligned_faces"),
        lambda archive: shutil.move(shutil.move(archive / "Images", archive / "x"), archive / "Images" / "aligned"),
        lambda archive: move_each(archive, "Images", "aligned"),
        rename_frames,
    ],
)
def test_aligned_faces_are_used_without_the_landmarks_that_do_not_fit_them(archive, tmp_path, change):
    (archive / "aligned_notes.txt").write_text("no folder")
    change(archive)
    report = import_dataset(archive, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert rows.keys() == SHOTS.keys() - BLACK and report.problems == len(SHOTS.keys() & BLACK)
    assert all(tuple(row["au"]) == SHOTS[key].au and row["pspi"] == SHOTS[key].pspi for key, row in rows.items())
    assert all(row["face_box"] is row["aam_landmarks"] is None for row in rows.values())
    assert "the pictures are aligned faces, which the landmarks do not fit" in report.notes


def test_pspi_alone_leaves_the_units_null(archive, tmp_path):
    shutil.rmtree(archive / "Frame_Labels" / "FACS")
    first, second, third = sorted(SHOTS.keys() - BLACK)[:3]
    (archive / "Frame_Labels/PSPI" / f"{first}_facs.txt").unlink()
    write(archive / "Frame_Labels/PSPI" / f"{second}_facs.txt", "17")
    write(archive / "Frame_Labels/PSPI" / f"{third}_facs.txt", "2.7")
    report = import_dataset(archive, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    kinds = {key: kind for key, kind in reasons(report).items() if kind != "black"}
    assert kinds == {first: "no PSPI file", second: "bad number", third: "bad number"}
    assert all(row["au"] is row["extra_au"] is None and row["pspi"] == SHOTS[k].pspi for k, row in rows.items())
    assert any("there are no FACS files" in note for note in report.notes) and report.incomplete == []
    assert load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))[0]["au"] is None


def test_labels_that_lie_beside_the_pictures_are_found(archive, tmp_path):
    (archive / "Frame_Labels" / "PSPI").rename(archive / "PSPI")
    shutil.rmtree(archive / "Frame_Labels")
    import_dataset(archive, tmp_path / "out")
    assert rows_of(tmp_path / "out").keys() == SHOTS.keys() - BLACK


def test_a_second_place_of_a_sequence_is_named_with_whether_it_differs(archive, tmp_path):
    same, changed = sorted(SHOTS)[:2]
    shutil.copytree(archive / "Images" / Path(same).parent, archive / "Images" / "old" / Path(same).parent)
    write(archive / "Images" / "old" / f"{changed}.png", png(np.zeros((36, 48, 3), np.uint8)))
    report = import_dataset(archive, tmp_path / "out")
    told = {p.what: p.reason for p in report.left_out if p.kind == "found twice"}
    assert told[same].endswith("is used, of the same content") and told[changed].endswith("is used, of another content")
    used = rows_of(tmp_path / "out")[changed]["image"]["path"]
    assert used == str(archive / "Images" / f"{changed}.png")


def test_of_a_picture_in_two_formats_the_lossless_one_is_used(archive, tmp_path):
    key = sorted(SHOTS.keys() - BLACK)[0]
    for suffix, kind in (("jpg", "jpeg"), ("JPEG", "jpeg"), ("webp", "webp")):
        Image.open(archive / "Images" / f"{key}.png").save(archive / "Images" / f"{key}.{suffix}", kind)
    report = import_dataset(archive, tmp_path / "out")
    assert rows_of(tmp_path / "out")[key]["image"]["path"] == str(archive / "Images" / f"{key}.png")
    told = [p.reason for p in report.left_out if p.what == key]
    assert len(told) == 3 and all(".png is used, of another content" in reason for reason in told)


def test_a_sequence_under_two_subjects_stays_with_the_one_that_its_name_tells(archive, tmp_path):
    """Else the person would be in two splits."""
    key = "047-jl047/" + sorted(SHOTS)[4 * 4].partition("/")[2]
    assert key in SHOTS
    for folder in ("Images", "Frame_Labels/FACS", "Frame_Labels/PSPI"):
        sequence = Path(key).parent
        shutil.copytree(archive / folder / sequence, archive / folder / "042-ll042" / sequence.name)
    report = import_dataset(archive, tmp_path / "out")
    told = {p.what: p.reason for p in report.left_out if p.kind == "found twice"}
    assert told["042-ll042/" + key.partition("/")[2]] == f"it is the picture of {key}, another subject"
    assert len(told) == 4 and rows_of(tmp_path / "out").keys() == SHOTS.keys() - BLACK


@pytest.mark.parametrize("check_images", [False, True])
def test_landmarks_are_checked_against_the_size_of_the_picture(original, archive, tmp_path, check_images):
    outside, shares, nan = sorted(SHOTS.keys() - BLACK)[:3]
    for key, points in (
        (outside, landmarks() + 900),
        (shares, landmarks() / np.float32((48, 36))),
        (nan, np.full((66, 2), np.nan)),
    ):
        write(archive / "AAM_landmarks" / f"{key}_aam.txt", "".join(f"{x} {y}\n" for x, y in points))
    report = import_dataset(archive, tmp_path / "out", check_images=check_images)
    told = {p.what: p.reason for p in report.incomplete if p.kind == "bad landmarks"}
    assert told.keys() == {outside, nan} and "outside of the picture of 48 x 36 pixels" in told[outside]
    assert "1 frames have landmarks from 0 to 1, read as shares of the picture" in report.notes
    rows = rows_of(tmp_path / "out")
    assert rows[outside]["face_box"] is rows[nan]["face_box"] is None
    assert np.array(rows[shares]["aam_landmarks"]) == pytest.approx(landmarks(), rel=1e-5)
    with pytest.raises(ProblemsFound):
        import_dataset(archive, tmp_path / "strict", check_images=True, strict=True)


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


def rename(archive: Path, kind: str, places: list[str], change) -> None:
    """Moves files of `kind` whose path begins with one of `places` to where `change` spells that place."""
    for place in places:
        for path in [path for path in (archive / kind).rglob("*") if path.is_file()]:
            name = path.relative_to(archive / kind).as_posix()
            if name.startswith(place):
                target = archive / kind / (change(place) + name[len(place) :])
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)


FIRST = "042-ll042/ll042t1aaaff"


@pytest.mark.parametrize(
    ("kinds", "places"),
    [
        (["Images", "Frame_Labels/FACS", "Frame_Labels/PSPI"], [FIRST]),
        (["Frame_Labels/FACS"], ["042-ll042"]),
        (["Images"], ["042-ll042", "095-tv095"]),
        (["AAM_landmarks", "Sequence_Labels/VAS"], [FIRST]),
        (["Frame_Labels/PSPI", "AAM_landmarks"], [f"{FIRST}/ll042t1aaaff001"]),
    ],
)
def test_names_in_another_case_are_the_same_subject_sequence_and_frame(original, archive, tmp_path, kinds, places):
    """Else one person would be in two splits, or labels would not find their pictures."""
    for kind in kinds:
        rename(archive, kind, places, str.upper)
    report = import_dataset(archive, tmp_path / "out")
    sound = import_dataset(original, tmp_path / "sound")
    assert (report.subjects, report.splits) == (sound.subjects, sound.splits)
    assert (report.left_out, report.incomplete) == (sound.left_out, sound.incomplete)  # black ones are known by name
    assert any("spelled" in note for note in report.notes) and not any("spelled" in note for note in sound.notes)
    rows, expected = rows_of(tmp_path / "out"), rows_of(tmp_path / "sound")
    for row in [*rows.values(), *expected.values()]:
        row.pop("image")
    assert rows == expected


def test_a_copy_in_capitals_throughout_keeps_its_names_and_has_no_black_frames(archive, tmp_path):
    for kind in ("Images", "Frame_Labels/FACS", "Frame_Labels/PSPI", "AAM_landmarks"):
        rename(archive, kind, ["095-tv095/tv095t2aeunaff/tv095t2aeunaff"], str.upper)
    for rating in ("AFF", "OPR", "SEN", "VAS"):
        rename(archive, f"Sequence_Labels/{rating}", ["095-tv095/tv095t2aeunaff"], str.upper)
    report = import_dataset(archive, tmp_path / "out")
    assert {problem.kind for problem in report.left_out} == {"black"}
    assert len(report.left_out) == len(SHOTS.keys() & BLACK)


def test_a_frame_that_is_there_in_two_spellings_is_read_once(archive, tmp_path):
    shutil.copytree(archive / "Images" / FIRST, archive / "Images" / FIRST.upper())
    report = import_dataset(archive, tmp_path / "out")
    assert rows_of(tmp_path / "out").keys() == SHOTS.keys() - BLACK
    assert sum(problem.kind == "found twice" for problem in report.left_out) == 4


def test_two_label_folders_of_one_name_are_both_read(archive, tmp_path):
    (archive / "frame_labels").mkdir()
    (archive / "Frame_Labels/FACS").rename(archive / "frame_labels/facs")
    assert import_dataset(archive, tmp_path / "out").problems == len(SHOTS.keys() & BLACK)
    assert rows_of(tmp_path / "out")[sorted(SHOTS)[1]]["au"]


def test_aligned_faces_are_used_for_the_sequences_that_have_no_others(archive, tmp_path):
    """Of the first sequence both are there, of the second only aligned ones, of the others only whole pictures."""
    first, second = sorted({Path(key).parent.as_posix() for key in SHOTS})[:2]
    for sequence in (first, second):
        shutil.copytree(archive / "Images" / sequence, archive / "Images" / sequence / "aligned")
    for path in (archive / "Images" / second).glob("*.png"):
        path.unlink()
    report = import_dataset(archive, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert rows.keys() == SHOTS.keys() - BLACK
    for key, row in rows.items():
        from_aligned = key.startswith(second)
        assert (Path(row["image"]["path"]).parent.name == "aligned") == from_aligned
        assert (row["face_box"] is None) == (row["aam_landmarks"] is None) == from_aligned
    assert "4 aligned pictures are passed over: their sequences have others" in report.notes
    assert any(note.startswith("4 pictures are aligned faces") for note in report.notes)


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
