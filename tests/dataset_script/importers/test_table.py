"""A folder of pictures with a CSV file."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image
from unbc_layout import face, png, write

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.importers.importing import ProblemsFound, import_dataset
from modeling_vitpain.frames.dataset import open_split

UNITS = "au4,au6,au7,au9,au10,au43"


def source(folder: Path, header: str, *lines: str) -> Path:
    for k in range(6):
        write(folder / "pictures" / f"{k}.png", png(face((k % 6,) * 5 + (0,))))
    return write(folder / "labels.csv", "\n".join([header, *lines]) + "\n")


def rows_of(out: Path) -> dict[str, dict]:
    tables = [pq.read_table(path) for path in sorted((out / "data").glob("*.parquet"))]
    return {row["frame_id"]: row for table in tables for row in table.to_pylist()}


def test_units_boxes_and_splits_arrive(tmp_path):
    table = source(
        tmp_path,
        f"path,subject,{UNITS},pspi,x0,y0,x1,y1,split,sequence,view,licence",
        "pictures/0.png,ann,0,0,0,0,0,0,0,1,2,30,33.5,train,s1,0,CC0-1.0",
        "pictures/1.png,ann,2,1,3,0,1,1,7,,,,,train,s1,1,",
        "pictures/2.png,bob,0,0,0,0,0,1,1,1,2,30,33,test,s2,0,CC0-1.0",
    )
    report = import_dataset(table, tmp_path / "out", check_images=True)
    rows = rows_of(tmp_path / "out")
    assert report.problems == 0
    assert rows["pictures/0.png"]["face_box"] == [1, 2, 30, 33.5]
    assert (
        rows["pictures/1.png"] | {"au": [2, 1, 3, 0, 1, 1], "pspi": 7, "face_box": None, "view_id": 1}
        == rows["pictures/1.png"]
    )
    assert rows["pictures/2.png"]["licence"] == "CC0-1.0" and rows["pictures/1.png"]["licence"] is None
    assert [rows[f"pictures/{k}.png"]["identity_id"] for k in range(3)] == [0, 0, 1]
    assert report.splits == {"train": {"frames": 2, "subjects": 1}, "test": {"frames": 1, "subjects": 1}}


@pytest.mark.parametrize("name", ["labels.tsv", "Labels.CSV", "X.TSV", "a.Csv"])
@pytest.mark.parametrize("inside", ["", "unpacked"])
def test_a_folder_with_one_table_is_read_whatever_its_suffix(tmp_path, name, inside):
    folder = tmp_path / "source" / inside
    source(folder, "path,subject,pspi", "pictures/1.png,ann,1").rename(folder / name)
    write(folder / f"._{name}", b"\0\5\x16\7 of macOS")
    import_dataset(tmp_path / "source", tmp_path / "out")
    assert rows_of(tmp_path / "out").keys() == {"pictures/1.png"}


def test_a_row_without_a_path_is_named_by_its_line_once(tmp_path):
    table = source(tmp_path, "path,subject,pspi", "pictures/0.png,ann,0", ",ann,1")
    (problem,) = import_dataset(table, tmp_path / "out").left_out
    assert (problem.what, problem.reason) == ("a row of labels.csv", "line 3: its path is empty")


@pytest.mark.parametrize("word", ["NA", "NaN", "NULL", "None", "#N/A", "<NA>", "n/a", "."])
def test_a_word_for_a_missing_value_is_no_name(tmp_path, word):
    """R writes NA for it, SAS, SPSS and Stata a dot, pandas, databases and spreadsheets the others."""
    table = source(
        tmp_path,
        "path,subject,pspi,sequence,split,licence",
        f"pictures/0.png,ann,0,{word},{word},{word}",
        f"pictures/1.png,{word},1,{word},{word},{word}",
    )
    report = import_dataset(table, tmp_path / "out")
    (problem,) = report.left_out
    assert problem.reason == f"line 3: its subject is {word}, which is read as missing"
    (row,) = rows_of(tmp_path / "out").values()
    assert row["subject_id"] == "ann" and row["sequence_id"] is None and row["licence"] is None


def test_subjects_that_differ_in_case_are_noted(tmp_path):
    """They stay two: the file is the user's own, and says so."""
    table = source(tmp_path, "path,subject,pspi", *(f"pictures/{k}.png,{'sS'[k % 2]}01,{k}" for k in range(6)))
    report = import_dataset(table, tmp_path / "out")
    assert report.subjects == 2
    assert "S01 and s01 are different subjects; write one person's name in one way" in report.notes


