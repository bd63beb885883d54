"""A folder of pictures with a CSV file."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from unbc_layout import face, png, write

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.importers.importing import import_dataset

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
        ("pictures/1.png,ann,x,0,0,0,0,0,0", "bad number"),
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
