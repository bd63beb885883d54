"""A directory belongs to one piece of work, and says so when others come."""

import fcntl
import os
from pathlib import Path

import pytest
from directories import contents

from dataset_script.claim import changed_settings, check_record, claimed
from dataset_script.errors import InvalidInput, WorkFailed

SETTINGS = {"seed": 0, "size": 64, "file": None}


def work(directory, settings=SETTINGS):
    with claimed(directory, "work.json", settings, "experiment"):
        (directory / "result").write_text("half")
        (directory / ".tmp-rest.1").write_text("left by a worker")


def test_a_new_directory_gets_a_record_and_keeps_no_temporary_files(tmp_path):
    out = tmp_path / "deep" / "out"
    work(out)
    assert contents(out) == {"work.json": b'{"seed":0,"size":64}\n', "result": b"half"}


def test_the_same_work_goes_on_and_clears_what_a_killed_run_left(tmp_path):
    work(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".tmp-part.77").write_text("unfinished")
    with claimed(tmp_path, "work.json", {"size": 64, "seed": 0}, "experiment"):
        assert sorted(contents(tmp_path)) == ["result", "work.json"]


def test_other_work_is_refused_by_the_settings_that_differ(tmp_path):
    work(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(InvalidInput, match="holds another experiment: seed was 0 and is 1; file was None and is 'a'"):
        work(tmp_path, {"seed": 1, "size": 64, "file": "a"})
    assert contents(tmp_path) == before


def test_anything_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InvalidInput, match=r"not empty and holds no work\.json \(but 'thesis\.tex'\)"):
        work(tmp_path)
    with pytest.raises(InvalidInput, match="is a file"):
        work(tmp_path / "thesis.tex")
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize("name", ["br[1]", "star*", "what?", "a::b", "[1]/inner"])
def test_a_place_that_load_dataset_takes_for_a_pattern_is_refused(tmp_path, monkeypatch, name):
    with pytest.raises(InvalidInput, match=r"out is .*, which load_dataset takes for a pattern; allowed are"):
        work(tmp_path / name)
    assert contents(tmp_path) == {}
    (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / name)
    with pytest.raises(InvalidInput, match="takes for a pattern"):
        work(Path("out"))


@pytest.mark.parametrize("name", ["sp ace", "h#1", "pct%20", "a:b", "(1)", "{1,2}", "~", "!"])
def test_a_place_with_other_signs_is_taken(tmp_path, name):
    work(tmp_path / name)


def test_a_directory_in_use_is_refused(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(InvalidInput, match="another run"):
        work(tmp_path)
    os.close(descriptor)
    work(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_damaged_record_is_failed_work(tmp_path, text):
    (tmp_path / "work.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(WorkFailed, match=r"work\.json is damaged"):
        check_record(tmp_path / "work.json", SETTINGS, "experiment")


def test_settings_of_both_sides_are_compared():
    assert changed_settings({"a": 1, "b": 2}, {"b": 2, "a": 1, "c": None}) == []
    assert changed_settings({"a": 1}, {"b": 2}) == ["a was 1 and is None", "b was None and is 2"]