@pytest.mark.parametrize(
    "names",
    [
        ("1", "01", "1.0"),
        ("s1", "S01"),
        ("P-1", "P_01", "p 1"),
        ("ann lee", "Ann_Lee"),
        ("a\u0308", "\u00e4"),
        ("07", "7"),
    ],
)
def test_spellings_that_may_be_one_person_are_noted(tmp_path, names):
    rows = (f"pictures/{k}.png,{names[k % len(names)]},{k}" for k in range(6))
    report = import_dataset(source(tmp_path, "path,subject,pspi", *rows), tmp_path / "out")
    note = f"{' and '.join(sorted(names))} are different subjects; write one person's name in one way"
    assert report.subjects == len(names) and note in report.notes
    assert note in report.to_text() and note in json.loads((tmp_path / "out" / "report.json").read_text())["notes"]


def test_names_of_different_people_are_not_noted(tmp_path):
    names = ("1", "10", "100", "1-2", "12", "1.05")
    rows = (f"pictures/{k}.png,{name},{k}" for k, name in enumerate(names))
    report = import_dataset(source(tmp_path, "path,subject,pspi", *rows), tmp_path / "out")
    assert not any("different subjects" in note for note in report.notes)


def test_a_row_that_is_left_out_is_listed_once(tmp_path):
    header = f"path,subject,{UNITS},pspi"
    table = source(tmp_path, header, "pictures/0.png,a,0,0,0,0,0,0,", "pictures/1.png,a,1.5,0,0,0,0,0,")
    report = import_dataset(table, tmp_path / "out")
    assert [problem.what for problem in report.left_out] == ["pictures/1.png"]
    assert [problem.what for problem in report.incomplete] == ["pictures/0.png"]


@pytest.mark.parametrize(
    ("header", "end"),
    [
        ("path,subject,au4,AU06,pspi", "au7, au9, au10, au43; to import PSPI alone, delete au4, AU06"),
        ("path,subject,au4", "au43; with all six units `pspi` may be absent, and with `pspi` all units"),
        ("path,pspi", "lacks the columns subject"),
    ],
)
def test_a_missing_column_gets_its_cure(tmp_path, header, end):
    with pytest.raises(InvalidInput) as error:
        import_dataset(source(tmp_path, header), tmp_path / "out")
    assert str(error.value).endswith(end)


@pytest.mark.parametrize(
    ("people", "cure"), [("a", "add subjects"), ("ab", "add subjects, or import a CSV file with a column `split`")]
)
def test_few_people_are_all_in_train_which_is_said_with_its_cure(tmp_path, people, cure):
    rows = (f"pictures/{k}.png,{people[k % len(people)]},{k}" for k in range(6))
    report = import_dataset(source(tmp_path, "path,subject,pspi", *rows), tmp_path / "out")
    (note,) = [note for note in report.notes if "cannot make three splits" in note]
    assert f"training also needs somebody in validation: {cure}" in note
    with pytest.raises(InvalidInput, match=r"no split 'validation'.*; other people than those who train must validate"):
        open_split(tmp_path / "out", "validation")


