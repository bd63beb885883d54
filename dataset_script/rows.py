"""What must be true of a row, whatever made it: its labels agree with FACS, its pictures can be decoded and fit."""

import io
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from .errors import InvalidInput
from .facs import AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES, PSPI_MAX, check_extra_aus, pspi
from .media_files import MAX_PIXELS
from .placements import placement_problems
from .vocabulary import (
    AGE_GROUPS,
    ETHNICITIES,
    EXPRESSION_KINDS,
    GENDERS,
    OPTIONAL_COLUMNS,
    SEGMENTS,
    STIMULI,
    format_frame_id,
    kind_of,
)

Row = dict[str, Any]

DAMAGED_PICTURE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, RuntimeError),
    *(struct.error, zlib.error, Image.DecompressionBombError, MemoryError),
)
"""What Pillow's readers raise on files that are damaged, no pictures, or too large; MemoryError at once where a length
in them is absurd."""

_CLASSES = {
    "age_group": len(AGE_GROUPS),
    "ethnicity": len(ETHNICITIES),
    "gender": len(GENDERS),
    "expression_kind": len(EXPRESSION_KINDS),
    "stimulus": len(STIMULI),
}


def why_damaged(error: Exception) -> str:
    """What PIL says of a picture, in one line; of bytes it names the object in memory alone."""
    if isinstance(error, UnidentifiedImageError):
        return "it is no picture"
    return (str(error).strip() or type(error).__name__).partition("\n")[0]


