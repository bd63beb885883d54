import os

import pytest
from PIL import Image

from dataset_script.importers.files import walk
from dataset_script.media_files import (
    HEIF_SUFFIXES,
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
    PassedOver,
    is_heif_file,
    is_video_file,
    visible_files,
)

NO_PICTURES = {".eps", ".ps", ".pdf", ".wmf", ".emf", ".bufr", ".grib", ".h5", ".hdf", ".pfm", ".mpg", ".mpeg"}


def test_every_suffix_that_pillow_reads():
    """With a Pillow that reads a new format, this says which suffix to add."""
    Image.init()
    readable = {suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN}
    readable.add(".mpo")  # opened as JPEG
    assert readable - NO_PICTURES - set(HEIF_SUFFIXES) == set(PICTURE_SUFFIXES) - set(HEIF_SUFFIXES)
    assert not set(PICTURE_SUFFIXES) & VIDEO_SUFFIXES


@pytest.fixture
def tree(tmp_path):
    """Two pictures, what systems put beside them, and links that go round in circles."""
    for name in (
        *("b.png", "a/c.png", "._b.png", ".thumbnails/b.png", "@eaDir/b.png/SYNOPHOTO_THUMB_S.jpg", "Thumbs.db"),
        *("__MACOSX/._b.png", "a/.DS_Store"),
    ):
        file = tmp_path / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"1")
    return tmp_path / "tree"


def names(entries, tree):
    return [os.path.relpath(entry.path, tree) for entry in entries]


def test_hidden_files_and_thumbnails_are_counted(tree):
    passed_over = PassedOver()
    assert names(visible_files(tree, passed_over), tree) == ["a/c.png", "b.png"]
    assert str(passed_over) == "6 files passed over: 6 hidden or thumbnails"
    assert names(walk(tree), tree) == ["a/c.png", "b.png"]


def test_a_hidden_folder_that_is_named_is_read(tree):
    assert names(visible_files(tree / ".thumbnails"), tree) == [".thumbnails/b.png"]


def test_links_are_followed_and_no_folder_is_read_twice(tree):
    elsewhere = tree.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "d.png").write_bytes(b"1")
    for link, target in {
        "0_to_a": "a",  # before `a` by name, but what a folder holds itself comes first
        "a/up": "..",
        "out": "../elsewhere",
        "out_again": "../elsewhere",
        "round": "round",
        "nowhere.png": "gone.png",
    }.items():
        (tree / link).symlink_to(target)
    (elsewhere / "back").symlink_to(tree)
    passed_over = PassedOver()
    assert names(visible_files(tree, passed_over), tree) == ["a/c.png", "b.png", "out/d.png"]
    assert passed_over["broken link(s)"] == 2


def test_one_line_by_number():
    counted = PassedOver({".txt": 3, "without suffix": 1, ".csv": 1})
    assert str(counted) == "5 files passed over: 3 .txt, 1 .csv, 1 without suffix"
    assert str(PassedOver({".db": 1})) == "1 file passed over: 1 .db"
    assert str(PassedOver()) == ""


@pytest.mark.parametrize(
    ("name", "head", "video"),
    [
        ("a.jpg", b"\xff\xd8\xff\xe0", False),
        ("a.mp4", b"\xff\xd8\xff\xe0", False),
        ("a.avi", b"RIFF\0\0\0\0WEBPVP8 ", False),
        ("a.mov", b"\0\0\0\x18ftypheic", False),
        ("a.mov", b"\0\0\0\x18ftypavif", False),
        ("a.jpg", b"\0\0\0\x18ftypisom", True),
        ("a", b"\0\0\0\x18ftypqt  ", True),
        ("a.png", b"RIFF\0\0\0\0AVI LIST", True),
        ("a.png", b"\x1aE\xdf\xa3\x01", True),
        ("a", b"G" + bytes(187) + b"G" + bytes(187), True),
        ("a", bytes(4) + b"G" + bytes(191) + b"G" + bytes(99), True),
        ("a.mp4", b"anything", True),
        ("a.txt", b"Good morning, this is a text", False),
        ("a.mpg", b"", True),
        ("a", b"", False),
    ],
)
def test_a_video_is_known_by_its_content_first(tmp_path, name, head, video):
    (tmp_path / name).write_bytes(head)
    assert is_video_file(tmp_path / name) == video
    assert is_heif_file(tmp_path / name) == (b"heic" in head)


def test_a_file_that_is_not_there_goes_by_its_suffix(tmp_path):
    assert is_video_file(tmp_path / "a.MTS")
    assert not is_video_file(tmp_path / "a.png")