def test_pspi_alone_leaves_the_units_null(tmp_path):
    table = source(tmp_path, "path,subject,pspi", *(f"pictures/{k}.png,s{k},{k}" for k in range(6)))
    report = import_dataset(table.parent, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert [rows[f"pictures/{k}.png"]["pspi"] for k in range(6)] == list(range(6))
    assert all(row["au"] is None for row in rows.values())
    assert any("no action units" in note for note in report.notes)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("pictures/1.png,ann,6,0,0,0,0,0,6", "AU out of range"),
        ("pictures/1.png,ann,0,0,0,0,0,2,2", "AU out of range"),
        ("pictures/1.png,ann,0.5,0,0,0,0,0.5,1", "AU out of range"),
        ("pictures/1.png,ann,x,0,0,0,0,0,0", "bad number"),
        ("pictures/1.png,ann,0_1,0,0,0,0,0,1", "bad number"),
        ("pictures/1.png,ann,,0,0,0,0,0,0", "bad number"),
        ("pictures/1.png,ann,0.5,0,0,0,0,0,0.5", "bad number"),
        ("pictures/1.png,ann,1,0,0,0,0,0,3", "PSPI disagrees"),
        ("pictures/1.png,ann,1,0,0,0,0,0", "bad row"),
        ("pictures/1.png,ann,1,0,0,0,0,0,1,9", "bad row"),
        ("pictures/1.png,,1,0,0,0,0,0,1", "bad row"),
        ("labels.csv,ann,1,0,0,0,0,0,1", "bad row"),
        ("pictures/9.png,ann,1,0,0,0,0,0,1", "no picture"),
        ("pictures/0.png,ann,1,0,0,0,0,0,1", "found twice"),
    ],
)
def test_a_wrong_row_is_left_out_and_named(tmp_path, line, kind):
    table = source(tmp_path, f"path,subject,{UNITS},pspi", "pictures/0.png,ann,0,0,0,0,0,0,0", line)
    report = import_dataset(table, tmp_path / "out")
    assert [problem.kind for problem in report.left_out] == [kind]
    assert rows_of(tmp_path / "out").keys() == {"pictures/0.png"}


@pytest.mark.parametrize(
    "header",
    [
        "path,pspi",
        "path,subject",
        "path,subject,au4",
        "path,subject,pspi,x0",
        "path,subject,pspi,au-4",
        "path,subject,pspi,pspi",
    ],
)
def test_a_wrong_header_is_a_wrong_call(tmp_path, header):
    with pytest.raises(InvalidInput, match=r"lacks the columns|has the columns|twice"):
        import_dataset(source(tmp_path, header), tmp_path / "out")


def test_a_subject_in_two_splits_is_refused(tmp_path):
    lines = ("pictures/0.png,ann,0,train", "pictures/1.png,ann,1,test")
    with pytest.raises(WorkFailed, match="subject ann is in the splits train and test"):
        import_dataset(source(tmp_path, "path,subject,pspi,split", *lines), tmp_path / "out")


def test_a_source_without_a_usable_frame_is_failed_work(tmp_path):
    with pytest.raises(WorkFailed, match="no usable frame"):
        import_dataset(source(tmp_path, "path,subject,pspi", "pictures/9.png,ann,0"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


PLAIN = "path,subject,pspi\npictures/0.png,José,3\npictures/1.png,Bob,0\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ", "),
        "sep=;\n" + PLAIN.replace(",", ";"),
        "\n\n" + PLAIN,
        PLAIN.replace("\n", ",,\n") + ",,,,\n",
        ",path,subject,pspi\n0,pictures/0.png,José,3.0\n1,pictures/1.png,Bob,0.0\n",
        "Unnamed: 0.1,Unnamed: 0,path,subject,pspi\n0,0,pictures/0.png,José,3\n1,1,pictures/1.png,Bob,0\n",
        "index,Path, Subject ,PSPI\n5,pictures/0.png,José,3\n7,pictures/1.png,Bob,0\n",
        PLAIN.replace("/", "\\"),
    ],
)
def test_a_table_is_read_as_programs_write_it(tmp_path, content, encoding):
    table = source(tmp_path, "")
    table.write_bytes(content.encode(encoding))
    report = import_dataset(table, tmp_path / "out", strict=True)
    assert report.problems == 0
    assert any("was read as" in note for note in report.notes) == (not encoding.startswith("utf-8"))
    rows = rows_of(tmp_path / "out")
    assert [(name, row["subject_id"], row["pspi"]) for name, row in rows.items()] == [
        ("pictures/0.png", "José", 3),
        ("pictures/1.png", "Bob", 0),
    ]


