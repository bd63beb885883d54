"""A dataset against its plan: what was changed after generation is found, and where there is no plan that is said."""

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from damage import change_spec, rewrite, update_manifest
from fake_maker import FakeMaker

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import read_manifest, write_manifest
from dataset_script.spec import Spec
from dataset_script.verify import verify
from generation.run.audit import audit
from generation.run.generate import generate

TRAIN, PAIRS, GEOMETRY = (f"{folder}/train-00000-of-00001.parquet" for folder in ("data", "pairs", "geometry"))


@pytest.mark.parametrize("quick", [False, True])
def test_a_sound_dataset_has_no_problem_and_was_compared(dataset, quick):
    seen = []
    report = audit(dataset, quick=quick, progress=lambda *call: seen.append(call))
    assert (report.problems, report.notes, report.compared) == ([], [], True)
    assert (report.shards, report.rows) == (9, 6 * (33 + 30 + 33))
    assert seen[-1] == (report.rows, report.rows)


def test_shards_that_are_planned_or_not_are_told_apart(copy):
    (copy / "data/train-00007-of-00008.parquet").write_bytes(b"PAR1")
    write_manifest(copy, [entry for entry in read_manifest(copy) if entry.path != GEOMETRY])
    (copy / "README.md").unlink()
    assert audit(copy, quick=True).problems == [
        f"{GEOMETRY}: not made yet; `pain3d generate` with the same options makes it",
        "data/train-00007-of-00008.parquet: does not belong here",
    ]
    change_spec(copy, geometry=False)
    assert audit(copy, quick=True).problems[0].endswith("is in the manifest, but the spec has no such shard")


