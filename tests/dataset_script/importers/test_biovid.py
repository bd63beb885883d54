"""BioVid, part A: clips as videos or as pictures, labels that are stimulus levels."""

import io
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

pytest.importorskip("av")

from biovid_layout import (
    LENGTH,
    SUBJECTS,
    Sample,
    grey,
    samples,
    write_biovid,
    write_pictures,
    write_table,
    write_video,
)

import pain3d_cli
from dataset_script.counts import count_dataset
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.features import IMPORTED_FEATURES, STIMULUS_FEATURES
from dataset_script.importers.biovid import spread
from dataset_script.importers.importing import import_dataset
from dataset_script.importers.layouts import LayoutOptions
from dataset_script.verify import verify

FIVE = LayoutOptions(clip_frames=5)
LOSS = 3
"""Grey levels that the codecs may take."""


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return write_biovid(tmp_path_factory.mktemp("videos") / "BioVid")


@pytest.fixture(scope="module")
def imported(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "out"
    return out, import_dataset(videos, out, copy=True, options=FIVE)


def rows_of(out) -> dict[str, dict]:
    tables = [pq.read_table(path) for path in sorted((out / "data").glob("*.parquet"))]
    return {row["frame_id"]: row for table in tables for row in table.to_pylist()}


def grey_of(row: dict) -> float:
    content = row["image"]["bytes"]
    return float(np.asarray(Image.open(io.BytesIO(content) if content else row["image"]["path"])).mean())


def test_videos_become_frames_at_equal_distances_with_their_stimulus(imported):
    out, report = imported
    assert report.layout == "BioVid, part A" and report.problems == 0
    assert report.found == LENGTH * len(samples()) and report.written == 5 * len(samples())
    rows = rows_of(out)
    for sample in samples():
        for number in (1, 3, 6, 8, 10):
            row = rows[f"{sample.name}/{number:03d}"]
            assert abs(grey_of(row) - grey(sample, number)) < LOSS
            assert (row["stimulus"], row["expression_id"]) == (sample.level, sample.level)
            assert (row["subject_id"], row["sequence_id"]) == (sample.subject, sample.name)
            assert (row["age"], row["gender"]) == (int(sample.subject[-2:]), int("_w_" in sample.subject))
            assert row["pspi"] is None and row["au"] is None and row["age_group"] is None
            assert row["neutral_frame_id"].startswith(f"{sample.subject}-BL1-")


def test_the_data_set_is_sound_and_other_layouts_have_no_such_column(imported):
    out, _ = imported
    assert not verify(out).problems
    counts = count_dataset(out)
    assert sum(counts["pspi"]) == 0 and counts["complete"]
    assert counts["demographics"]["gender"] == {"man": 2, "woman": 3}
    assert {*STIMULUS_FEATURES} - {*IMPORTED_FEATURES} == {"stimulus"}
    readme = (out / "README.md").read_text()
    assert "do not publish" in readme and "not PSPI" in readme


def test_load_dataset_names_the_levels(imported, tmp_path):
    from datasets import load_dataset

    rows = load_dataset(str(imported[0]), split="train", cache_dir=str(tmp_path))
    assert rows.features["stimulus"].names == ["BL1", "PA1", "PA2", "PA3", "PA4"]
    assert rows[0]["image"].size == (64, 48)


def test_pictures_stay_where_they_are_in_the_order_of_time(tmp_path):
    source = write_biovid(tmp_path / "BioVid", pictures=True)
    report = import_dataset(source, tmp_path / "out", options=FIVE)
    assert report.problems == 0 and not any("video" in note for note in report.notes)
    rows = rows_of(tmp_path / "out")
    sample = samples()[3]
    chosen = [name for name in rows if name.startswith(f"{sample.name}/")]
    assert chosen == [f"{sample.name}/{k}" for k in (1, 3, 6, 8, 10)]
    assert [grey_of(rows[name]) for name in chosen] == [grey(sample, k) for k in (1, 3, 6, 8, 10)]


def test_pictures_in_one_folder_named_by_sample_and_frame(tmp_path):
    write_table(tmp_path / "BioVid", samples())
    (tmp_path / "BioVid" / "images").mkdir()
    for sample in samples():
        for path in write_pictures(tmp_path / "elsewhere", sample).iterdir():
            path.rename(tmp_path / "BioVid" / "images" / f"{sample.name}_frame{path.name}")
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out", options=FIVE)
    assert report.problems == 0 and report.written == 5 * len(samples())
    assert f"{samples()[0].name}/{samples()[0].name}_frame10" in rows_of(tmp_path / "out")


def test_pictures_go_before_the_video_of_the_same_clip(tmp_path, videos):
    write_table(tmp_path / "BioVid", samples()[:1])
    write_video(tmp_path / "BioVid", samples()[0])
    write_pictures(tmp_path / "BioVid", samples()[0])
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out")
    assert report.written == LENGTH and any("the pictures are used" in note for note in report.notes)


def with_second_set(root, folder="faces", name="face_{}.png", chosen=None):
    """A copy of samples with pictures in `frames/`, and darker ones of `chosen` (default: all) elsewhere."""
    write_biovid(root, pictures=True)
    for sample in samples() if chosen is None else chosen:
        for path in (root / "frames" / sample.subject / sample.name).iterdir():
            other = root / folder / sample.subject / sample.name / name.format(path.stem)
            other.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8)).save(other)
    return root