def test_a_table_may_be_named_tsv(tmp_path):
    table = source(tmp_path, "path\tsubject\tpspi", "pictures/0.png\tann\t3").rename(tmp_path / "labels.tsv")
    import_dataset(table, tmp_path / "out", strict=True)
    assert rows_of(tmp_path / "out")["pictures/0.png"]["pspi"] == 3


def test_decimal_commas_and_names_of_units_as_others_write_them(tmp_path):
    table = source(
        tmp_path,
        "path;subject;AU04;AU6;AU_7;au 9;AU10;AU43;x0;y0;x1;y1",
        "pictures/0.png;ann;1,0;0;0;0;0;1,0;1,5;2;40;33,25",
    )
    import_dataset(table, tmp_path / "out", strict=True)
    row = rows_of(tmp_path / "out")["pictures/0.png"]
    assert (row["au"], row["face_box"]) == ([1, 0, 0, 0, 0, 1], [1.5, 2, 40, 33.25])


def test_names_of_splits_are_read_as_people_write_them(tmp_path):
    words = ("Train", "VAL", "dev", "valid", "test")
    lines = [f"pictures/{k}.png,s{k},0,{word}" for k, word in enumerate(words)]
    report = import_dataset(source(tmp_path, "path,subject,pspi,split", *lines), tmp_path / "out", strict=True)
    assert {split: counts["subjects"] for split, counts in report.splits.items()} == {
        "train": 1,
        "validation": 3,
        "test": 1,
    }


@pytest.mark.parametrize("word", ["holdout", "tr", "1", ""])
def test_a_word_that_is_no_split_stops_the_import(tmp_path, word):
    lines = ("pictures/0.png,ann,0,train", f"pictures/1.png,bob,0,{word}")
    with pytest.raises(InvalidInput, match=f"labels.csv, line 3: split is '{word}'; allowed are train, validation"):
        import_dataset(source(tmp_path, "path,subject,pspi,split", *lines), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_split_column_without_any_split_is_none(tmp_path):
    lines = [f"pictures/{k}.png,s{k},0," for k in range(3)]
    report = import_dataset(source(tmp_path, "path,subject,pspi,split", *lines), tmp_path / "out", strict=True)
    assert report.splits.keys() == {"train", "validation", "test"}


BOXES = "path,subject,pspi,x0,y0,x1,y1"


def test_boxes_in_shares_of_the_picture(tmp_path):
    lines = ("pictures/0.png,ann,0,0.25,0.5,0.75,1", "pictures/1.png,bob,0,nan,NaN,,")
    report = import_dataset(source(tmp_path, BOXES, *lines), tmp_path / "out", strict=True)
    rows = rows_of(tmp_path / "out")  # pictures of 48 x 36 pixels
    assert rows["pictures/0.png"]["face_box"] == [12, 18, 36, 36] and rows["pictures/1.png"]["face_box"] is None
    assert "labels.csv holds boxes from 0 to 1, read as shares of the picture" in report.notes


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("900,900,1200,1200", "its box is 900, 900, 1200, 1200, outside of the picture of 48 x 36 pixels"),
        ("40,30,90,80", "its box is 40, 30, 90, 80, mostly outside of the picture"),
        ("0.2,0.1,0.8,0.9", "its box is 0.2, 0.1, 0.8, 0.9, no face in the picture of 48 x 36 pixels; allowed are"),
        ("nan,5,30,30", "its box is x0 empty, y0 5, x1 30, y1 30; allowed are four numbers, or four empty fields"),
        ("30,5,5,30", "its box is 30, 5, 5, 30; it must be finite x0 < x1 and y0 < y1"),
        ("inf,5,5,30", "x0 is 'inf'; allowed is a finite number"),
        ("a,5,5,30", "x0 is 'a'; allowed is a finite number"),
        ("1,5,2,30,5,30", "it has 2 more fields than the header; decimal commas need semicolons"),
    ],
)
@pytest.mark.parametrize("check_images", [False, True])
def test_a_box_that_is_not_in_its_picture_is_named_with_row_value_and_cure(tmp_path, cells, message, check_images):
    table = source(tmp_path, BOXES, f"pictures/0.png,ann,0,{cells}", "pictures/1.png,bob,0,5,5,30,30")
    with pytest.raises(ProblemsFound) as refused:
        import_dataset(table, tmp_path / "out", check_images=check_images, strict=True)
    (problem,) = refused.value.report.left_out
    assert problem.what == "pictures/0.png" and problem.reason.startswith(f"line 2: {message}")