def bounded(image: Image.Image) -> Image.Image:
    """`image`, not decoded yet, with a JPEG of more than `MAX_PIXELS` set to be decoded at an eighth of its size.

    Raises:
        ValueError: another picture of more pixels, which would take them all in memory.
    """
    if image.width * image.height > MAX_PIXELS:
        if image.format not in ("JPEG", "MPO") or image.info.get("progressive"):
            allowed = f"allowed are {MAX_PIXELS:,} pixels, and more of a JPEG that is not progressive"
            raise ValueError(f"it has {image.width} x {image.height} pixels: {allowed}")
        image.draft(None, (image.width // 8, image.height // 8))
    return image


def label_problems(row: Row, nullable: bool = False) -> Iterator[str]:
    """What is wrong with the labels of a row but for FACS, one line each; of those that it has.

    Args:
        nullable: a source need not tell everything, as in imported data; else every column must have a value.
    """
    if not nullable:
        lacking = [name for name, value in row.items() if value is None and name not in OPTIONAL_COLUMNS]
        yield from (f"{name} has no value" for name in lacking)
    for name, classes in _CLASSES.items():
        if (code := row.get(name)) is not None and not 0 <= code < classes:
            yield f"{name} is {code}; allowed is 0 to {classes - 1}"
    yield from placement_problems(row, nullable)
    if unknown := [name for name in row.get("hidden_aus") or () if name not in (*AU_NAMES, *EXTRA_AU_NAMES)]:
        yield f"hidden_aus names {unknown[0]!r}; allowed are {', '.join((*AU_NAMES, *EXTRA_AU_NAMES))}"
    if (box := row.get("face_box")) is not None:
        x0, y0, x1, y1 = box
        if not (math.isfinite(x0 + y0 + x1 + y1) and x0 < x1 and y0 < y1):
            yield f"face_box is {box}; it must be x0, y0, x1, y1 with x0 < x1 and y0 < y1"


def facs_problems(row: Row) -> Iterator[str]:
    """Where `pspi`, `au` and `extra_au` do not fit FACS or each other; units without a value are not judged.

    A row that is labelled by a stimulus needs no PSPI.
    """
    level, au, extra = row["pspi"], row.get("au"), row.get("extra_au") or {}
    if level is None and au is None and row.get("stimulus") is not None:
        return
    try:
        if au is not None and level != (expected := pspi(au)):
            yield f"pspi is {level}; its action units give {expected:g}"
        elif level is None or not 0 <= level <= PSPI_MAX:
            yield f"pspi is {level}; allowed is 0 to {PSPI_MAX}"
        check_extra_aus({name: value for name, value in extra.items() if value is not None})
    except InvalidInput as error:
        yield str(error)


def facs_is_sound(rows: Sequence[Row]) -> bool:
    """Whether `facs_problems` finds nothing in any of the rows: it seldom does, so this looks at all at once."""
    try:
        levels = pspi(np.array([row["au"] for row in rows], dtype=np.float64))
        extra = np.array([[*row["extra_au"].values()] for row in rows], dtype=np.float64)
    except (KeyError, TypeError, ValueError, AttributeError):  # something is absent or out of range
        return False
    within = bool(((extra >= 0) & (extra <= EXTRA_AU_MAX)).all()) and {*rows[0]["extra_au"]} <= {*EXTRA_AU_NAMES}
    return within and bool((levels == [row["pspi"] for row in rows]).all())


def key_problems(row: Row) -> Iterator[str]:
    """Where the key of a generated frame does not fit its parts."""
    parts = (row["identity_id"], row["expression_id"], row["view_id"], row.get("reference_id", 0))
    if row["frame_id"] != (expected := format_frame_id(*parts)):
        yield f"frame_id is {row['frame_id']!r}; its parts give {expected!r}"
    if "neutral_frame_id" in row:
        expected = format_frame_id(row["identity_id"], 0, row["view_id"])
        if row["neutral_frame_id"] != expected:
            yield f"neutral_frame_id is {row['neutral_frame_id']!r}; it must be {expected!r}"
    if "expression_kind" in row and row["expression_kind"] != (kind := kind_of(row["expression_id"])):
        expected = f"that of expression {row['expression_id']} is {kind}, {EXPRESSION_KINDS[kind]}"
        yield f"expression_kind is {row['expression_kind']}; {expected}"


def picture_problems(row: Row, size: int | None) -> Iterator[str]:
    """What is wrong with `image` and `heatmap` of a generated row.

    Args:
        size: width and height in pixels; None: that of its image.
    """
    image, problem = _decode("image", row["image"], "RGB", size)
    yield from problem
    if row.get("heatmap") is None:
        return
    heatmap, problem = _decode("heatmap", row["heatmap"], "L", size or (None if image is None else len(image)))
    yield from problem
    if heatmap is not None and bool(heatmap.any()) != (row["expression_id"] > 0):
        name = EXPRESSION_KINDS[kind_of(row["expression_id"])]
        yield f"heatmap is {'not ' if heatmap.any() else ''}all zero on a {name} frame"


def imported_picture_problems(row: Row) -> Iterator[str]:
    """What is wrong with `image` of an imported row, which may be of any size, and lie in a file of its own."""
    picture = row["image"] or {"bytes": None, "path": None}
    try:
        content = picture["bytes"] if picture["bytes"] is not None else Path(picture["path"] or "").read_bytes()
    except OSError as error:
        yield f"image {picture['path']} cannot be read: {error.strerror}"
        return
    try:
        with Image.open(io.BytesIO(content)) as image:
            bounded(image).load()
    except DAMAGED_PICTURE as error:
        yield f"image cannot be decoded: {why_damaged(error)}"


def geometry_problems(row: Row, size: int | None) -> Iterator[str]:
    """What is wrong with the pictures of a `geometry` row; `size` in pixels, None: that of its depth."""
    depth, problem = _decode("depth", row["depth"], "I;16", size)
    yield from problem
    if depth is not None and not depth.any():
        yield "depth is empty"
    size = size or (None if depth is None else len(depth))
    if row.get("normals") is not None:
        _, problem = _decode("normals", row["normals"], "RGB", size)
        yield from problem
    segments, problem = _decode("segments", row["segments"], "L", size)
    yield from problem
    if segments is not None and segments.max() >= len(SEGMENTS):
        yield f"segments holds {segments.max()}; allowed is 0 to {len(SEGMENTS) - 1}"
    for name, picture in row["au_heatmaps"].items():
        _, problem = _decode(f"au_heatmaps.{name}", picture, "L", size)
        yield from problem
    for axis, picture in (row.get("uv") or {}).items():
        places, problem = _decode(f"uv.{axis}", picture, "I;16", size)
        yield from problem
        if places is not None and depth is not None and (places[depth == 0] > 0).any():
            yield f"uv.{axis} has places where depth has nothing"
    if (mesh := row.get("mesh")) is not None and not _is_glb(mesh):
        yield "mesh is no whole binary glTF file"


def _is_glb(content: bytes) -> bool:
    """Whether it has the header of binary glTF 2.0 and the length that this names."""
    return content[:8] == b"glTF\2\0\0\0" and int.from_bytes(content[8:12], "little") == len(content)


def _decode(name: str, picture: Row | None, mode: str, size: int | None) -> tuple[np.ndarray | None, list[str]]:
    """The pixels, or None and why not; `size`: of a square picture, None: any square."""
    if picture is None or picture["bytes"] is None:
        return None, [f"{name} has no picture"]
    try:
        with Image.open(io.BytesIO(picture["bytes"])) as image:
            side = size or image.width
            if image.size != (side, side):  # before it is decoded
                return None, [_other_picture(name, image, mode, side)]
            pixels = np.asarray(bounded(image))
            return (None, [_other_picture(name, image, mode, side)]) if image.mode != mode else (pixels, [])
    except DAMAGED_PICTURE as error:
        return None, [f"{name} cannot be decoded: {why_damaged(error)}"]


def _other_picture(name: str, image: Image.Image, mode: str, side: int) -> str:
    shape = "{} x {}".format(*image.size)
    return f"{name} is {image.mode}, {shape} pixels; it must be {mode}, {side} x {side}"
