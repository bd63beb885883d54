"""Dataset directories made to do harm: READMEs that grow when they are read, schemas and specs that are none."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from counted_lines import at_most

from dataset_script.counts import count_dataset
from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.hub_readme import README, read_infos
from dataset_script.manifest import MANIFEST
from dataset_script.verify import verify


def bomb(levels: int) -> str:
    """YAML of some lines that stand for 10 ** levels features."""
    lines = ["---", "x0: &x0 [{name: a, dtype: int32}]"]
    lines += [f"x{k}: &x{k} [{', '.join(['{name: a, struct: *x' + str(k - 1) + '}'] * 10)}]" for k in range(1, levels)]
    return "\n".join([*lines, "dataset_info:", f"  features: *x{levels - 1}", "---", ""])


@pytest.mark.parametrize(
    "text", [bomb(30), "---\na: " + "[" * 400 + "\n---\n", "---\na: &a [*a]\n---\n", "---\na: b: c\n---\n"]
)
def test_a_readme_that_grows_when_it_is_read_says_nothing(text, tmp_path):
    (tmp_path / README).write_text(text)
    with at_most(2_000_000):
        assert read_infos(tmp_path) == {}


@pytest.mark.parametrize(
    "metadata", ["[" * 100_000, '{"info": {"features": {"a": {"_type": "Nothing"}}}}', '{"info": 3}', "{"]
)
def test_a_shard_whose_schema_is_no_schema_is_named(metadata, copy):
    (copy / MANIFEST).unlink()
    path = next((copy / "data").glob("train-*.parquet"))
    table = pq.read_table(path).replace_schema_metadata({"huggingface": metadata})
    pq.write_table(table, path)
    report = verify(copy)
    assert any(path.name in line and "cannot be read" in line for line in report.problems)
    directory = DatasetDirectory.open(copy)
    shards = [shard for shard in directory.shards if shard.path.endswith(path.name)]
    assert shards and count_dataset(copy)["frames"]["made"]


@pytest.mark.parametrize(
    "change",
    [
        {"identities": "9" * 30},
        {"identities": -1},
        {"identities": 10**30},
        {"others": None},
        {"size": [1]},
        {"mesh": {}},
    ],
)
def test_a_spec_of_other_values_is_taken_in_one_line(change, copy):
    spec = json.loads((copy / "spec.json").read_text())
    (copy / "spec.json").write_text(json.dumps(spec | change))
    for look in (verify, count_dataset):
        try:
            look(copy)
        except (InvalidInput, WorkFailed) as error:
            assert "\n" not in str(error)


def test_names_that_call_for_more_shards_than_there_can_be_are_refused(tmp_path):
    (tmp_path / "data").mkdir()
    for count in range(99_980, 99_999):
        (tmp_path / "data" / f"train-00000-of-{count}.parquet").write_bytes(b"")
    with pytest.raises(WorkFailed, match=r"has shards of 1,899,791 parts, by their names; allowed are 1,200,000"):
        verify(tmp_path)


def test_equal_rows_without_number_are_not_read(copy):
    (copy / MANIFEST).unlink()
    path = next((copy / "data").glob("train-*.parquet"))
    row = pq.read_table(path).slice(0, 1).drop_columns(["image", "heatmap"])
    pq.write_table(row.take([0] * 200_000), path, compression="zstd")
    assert path.stat().st_size < 200_000
    assert any(path.name in line and "200,000 rows in" in line for line in verify(copy).problems)
    with pytest.raises(WorkFailed, match=r"200,000 rows in [\d,]+ bytes"):
        count_dataset(copy)


def test_text_that_is_no_text_and_columns_that_are_not_there_are_named(copy):
    (copy / MANIFEST).unlink()
    path = next((copy / "data").glob("train-*.parquet"))
    table = pq.read_table(path)
    column = table.schema.get_field_index("prompt")
    wrong = pa.array([b"\xff\xf8"] * table.num_rows, pa.binary()).cast(pa.string(), safe=False)
    pq.write_table(table.set_column(column, table.schema.field(column), wrong), path)
    assert any(path.name in line and "UTF8" in line for line in verify(copy).problems)
    with pytest.raises(WorkFailed, match="UTF8"):
        list(DatasetDirectory.open(copy).read(["prompt"]))
    pq.write_table(table.drop_columns(["pspi"]), path)
    with pytest.raises(WorkFailed, match="has no column pspi"):
        count_dataset(copy)
