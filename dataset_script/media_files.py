"""Which files of a folder are pictures and videos, by name and by their first bytes."""

import mmap
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .packed_files import what_is_packed

MAX_PIXELS = 50_000_000
"""Of a picture or a frame that is decoded: a few bytes can declare any number. The model's own limit is the same."""

HEIF_SUFFIXES = (".heic", ".heics", ".heif", ".heifs", ".hif")
"""Read where the extra `heic` is installed."""

PHOTO_SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    *(".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp", ".avif", ".avifs", ".ppm", ".pgm", ".pbm", ".pnm", ".qoi"),
)
"""Of formats that photographs are stored in today; Pillow reads them without further packages."""

PICTURE_SUFFIXES = (
    *PHOTO_SUFFIXES,
    *HEIF_SUFFIXES,
    *(".tga", ".icb", ".vda", ".vst", ".pcx", ".dcx", ".psd", ".pcd", ".sgi", ".bw", ".rgb", ".rgba", ".ras"),
    *(".blp", ".dds", ".ftc", ".ftu", ".fli", ".flc", ".gbr", ".iim", ".im", ".msp", ".pxr", ".xbm", ".xpm"),
    *(".cur", ".ico", ".icns", ".fit", ".fits"),
)
"""Of every raster format that Pillow reads. Left out are vector graphics (.eps, .ps, .pdf, .wmf, .emf), formats whose
decoder it lacks (.bufr, .grib, .h5, .hdf), floating-point maps (.pfm), and .mpg and .mpeg, which are videos."""

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".avi", ".divx", ".mkv", ".webm", ".ogv", ".wmv", ".asf", ".flv"}
    | {".mpg", ".mpeg", ".m1v", ".m2v", ".vob", ".ts", ".mts", ".m2ts", ".m2t", ".mod", ".tod", ".mxf", ".dv"}
    | {".mpe", ".mpv", ".3gpp", ".f4v", ".ogm", ".rm", ".rmvb", ".wtv", ".mjpeg", ".mjpg", ".y4m", ".nut", ".ivf"}
    | {".h264", ".264", ".avc", ".h265", ".265", ".hevc"}
)

_BESIDE_PICTURES = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "system volume information", "$recycle.bin"}
    | {"@eadir", "@tmp", "@recycle", "#recycle", "#snapshot"}
)
"""What Windows, macOS, and the disks of Synology and QNAP put there, in lower case."""

_JPEG = b"\xff\xd8\xff"
_VIDEO_HEADS = (
    *(b"\x1aE\xdf\xa3", b"0&\xb2u\x8ef\xcf\x11", b"\0\0\x01\xba", b"\0\0\x01\xb3"),  # Matroska, ASF, MPEG
    *(b"FLV\x01", b"OggS", b"YUV4MPEG2 ", b"DKIF", b"nut/multimedia"),
)
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_MOTION_JPEG_SUFFIXES = frozenset({".mjpeg", ".mjpg"})
_HEAD_BYTES = 512
"""Enough for two packets of an MPEG transport stream."""


class PassedOver(Counter):
    """How many files of a folder were not read, by suffix or reason."""

    def __str__(self) -> str:
        """One line: "5 files passed over: 3 .txt, 2 hidden or thumbnails"; "" where there are none."""
        if not self:
            return ""
        total = self.total()
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(self.items(), key=lambda k: (-k[1], k[0])))
        return f"{total:,} file{'' if total == 1 else 's'} passed over: {kinds}"


def is_hidden(name: str) -> bool:
    """Whether a file or folder begins with a dot, or is what systems put beside pictures: `@eaDir`, Thumbs.db."""
    return name.startswith(".") or name.lower() in _BESIDE_PICTURES


def visible_files(folder: Path, passed_over: PassedOver | None = None) -> Iterator[os.DirEntry]:
    """Every visible file below `folder`, in the order of the names; no file is opened.

    Links to folders are followed after the folders themselves, and no folder is read twice.

    Args:
        folder: an existing folder, hidden or not.
        passed_over: takes the number of files that are hidden, broken links, or in folders that cannot be opened.

    Raises:
        OSError: a folder cannot be opened, and there is no `passed_over`.
    """
    walk = _Walk(PassedOver() if passed_over is None else passed_over, strict=passed_over is None)
    walk.links.append((str(folder), False))
    for path, hidden in walk.links:  # which grows on the way
        yield from walk.files(path, hidden)