def test_a_damaged_picture_with_a_box_is_left_out_and_named(tmp_path):
    table = source(tmp_path, BOXES, "pictures/0.png,ann,0,5,5,30,30", "pictures/1.png,bob,0,5,5,30,30")
    (tmp_path / "pictures" / "0.png").write_bytes(b"GIF?")
    report = import_dataset(table, tmp_path / "out")
    assert [(p.what, p.kind) for p in report.left_out] == [("pictures/0.png", "unreadable picture")]


def test_rows_that_repeat_are_read_once_and_rows_that_differ_are_named(tmp_path):
    table = source(
        tmp_path,
        BOXES,
        "pictures/0.png,ann,0,5,5,30,30",
        "pictures/0.png,ann,0.0,5,5,30,30",
        "./pictures/0.png,ann,0,5,5,30,30",
        "pictures/0.png,ann,0,1,1,20,20",
        "pictures/0.png,bob,2,5,5,30,30",
    )
    report = import_dataset(table, tmp_path / "out")
    assert "2 rows repeat an earlier one and were read once" in report.notes
    assert [problem.reason for problem in report.left_out] == [
        "line 5: line 2 has the same picture with face_box (5.0, 5.0, 30.0, 30.0) (here (1.0, 1.0, 20.0, 20.0)); "
        "delete one",
        "line 6: line 2 has the same picture with subject_id ann (here bob), pspi 0 (here 2); delete one",
    ]
    assert rows_of(tmp_path / "out")["pictures/0.png"]["face_box"] == [5, 5, 30, 30]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("17,,,,,,", "line 2: pspi is 17; allowed are whole numbers, 0 to 16"),
        ("-1,,,,,,", "line 2: pspi is -1; allowed"),
        ("2.7,,,,,,", "line 2: pspi is 2.7; allowed"),
        ("nan,,,,,,", "line 2: au4, au6, au7, au9, au10, au43 is empty"),
        ("x,,,,,,", "line 2: pspi is 'x'; allowed is a finite number"),
        (",0,0,0,0,0,TRUE", "line 2: au43 is 'TRUE'; allowed is 0 or 1"),
        (",6,0,0,0,0,0", "line 2: AU4 is 6; allowed is 0 to 5"),
        (",0,0,0,0,0,5", "line 2: AU43 is 5; allowed is 0 to 1"),
        (",0,0,0,0,,0", "line 2: au10 is empty; allowed are numbers, 0 for a unit that is absent"),
        ("3,1,0,0,0,0,0", "line 2: PSPI is 3; its action units give 1"),
    ],
)
def test_a_label_outside_its_range_is_named_with_row_value_and_range(tmp_path, cells, message):
    lines = (f"pictures/0.png,ann,{cells}", "pictures/1.png,bob,0,0,0,0,0,0,0")
    report = import_dataset(source(tmp_path, f"path,subject,pspi,{UNITS}", *lines), tmp_path / "out")
    assert [problem.reason[: len(message)] for problem in report.left_out] == [message]