LABELS = {
    "au": ([9.0, 0, 0, 0, 0, 0], "AU4 is 9; allowed is 0 to 5"),
    "pspi": (11, "its action units give"),
    "age": (17, "age is 17; planned is"),
    "gender": (7, "gender is 7; planned is"),
    "neutral_frame_id": ("99999-00-0", "neutral_frame_id is '99999-00-0'"),
    "identity_id": (4711, "identity_id is 4711"),
    "seed": (1, "seed is 1; planned is 0"),
    "prompt": ("A man.", "prompt is 'A man.'"),
    "expression_kind": (0, "expression_kind is 0; planned is 1"),
    "expression": ("smile", "expression is 'smile'; planned is 'pain'"),
    "scene": ("home", "scene is 'home'; planned is 'studio'"),
    "setup": ("candle", "setup is 'candle'; planned is"),
    "posture": ("lying", "posture is 'lying'; planned is 'upright'"),
    "camera_kind": ("phone", "camera_kind is 'phone'; planned is 'tripod'"),
    "landmarks": ([[float("nan"), 0.0]] * 68, "landmarks are not all finite"),
    "face_box": ([9.0, 9.0, 1.0, 1.0], "face_box is"),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_changed_label_is_found_with_its_frame(copy, name):
    value, expected = LABELS[name]

    def change(rows):
        rows[40][name] = value

    rewrite(copy, TRAIN, change)
    problems = audit(copy, quick=True).problems
    frame_id = pq.read_table(copy / TRAIN, columns=["frame_id"])["frame_id"][40].as_py()
    assert any(expected in problem for problem in problems)
    assert all(problem.startswith(f"{TRAIN}: frame {frame_id}: ") for problem in problems)


def test_a_changed_camera_is_found(copy):
    def change(rows):
        rows[5]["camera"]["yaw"] += 1
        rows[6]["camera"]["intrinsics"]["fx"] = float("nan")
        rows[7]["camera"]["intrinsics"]["cx"] += 0.5

    rewrite(copy, GEOMETRY, change)
    yaw, intrinsics, moved, seen = audit(copy, quick=True).problems
    assert "camera.yaw is" in yaw
    assert "camera.intrinsics is" in intrinsics
    assert "dense_landmarks_3d lie up to 0.50 pixels from dense_landmarks" in seen
    assert "camera.intrinsics.cx is 32.5; planned is 32" in moved


def test_a_changed_pose_is_found(copy):
    """Poses that are possible, but not those of the plan."""

    def change(rows):
        rows[5]["head_pose"]["yaw"] += 1
        rows[6]["head_pose"]["rotation"] = [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]
        rows[7]["head_pose"]["translation"][1] += 3

    rewrite(copy, TRAIN, change)
    problems = audit(copy, quick=True).problems
    assert "head_pose.yaw is" in problems[0] and "head_pose.translation[1] is" in problems[-1]
    assert "head_pose.rotation[0][0] is 0; planned is" in problems[1]


def test_a_mesh_that_is_not_asked_for_is_found(copy):
    def change(rows):
        rows[5]["mesh"] = b"glTF\2\0\0\0\x0c\0\0\0"

    rewrite(copy, GEOMETRY, change)
    assert audit(copy, quick=True).ok
    (problem,) = audit(copy).problems
    assert problem.endswith("mesh has a value, which the spec does not ask for")


def test_meshes_are_stored_and_a_lost_one_is_found(tmp_path):
    generate(tmp_path, Spec(identities=3, size=64, geometry=True, mesh=True), maker_factory=FakeMaker)
    assert audit(tmp_path).ok
    rewrite(tmp_path, GEOMETRY, lambda rows: rows[7].update(mesh=None))
    (problem,) = audit(tmp_path).problems
    assert problem.endswith("mesh has no value")


def test_lost_and_swapped_rows_are_found(copy):
    rewrite(copy, TRAIN, lambda rows: rows[:-1])
    (problem,) = audit(copy, quick=True).problems
    assert "the plan" in problem

    def swap(rows):
        rows[3], rows[4] = rows[4], rows[3]

    rewrite(copy, PAIRS, swap)
    assert sum("frame_id is" in problem for problem in audit(copy, quick=True).problems) == 2


def test_people_of_another_split_are_found(copy):
    """The rows of the test person under the name of the validation shard: a leak between splits."""
    moved, kept = (f"data/{split}-00000-of-00001.parquet" for split in ("test", "validation"))
    (copy / kept).write_bytes((copy / moved).read_bytes())
    update_manifest(copy, kept)
    problems = audit(copy, quick=True).problems
    assert problems
    assert any("identity_id is" in problem and problem.startswith(kept) for problem in problems)


def test_many_problems_of_one_shard_are_cut_short(copy):
    def change(rows):
        for row in rows:
            row["age"] = 3

    rewrite(copy, TRAIN, change)
    problems = audit(copy, quick=True).problems
    assert len(problems) == 21
    assert "only the first 20" in problems[-1]


def test_an_unfinished_dataset_says_what_is_missing(tmp_path):
    class Stops(FakeMaker):
        def make_identity(self, plan):
            raise WorkFailed("enough")

    with pytest.raises(WorkFailed, match="identity 0: enough"):
        generate(tmp_path, Spec(identities=1, size=64), maker_factory=Stops)
    assert len(audit(tmp_path).problems) == 2


def test_the_report_does_not_depend_on_the_number_of_processes(copy):
    """Rows are compared with rows that other processes read: pairs with frames, people and frame ids with all."""
    moved, kept = (f"data/{split}-00000-of-00001.parquet" for split in ("test", "validation"))
    (copy / kept).write_bytes((copy / moved).read_bytes())
    update_manifest(copy, kept)
    rewrite(copy, TRAIN, lambda rows: rows[3].update(image=rows[4]["image"], age=17))
    (copy / GEOMETRY).write_bytes(b"")
    for check in (audit, verify):
        one, two = (vars(check(copy, workers=workers)) for workers in (1, 2))
        assert one == two
        assert {problem.partition(":")[0] for problem in one["problems"]} >= {PAIRS, GEOMETRY}
    with pytest.raises(InvalidInput, match="workers is 0; allowed: 1 or more"):
        audit(copy, workers=0)


def test_the_command_lists_problems_and_exits_1(copy, capsys):
    assert pain3d_cli.main(["verify", str(copy)]) == 0
    assert "9 shards, 576 rows, no problem found" in capsys.readouterr().out
    (copy / TRAIN).write_bytes(b"")
    assert pain3d_cli.main(["verify", str(copy), "--quick"]) == 1
    assert capsys.readouterr().out.startswith(f"{TRAIN}: has 0 bytes")
    assert pain3d_cli.main(["verify", str(copy), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], len(found["problems"]), found["compared"]) == (False, 1, True)


REASONS = {
    "another version": ({"version": 1}, "generator version 1 made it, this is version 4"),
    "an unknown field": ({"mood": "calm"}, "the spec has the unknown field 'mood'"),
    "an unknown head": ({"head": "metahuman"}, "head is 'metahuman'; allowed:"),
    "a value out of range": ({"size": 63}, "size is 63"),
    "all of it": ({"version": 9, "mood": "calm", "head": "metahuman"}, "generator version 9 made it"),
}


@pytest.mark.parametrize("name", REASONS)
def test_a_spec_that_does_not_fit_is_no_problem_and_the_report_says_why(copy, name):
    changes, reason = REASONS[name]
    change_spec(copy, **changes)
    report = audit(copy, quick=True)
    assert (report.problems, report.compared) == ([], False)
    assert report.notes[0].startswith(f"not compared with the plan: spec.json: {reason}")


def test_without_a_spec_the_report_says_so(copy):
    (copy / "spec.json").unlink()
    report = audit(copy, quick=True)
    assert (report.problems, report.notes) == ([], ["not compared with the plan: there is no spec.json"])


def test_the_comparison_with_the_plan_needs_no_extra(copy):
    program = (
        "import sys; sys.modules |= dict.fromkeys(['scipy', 'numba', 'threadpoolctl', 'torch'])\n"
        f"import pain3d_cli; sys.exit(pain3d_cli.main(['verify', {str(copy)!r}, '--quick']))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "rows were compared with the plan of spec.json" in run.stdout


def test_no_dataset_is_exit_2(tmp_path, capsys):
    assert pain3d_cli.main(["verify", str(tmp_path)]) == 2
    assert "not a Pain3D dataset" in capsys.readouterr().err