@pytest.mark.parametrize(
    ("folder", "name", "shown", "second"),
    [
        ("faces", "face_{}.png", "faces, frames", "faces"),
        ("frames_cropped", "{}.png", "frames, frames_cropped", "frames_cropped"),
        ("frames", "face_{}.png", "frames/*.png, frames/face_*.png", "frames/face_*.png"),
        ("frames", "{}.jpg", "frames/*.jpg, frames/*.png", "frames/*.jpg"),
    ],
)
def test_of_two_sets_of_pictures_one_must_be_named(tmp_path, capsys, folder, name, shown, second):
    source = with_second_set(tmp_path / "BioVid", folder, name)
    first = next(title for title in shown.split(", ") if title != second)
    assert pain3d_cli.main(["import", str(source), str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"2 sets of pictures of {samples()[0].name} (25 such clips in all): {shown}; name one, such as" in line
    for title, dark in ((first, False), (second, True)):
        out = tmp_path / f"out-{dark}"
        assert pain3d_cli.main(["import", str(source), str(out), "--clip-pictures", title]) == 0
        text = capsys.readouterr().out
        assert (
            f"the set of pictures that is used is {title}; passed over: {second if title == first else first}" in text
        )
        rows = rows_of(out)
        assert len(rows) == LENGTH * len(samples()) and {grey_of(row) == 0 for row in rows.values()} == {dark}


def test_sets_of_other_clips_are_used_together_and_named(tmp_path):
    source = with_second_set(tmp_path / "BioVid", "more", chosen=samples()[:3])
    for sample in samples()[:3]:
        shutil.rmtree(source / "frames" / sample.subject / sample.name)
    report = import_dataset(source, tmp_path / "out")
    assert report.problems == 0
    assert "pictures are of 2 sets: frames (22 clips), more (3 clips); --clip-pictures takes one alone" in report.notes
    alone = import_dataset(source, tmp_path / "alone", options=LayoutOptions(clip_pictures="more/"))
    assert alone.written == 3 * LENGTH and len(alone.left_out) == 22


def test_clips_that_are_videos_alone_are_counted(tmp_path):
    write_table(tmp_path / "BioVid", samples()[:2])
    write_video(tmp_path / "BioVid", samples()[0])
    write_pictures(tmp_path / "BioVid", samples()[1])
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True)
    assert "1 clips are pictures, 1 are videos alone" in report.notes


def test_a_set_that_is_not_there_and_other_layouts_are_refused(tmp_path):
    source = with_second_set(tmp_path / "BioVid")
    with pytest.raises(InvalidInput, match="clip-pictures is 'face'; allowed are the sets faces, frames"):
        import_dataset(source, tmp_path / "out", options=LayoutOptions(clip_pictures="face"))
    (tmp_path / "table.csv").write_text("path,subject,pspi\n")
    with pytest.raises(InvalidInput, match="clip-pictures is for BioVid"):
        import_dataset(tmp_path / "table.csv", tmp_path / "out", options=LayoutOptions(clip_pictures="face"))


def test_without_samples_csv_the_names_say_everything(tmp_path):
    for sample in samples():
        write_video(tmp_path / "BioVid", sample)
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True, options=FIVE)
    assert report.problems == 0 and any("there is no samples.csv" in note for note in report.notes)
    assert {row["stimulus"] for row in rows_of(tmp_path / "out").values()} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("name", ["samples.csv", "starting_point/samples.csv"])
