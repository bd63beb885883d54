"""What is no picture or video file, by its content: archives and documents that hold pictures, pages, pointers."""

import re
import zipfile
from pathlib import Path

_ZIP = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")
_ARCHIVES = {
    "RAR": (b"Rar!\x1a\7",),
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "gzip": (b"\x1f\x8b",),
    "bzip2": (b"BZh",),
    "xz": (b"\xfd7zXZ\0",),
    "Zstandard": (b"\x28\xb5\x2f\xfd",),
    "cabinet": (b"MSCF\0\0\0\0",),
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD_BYTES = 1024
"""A PDF file may begin with so much else."""

_TAR_BLOCK = 512
_DISC_MARK = 0x8001
"""Where an image of a disc names its standard (ISO 9660)."""

_OF_DOCUMENTS = frozenset({"[Content_Types].xml", "mimetype", "META-INF/container.xml", "Index/Document.iwa"})
"""Of Word, PowerPoint and Excel; OpenDocument and EPUB; EPUB; Pages, Keynote and Numbers."""

_ARCHIVE = "an archive ({}): unpack it, and name the pictures or their folder"
_MEDICAL = "a medical picture (DICOM): export it as PNG or JPEG, without the name of the patient"
_DICOM, _DICOM_AT = b"DICM", 128
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)
_POINTER = b"version https://git-lfs.github.com/spec/"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the latter two: BigTIFF
_UNREAD_TIFF = "a TIFF of a kind that is not read, such as colours as floats: save it with 8 or 16 bits a colour"
_DOCUMENT = "a document ({}): save its pictures as files, and name those"


def what_is_packed(path: Path) -> str | None:
    """What an archive, document, page, medical picture or TIFF is, and what to do with it, in a line.

    None: it is none of these. Most TIFF files are pictures: ask for those alone that Pillow does not read.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(_DISC_MARK)
            disc = file.read(5)
    except OSError:
        return None  # whoever reads the file says why
    if head.startswith(_ZIP):
        return _DOCUMENT.format("Office, OpenDocument or EPUB") if _is_document(path) else _ARCHIVE.format("ZIP")
    for name, marks in _ARCHIVES.items():
        if head.startswith(marks):
            return _ARCHIVE.format(name)
    if _is_tar(head[:_TAR_BLOCK]):
        return _ARCHIVE.format("tar")
    if disc == b"CD001":
        return _ARCHIVE.format("image of a disc")
    if head[_DICOM_AT:].startswith(_DICOM):
        return _MEDICAL
    if b"%PDF-" in head:
        return _DOCUMENT.format("PDF")
    if _PAGE.match(head):
        return "a web page, perhaps one that asks to log in: download the file itself"
    if head.startswith(_POINTER):
        return "a pointer of Git LFS in place of the file: git lfs pull"
    if head.startswith(_TIFF):
        return _UNREAD_TIFF
    return _DOCUMENT.format("Office before 2007") if head.startswith(_OLD_OFFICE) else None


def _is_document(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not _OF_DOCUMENTS.isdisjoint(archive.namelist())
    except (OSError, ValueError, LookupError, NotImplementedError, zipfile.BadZipFile):
        return False  # damaged, or a part of one


def _is_tar(block: bytes) -> bool:
    """Whether a block begins a tar file: its sum, in octal digits, is that of its bytes with blanks in its place."""
    digits = block[148:156].strip(b" \0")
    if len(block) < _TAR_BLOCK or not digits or not digits.isdigit() or b"8" in digits or b"9" in digits:
        return False
    return int(digits, 8) == sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
