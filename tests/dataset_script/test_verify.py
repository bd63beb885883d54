"""What is wrong with a dataset is found and named, one line each, without the generator."""

import dataclasses
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from damage import change_spec, rewrite, update_manifest
from fake_maker import FakeMaker

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import read_manifest, write_manifest
from dataset_script.spec import Spec
from dataset_script.verify import verify
from generation.run.generate import generate

TRAIN, PAIRS, GEOMETRY = (f"{folder}/train-00000-of-00001.parquet" for folder in ("data", "pairs", "geometry"))


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
        "geometry/train-00000-of-00001.parquet: does not belong here",
        "geometry: has 66 of 198 rows",
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


def test_other_pictures_of_the_same_spec_show_in_the_spec_hash(copy):
    other = [dataclasses.replace(entry, spec_hash="0" * 64) for entry in read_manifest(copy)]
    write_manifest(copy, other)
    assert verify(copy, quick=True).problems[0].endswith("made from another spec")


LABELS = {
    "au": ([9.0, 0, 0, 0, 0, 0], "AU4 is 9; allowed is 0 to 5"),
    "pspi": (11, "pspi is 11; its action units give"),
    "extra_au": (dict.fromkeys(("AU1", "AU2", "AU12", "AU20", "AU25", "AU26", "AU27"), 7.0), "AU1 is 7"),
    "gender": (7, "gender is 7; allowed is 0 to 1"),
    "frame_id": ("00009-09-1", "frame_id is '00009-09-1'; its parts give"),
    "neutral_frame_id": ("99999-00-0", "neutral_frame_id is '99999-00-0'; it must be"),
    "landmarks": ([[float("nan"), 0.0]] * 68, "landmarks are not all finite"),
    "face_box": ([9.0, 9.0, 1.0, 1.0], "face_box is"),
    "prompt": (None, "prompt has no value"),
    "expression": (None, "expression has no value"),
    "expression_kind": (2, "expression_kind is 2; that of expression 2 is 1, pain"),
    "hidden_aus": (["AU4", "AU99"], "hidden_aus names 'AU99'; allowed are AU4, AU6"),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_label_that_cannot_be_is_found_with_its_frame(copy, name):
    value, expected = LABELS[name]

    def change(rows):
        rows[40][name] = value

    rewrite(copy, TRAIN, change)
    (problem,) = verify(copy, quick=True).problems
    frame_id = pq.read_table(copy / TRAIN, columns=["frame_id"])["frame_id"][40].as_py()
    assert problem.startswith(f"{TRAIN}: frame {frame_id}: {expected}")


def test_a_camera_that_cannot_be_is_found(copy):
    def change(rows):
        rows[5]["camera"]["yaw"] = float("inf")
        rows[6]["camera"]["intrinsics"]["fx"] = float("nan")

    rewrite(copy, GEOMETRY, change)
    yaw, intrinsics = verify(copy, quick=True).problems
    assert "camera.yaw is inf" in yaw
    assert "camera.intrinsics is" in intrinsics


def test_a_person_in_two_splits_is_found(copy):
    moved, kept = (f"data/{split}-00000-of-00001.parquet" for split in ("test", "validation"))
    (copy / kept).write_bytes((copy / moved).read_bytes())
    update_manifest(copy, kept)
    problems = [problem for problem in verify(copy, quick=True).problems if problem.startswith(moved)]
    assert sum("is also in validation; splits must be by person" in problem for problem in problems) == 1
    assert sum("there is an earlier row of this frame" in problem for problem in problems) == 19


def test_a_shard_that_cannot_be_read_makes_no_pair_wrong(tmp_path):
    out = tmp_path / "out"
    generate(out, Spec(identities=9, size=64), maker_factory=FakeMaker)
    (out / "data/train-00001-of-00002.parquet").write_bytes(b"")
    (problem,) = verify(out).problems
    assert problem.startswith("data/train-00001-of-00002.parquet: has 0 bytes")


def test_other_columns_are_named(copy):
    table = pq.read_table(copy / TRAIN)
    pq.write_table(table.drop_columns(["prompt"]).append_column("mood", table["prompt"]), copy / TRAIN)
    update_manifest(copy, TRAIN)
    (problem,) = verify(copy, quick=True).problems
    assert problem == f"{TRAIN}: its columns are not those of the schema: it lacks prompt; it adds mood"


def test_rows_of_another_number_are_found(copy):
    update_manifest(copy, TRAIN, rows=131)
    (problem,) = verify(copy, quick=True).problems
    assert problem == f"{TRAIN}: has 132 rows, the manifest says 131"


def test_what_is_missing_is_found_without_a_plan(copy):
    entries = read_manifest(copy)
    write_manifest(copy, [entry for entry in entries if entry.path != PAIRS])
    (copy / PAIRS).unlink()
    (problem,) = verify(copy, quick=True).problems
    assert problem == "pairs: has 60 of 180 rows; `pain3d generate` with the same options continues"
    renamed = TRAIN.replace("of-00001", "of-00002")
    (copy / TRAIN).rename(copy / renamed)
    write_manifest(copy, [dataclasses.replace(e, path=renamed) if e.path == TRAIN else e for e in entries])
    assert verify(copy, quick=True).problems[0].startswith("data/train-00001-of-00002.parquet: not made yet")


def test_data_of_another_version_are_checked_by_their_own_schema(copy):
    change_spec(copy, version=9)
    for name in (f"data/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")):
        table = pq.read_table(copy / name)
        pq.write_table(table.drop_columns(["prompt"]).append_column("mood", table["prompt"]), copy / name)
        update_manifest(copy, name)
    (copy / "README.md").write_text("no metadata")
    report = verify(copy)
    assert report.problems == []
    assert report.notes == [
        "default: its columns are not those of this version (unknown or of another type, and not checked: mood; "
        "absent: prompt)"
    ]

    def change(rows):
        rows[40]["pspi"] = 11

    rewrite(copy, TRAIN, change)
    (problem,) = verify(copy, quick=True).problems
    assert "its action units give" in problem


def test_without_a_manifest_rows_and_pictures_are_checked_all_the_same(copy):
    def change(rows):
        rows[7]["image"]["bytes"] = b"GIF89a"

    rewrite(copy, TRAIN, change)
    (copy / "manifest.jsonl").unlink()
    (copy / "spec.json").unlink()
    report = verify(copy)
    assert [problem.partition(": ")[0] for problem in report.problems] == [TRAIN, PAIRS]
    assert "image cannot be decoded" in report.problems[0]
    assert report.notes == ["there is no manifest.jsonl: sizes and checksums of the files could not be compared"]
    assert report.rows == 6 * (33 + 30 + 33)


def test_what_is_no_dataset_is_a_wrong_call(tmp_path):
    with pytest.raises(InvalidInput, match="not a Pain3D dataset"):
        verify(tmp_path)
    with pytest.raises(InvalidInput, match="not a Pain3D dataset"):
        verify(tmp_path / "nowhere")
    (tmp_path / "spec.json").write_text("{")
    with pytest.raises(WorkFailed, match=r"spec\.json is damaged"):
        verify(tmp_path)


def test_it_never_imports_the_generator(dataset):
    code = f"import sys; from dataset_script.verify import verify; assert verify({str(dataset)!r}, quick=True).ok"
    code += "; assert not [name for name in sys.modules if name.partition('.')[0] == 'generation']"
    subprocess.run([sys.executable, "-c", code], check=True)
