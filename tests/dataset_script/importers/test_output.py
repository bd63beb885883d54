"""The directory that an import leaves: whole or resumable, the same each time, and never mixed with another."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from biovid_layout import write_biovid
from datasets import load_dataset
from directories import contents
from release_layout import write_release, write_shards
from unbc_layout import face, png, shots, write, write_unbc, write_unbc_hdf5

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.importers import output
from dataset_script.importers.importing import import_dataset
from dataset_script.importers.subjects import make_folds, number_subjects
from dataset_script.importers.unbc import Unbc
from dataset_script.manifest import read_manifest
from dataset_script.shards import file_sha256


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_unbc(tmp_path_factory.mktemp("unbc") / "UNBC")


@pytest.fixture
def small_shards(monkeypatch) -> None:
    monkeypatch.setattr(output, "COPIED_ROWS_PER_SHARD", 10)


def test_the_same_source_gives_the_same_bytes(source, tmp_path):
    for name in "ab":
        import_dataset(source, tmp_path / name, copy=True)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_manifest_is_true(source, tmp_path, small_shards):
    import_dataset(source, tmp_path / "out", copy=True)
    entries = read_manifest(tmp_path / "out")
    assert len(entries) == 5 and sum(entry.rows for entry in entries) == len(shots()) - 4  # four are known to be black
    assert all(file_sha256(tmp_path / "out" / entry.path) == entry.sha256 for entry in entries)


def test_stopped_at_any_write_and_run_again_it_ends_the_same(source, tmp_path, small_shards, monkeypatch):
    import_dataset(source, tmp_path / "whole", copy=True)
    real = os.fsync
    for stop in itertools.count():
        left = [stop]

        def failing(descriptor, left=left):
            if not left[0]:
                raise OSError(28, "No space left on device")
            left[0] -= 1
            real(descriptor)

        out = tmp_path / str(stop)
        monkeypatch.setattr(os, "fsync", failing)
        try:
            import_dataset(source, out, copy=True)
        except (WorkFailed, OSError):
            monkeypatch.setattr(os, "fsync", real)
            import_dataset(source, out, copy=True)
            assert contents(out) == contents(tmp_path / "whole")
        else:
            break
        finally:
            monkeypatch.setattr(os, "fsync", real)
        shutil.rmtree(out)
    assert stop > 20  # it really was stopped in many places


def test_a_killed_import_goes_on_with_what_it_had(source, tmp_path):
    """The process dies without a chance to clean up, in the middle of the third shard."""
    code = (
        "import os, sys; from dataset_script import shards; from dataset_script.importers import output\n"
        "from dataset_script.importers.importing import import_dataset\n"
        "output.COPIED_ROWS_PER_SHARD = 5; real, done = shards.publish, []\n"
        "def publish(*paths): done.append(1); os._exit(9) if len(done) == 3 else real(*paths)\n"
        "shards.publish = publish; import_dataset(sys.argv[1], sys.argv[2], copy=True)"
    )
    out = tmp_path / "out"
    process = subprocess.run([sys.executable, "-c", code, str(source), str(out)], capture_output=True)
    assert process.returncode == 9, process.stderr
    kept = {entry.path: (out / entry.path).stat().st_mtime_ns for entry in read_manifest(out)}
    assert len(kept) == 2 and list(out.glob("data/.tmp-*"))
    before, output.COPIED_ROWS_PER_SHARD = output.COPIED_ROWS_PER_SHARD, 5
    try:
        import_dataset(source, out, copy=True)
        import_dataset(source, tmp_path / "whole", copy=True)
    finally:
        output.COPIED_ROWS_PER_SHARD = before
    assert {path: (out / path).stat().st_mtime_ns for path in kept} == kept  # not written again
    assert contents(out) == contents(tmp_path / "whole")


def test_nothing_is_left_of_a_new_directory_after_an_error(source, tmp_path, monkeypatch):
    """What was there before stays, and so does what another import writes."""

    def failing(self, frame):
        raise OSError(5, "Input/output error")

    out = tmp_path / "out"
    monkeypatch.setattr(Unbc, "read", failing)
    with pytest.raises(WorkFailed, match="--check-images finds such frames"):
        import_dataset(source, out, copy=True)
    assert not out.exists()
    out.mkdir()
    write(out / "thesis.txt", "mine")
    with pytest.raises(InvalidInput, match="not empty"):
        import_dataset(source, out, copy=True)
    assert contents(out) == {"thesis.txt": b"mine"}


def test_another_import_or_anything_else_in_the_directory_is_refused(source, tmp_path):
    out = tmp_path / "out"
    import_dataset(source, out)
    before = contents(out)
    with pytest.raises(InvalidInput, match="holds another import"):
        import_dataset(source, out, copy=True)
    with pytest.raises(InvalidInput, match="holds another import"):
        import_dataset(write_release(tmp_path / "release"), out)
    assert contents(out) == before
    write(tmp_path / "full" / "thesis.txt", "mine")
    with pytest.raises(InvalidInput, match="not empty"):
        import_dataset(source, tmp_path / "full")
    assert contents(tmp_path / "full") == {"thesis.txt": b"mine"}


def test_a_label_that_changed_in_between_is_not_mixed_in(tmp_path):
    archive = write_unbc(tmp_path / "UNBC")
    import_dataset(archive, tmp_path / "out")
    key = shots()[1].key
    write(archive / "Frame_Labels/FACS" / f"{key}_facs.txt", "")
    write(archive / "Frame_Labels/PSPI" / f"{key}_facs.txt", "0")
    with pytest.raises(InvalidInput, match="its source or options have changed"):
        import_dataset(archive, tmp_path / "out")


def _changed(path: Path) -> None:
    """As if another file of the same name and size had been written a second later."""
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))


@pytest.mark.parametrize("written", [write_unbc, write_unbc_hdf5, write_release, write_shards, write_biovid])
def test_a_picture_that_changed_in_between_is_not_passed_over(tmp_path, written):
    """Whether it lies there as a file, or inside an archive or a video."""
    source = written(tmp_path / "source")
    import_dataset(source, tmp_path / "out", copy=True)
    before = contents(tmp_path / "out")
    import_dataset(source, tmp_path / "out", copy=True)
    assert contents(tmp_path / "out") == before
    pictures = ("*.png", "*.jpg", "frames*", "*.tar.gz", "*.mp4")
    _changed(sorted(path for pattern in pictures for path in source.rglob(pattern))[0])
    with pytest.raises(InvalidInput, match="holds another import: its pictures have changed since"):
        import_dataset(source, tmp_path / "out", copy=True)
    assert contents(tmp_path / "out") == before


def test_a_directory_that_refers_to_pictures_does_not_depend_on_what_is_in_them(tmp_path):
    source = write_unbc(tmp_path / "source")
    import_dataset(source, tmp_path / "out")
    _changed(sorted(source.rglob("*.png"))[0])
    import_dataset(source, tmp_path / "out")


def test_a_place_that_load_dataset_could_not_open_is_refused_before_the_source_is_read(source, tmp_path, monkeypatch):
    monkeypatch.setattr(Unbc, "frames", lambda *_: pytest.fail("it was read"))
    with pytest.raises(InvalidInput, match=r"with \[ in it, which load_dataset takes for a pattern"):
        import_dataset(source, tmp_path / "br[1]")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["sp ace", "h#1", "pct%20", "a:b", "(1)", "{1,2}", "~"])
def test_load_dataset_opens_other_places(tmp_path, name):
    write(tmp_path / "source" / "0.png", png(face((0,) * 6)))
    write(tmp_path / "source" / "labels.csv", "path,subject,pspi\n0.png,ann,3\n")
    import_dataset(tmp_path / "source", tmp_path / name)
    assert load_dataset(str(tmp_path / name), split="train", cache_dir=str(tmp_path / "cache"))["pspi"][:] == [3]


def test_load_dataset_does_not_take_one_import_for_another(tmp_path):
    """`datasets` names its cache by the directory's last name and its README."""
    found = []
    for level in (0, 1):
        archive = tmp_path / f"source{level}"
        for k in range(3):
            write(archive / f"{k}.png", png(face((0,) * 6, 60 + level)))
        write(archive / "labels.csv", "path,subject,pspi\n" + "".join(f"{k}.png,s{k},{level}\n" for k in range(3)))
        out = tmp_path / str(level) / "data"
        import_dataset(archive, out)
        found.append(load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))["pspi"][:])
    assert found == [[0], [1]]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 25, 26])
def test_every_subject_is_held_out_once(count):
    names = [f"s{k:02d}" for k in range(count)]
    folds = make_folds(names)
    assert sorted(name for _, held_out in folds for name in held_out) == names
    assert all({*training} | {*held_out} == {*names} and not {*training} & {*held_out} for training, held_out in folds)
    sizes = [len(held_out) for _, held_out in folds]
    assert len(folds) == min(5, count) and max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["042-ll042", "043-jh043"], [42, 43]),
        (["ann", "bob"], [0, 1]),
        (["p1", "q1"], [0, 1]),
        (["1" * 5000, "2" * 5000], [111111111, 222222222]),
        (["7", "ann"], [0, 1]),
    ],
)
def test_subjects_get_numbers_that_differ(names, numbers):
    assert list(number_subjects(names).values()) == numbers
