"""Records of the study that are not what was written are named or made again, and never used."""

import errno
import os
import shutil

import numpy as np
import pytest

from benchmarks.study import __main__ as command
from benchmarks.study.pieces import pieces
from benchmarks.study.record_files import (
    check,
    predictions_path,
    read_predictions,
    read_record,
    write_predictions,
    write_record,
)
from benchmarks.study.run import left, run_pieces
from benchmarks.study.scale import Scale
from benchmarks.study.work import Study
from dataset_script.errors import WorkFailed
from dataset_script.storage import locked
from modeling_vitpain.training.record import RECORD

SCALE = Scale(people=12, size=64, seeds=1)
FOUND = {"seconds": 12.5, "training": {"steps": 2000, "best": {"pspi_mae": 1.23456789}}, "words": "müde", "none": None}


def write(path, pspi=0.5):
    write_predictions(path, {"pspi": np.linspace(pspi, 9, 50), "frame_id": np.array(["00017-04-1"] * 50)})
    write_record(path, FOUND)


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "attention-0.1-0.json"
    write(path)
    return path


def test_what_was_written_is_read(record):
    assert {name: read_record(record)[name] for name in FOUND} == FOUND
    assert read_predictions(record)["pspi"][0] == 0.5
    assert sorted(path.name for path in record.parent.iterdir()) == [record.name, predictions_path(record).name]


def test_no_flipped_bit_of_a_record_changes_what_is_read(record):
    whole, before = record.read_bytes(), read_record(record)
    named = 0
    for k in range(len(whole)):
        record.write_bytes(whole[:k] + bytes([whole[k] ^ 1 << k % 8]) + whole[k + 1 :])
        try:
            assert read_record(record) == before  # as where a hash has an E for an e
        except WorkFailed as error:
            assert str(record) in str(error) and "delete the record to run the piece again" in str(error)
            named += 1
    assert named > 0.95 * len(whole)


def test_no_flipped_bit_of_predictions_is_read(record):
    path = predictions_path(record)
    whole = path.read_bytes()
    for k in range(0, len(whole), 7):
        path.write_bytes(whole[:k] + bytes([whole[k] ^ 1 << k % 8]) + whole[k + 1 :])
        with pytest.raises(WorkFailed, match=r"attention-0\.1-0\.npz is damaged"):
            read_predictions(record)


@pytest.mark.parametrize("end", ["json", "npz"])
def test_truncated_files_and_those_of_other_pieces_are_named(record, end):
    path, other = record.with_suffix(f".{end}"), record.with_name(f"other-0.{end}")
    write(record.with_name("other-0.json"), pspi=0.25)
    whole = path.read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 2):
        path.write_bytes(whole[:length])
        with pytest.raises(WorkFailed, match=rf"attention-0\.1-0\.{end} is damaged"):
            check(record)
    shutil.copy(other, path)
    with pytest.raises(WorkFailed, match="is the record of other-0" if end == "json" else "is damaged"):
        check(record)
    path.unlink()
    with pytest.raises((WorkFailed, FileNotFoundError)):
        check(record)


@pytest.fixture
def study(tmp_path):
    """One in which the pieces of the group `table2` are done."""
    study = Study(tmp_path / "study", SCALE)
    run_pieces(wanted(study), study, lambda piece: finish(piece, study))
    return study


def finish(piece, study):
    """Leaves what a piece that has been run leaves, and its exit status."""
    study.model(piece.name).mkdir(parents=True, exist_ok=True)
    (study.model(piece.name) / RECORD).touch()
    write(study.record(piece.name))
    return 0


def wanted(study):
    return pieces(study.scale, ["table2"], with_sets=False)


def damage(study):
    """A record that is cut, one of another piece, one whose predictions are of another and one without; a sound one."""
    cut, swapped, changed, lost, sound = (study.record(piece.name) for piece in wanted(study)[1:])
    shutil.copy(sound, swapped)
    cut.write_bytes(cut.read_bytes()[:-20])
    write_predictions(changed, {"pspi": np.zeros(50)})
    predictions_path(lost).unlink()
    return [path.stem for path in (cut, swapped, changed, lost)]


def test_a_run_names_damaged_records_and_makes_them_again(study, capsys):
    assert left(wanted(study), study) == []
    damaged, again = damage(study), []
    assert run_pieces(wanted(study), study, lambda p: again.append(p.name) or finish(p, study)) == []
    assert again == damaged
    said = capsys.readouterr().err
    assert all(f"{name}." in said for name in damaged)
    for piece in wanted(study):
        check(study.record(piece.name))


def test_a_record_that_another_process_writes_is_left_to_it(study):
    name = damage(study)[0]
    with locked(study.lock(name)):
        assert run_pieces(wanted(study), study, lambda piece: finish(piece, study)) == []
        assert study.record(name).is_file()


def test_the_page_of_a_damaged_record_is_not_written(study, capsys):
    damage(study)
    before = sorted(study.folder.iterdir())
    words = ["--out", str(study.folder), "--people", "12", "--size", "64", "--seeds", "1", "--page"]
    assert command.main(words) == 1
    assert "is damaged" in capsys.readouterr().err
    assert {path.name for path in study.folder.iterdir()} - {path.name for path in before} == {"study.json"}


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_folder_is_named(study, capsys, content):
    (study.folder / "study.json").write_text(content)
    words = ["--out", str(study.folder), "--people", "12", "--size", "64", "--seeds", "1", "--without-shift"]
    assert command.main(words) == 1
    assert "study.json is damaged" in capsys.readouterr().err


def test_a_full_disk_is_named_and_leaves_no_record(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "records" / "query-0.json"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WorkFailed, match="No space left on device; free some space"):
            write_predictions(path, {"pspi": np.zeros(50)})
        with pytest.raises(WorkFailed, match="No space left on device; free some space"):
            write_record(path, FOUND)
    assert not [*path.parent.iterdir()]
