import pytest

from dataset_script.errors import WorkFailed
from dataset_script.manifest import Entry, append_manifest, read_manifest, write_manifest


def entry(path="data/train-00000-of-00001.parquet", config="default", split="train", rows=99) -> Entry:
    return Entry(path, config, split, rows, 1000, 2000, "ab" * 32, "cd" * 32)


TRAIN, TEST = entry(), entry("data/test-00000-of-00001.parquet", split="test")
PAIRS = entry("pairs/train-00000-of-00001.parquet", config="pairs")


def test_entries_come_back_sorted_by_config_and_split(tmp_path):
    append_manifest(tmp_path, [PAIRS])
    append_manifest(tmp_path, [TEST, TRAIN])
    assert read_manifest(tmp_path) == [TRAIN, TEST, PAIRS]


def test_a_configuration_of_another_version_is_read_too(tmp_path):
    other = entry("references/train-00000-of-00001.parquet", config="references")
    write_manifest(tmp_path, [other, PAIRS])
    assert read_manifest(tmp_path) == [PAIRS, other]


def test_without_a_file_there_are_none(tmp_path):
    assert read_manifest(tmp_path) == []


def test_the_last_of_two_lines_for_a_shard_counts(tmp_path):
    append_manifest(tmp_path, [entry(rows=1)])
    append_manifest(tmp_path, [TRAIN])
    assert read_manifest(tmp_path) == [TRAIN]


def test_an_unfinished_last_line_is_as_if_never_begun(tmp_path):
    write_manifest(tmp_path, [TRAIN, TEST])
    path = tmp_path / "manifest.jsonl"
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    for cut in range(second, len(whole)):
        path.write_bytes(whole[:cut])
        assert read_manifest(tmp_path) == [TRAIN]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        TRAIN.to_line().replace('"rows":99', '"rows":"99"'),
        TRAIN.to_line().replace('"train"', '"trial"'),
        TRAIN.to_line().replace('"rows"', '"lines"'),
        TRAIN.to_line().replace("data/", "/data/"),
        TRAIN.to_line().replace("data/", "../data/"),
        TRAIN.to_line().replace("data/", ""),
    ],
)
def test_a_damaged_line_is_named(tmp_path, line):
    (tmp_path / "manifest.jsonl").write_text(TEST.to_line() + line.rstrip("\n") + "\n" + PAIRS.to_line())
    with pytest.raises(WorkFailed, match=r"manifest\.jsonl is damaged: line 2"):
        read_manifest(tmp_path)


def test_binary_rubbish_is_reported(tmp_path):
    (tmp_path / "manifest.jsonl").write_bytes(b"\xff\x00\n")
    with pytest.raises(WorkFailed, match="damaged"):
        read_manifest(tmp_path)