def test_what_the_other_labels_tell_is_not_asked_for(tmp_path):
    """A row of PSPI alone has no units; a row of units alone has the PSPI that follows from them."""
    lines = ("pictures/0.png,ann,3,,,,,,", "pictures/1.png,bob,,1,0,0,2,0,1")
    report = import_dataset(source(tmp_path, f"path,subject,pspi,{UNITS}", *lines), tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert rows["pictures/0.png"]["au"] is None and rows["pictures/1.png"]["pspi"] == 4
    assert [(p.what, p.kind) for p in report.incomplete] == [("pictures/1.png", "no PSPI")]


def test_marks_around_a_path_are_left_out_and_those_within_are_shown(tmp_path):
    names = ["\u202apictures/0.png", "pictures\\1.png\u200b", "pictures/2\u00a0.png", "pictures/a.png\u200b"]
    table = source(tmp_path, "path,subject,pspi", *(f"{name},ann,0" for name in names))
    report = import_dataset(table, tmp_path / "out")
    assert rows_of(tmp_path / "out").keys() == {"pictures/0.png", "pictures/1.png"}
    assert [(problem.what, problem.reason.split("/")[-1]) for problem in report.left_out] == [
        (r"pictures/2\xa0.png", r"2\xa0.png is not there"),
        (r"pictures/a.png\u200b", "a.png is not there"),
    ]


@pytest.mark.parametrize(
    ("name", "inside", "line"),
    [
        ("unbc.zip", False, "unbc.zip, which is packed; unpack it first; allowed is"),
        ("unbc.zip", True, "which holds unbc.zip, packed; unpack it first; allowed is"),
        ("frames.7z.001", True, "which holds frames.7z.001, packed; unpack it first"),
        ("labels.XLSX", True, "which holds labels.XLSX, no CSV; save it as CSV"),
        ("labels.ods", False, "labels.ods, which is no CSV; save it as CSV"),
        ("labels.txt", False, "labels.txt, which is no CSV; save it as CSV"),
    ],
)
def test_archives_and_spreadsheets_get_their_cure(tmp_path, name, inside, line):
    write(tmp_path / "source" / name, b"PK")
    write(tmp_path / "source" / f"~${name}", b"")
    with pytest.raises(InvalidInput, match=re.escape(line)):
        import_dataset(tmp_path / "source" / ("" if inside else name), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_picture_is_said_without_the_object_in_memory(tmp_path):
    table = source(tmp_path, "path,subject,pspi", "pictures/a.jpg,ann,0", "pictures/0.png,ann,0")
    write(tmp_path / "pictures" / "a.jpg", b"ftypisom, no picture")
    (problem,) = import_dataset(table, tmp_path / "out", check_images=True).left_out
    assert problem.reason == "it cannot be decoded: it is no picture"


@pytest.mark.parametrize("suffix", ["gif", "tiff", "webp"])
def test_the_first_of_several_pictures_is_taken_and_said(tmp_path, suffix):
    table = source(tmp_path, "path,subject,pspi", f"a.{suffix},ann,0", f"b.{suffix},ann,0")
    first, second = (Image.fromarray(face((k,) * 5 + (0,))) for k in (1, 4))
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[second])
    first.save(tmp_path / f"b.{suffix}")
    report = import_dataset(table, tmp_path / "out", check_images=True)
    assert report.problems == 0
    assert f"1 file holds several pictures, of which the first is taken: a.{suffix}" in report.notes


def test_pictures_are_found_with_accents_in_either_form_of_unicode(tmp_path):
    """macOS stores e and a mark for one letter; a table that was typed has the letter."""
    table = source(tmp_path, "path,subject,pspi", "Müller/1.png,ann,1", "Mu\u0308ller\\2.png,ann,2")
    (tmp_path / "pictures").rename(tmp_path / "Mu\u0308ller")
    assert import_dataset(table, tmp_path / "out").problems == 0
    assert [row["pspi"] for row in rows_of(tmp_path / "out").values()] == [1, 2]


def test_lines_above_the_header_are_named(tmp_path):
    table = source(tmp_path, "Ward 3\nrated by A. and B.", "path,subject,pspi", "pictures/1.png,ann,1")
    with pytest.raises(InvalidInput, match="the names of the columns stand in line 3; delete the lines above"):
        import_dataset(table, tmp_path / "out")