def test_tables_that_a_spreadsheet_saved(tmp_path, videos, name):
    table = write_table(tmp_path / "BioVid", samples(), name)
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\t", b";").replace(b"\n", b"\r\n"))
    (tmp_path / "BioVid" / "video").symlink_to(videos / "video")
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True, options=FIVE)
    assert report.problems == 0 and report.written == 5 * len(samples())


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        (("PA2\t21", "PA5\t21"), "unknown class", "its class is 'PA5'; allowed are BL1, PA1, PA2, PA3, PA4"),
        (("2\tPA2\t21", "3\tPA2\t21"), "class disagrees", "it is PA2 by its name; samples.csv says class_id 3"),
        (("2\tPA2\t21", "3\tPA3\t21"), "class disagrees", "samples.csv says class_id 3, class_name PA3"),
        (
            ("1\t071309_w_21\t2", "1\t091809_w_43\t2"),
            "wrong subject",
            "it is of 071309_w_21 by its name; samples.csv says 091809_w_43",
        ),
        (("071309_w_21-PA2-021", "071309-PA2-021"), "bad sample name", "it must look like 071309_w_21-BL1-081"),
        (("071309_w_21-PA2-021", "071309_w_21-PA2-022"), "no video", "there is neither a video nor pictures of it"),
        (("071309_w_21-PA2-021", "071309_w_21-BL1-001"), "found twice", "samples.csv names it again"),
    ],
)
def test_a_wrong_line_costs_its_clip_alone(tmp_path, videos, change, kind, reason):
    table = write_table(tmp_path / "BioVid", samples())
    text = table.read_text()
    assert change[0] in text
    table.write_text(text.replace(*change, 1))
    (tmp_path / "BioVid" / "video").symlink_to(videos / "video")
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True, options=FIVE)
    assert report.written == 5 * (len(samples()) - 1)
    found = {problem.kind: problem.reason for problem in report.left_out}
    assert reason in found[kind] and {*found} <= {kind, "no label"}


def test_a_clip_that_samples_csv_does_not_name(tmp_path, videos):
    write_table(tmp_path / "BioVid", samples()[1:])
    (tmp_path / "BioVid" / "video").symlink_to(videos / "video")
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True, options=FIVE)
    assert [(problem.what, problem.kind) for problem in report.left_out] == [(samples()[0].name, "no label")]


def test_a_video_that_cannot_be_opened_costs_its_clip_alone(tmp_path):
    source = write_biovid(tmp_path / "BioVid")
    write_video(source, samples()[0]).write_bytes(b"no video")
    report = import_dataset(source, tmp_path / "out", copy=True, options=FIVE)
    assert [(problem.what, problem.kind) for problem in report.left_out] == [(samples()[0].name, "unreadable video")]
    assert report.written == 5 * (len(samples()) - 1)


