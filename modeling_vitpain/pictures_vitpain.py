"""Picture files and PIL pictures of any mode as upright 8-bit RGB, with PIL and NumPy only.

- EXIF orientation is applied, transparency laid over white, the first frame of an animation taken.
- 10- and 12-bit data in 16-bit files are scaled by the smallest full scale that holds them, not clipped or darkened.
- A file gives the same picture whatever was opened before it. A JPEG with an overwritten part is refused.
- Memory is bounded: above `MAX_PIXELS` a JPEG is decoded at a half, a quarter or an eighth of its size, and any other
  picture is refused before it is decoded.
"""

import io
import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, JpegImagePlugin, UnidentifiedImageError

from .jpeg_data_vitpain import check_jpeg_data

MAX_PIXELS = 50_000_000
"""Pixels decoded of one picture: 200 MB in PIL's memory. 7,071 x 7,071, for example."""

FULL_SCALES = (255, 1023, 4095, 65535)
"""White, in pictures of 8, 10, 12 and 16 bits."""

_OTHER_BYTE = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B"}
"""PIL keeps the high bytes of 16-bit colours; read in the other byte order, a file gives the low ones."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What each EXIF orientation asks for."""

_ORIENTATION, _BITS_PER_SAMPLE, _PHOTOMETRIC, _MAX_SAMPLE_VALUE = 274, 258, 262, 281
_SUBFILE_TYPE, _SUB_IFDS = 254, 330
"""Tags of EXIF and TIFF."""

_MIN_IS_WHITE = 0
"""The photometric interpretation of a TIFF whose greys are stored as a negative."""


def open_picture(path: str | Path | io.BytesIO) -> Image.Image:
    """Opens a picture file, or its bytes, without decoding it, a JPEG of any size too.

    Raises:
        ValueError: the picture is too large to be decoded, or the preview of a camera raw.
        OSError, SyntaxError: as PIL, on a file that is no picture; or the data of a JPEG are damaged.
    """
    if _first_bytes(path, 3) == b"\xff\xd8\xff":
        check_jpeg_data(_content(path))
        return JpegImagePlugin.JpegImageFile(path)  # PIL's own limit is on `open`, but a JPEG can be reduced
    try:
        image = identified(path)
    except Image.DecompressionBombError as error:
        raise ValueError(f"the picture is too large: {_ALLOWED_SIZE}") from error
    if _is_preview_of_raw(image, path):
        raise ValueError("a camera raw, of which only the preview could be read: export it as JPEG, PNG or TIFF")
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(image)
    return image


def _is_preview_of_raw(image: Image.Image, path: str | Path | io.BytesIO) -> bool:
    """Whether it is the first picture of a DNG, NEF, ARW, CR2 or the like: TIFFs that hold a smaller one first."""
    tags = getattr(image, "tag_v2", {})
    is_reduced = bool(tags.get(_SUBFILE_TYPE, 0) & 1)
    return (is_reduced and _SUB_IFDS in tags) or (image.format == "TIFF" and _first_bytes(path, 10)[8:] == b"CR")


def identified(path: str | Path | io.BytesIO) -> Image.Image:
    """As `Image.open`, but the same for a file whatever was opened before it, and for TIFFs of any greys.

    Left to itself, PIL asks the formats in the order in which they were first needed, and one that has no signature,
    such as TGA, takes files of others. Here these are asked last, and not at all about a file with another's suffix.
    """
    try:
        return Image.open(path, formats=_formats(path))
    except UnidentifiedImageError:
        positive = _positive_tiff(path)
        if positive is None:
            raise
    image = Image.open(positive, formats=["TIFF"])
    image.tag_v2[_PHOTOMETRIC] = _MIN_IS_WHITE
    return image


def _formats(path: str | Path | io.BytesIO) -> list[str]:
    """All that PIL reads, in the order in which they are to be tried."""
    Image.init()
    suffix = "" if isinstance(path, io.BytesIO) else Path(path).suffix.lower()
    told = Image.EXTENSION.get(suffix)
    signed = sorted(name for name, (_, accept) in Image.OPEN.items() if accept is not None)
    unsigned = sorted(set(Image.OPEN) - set(signed))
    return signed + ([name for name in unsigned if name == told] if told in Image.OPEN else unsigned)