class _Walk:
    """One reading of a folder: real paths of the folders that were `seen`, and `links` to folders still to follow."""

    def __init__(self, passed_over: PassedOver, strict: bool) -> None:
        self.passed_over = passed_over
        self.strict = strict
        self.seen: set[str] = set()
        self.links: list[tuple[str, bool]] = []

    def files(self, folder: str, hidden: bool) -> Iterator[os.DirEntry]:
        real = os.path.realpath(folder)
        if real in self.seen:
            return
        self.seen.add(real)
        for entry in self._entries(folder):
            out_of_sight = hidden or is_hidden(entry.name)
            if entry.is_dir(follow_symlinks=False):
                yield from self.files(entry.path, out_of_sight)
            elif os.path.isdir(entry.path):
                self.links.append((entry.path, out_of_sight))
            elif out_of_sight:
                self.passed_over["hidden or thumbnails"] += 1
            elif os.path.isfile(entry.path):
                yield entry
            else:
                self.passed_over["broken link(s)" if entry.is_symlink() else "pipe(s) or device(s)"] += 1

    def _entries(self, folder: str) -> list[os.DirEntry]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            if self.strict:
                raise
            self.passed_over["folder(s) that cannot be opened"] += 1
            return []


def is_video_file(path: Path) -> bool:
    """Whether a file is a video by its first bytes or, where they do not say, by its suffix."""
    head, suffix = _head(path), path.suffix.lower()
    if head.startswith(_JPEG):
        return suffix in _MOTION_JPEG_SUFFIXES or (suffix not in PICTURE_SUFFIXES and is_motion_jpeg(path))
    if _starts_as_picture(head) or what_is_packed(path):
        return False
    return _starts_as_video(head) or suffix in VIDEO_SUFFIXES


def is_picture_file(path: Path) -> bool:
    """Whether a file is a picture of a usual format by its first bytes; False does not say that it is none."""
    return _starts_as_picture(_head(path))


def is_jpeg_file(path: Path) -> bool:
    """Whether a file is a JPEG picture, or several, by its first bytes."""
    return _head(path).startswith(_JPEG)


def is_raw_stream(path: Path) -> bool:
    """Whether a file begins with the start code of H.264, HEVC, VVC or MPEG pictures without a container."""
    return _head(path).startswith((b"\0\0\x01", b"\0\0\0\x01"))


def is_motion_jpeg(path: Path) -> bool:
    """Whether a JPEG picture is followed at once by another of the same size, as in the streams of IP cameras.

    False for the pictures of an MPO file, which one index lists.
    """
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            first = _jpeg_size(content, 0)
            if first is None:
                return False
            end = content.find(b"\xff\xd9" + _JPEG, first[1])
            second = None if end < 0 else _jpeg_size(content, end + 2)
            return second is not None and second[0] == first[0]
    except (OSError, ValueError):  # ValueError: an empty file
        return False


def _jpeg_size(content: mmap.mmap, start: int) -> tuple[bytes, int] | None:
    """Height and width of the JPEG picture at `start`, as it stores them, and where its scan begins.

    None where it is no JPEG picture, or one of an MPO file.
    """
    place, size = start + 2, None
    while content[place : place + 1] == b"\xff" and place + 9 < len(content):
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == 0xE2 and content[place + 4 : place + 8] == b"MPF\0":
            return None
        if marker == 0xDA:
            return None if size is None else (size, place)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            size = content[place + 5 : place + 9]
        place += 2 + length
    return None


def is_heif_file(path: Path) -> bool:
    """Whether a file is a HEIC or HEIF picture by its first bytes."""
    return _brand(_head(path)) in _HEIF_BRANDS


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""  # whoever reads the file says why


def _brand(head: bytes) -> bytes | None:
    """The major brand of a file of the ISO base media format (MP4, QuickTime, HEIF, AVIF)."""
    return head[8:12] if head[4:8] == b"ftyp" else None


def _starts_as_picture(head: bytes) -> bool:
    if head.startswith((_JPEG, b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")):
        return True
    return (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or _brand(head) in _HEIF_BRANDS | _AVIF_BRANDS


def _starts_as_video(head: bytes) -> bool:
    if _brand(head) is not None or head[4:8] in (b"moov", b"mdat") or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return True
    if head.startswith(_VIDEO_HEADS):
        return True
    return any(head[start : start + packet + 1 : packet] == b"GG" for start, packet in ((0, 188), (4, 192)))
