"""3DPain as published, as a folder and as shards: neutral frames are kept, and splits are by person."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from release_layout import (
    PAINS,
    PEOPLE,
    SPLIT_NAME,
    VIEWS,
    base_name,
    files,
    level,
    split_csv,
    units,
    write_release,
    write_shards,
)
from unbc_layout import png, write

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.importers.importing import import_dataset
from dataset_script.importers.layouts import LayoutOptions

SPLITS = ("train", "train", "validation", "test")


def rows_of(out: Path) -> dict[str, dict]:
    found = {}
    for path in sorted((out / "data").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            found[row["frame_id"]] = {**row, "split": path.name.partition("-")[0]}
    return found


def left_out(report) -> dict[str, str]:
    return {problem.what: problem.kind for problem in report.left_out}


@pytest.mark.parametrize(
    ("write_source", "copy"), [(write_release, False), (write_release, True), (write_shards, True)]
)
def test_every_frame_arrives(tmp_path, write_source, copy):
    report = import_dataset(write_source(tmp_path / "source"), tmp_path / "out", copy=copy, check_images=True)
    rows = rows_of(tmp_path / "out")
    assert report.problems == 0 and len(rows) == PEOPLE * (PAINS + 1) * VIEWS
    for person in range(PEOPLE):
        for pain in range(PAINS + 1):
            for view in range(VIEWS):
                row = rows[f"{base_name(person, pain)}_view_{view:03d}"]
                assert (row["identity_id"], row["expression_id"], row["view_id"]) == (person, pain, view)
                assert tuple(row["au"]) == units(person, pain) and row["pspi"] == level(units(person, pain))
                assert row["neutral_frame_id"] == f"{base_name(person, 0)}_view_{view:03d}"
                assert row["split"] == SPLITS[person]  # that of the neutral frames too, which the file does not name
                content = files()[f"meshes_inpainted/{base_name(person, pain)}_textured_view_{view:03d}_inpainted.jpg"]
                path = row["image"]["path"]
                assert (row["image"]["bytes"] if copy else Path(path).read_bytes()) == content


def test_load_dataset_gives_the_three_splits(tmp_path):
    import_dataset(write_shards(tmp_path / "source"), tmp_path / "out", copy=True)
    loaded = load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 18, "validation": 9, "test": 9}
    assert loaded["test"][0]["image"].size == (48, 36)


def test_what_is_wrong_is_left_out_and_named(tmp_path):
    source = write_release(tmp_path / "source")
    pictures, annotations = source / "meshes_inpainted", source / "annotations"
    one, two, three = base_name(0, 1), base_name(0, 2), base_name(1, 1)
    write(
        annotations / f"{one}_annotations.json",
        json.dumps(dict.fromkeys(("AU4", "AU6", "AU7", "AU9", "AU10", "AU43"), 1) | {"PSPI": 16}),
    )
    (annotations / f"{two}_annotations.json").unlink()
    write(annotations / f"{three}_annotations.json", '{"AU4": 1, "AU6": NaN}')
    (pictures / f"{base_name(3, 0)}_textured_view_000_inpainted.jpg").write_bytes(b"")
    write(pictures / "flame_sample_0001_smile_view_000.jpg", png(np.full((8, 8, 3), 200, np.uint8)))
    for view in range(VIEWS):
        (pictures / f"{base_name(2, 1)}_textured_view_{view:03d}_inpainted.jpg").unlink()
    report = import_dataset(source, tmp_path / "out")

    def stems(base):
        return [f"{base}_textured_view_{view:03d}_inpainted" for view in range(VIEWS)]

    assert left_out(report) == {
        **dict.fromkeys(stems(one), "PSPI disagrees"),
        **dict.fromkeys(stems(two), "no annotation"),
        **dict.fromkeys(stems(three), "bad number"),
        stems(base_name(3, 0))[0]: "unreadable picture",
        "flame_sample_0001_smile_view_000": "unknown file name",
        base_name(2, 1): "no picture",
    }
    assert len(rows_of(tmp_path / "out")) == PEOPLE * (PAINS + 1) * VIEWS - 13


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "{", "1", '{"AU4": "2"}', '{"AU4": true}', "[" * 100_000, '{"AU4": 1e999}', '{"AU4": 1, "AU4": 2}'),
        '{"AU4": ' + "9" * 400 + "}",
    ],
    ids=lambda text: text[:20],
)
def test_an_annotation_that_is_no_annotation_is_named(tmp_path, text):
    source = write_release(tmp_path / "source")
    write(source / "annotations" / f"{base_name(0, 1)}_annotations.json", text)
    report = import_dataset(source, tmp_path / "out")
    assert len(report.left_out) == VIEWS
    assert {problem.kind for problem in report.left_out} <= {"unreadable label", "bad number"}


def test_a_frame_without_a_line_in_the_split_file_is_named(tmp_path):
    source = write_release(tmp_path / "source")
    write(source / SPLIT_NAME, "".join(line for line in split_csv().splitlines(True) if base_name(0, 1) not in line))
    report = import_dataset(source, tmp_path / "out")
    assert [problem.kind for problem in report.left_out] == ["no split"] * VIEWS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace(f"{base_name(0, 1)},0", f"{base_name(0, 1)},2"),
            "flame_sample_0000 is in the splits",
        ),
        (lambda text: text.replace(",1\n", ",5\n"), "must be 0, 1 or 2"),
        (lambda text: text.replace(",1\n", ",holdout\n"), "'holdout'; the split must be 0, 1 or 2 or its name"),
        (lambda text: text + f"{base_name(0, 1)},1\n", "is in two splits"),
    ],
)
def test_a_split_file_that_mixes_people_or_is_wrong_is_refused(tmp_path, change, message):
    source = write_release(tmp_path / "source")
    write(source / SPLIT_NAME, change(split_csv()))
    with pytest.raises(WorkFailed, match=message):
        import_dataset(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_split_file_may_lie_elsewhere_and_two_are_not_guessed_between(tmp_path):
    source = write_release(tmp_path / "source")
    elsewhere = (source / SPLIT_NAME).rename(tmp_path / "mine.csv")
    import_dataset(source, tmp_path / "out", options=LayoutOptions(split_csv=elsewhere))
    assert {row["split"] for row in rows_of(tmp_path / "out").values()} == {*SPLITS}
    write(source / "a.csv", split_csv())
    write(source / "b.csv", split_csv())
    with pytest.raises(InvalidInput, match="--split-csv"):
        import_dataset(source, tmp_path / "again")


@pytest.mark.parametrize(
    "content",
    [
        "," + split_csv().replace("\nflame", "\n0,flame"),
        split_csv().replace(",", ";"),
        split_csv().replace(",0\n", ",0.0\n").replace(",1\n", ",val\n").replace(",2\n", ",Test\n"),
        "\ufeff" + split_csv(),
    ],
)
def test_a_split_file_is_read_as_programs_write_it(tmp_path, content):
    source = write_release(tmp_path / "source")
    write(source / SPLIT_NAME, content)
    import_dataset(source, tmp_path / "out")
    found = {row["frame_id"]: row["split"] for row in rows_of(tmp_path / "out").values()}
    write(source / SPLIT_NAME, split_csv())
    import_dataset(source, tmp_path / "plain")
    assert found == {row["frame_id"]: row["split"] for row in rows_of(tmp_path / "plain").values()}


def test_without_a_split_file_splits_are_dealt_by_person(tmp_path):
    source = write_release(tmp_path / "source")
    (source / SPLIT_NAME).unlink()
    import_dataset(source, tmp_path / "out")
    places: dict[str, set] = {}
    for row in rows_of(tmp_path / "out").values():
        places.setdefault(row["subject_id"], set()).add(row["split"])
    assert len(places) == PEOPLE and all(len(splits) == 1 for splits in places.values())
    assert set().union(*places.values()) == {"train", "validation", "test"}


def test_a_json_file_named_like_its_picture_is_found(tmp_path):
    with tarfile.open(tmp_path / "one.tar", "w") as archive:
        for path, content in files().items():
            stem = Path(path).stem
            if path.endswith(".jpg"):
                person, _, pain = stem.removeprefix("flame_sample_").partition("_")
                values = units(int(person), int(pain[5]) if pain.startswith("pain") else 0)
                label = dict(zip(("AU4", "AU6", "AU7", "AU9", "AU10", "AU43"), values, strict=True)) | {
                    "PSPI": level(values)
                }
                for name, data in ((f"{stem}.json", json.dumps(label).encode()), (f"{stem}.jpg", content)):
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
    report = import_dataset(tmp_path / "one.tar", tmp_path / "out", copy=True)
    assert report.problems == 0 and report.written == PEOPLE * (PAINS + 1) * VIEWS


def test_a_truncated_shard_is_failed_work(tmp_path):
    source = write_shards(tmp_path / "source")
    shard = source / "shard-00001.tar.gz"
    shard.write_bytes(shard.read_bytes()[:-3000])
    with pytest.raises(WorkFailed, match=r"shard-00001.tar.gz is damaged"):
        import_dataset(source, tmp_path / "out", copy=True)


def test_names_in_a_shard_lead_nowhere(tmp_path):
    """Nothing is unpacked: links are not followed, and a path is only a name."""
    source = tmp_path / "source"
    source.mkdir()
    picture = next(content for name, content in files().items() if name.endswith(".jpg"))
    with tarfile.open(source / "evil.tar", "w") as archive:
        names = ("../../escaped.json", "/tmp/x/flame_sample_0000_neutral_view_000.jpg")
        for name, content in zip(names, (b"{}", picture), strict=True):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("flame_sample_0000_neutral_view_001.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    report = import_dataset(source / "evil.tar", tmp_path / "out", copy=True)
    assert [row["image"]["bytes"] for row in rows_of(tmp_path / "out").values()] == [picture]
    assert left_out(report) == {"escaped": "no picture"}
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}


def test_packed_pictures_of_other_data_sets_must_be_unpacked(tmp_path):
    with tarfile.open(tmp_path / "UNBC.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("Images/042-ll042/ll042t1aaaff/ll042t1aaaff001.png")
        archive.addfile(info)
    with pytest.raises(WorkFailed, match=r"UNBC\.tar\.gz holds no picture of 3DPain, .*: unpack it first"):
        import_dataset(tmp_path / "UNBC.tar.gz", tmp_path / "out", copy=True)
    assert not (tmp_path / "out").exists()
