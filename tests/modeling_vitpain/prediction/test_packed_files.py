"""Archives, documents and other files that hold pictures are said to be what they are, and are no videos."""

import gzip
import io
import pickle
import struct
import tarfile
import zipfile

import pytest
from PIL import Image

from dataset_script.media_files import is_video_file
from modeling_vitpain.prediction.media import MediaFile, find_media, read_pictures

pytest.importorskip("av")  # which finds videos in most of them


def jpegs(count: int = 12) -> list[bytes]:
    pictures = []
    for k in range(count):
        file = io.BytesIO()
        Image.effect_noise((96, 64), 30 + k).convert("RGB").save(file, "JPEG", quality=95)
        pictures.append(file.getvalue())
    return pictures


def zipped(first: dict[str, bytes] | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (first or {}).items():
            archive.writestr(name, content)
        for k, picture in enumerate(jpegs()):
            archive.writestr(f"media/{k}.jpg", picture)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for k, picture in enumerate(jpegs()):
            member = tarfile.TarInfo(f"{k}.jpg")
            member.size = len(picture)
            archive.addfile(member, io.BytesIO(picture))
    return file.getvalue()


def old_tar() -> bytes:
    """As before POSIX: a block without a mark, known by its sum alone."""
    block = bytearray(tarred())
    block[257:512] = bytes(255)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block)


def behind(head: bytes) -> bytes:
    return head + b"".join(b"\n" * 40 + picture for picture in jpegs())


ARCHIVES = {
    "zip": ("ZIP", zipped),
    "empty zip": ("ZIP", lambda: b"PK\5\6" + bytes(18)),
    "cut zip": ("ZIP", lambda: zipped()[:9000]),
    "tar": ("tar", tarred),
    "old tar": ("tar", old_tar),
    "tar.gz": ("gzip", lambda: gzip.compress(tarred(), 0)),
    "rar": ("RAR", lambda: behind(b"Rar!\x1a\7\1\0")),
    "7z": ("7z", lambda: behind(b"7z\xbc\xaf\x27\x1c\0\4")),
    "disc": ("image of a disc", lambda: behind(bytes(0x8000) + b"\1CD001\1")),
}
OFFICE = "Office, OpenDocument or EPUB"
DOCUMENTS = {
    "docx": (OFFICE, lambda: zipped({"[Content_Types].xml": b"<Types/>"})),
    "odt": (OFFICE, lambda: zipped({"mimetype": b"application/vnd.oasis.opendocument.text"})),
    "epub": (OFFICE, lambda: zipped({"mimetype": b"application/epub+zip"})),
    "pdf": ("PDF", lambda: behind(b"%PDF-1.4\n")),
    "pdf behind a line": ("PDF", lambda: behind(b"printed\n%PDF-1.4\n")),
    "doc": ("Office before 2007", lambda: behind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))),
}


def error_of(path) -> str:
    (media,) = find_media(path)
    (row,) = read_pictures(media)
    assert row.image is None and row.frame is None
    return row.error


@pytest.mark.parametrize("name", ["album", "album.zip", "visit.mp4", "face.jpg"])
@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive(tmp_path, kind, name):
    called, content = ARCHIVES[kind]
    (tmp_path / name).write_bytes(content())
    assert not is_video_file(tmp_path / name)
    assert error_of(tmp_path / name) == f"an archive ({called}): unpack it, and name the pictures or their folder"


@pytest.mark.parametrize("name", ["report", "report.docx", "visit.mp4", "face.jpg"])
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document(tmp_path, kind, name):
    called, content = DOCUMENTS[kind]
    (tmp_path / name).write_bytes(content())
    assert error_of(tmp_path / name) == f"a document ({called}): save its pictures as files, and name those"


@pytest.mark.parametrize("name", ["IM000001", "scan.dcm", "face.jpg"])
def test_a_medical_picture(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(128) + b"DICM" + behind(b"\2\0\0\0UL\4\0"))
    asked = "a medical picture (DICOM): export it as PNG or JPEG, without the name of the patient"
    assert error_of(tmp_path / name) == asked


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><body>log in</body></html>",
            "a web page, perhaps one that asks to log in",
        ),
        (b"<HTML><head></head></HTML>", "a web page, perhaps one that asks to log in"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
            "a pointer of Git LFS in place of the file",
        ),
    ],
)
def test_what_came_in_place_of_a_picture(tmp_path, content, what):
    (tmp_path / "face.jpg").write_bytes(content)
    assert error_of(tmp_path / "face.jpg").startswith(what)


@pytest.mark.parametrize("name", ["pictures.pkl", "pictures"])
@pytest.mark.parametrize("content", [lambda: pickle.dumps(jpegs()), lambda: behind(b"SQLite format 3\0")])
def test_any_other_file_that_holds_pictures(tmp_path, name, content):
    (tmp_path / name).write_bytes(content())
    assert error_of(tmp_path / name) == "neither a picture nor a video that can be read"


def test_in_a_folder_they_are_passed_over(tmp_path):
    (tmp_path / "face.jpg").write_bytes(jpegs(1)[0])
    (tmp_path / "album.zip").write_bytes(zipped())
    assert find_media(tmp_path) == [MediaFile(tmp_path / "face.jpg", "face.jpg")]


def test_a_tiff_whose_colours_are_floats(tmp_path):
    fields = ((256, 4, 4), (257, 4, 4), (258, 3, 32), (259, 3, 1), (262, 3, 2), (273, 4, 8), (277, 3, 3))
    fields += ((278, 4, 4), (279, 4, 192), (284, 3, 1), (339, 3, 3))
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in fields)
    head = b"II*\0" + struct.pack("<I", 200) + bytes(192)
    path = tmp_path / "floats.tif"
    path.write_bytes(head + struct.pack("<H", len(fields)) + entries + bytes(4))
    (read,) = read_pictures(MediaFile(path, path.name))
    assert (
        read.error == "a TIFF of a kind that is not read, such as colours as floats: save it with 8 or 16 bits a colour"
    )
