"""Whatever is wrong with a dataset is found and named, one line each."""

import dataclasses
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_maker import FakeMaker

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.features import FEATURES
from dataset_script.manifest import read_manifest, write_manifest
from dataset_script.shards import file_sha256
from dataset_script.spec import Spec
from generation.run.audit import audit as verify
from generation.run.generate import generate

TRAIN, PAIRS, GEOMETRY = (f"{folder}/train-00000-of-00001.parquet" for folder in ("data", "pairs", "geometry"))


def rewrite(directory, name, change):
    """Changes the rows of a shard, and the manifest with it, as a careless tool would."""
    path = directory / name
    config = {"data": "default"}.get(name.partition("/")[0], name.partition("/")[0])
    rows = pq.read_table(path).to_pylist()
    rows = change(rows) or rows
    pq.write_table(pa.Table.from_pylist(rows, schema=FEATURES[config].arrow_schema), path, row_group_size=90)
    update_manifest(directory, name, rows=len(rows))


def update_manifest(directory, name, **changes):
    path = directory / name
    entries = [
        dataclasses.replace(e, bytes=path.stat().st_size, sha256=file_sha256(path), **changes) if e.path == name else e
        for e in read_manifest(directory)
    ]
    write_manifest(directory, entries)


@pytest.mark.parametrize("quick", [False, True])
def test_a_sound_dataset_has_no_problem(dataset, quick):
    seen = []
    report = verify(dataset, quick=quick, progress=lambda *call: seen.append(call))
    assert report.problems == []
    assert report.ok
    assert (report.shards, report.rows) == (9, 6 * (33 + 30 + 33))
    assert seen[-1] == (report.rows, report.rows)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("where", [0.01, 0.5, 0.99])
def test_a_flipped_bit_is_found(copy, quick, where):
    content = bytearray((copy / TRAIN).read_bytes())
    content[int(where * len(content))] ^= 1
    (copy / TRAIN).write_bytes(content)
    (problem,) = verify(copy, quick=quick).problems
    assert problem.startswith(f"{TRAIN}: damaged")


def test_cut_missing_extra_and_unlisted_files_are_found(copy):
    (copy / TRAIN).write_bytes((copy / TRAIN).read_bytes()[:-10])
    (copy / PAIRS).unlink()
    (copy / "data/train-00007-of-00008.parquet").write_bytes(b"PAR1")
    (copy / "README.md").unlink()
    entries = read_manifest(copy)
    write_manifest(copy, [entry for entry in entries if entry.path != GEOMETRY])
    assert sorted(problem.split(";")[0] for problem in verify(copy).problems) == [
        "data/train-00000-of-00001.parquet: has "
        f"{entries[0].bytes - 10:,} bytes, the manifest says {entries[0].bytes:,}",
        "data/train-00007-of-00008.parquet: does not belong here",
        "geometry/train-00000-of-00001.parquet: not made yet",
        "pairs/train-00000-of-00001.parquet: missing",
    ]
    write_manifest(copy, entries)
    assert any(problem.startswith("README.md: missing") for problem in verify(copy).problems)


def test_a_file_that_is_no_parquet_is_one_line(copy):
    (copy / TRAIN).write_bytes(b"not parquet at all")
    update_manifest(copy, TRAIN)
    (problem,) = verify(copy, quick=True).problems
    assert problem.startswith(f"{TRAIN}: cannot be read:")
    assert "\n" not in problem