def test_a_video_that_ends_early_is_found_by_decoding(tmp_path, monkeypatch):
    source = write_biovid(tmp_path / "BioVid")
    monkeypatch.setattr("dataset_script.importers.biovid.count_frames", lambda path: LENGTH + 3)
    with pytest.raises(WorkFailed, match=r"cannot be read: .*--check-images finds such frames"):
        import_dataset(source, tmp_path / "out", copy=True, options=FIVE)
    report = import_dataset(source, tmp_path / "checked", copy=True, check_images=True, options=FIVE)
    assert {problem.kind for problem in report.left_out} == {"unreadable picture"}
    assert report.written == 4 * len(samples())


def test_the_subject_table_is_compared_with_the_names(tmp_path, videos):
    write_table(tmp_path / "BioVid", samples())
    (tmp_path / "BioVid" / "video").symlink_to(videos / "video")
    lines = [f"{name}\t{name[7]}\t{name[-2:]}" for name in SUBJECTS]
    lines[1] = "082315_w_60\tm\t61"
    (tmp_path / "BioVid" / "subjects.csv").write_text("\n".join(["subject_name\tsex\tage", *lines]) + "\n")
    report = import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True, options=FIVE)
    assert [(problem.what, problem.reason) for problem in report.incomplete] == [
        ("082315_w_60", "its sex is m in subjects.csv and w in its name, which is used"),
        ("082315_w_60", "its age is 61 in subjects.csv and 60 in its name, which is used"),
    ]


def test_a_table_without_a_column_is_refused(tmp_path, videos):
    table = write_table(tmp_path / "BioVid", samples())
    table.write_text(table.read_text().replace("class_name", "klass"))
    (tmp_path / "BioVid" / "video").symlink_to(videos / "video")
    with pytest.raises(InvalidInput, match=r"samples\.csv lacks the columns class_name; it has subject_id, "):
        import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True)
    table.write_text(table.read_text().replace("klass", "class_name") + "1\t2\n")
    with pytest.raises(WorkFailed, match="has 2 fields in line 27; its header has 6"):
        import_dataset(tmp_path / "BioVid", tmp_path / "out", copy=True)


def test_videos_need_copy_and_the_option_is_of_biovid_alone(tmp_path, videos, capsys):
    assert pain3d_cli.main(["import", str(videos), str(tmp_path / "out")]) == 2
    assert "inside an archive or a video" in capsys.readouterr().err
    assert pain3d_cli.main(["import", str(videos), str(tmp_path / "out"), "--copy", "--clip-frames", "0"]) == 2
    assert "clip-frames is 0; allowed is 1 or more" in capsys.readouterr().err
    (tmp_path / "table.csv").write_text("path,subject,pspi\n")
    call = ["import", str(tmp_path / "table.csv"), str(tmp_path / "out"), "--clip-frames", "3"]
    assert pain3d_cli.main(call) == 2
    assert "clip-frames is for BioVid" in capsys.readouterr().err


def test_the_command_line_says_what_the_labels_are(tmp_path, videos, capsys):
    call = ["import", str(videos), str(tmp_path / "out"), "--copy", "--clip-frames", "2", "--json"]
    assert pain3d_cli.main(call) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["frames"]["written"] == 2 * len(samples())
    assert any("pspi and au are null: `pain3d evaluate MODEL" in note for note in report["notes"])
    assert any("25 clips of 5 subjects; part A has 8,700 of 87" in note for note in report["notes"])
    assert pain3d_cli.main(["info", str(tmp_path / "out")]) == 0


def test_spread():
    assert spread(3, 5) == [0, 1, 2] and spread(138, 1) == [69]
    assert spread(138, 14)[:3] == [4, 14, 24] and len({*spread(138, 14)}) == 14
    assert Sample("071309_w_21", 4, 32).name == "071309_w_21-PA4-032"
