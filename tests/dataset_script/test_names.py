import os
import unicodedata

import pytest

from dataset_script.names import is_hub_name, is_text, meant_name, read_name, why_no_text, written_name

NAMES = [
    (b"face.png", "face.png"),
    ("日本 🙂 שלום.png".encode(), "日本 🙂 שלום.png"),
    (b"caf\xe9.png", r"caf\xe9.png"),
    (b"\xff\xfe.png", r"\xff\xfe.png"),
    (rb"literally \xe9.png", r"literally \x5cxe9.png"),
    (rb"literally \x5cxe9.png", r"literally \x5cx5cxe9.png"),
    (rb"C:\xylophone\new.png", r"C:\xylophone\new.png"),
    (b"new\nline\tand tab.png", "new\nline\tand tab.png"),
]


@pytest.mark.parametrize(("stored", "written"), NAMES)
def test_names_are_written_as_utf_8_and_found_again(stored, written):
    name = os.fsdecode(stored)
    assert written_name(name) == written
    written.encode()
    assert os.fsencode(read_name(written)) == stored


def test_no_two_names_are_written_alike():
    assert len({written for _, written in NAMES}) == len(NAMES)


def test_what_arrow_cannot_open_is_told_apart():
    assert is_text("日本") and not is_text(os.fsdecode(b"caf\xe9"))
    assert "rename it" in why_no_text(os.fsdecode(b"caf\xe9"))
    assert "PYTHONUTF8" in why_no_text("café".encode().decode("ascii", "surrogateescape"))


@pytest.mark.parametrize(
    ("name", "may_be"),
    [("owner/name", True), ("tiny", False), ("./tiny", False), ("~/tiny", False), ("a/b/c", False), ("/tmp", False)],
)
def test_names_on_the_hub(name, may_be):
    """Offline, the Hub is asked in vain for half a minute: a directory that is not there must not wait for that."""
    assert is_hub_name(name) is may_be


@pytest.mark.parametrize("around", ["\u202a{}", "\u202a{}\u202c", "{}\u200b", "\u00a0{}", "\ufeff{}\u200f"])
def test_paths_as_they_are_copied(tmp_path, around):
    """Windows puts U+202A before a path that is copied from a file's properties, web pages put others around."""
    (tmp_path / "a.png").touch()
    assert meant_name(around.format("a.png"), tmp_path) == "a.png"
    assert meant_name(around.format(tmp_path / "a.png")) == str(tmp_path / "a.png")
    assert meant_name(around.format(tmp_path / "new.csv")) == str(tmp_path / "new.csv")
    nowhere = around.format(tmp_path / "nowhere" / "a.png")
    assert meant_name(nowhere) == nowhere
    (tmp_path / around.format("a.png")).touch()
    assert meant_name(around.format("a.png"), tmp_path) == around.format("a.png")


def test_names_of_marks_alone_stay():
    assert meant_name("\u200b") == "\u200b" and meant_name("") == ""


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_are_found_in_the_form_that_is_there(tmp_path, form):
    """macOS writes e and a mark for one letter, tables and other systems the letter."""
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    stored = tmp_path / unicodedata.normalize(form, "Müller") / unicodedata.normalize(other, "Jérôme.png")
    stored.parent.mkdir()
    stored.touch()
    for written in ("NFC", "NFD"):
        name = unicodedata.normalize(written, "Müller/Jérôme.png")
        assert os.path.samefile(tmp_path / meant_name(name, tmp_path), stored)
        assert meant_name(str(tmp_path / name)) == str(stored)
        assert meant_name(f"\u202a{tmp_path / name}") == str(stored)
    new = unicodedata.normalize(other, "Müller/new.png")
    assert meant_name(new, tmp_path) == new


def test_a_suffix_is_found_in_the_letters_that_are_there(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert meant_name("a.JPG", tmp_path, suffix_as_there=True) == "a.jpg"
    assert meant_name("A.JPG", tmp_path, suffix_as_there=True) == "A.JPG"  # a name in other letters is another name
    assert meant_name("a.JPG", tmp_path) == "a.JPG"
    (tmp_path / "a.JPG").touch()
    assert meant_name("a.JPG", tmp_path, suffix_as_there=True) == "a.JPG"
