import errno
import fcntl
import os
import resource
import signal
import threading
from pathlib import Path

import pytest
from directories import contents
from fake_maker import BrokenMaker, CompilingMaker, FakeMaker, OutOfMemoryMaker, SlowMaker

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import read_manifest
from dataset_script.spec import GENERATOR_VERSION, Spec
from generation.run.generate import generate
from generation.run.local import Local
from generation.run.single import regenerate

SPEC = Spec(identities=9, size=64, geometry=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "pain3d"
    summary = generate(out, SPEC, maker_factory=FakeMaker)
    assert (summary.frames, summary.made) == (9 * 33, 9 * 33)
    return out


def parquet_files(directory: Path) -> list[str]:
    return [name for name in contents(directory) if name.endswith(".parquet")]


def test_the_directory_holds_what_it_should_and_nothing_else(finished):
    shards = [
        f"{folder}/{shard}.parquet"
        for folder in ("data", "pairs", "geometry")
        for shard in (
            "train-00000-of-00002",
            "train-00001-of-00002",
            "validation-00000-of-00001",
            "test-00000-of-00001",
        )
    ]
    assert sorted(contents(finished)) == sorted([*shards, "README.md", "manifest.jsonl", "spec.json"])
    assert [entry.path for entry in read_manifest(finished)] == shards
    assert all(entry.spec_hash == SPEC.hash for entry in read_manifest(finished))
    assert Spec.load(finished) == SPEC


def test_two_workers_make_the_same_bytes(finished, tmp_path):
    generate(tmp_path / "out", SPEC, executor=Local(2), maker_factory=FakeMaker)
    assert contents(tmp_path / "out") == contents(finished)


def test_a_second_run_makes_nothing_and_changes_nothing(finished):
    before = contents(finished)
    assert generate(finished, SPEC, maker_factory=BrokenMaker).made == 0
    assert contents(finished) == before


def test_a_frame_alone_equals_its_row(finished):
    import pyarrow.parquet as pq

    rows = {row["frame_id"]: row for row in pq.read_table(finished / "data").to_pylist()}
    for frame_id in ("00000-00-0", "00004-10-2", "00008-03-1"):
        frame = regenerate(SPEC, frame_id, FakeMaker)
        for name in ("image", "heatmap", "pspi", "prompt", "au", "neutral_frame_id"):
            assert frame.row[name] == rows[frame_id][name]


def test_a_frame_that_is_not_there_is_refused():
    with pytest.raises(InvalidInput, match=r"'00009-00-0'.*0 to 8"):
        regenerate(SPEC, "00009-00-0", FakeMaker)
    older = Spec(identities=9, version=GENERATOR_VERSION + 1)
    with pytest.raises(WorkFailed, match="version"):
        regenerate(older, "00000-00-0", FakeMaker)


def test_progress_counts_up_to_the_total_also_over_a_resume(tmp_path):
    calls = []
    generate(tmp_path / "out", SPEC, maker_factory=FakeMaker, progress=lambda *call: calls.append(call))
    assert calls == [(0, 297, "starting"), *((k, 297, "") for k in range(298))]  # every frame by itself
    next((tmp_path / "out/data").glob("test*")).unlink()
    calls.clear()
    generate(
        tmp_path / "out", SPEC, executor=Local(2), maker_factory=FakeMaker, progress=lambda *call: calls.append(call)
    )
    assert (calls[0], calls[-1]) == ((264, 297, "starting"), (297, 297, ""))
    calls.clear()
    generate(tmp_path / "out", SPEC, maker_factory=FakeMaker, progress=lambda *call: calls.append(call))
    assert calls == [(297, 297, "")]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_progress_says_when_kernels_are_compiled(tmp_path, workers):
    """The first frame of a worker waits for it; what the others finish meanwhile is counted frame by frame."""
    calls = []
    generate(tmp_path, SPEC, Local(workers), CompilingMaker, lambda *call: calls.append(call))
    assert ("compiling" in calls[1][2]) if workers == 1 else any("compiling" in waiting for _, _, waiting in calls)
    assert calls[-1] == (297, 297, "")
    done = [frames for frames, _, _ in calls]
    assert done == sorted(done)
    if workers == 2:
        assert any(frames % 33 for frames in done)


def test_another_spec_is_refused_by_the_fields_that_differ(finished):
    before = contents(finished)
    with pytest.raises(InvalidInput, match=r"another dataset: seed was 0 and is 1; geometry was True and is False"):
        generate(finished, Spec(identities=9, size=64, seed=1), maker_factory=FakeMaker)
    assert contents(finished) == before


def test_a_directory_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InvalidInput, match=r"thesis\.tex"):
        generate(tmp_path, SPEC, maker_factory=FakeMaker)
    with pytest.raises(InvalidInput, match="is a file"):
        generate(tmp_path / "thesis.tex", SPEC, maker_factory=FakeMaker)
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize("workers", [0, -1])
def test_workers_below_one_are_refused(tmp_path, workers):
    with pytest.raises(InvalidInput, match=f"workers is {workers}"):
        generate(tmp_path / "out", SPEC, executor=Local(workers), maker_factory=FakeMaker)
    assert not (tmp_path / "out").exists()


