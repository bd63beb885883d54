import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES, PSPI_MAX
from dataset_script.vocabulary import ETHNICITIES, GENDERS
from model_cards.demo.frame_index import CLASSES, FrameIndex, Wanted


@pytest.fixture(scope="module")
def index(dataset) -> FrameIndex:
    return FrameIndex(dataset)


@pytest.fixture(scope="module")
def rows(dataset) -> list[dict]:
    """Every row by `datasets`, with its split, without pictures."""
    found = load_dataset(str(dataset)).remove_columns(["image", "heatmap"])
    return [row | {"split": split} for split in found for row in found[split]]


def ids(index: FrameIndex, wanted: Wanted) -> set[str]:
    return {index.labels(number)["frame_id"] for number in index.find(wanted).tolist()}


def test_all_frames_are_wanted_by_default(index, rows):
    assert ids(index, Wanted()) == {row["frame_id"] for row in rows}


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        (Wanted(pspi=(4, 9)), lambda row: 4 <= row["pspi"] <= 9),
        (Wanted(unit="AU43"), lambda row: row["au"][AU_NAMES.index("AU43")] >= 1),
        (Wanted(unit="AU25", level=2), lambda row: row["extra_au"]["AU25"] >= 2),
        (Wanted(splits=("test", "validation")), lambda row: row["split"] != "train"),
        (Wanted(gender=("man",)), lambda row: GENDERS[row["gender"]] == "man"),
        (Wanted(ethnicity=("black", "white")), lambda row: ETHNICITIES[row["ethnicity"]] in ("black", "white")),
        (Wanted(expression_kind=("neutral",)), lambda row: row["expression_id"] == 0),
        (
            Wanted(pspi=(8, PSPI_MAX), unit="AU4", level=3, gender=("woman",)),
            lambda row: row["pspi"] >= 8 and row["au"][0] >= 3 and GENDERS[row["gender"]] == "woman",
        ),
    ],
)
def test_filters(index, rows, wanted, holds):
    expected = {row["frame_id"] for row in rows if holds(row)}
    assert ids(index, wanted) == expected
    assert len(expected) < len(rows)


def test_pictures_are_those_of_their_frames(index, dataset):
    stored = {row["frame_id"]: row for split in load_dataset(str(dataset)).values() for row in split}
    numbers = [len(index) - 1, 0, 40]
    for number, frame in zip(numbers, index.frames(numbers, with_heat=True), strict=True):
        expected = stored[index.labels(number)["frame_id"]]
        assert frame.labels["prompt"] == expected["prompt"]
        np.testing.assert_array_equal(np.asarray(frame.picture), np.asarray(expected["image"]))
        np.testing.assert_array_equal(np.asarray(frame.heat), np.asarray(expected["heatmap"]))


@pytest.mark.parametrize(
    ("wrong", "named"), [({"gender": ("robot",)}, "robot"), ({"unit": "AU99"}, "AU99"), ({"splits": ("all",)}, "all")]
)
def test_a_filter_that_does_not_exist_is_named(wrong, named):
    with pytest.raises(InvalidInput, match=named):
        Wanted(**wrong)


def rewrite(directory, change) -> None:
    """Changes the rows of every shard of the configuration `default`."""
    for path in (directory / "data").glob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(change(table), path)


def test_labels_that_a_dataset_lacks_are_not_wanted_by_any_filter(copy):
    lacking = ["au", "extra_au", "pspi", "heatmap", *CLASSES]
    rewrite(copy, lambda table: table.drop_columns(lacking))
    index = FrameIndex(copy)
    assert len(index.find(Wanted())) == len(index) == 198
    for wanted in (Wanted(pspi=(1, 16)), Wanted(unit="AU4"), Wanted(gender=("man",)), Wanted(unit="AU1")):
        assert not len(index.find(wanted))
    assert index.units == []
    (frame,) = index.frames([5], with_heat=True)
    assert frame.picture is not None and frame.heat is None and frame.labels["pspi"] is None


def pictures_are(values: list) -> callable:
    def change(table: pa.Table) -> pa.Table:
        kind = table.schema.field("image").type
        column = pa.array(values * len(table), kind)
        return table.set_column(table.schema.get_field_index("image"), table.schema.field("image"), column)

    return change


def test_a_damaged_picture_is_said_to_be_so(copy):
    rewrite(copy, pictures_are([{"bytes": b"no picture", "path": None}]))
    (frame,) = FrameIndex(copy).frames([0])
    assert frame.picture is None and "cannot be read" in frame.error


def test_a_path_in_a_row_is_not_followed(copy, tmp_path, photos):
    """A dataset of somebody else could name any file of the server."""
    rewrite(copy, pictures_are([{"bytes": None, "path": str(photos["pain"])}]))
    (frame,) = FrameIndex(copy).frames([0])
    assert frame.picture is None and "a file of its own" in frame.error


def test_what_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="not a Pain3D dataset"):
        FrameIndex(tmp_path)


def test_a_dataset_without_a_finished_shard_is_refused(copy):
    (copy / "manifest.jsonl").write_text("")
    with pytest.raises(WorkFailed, match="no finished shard"):
        FrameIndex(copy)