def _positive_tiff(path: str | Path | io.BytesIO) -> io.BytesIO | None:
    """A TIFF of greys that are stored as a negative, marked as a positive, since PIL reads more kinds of those."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(_first_bytes(path, 4))
    if order is None:
        return None
    content = bytearray(_content(path))
    try:
        (place,) = struct.unpack_from(f"{order}I", content, 4)
        (entries,) = struct.unpack_from(f"{order}H", content, place)
        for entry in range(place + 2, place + 2 + 12 * entries, 12):
            tag, kind, number, value = struct.unpack_from(f"{order}HHIH", content, entry)
            if (tag, kind, number, value) == (_PHOTOMETRIC, 3, 1, _MIN_IS_WHITE):
                struct.pack_into(f"{order}H", content, entry + 8, 1)
                return io.BytesIO(content)
    except struct.error:  # the file is cut
        return None
    return None


def _first_bytes(path: str | Path | io.BytesIO, number: int) -> bytes:
    if isinstance(path, io.BytesIO):
        return path.getvalue()[:number]
    with open(path, "rb") as file:
        return file.read(number)


def _content(path: str | Path | io.BytesIO) -> bytes:
    return path.getvalue() if isinstance(path, io.BytesIO) else Path(path).read_bytes()


def to_rgb(image: Image.Image) -> Image.Image:
    """A picture of any mode as upright 8-bit RGB, reduced if it is a JPEG above `MAX_PIXELS`.

    Raises:
        ValueError: a picture without pixels, of floating-point or unknown ones, one too large to be decoded, or one
            that was closed.
    """
    if 0 in image.size:
        raise ValueError(f"the picture has {image.width} x {image.height} pixels; allowed is 1 x 1 and more")
    _limit_decoding(image)
    decoded = _decoded(image)
    if (orientation := orientation_of(image)) != 1:
        decoded = decoded.transpose(_UPRIGHT[orientation])
        decoded.info = {name: value for name, value in decoded.info.items() if name == "transparency"}  # no EXIF
    image = decoded
    if image.mode == "RGB":
        return image
    if image.mode == "F":
        raise ValueError("the picture holds floating-point pixels (mode F); allowed are 8-bit and 16-bit pictures")
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def crop_square(image: Image.Image, box, factor: float) -> Image.Image:
    """The square about the centre of `box`, its side `factor` times the box's longer side, as RGB; black outside."""
    stored = max(image.size)
    image = to_rgb(image)
    x0, y0, x1, y1 = (value * max(image.size) / stored for value in box)  # to_rgb may have reduced the picture
    side = max(1, round(max(x1 - x0, y1 - y0) * factor))
    if side * side > MAX_PIXELS:
        raise ValueError(f"the face takes {side} x {side} pixels: {_ALLOWED_SIZE}")
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    return image.crop((left, top, left + side, top + side))


def full_scale(highest: int, scales: tuple[int, ...] = FULL_SCALES) -> int:
    """The smallest of `scales` that holds the highest value of a picture.

    Raises:
        ValueError: none does.
    """
    found = next((scale for scale in scales if highest <= scale), None)
    if found is None:
        raise ValueError(f"the picture holds values up to {highest}; allowed are 0 to {scales[-1]}")
    return found