def test_two_runs_at_once_in_one_directory_are_refused(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(InvalidInput, match="another run"):
        generate(tmp_path, SPEC, maker_factory=FakeMaker)
    os.close(descriptor)
    assert contents(tmp_path) == {}
    generate(tmp_path, SPEC, maker_factory=FakeMaker)


def test_a_shard_that_vanished_or_was_cut_is_made_again(finished, tmp_path):
    out = tmp_path / "out"
    generate(out, SPEC, maker_factory=FakeMaker)
    (out / "pairs/test-00000-of-00001.parquet").unlink()
    (out / "data/train-00001-of-00002.parquet").write_bytes(b"PAR1")
    assert generate(out, SPEC, maker_factory=FakeMaker).made == 3 * 33  # the other chunks stay as they are
    assert contents(out) == contents(finished)


def test_a_card_in_place_of_the_readme_is_kept(tmp_path):
    generate(tmp_path, SPEC, maker_factory=FakeMaker)
    (tmp_path / "README.md").write_text("a richer card")
    generate(tmp_path, SPEC, maker_factory=FakeMaker)
    assert (tmp_path / "README.md").read_text() == "a richer card"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_ends_in_one_line_and_the_run_can_go_on(finished, tmp_path, monkeypatch, workers):
    """The system's own limit on file size stands in for a full disk; workers inherit it."""
    out = tmp_path / "out"
    largest_that_fits = 120_000  # of the shards here, only those of test and of the last train chunk
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_that_fits, hard))
    try:
        with pytest.raises(WorkFailed, match=r"cannot write .*parquet: File too large") as failure:
            generate(out, SPEC, executor=Local(workers), maker_factory=FakeMaker)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(failure.value)
    whole = contents(finished)
    assert all(contents(out)[name] == whole[name] for name in parquet_files(out))
    assert not [name for name in contents(out) if ".tmp-" in name]
    generate(out, SPEC, maker_factory=FakeMaker)
    assert contents(out) == whole


def test_no_space_left_says_so_and_what_to_do(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkFailed, match=r"No space left on device; free some space and run the same command again"):
        generate(tmp_path / "out", SPEC, maker_factory=FakeMaker)
    assert contents(tmp_path / "out") == {}


def test_a_killed_worker_is_reported_and_the_run_can_go_on(finished, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(WorkFailed, match=r"worker process was killed.*run the same command again"):
        generate(out, SPEC, executor=Local(2), maker_factory=OutOfMemoryMaker)
    assert not [name for name in contents(out) if ".tmp-" in name]
    generate(out, SPEC, executor=Local(2), maker_factory=FakeMaker)
    assert contents(out) == contents(finished)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_in_a_maker_keeps_its_type_and_names_the_identity(tmp_path, workers):
    with pytest.raises(ZeroDivisionError) as bug:
        generate(tmp_path / "out", SPEC, executor=Local(workers), maker_factory=BrokenMaker)
    assert "while identity 5 was made" in bug.value.__notes__
    assert not [name for name in contents(tmp_path / "out") if ".tmp-" in name]


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_at_once_and_the_run_can_go_on(finished, tmp_path, workers):
    out = tmp_path / "out"
    pressed = threading.Event()

    def press(done, total, waiting):
        if done and not pressed.is_set():
            pressed.set()
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # ignored where a shell runs tests in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            generate(out, SPEC, executor=Local(workers), maker_factory=SlowMaker, progress=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not [name for name in contents(out) if ".tmp-" in name]
    generate(out, SPEC, maker_factory=FakeMaker)
    assert contents(out) == contents(finished)


def test_a_maker_that_makes_other_frames_is_caught(tmp_path):
    class Lazy(FakeMaker):
        def make_identity(self, plan):
            return list(super().make_identity(plan))[:-1]

    with pytest.raises(ValueError, match="identity 0"):
        generate(tmp_path / "out", Spec(identities=1, size=64), maker_factory=Lazy)
