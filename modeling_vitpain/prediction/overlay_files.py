"""Overlays as PNG files that say what they are, so that none is taken for a picture of a face later.

A sheet has the picture and the numbers in its first row, and below the maps of the action units, four in a row.
"""

import hashlib
import io
import os
import struct
from pathlib import Path

from PIL import Image, PngImagePlugin

TILE = 256
"""Side in pixels of the picture that an attention overlay is drawn on."""

CAPTION, GAP, COLUMNS = 44, 10, 4


def _sheet_of(rows: int) -> tuple[int, int]:
    return COLUMNS * (TILE + GAP) + GAP, rows * (TILE + CAPTION + GAP) + GAP


UNMARKED_SHEET = _sheet_of(2)
"""Pixels of the sheets that the first versions wrote, (width, height)."""


def sheet_size(units: int) -> tuple[int, int]:
    """Pixels of the sheet of a model with so many action units, (width, height): a row of numbers, and the maps."""
    return _sheet_of(1 + -(-units // COLUMNS))


_KEY, _VALUE = "Software", "pain3d predict --overlays"
_MARK = f"tEXt{_KEY}\0{_VALUE}".encode("latin-1")
_HEAD_BYTES = 1024
_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


_LONGEST_NAME = 240
"""Bytes of an overlay's file name. Most file systems allow 255, but it is written under a longer name first."""


def overlay_path(directory: Path, name: str, frame: int | None, face: int | None) -> Path:
    """Where the overlay of a picture is written.

    Args:
        directory: of all overlays.
        name: of the picture or video, perhaps with folders; a very long one is cut, and ends in a digest of it all.
        frame: of a video, which then is a folder.
        face: of a picture of which all faces are scored.
    """
    ending = ("" if face is None else f"-face{face}") + ".png"
    path = directory / name
    if frame is not None:
        return path / f"{frame:06d}{ending}"
    written = os.fsencode(path.name)
    if len(written) + len(ending) > _LONGEST_NAME:
        digest = hashlib.sha256(written).hexdigest()[:16]
        start = written[: _LONGEST_NAME - len(ending) - len(digest) - 1].decode("utf-8", errors="ignore")
        path = path.with_name(f"{start}-{digest}")
    return path.with_name(path.name + ending)


def overlay_file(sheet: Image.Image) -> bytes:
    """A sheet as a PNG file with a mark."""
    mark, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    mark.add_text(_KEY, _VALUE)
    sheet.save(buffer, "PNG", pnginfo=mark)
    return buffer.getvalue()


def is_overlay_file(path: Path, among_overlays: bool = False) -> bool:
    """Whether a file is an overlay, by its mark.

    Args:
        among_overlays: whether it lies where overlays are written; then a PNG of a sheet's size is one too, as earlier
            versions wrote them without a mark.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False  # whoever reads the file says why
    if not head.startswith(_START):
        return False
    return _MARK in head or (among_overlays and head[len(_START) :].startswith(struct.pack(">2I", *UNMARKED_SHEET)))