def to_bytes(levels: np.ndarray, white: int) -> np.ndarray:
    """Whole numbers from 0 to `white` -> uint8 of the same shape, rounded."""
    table = (np.arange(white + 1, dtype=np.uint32) * 255 + white // 2) // white
    return table.astype(np.uint8)[levels]


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation of a picture whose pixels are loaded, 1 to 8; 1 where there is none that can be read."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, TypeError, LookupError, EOFError, OSError, struct.error):
        return 1  # damaged EXIF data cost no pixels
    return orientation if orientation in _UPRIGHT else 1


def _decoded(image: Image.Image) -> Image.Image:
    """The picture with its pixels loaded and 8 bits a channel, but for floating-point ones; not turned."""
    tiles = list(getattr(image, "tile", ()))
    source = getattr(image, "filename", None) or getattr(image, "fp", None)
    _load(image)
    if image.mode.startswith("I"):  # greys of 16 bits, which PIL opens as "I;16" or as 32-bit "I"
        levels = np.asarray(image)
        if (lowest := int(levels.min())) < 0:
            raise ValueError(f"the picture holds values from {lowest}; allowed are 0 to {FULL_SCALES[-1]}")
        if _is_negative(image):
            levels = _white_of_greys(image, tiles, int(levels.max())) - levels
        return Image.fromarray(to_bytes(levels, _white_of_greys(image, tiles, int(levels.max()))))
    if image.mode in ("LA", "La") and _is_negative(image):
        grey, alpha = image.convert("LA").split()
        return Image.merge("LA", (ImageChops.invert(grey), alpha))
    swapped = [_swapped(tile) for tile in tiles]
    if swapped and None not in swapped and _brightest(image) < 16:  # of the high bytes: 12 bits or fewer
        return _from_both_bytes(image, source, swapped)
    return image


def _load(image: Image.Image) -> None:
    """Reads the pixels. Raises ValueError where the picture, or the file that it was opened from, is closed."""
    try:
        image.load()
    except (AssertionError, AttributeError, ValueError) as error:
        file = getattr(image, "fp", None)
        if file is not None and not file.closed:
            raise
        raise ValueError("the picture was closed before it was read; open it again, or load() it first") from error


def _white_of_greys(image: Image.Image, tiles: list, highest: int) -> int:
    """The value that is white: from the file where it says so, else the smallest full scale that holds them all."""
    if image.format is None:  # made of an array: 8-bit values in a wider type are likely
        return full_scale(highest)
    if image.format == "PPM" and tiles and tiles[0][0] == "ppm":  # scaled by PIL to what the file declares
        return FULL_SCALES[-1]
    tags = getattr(image, "tag_v2", {})
    declared = tags.get(_MAX_SAMPLE_VALUE, 0)
    declared = int(declared[0] if isinstance(declared, tuple) else declared)
    if tags.get(_BITS_PER_SAMPLE) == (12,):
        declared = 4095
    return full_scale(max(highest, declared), FULL_SCALES[1:])


def _is_negative(image: Image.Image) -> bool:
    """Whether a TIFF holds a negative that PIL did not turn: it does so with 8 bits and fewer, without alpha."""
    return getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _MIN_IS_WHITE


def _brightest(image: Image.Image) -> int:
    """The highest level of the colours of an RGB or RGBA picture."""
    return max(high for _, high in image.getextrema()[:3])


def _swapped(tile: tuple) -> tuple | None:
    """A tile of 16-bit colours, to be read in the other byte order; None for all others."""
    arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
    native = "16L" if sys.byteorder == "little" else "16B"
    raw = arguments[0].replace("16N", native) if arguments and isinstance(arguments[0], str) else ""
    return type(tile)(*tile[:3], (_OTHER_BYTE[raw], *arguments[1:])) if raw in _OTHER_BYTE else None


def _from_both_bytes(image: Image.Image, source, swapped: list[tuple]) -> Image.Image:
    """16-bit colours below 4096, scaled by the smallest full scale that holds them; alpha by the same."""
    with Image.open(source, formats=[image.format]) as again:
        again.seek(image.tell())
        again.tile = swapped
        low = np.asarray(again)
    levels = np.asarray(image).astype(np.uint16) * 256 + low
    white = full_scale(int(levels[..., :3].max()), FULL_SCALES[1:])
    return Image.fromarray(to_bytes(np.minimum(levels, white), white))


def _limit_decoding(image: Image.Image) -> None:
    """Has a huge JPEG decoded smaller, and refuses any other huge picture; nothing for pictures already in memory."""
    width, height = image.size
    if width * height <= MAX_PIXELS or not getattr(image, "tile", None):
        return
    # A progressive JPEG is held in memory whole, whatever the size that is asked for.
    if isinstance(image, JpegImagePlugin.JpegImageFile) and not image.info.get("progressive"):
        for factor in (2, 4, 8):
            if width * height <= MAX_PIXELS * factor**2:
                image.draft(None, (width // factor, height // factor))
                return
    raise _too_large(image)


def _too_large(image: Image.Image) -> ValueError:
    return ValueError(f"the picture has {image.width} x {image.height} pixels: {_ALLOWED_SIZE}")


_ALLOWED_SIZE = f"allowed are {MAX_PIXELS:,} pixels, and {64 * MAX_PIXELS:,} of a JPEG that is not progressive"


__all__ = [
    "MAX_PIXELS",
    "crop_square",
    "full_scale",
    "identified",
    "open_picture",
    "orientation_of",
    "to_bytes",
    "to_rgb",
]
