import hashlib
import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Features
from fake_maker import FakeMaker
from PIL import Image

from dataset_script.features import FEATURES
from dataset_script.shards import ShardWriter, pair_rows, shard_path, to_table
from dataset_script.spec import Spec
from dataset_script.storage import write_atomically
from generation.plan import Plan

SPEC = Spec(identities=8, size=64, geometry=True)


@pytest.fixture(scope="module")
def people():
    """Frames of 8 identities."""
    maker, plan = FakeMaker(SPEC), Plan(SPEC)
    return [list(maker.make_identity(plan[k])) for k in range(8)]


def write(directory, config, people):
    rows = {
        "default": lambda frames: [frame.row for frame in frames],
        "pairs": lambda frames: pair_rows([frame.row for frame in frames]),
        "geometry": lambda frames: [frame.geometry for frame in frames],
    }[config]
    with ShardWriter(directory, config, "train", 0, 1) as writer:
        for frames in people:
            writer.write(rows(frames))
        return writer.commit("hash")


@pytest.mark.parametrize(("config", "rows"), [("default", 264), ("pairs", 240), ("geometry", 264)])
def test_rows_come_back_as_they_went_in(tmp_path, people, config, rows):
    entry = write(tmp_path, config, people)
    path = tmp_path / entry.path
    assert entry.path == shard_path(config, "train", 0, 1)
    assert (entry.rows, entry.bytes) == (rows, path.stat().st_size)
    assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    shard = pq.ParquetFile(path)
    assert Features.from_arrow_schema(shard.schema_arrow) == FEATURES[config]
    sizes = [shard.metadata.row_group(k).num_rows for k in range(shard.num_row_groups)]
    assert sizes == ([90, 90, 60] if config == "pairs" else [99, 99, 66])
    first = shard.read().to_pylist()[0]
    source = people[0][0].geometry if config == "geometry" else people[0][3 if config == "pairs" else 0].row
    assert first["frame_id"] == source["frame_id"]
    picture = "depth" if config == "geometry" else "image"
    assert first[picture] == source[picture]


def test_pairs_are_sorted_by_view_then_expression_and_hold_their_neutral(people):
    frames = {frame.row["frame_id"]: frame.row for frame in people[0]}
    pairs = pair_rows([frame.row for frame in people[0]])
    assert [(p["view_id"], p["expression_id"]) for p in pairs] == [(v, e) for v in range(3) for e in range(1, 11)]
    for pair in pairs:
        assert pair["neutral_image"] == frames[pair["neutral_frame_id"]]["image"]
        assert frames[pair["neutral_frame_id"]]["pspi"] == 0


def noise(seed: int, size: int) -> dict:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return {"bytes": buffer.getvalue(), "path": None}


def test_a_neutral_picture_is_stored_once(tmp_path, people):
    """Also where nine of them are many times a megabyte, at which Parquet gives its dictionaries up by default."""
    large = [noise(seed, 1024) for seed in range(3)]
    frames = [
        [
            {**frame.row, "image": large[frame.row["view_id"]] if frame.row["pspi"] == 0 else noise(9, 64)}
            for frame in of
        ]
        for of in people[:3]
    ]
    assert sum(len(picture["bytes"]) for picture in large) > 2_500_000
    with ShardWriter(tmp_path, "pairs", "train", 0, 1) as writer:
        for rows in frames:
            writer.write(pair_rows(rows))
        entry = writer.commit("hash")
    stored_once = sum(len(picture["bytes"]) for picture in large)  # the three people share theirs here
    assert stored_once < entry.bytes < 1.3 * stored_once
    assert entry.arrow_bytes > 29 * stored_once
    again = pq.read_table(tmp_path / entry.path, columns=["neutral_image", "view_id"]).to_pylist()
    assert all(row["neutral_image"] == large[row["view_id"]] for row in again)


def test_labels_are_small_beside_the_pictures(tmp_path, people):
    path = tmp_path / write(tmp_path, "default", people).path
    metadata = pq.ParquetFile(path).metadata
    columns = [metadata.row_group(0).column(k) for k in range(metadata.num_columns)]
    labels = sum(c.total_compressed_size for c in columns if not c.path_in_schema.endswith(".bytes"))
    assert labels / 99 < 1400  # bytes a row; 340 of its numbers are the landmarks, in the picture and in space
    assert {c.compression for c in columns if c.path_in_schema.endswith(".bytes")} == {"UNCOMPRESSED"}
    assert {c.compression for c in columns if not c.path_in_schema.endswith(".bytes")} == {"ZSTD"}


def test_writing_twice_gives_the_same_bytes(tmp_path, people):
    one, other = tmp_path / "one", tmp_path / "other"
    for directory in (one, other):
        directory.mkdir()
    assert write(one, "pairs", people) == write(other, "pairs", people)


def test_a_shard_that_is_not_committed_leaves_nothing(tmp_path, people, capfd):
    with pytest.raises(KeyError), ShardWriter(tmp_path, "default", "train", 0, 1) as writer:
        writer.write(frame.row for frame in people[0])
        raise KeyError
    del writer
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert capfd.readouterr().err == ""


def test_rows_that_do_not_fit_the_schema_are_refused(people):
    row = people[0][0].row
    with pytest.raises(ValueError, match=r"00000-00-0.*licence"):
        to_table("default", [{k: v for k, v in row.items() if k != "licence"}])
    with pytest.raises(ValueError, match="mood"):
        to_table("default", [row | {"mood": "fine"}])
    with pytest.raises(ValueError, match=r"'prompt'.*missing values"):
        to_table("default", [row | {"prompt": None}])


def test_a_failed_write_keeps_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "README.md"
    write_atomically(path, b"old")

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"README.md": b"old"}


def test_coordinates_are_stored_byte_by_byte(tmp_path, people):
    metadata = pq.ParquetFile(tmp_path / write(tmp_path, "default", people).path).metadata
    columns = {c.path_in_schema: c for c in map(metadata.row_group(0).column, range(metadata.num_columns))}
    for name in ("landmarks", "landmarks_3d"):
        (column,) = (c for path, c in columns.items() if path.startswith(f"{name}."))
        assert "BYTE_STREAM_SPLIT" in column.encodings
    assert "BYTE_STREAM_SPLIT" not in columns["age"].encodings