LABELS = {
    "au": ([9.0, 0, 0, 0, 0, 0], "AU4 is 9; allowed is 0 to 5"),
    "pspi": (11, "its action units give"),
    "age": (17, "age is 17; planned is"),
    "gender": (7, "gender is 7; planned is"),
    "neutral_frame_id": ("99999-00-0", "neutral_frame_id is '99999-00-0'"),
    "identity_id": (4711, "identity_id is 4711"),
    "seed": (1, "seed is 1; planned is 0"),
    "prompt": ("A man.", "prompt is 'A man.'"),
    "landmarks": ([[float("nan"), 0.0]] * 68, "landmarks are not all finite"),
    "face_box": ([9.0, 9.0, 1.0, 1.0], "face_box is"),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_changed_label_is_found_with_its_frame(copy, name):
    value, expected = LABELS[name]

    def change(rows):
        rows[40][name] = value

    rewrite(copy, TRAIN, change)
    problems = verify(copy, quick=True).problems
    frame_id = pq.read_table(copy / TRAIN, columns=["frame_id"])["frame_id"][40].as_py()
    assert any(expected in problem for problem in problems)
    assert all(problem.startswith(f"{TRAIN}: frame {frame_id}: ") for problem in problems)


def test_a_changed_camera_is_found(copy):
    def change(rows):
        rows[5]["camera"]["yaw"] += 1
        rows[6]["camera"]["intrinsics"]["fx"] = float("nan")

    rewrite(copy, GEOMETRY, change)
    yaw, intrinsics = verify(copy, quick=True).problems
    assert "camera.yaw is" in yaw
    assert "camera.intrinsics is" in intrinsics


def test_lost_and_swapped_rows_are_found(copy):
    rewrite(copy, TRAIN, lambda rows: rows[:-1])
    (problem,) = verify(copy, quick=True).problems
    assert "the plan" in problem

    def swap(rows):
        rows[3], rows[4] = rows[4], rows[3]

    rewrite(copy, PAIRS, swap)
    assert sum("frame_id is" in problem for problem in verify(copy, quick=True).problems) == 2


def test_people_of_another_split_are_found(copy):
    """The rows of the test person under the name of the validation shard: a leak between splits."""
    moved, kept = (f"data/{split}-00000-of-00001.parquet" for split in ("test", "validation"))
    (copy / kept).write_bytes((copy / moved).read_bytes())
    update_manifest(copy, kept)
    problems = verify(copy, quick=True).problems
    assert problems
    assert any("identity_id is" in problem and problem.startswith(kept) for problem in problems)


def test_pictures_are_decoded_and_compared(copy):
    def damage(rows):
        rows[0]["image"]["bytes"] = rows[0]["image"]["bytes"][:100]
        rows[1]["image"]["bytes"] = b"GIF89a"
        rows[2]["image"] = rows[2]["heatmap"]
        rows[4]["heatmap"] = rows[0]["heatmap"]
        rows[0]["heatmap"] = rows[5]["heatmap"]

    rewrite(copy, TRAIN, damage)
    assert verify(copy, quick=True).ok
    problems = verify(copy).problems
    found = [problem.split(": ", 2)[2] for problem in problems if problem.startswith(TRAIN)]
    assert [text.partition(":")[0] for text in found] == [
        "image cannot be decoded",
        "heatmap is not all zero on a neutral frame",
        "image cannot be decoded",
        "image is L, 64 x 64 pixels; it must be RGB, 64 x 64",
        "heatmap is all zero on a pain frame",
    ]
    of_pairs = [problem for problem in problems if problem.startswith(PAIRS)]
    assert any("neutral_image is not the image of" in problem for problem in of_pairs)
    assert any("its pictures or face_box differ from those in `default`" in problem for problem in of_pairs)


def test_the_face_box_of_the_neutral_picture_is_checked(copy):
    def damage(rows):
        rows[3]["neutral_face_box"] = rows[3]["face_box"]

    rewrite(copy, PAIRS, damage)
    (problem,) = verify(copy).problems
    assert "its neutral_face_box is not the face_box of" in problem


def test_geometry_pictures_are_checked(copy):
    def damage(rows):
        rows[0]["depth"] = rows[0]["segments"]
        rows[1]["segments"] = rows[3]["au_heatmaps"]["AU4"]
        rows[2]["au_heatmaps"]["AU9"] = rows[2]["depth"]

    rewrite(copy, GEOMETRY, damage)
    depth, segments, heatmap = verify(copy).problems
    assert "depth is L" in depth
    assert "segments holds" in segments
    assert "au_heatmaps.AU9 is I;16" in heatmap


def test_many_problems_of_one_shard_are_cut_short(copy):
    def change(rows):
        for row in rows:
            row["age"] = 3

    rewrite(copy, TRAIN, change)
    problems = verify(copy, quick=True).problems
    assert len(problems) == 21
    assert "only the first 20" in problems[-1]


def test_other_pictures_of_the_same_spec_show_in_the_spec_hash(copy):
    other = [dataclasses.replace(entry, spec_hash="0" * 64) for entry in read_manifest(copy)]
    write_manifest(copy, other)
    assert verify(copy, quick=True).problems[0].endswith("made from another spec")


def test_an_unfinished_dataset_says_what_is_missing(tmp_path):
    class Stops(FakeMaker):
        def make_identity(self, plan):
            raise WorkFailed("enough")

    with pytest.raises(WorkFailed, match="identity 0: enough"):
        generate(tmp_path, Spec(identities=1, size=64), maker_factory=Stops)
    assert len(verify(tmp_path).problems) == 2


def test_what_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(WorkFailed, match="not a Pain3D dataset"):
        verify(tmp_path)
    (tmp_path / "spec.json").write_text(Spec(version=99).to_json())
    with pytest.raises(WorkFailed, match="generator version 99"):
        verify(tmp_path)
    (tmp_path / "spec.json").write_text("{")
    with pytest.raises(InvalidInput, match=r"spec\.json"):
        verify(tmp_path)


def test_the_command_lists_problems_and_exits_1(copy, capsys):
    assert pain3d_cli.main(["verify", str(copy)]) == 0
    assert "9 shards, 576 rows, no problem found" in capsys.readouterr().out
    (copy / TRAIN).write_bytes(b"")
    assert pain3d_cli.main(["verify", str(copy), "--quick"]) == 1
    assert capsys.readouterr().out.startswith(f"{TRAIN}: has 0 bytes")
    assert pain3d_cli.main(["verify", str(copy), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], len(found["problems"])) == (False, 1)
