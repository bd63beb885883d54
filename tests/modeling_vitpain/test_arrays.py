"""The same picture in every form gives the same pixel values, or is refused in one line."""

import io
import logging
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.pictures_vitpain import to_rgb

SIZE = {"height": 24, "width": 24}
GREY = np.linspace(0, 255, 40 * 30).round().astype(np.uint8).reshape(30, 40)
RGB = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)
OPAQUE = np.full_like(GREY, 255)
UNIT = (RGB / 255).astype(np.float32)


def deep(picture: np.ndarray, bits: int) -> np.ndarray:
    return np.rint(picture * ((2**bits - 1) / 255)).astype(np.uint16)


def values(images, **arguments) -> torch.Tensor:
    return ViTPainImageProcessor(size=SIZE)(images, return_tensors="pt", **arguments)["pixel_values"]


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


COLOURED = {
    "channels first": RGB.transpose(2, 0, 1),
    "batch": np.stack([RGB, RGB]),
    "batch, channels first": np.stack([RGB, RGB]).transpose(0, 3, 1, 2),
    "list of batches": [np.stack([RGB, RGB]), RGB],
    "nested lists": [[RGB], [RGB, Image.fromarray(RGB)]],
    "float32, 0-1": UNIT,
    "float64, 0-1": RGB / 255,
    "float16, 0-1": UNIT.astype(np.float16),
    "float32, 0-255": RGB.astype(np.float32),
    "0-1 with rounding errors": np.where(UNIT == 0, -1e-6, np.where(UNIT == 1, 1 + 1e-6, UNIT)),
    "batch, 0-1": np.stack([UNIT, UNIT]),
    "list of both scales": [UNIT, RGB, RGB.astype(np.float64)],
    "int64": RGB.astype(np.int64),
    "uint16, 8 bits": RGB.astype(np.uint16),
    "uint16, 10 bits": deep(RGB, 10),
    "int32, 12 bits": deep(RGB, 12).astype(np.int32),
    "uint16, 16 bits": deep(RGB, 16),
    "RGBA": np.dstack([RGB, OPAQUE]),
    "RGBA, 0-1, channels first": (np.dstack([RGB, OPAQUE]) / 255).transpose(2, 0, 1),
    "tensor": tensor(RGB),
    "ToTensor": tensor(UNIT.transpose(2, 0, 1)),
    "bfloat16": tensor(UNIT).bfloat16(),
    "with gradient": tensor(UNIT).requires_grad_(),
    "tensor batch": tensor(np.stack([UNIT, UNIT])).permute(0, 3, 1, 2),
    "masked, nothing hidden": np.ma.masked_greater(RGB, 255),
    "PIL RGBX": Image.fromarray(RGB).convert("RGBX"),
    "PIL RGBa": Image.fromarray(RGB).convert("RGBA").convert("RGBa"),
}
GREYS = {
    "(H, W)": GREY,
    "(H, W, 1)": GREY[..., None],
    "(1, H, W)": GREY[None],
    "list of (H, W)": [GREY, GREY],
    "batch (N, 1, H, W)": np.stack([GREY[None]] * 3),
    "batch (N, H, W, 1)": np.stack([GREY[..., None]] * 3),
    "0-1": GREY / 255,
    "tensor, 0-1": tensor(GREY / 255),
    "16 bits": deep(GREY, 16),
    "12 bits, (1, H, W)": deep(GREY, 12)[None],
    "(H, W, 2)": np.dstack([GREY, OPAQUE]),
    "PIL I;16, 10 bits": Image.fromarray(deep(GREY, 10)),
    "PIL I;16, 12 bits": Image.fromarray(deep(GREY, 12)),
    "PIL I, 8 bits": Image.fromarray(GREY.astype(np.int32)),
    "PIL La": Image.fromarray(GREY).convert("LA").convert("La"),
}


@pytest.mark.parametrize("form", COLOURED)
def test_colours(form):
    found, expected = values(COLOURED[form]), values(Image.fromarray(RGB))
    torch.testing.assert_close(found, expected.expand_as(found), atol=0.02, rtol=0)


@pytest.mark.parametrize("form", GREYS)
def test_greys(form):
    found, expected = values(GREYS[form]), values(Image.fromarray(GREY))
    torch.testing.assert_close(found, expected.expand_as(found), atol=0.02, rtol=0)


def test_masked_values_are_refused():
    with pytest.raises(ValueError, match=r"an array has masked values; allowed are whole pictures, such as array.fill"):
        values(np.ma.masked_greater(RGB, 250))


def test_bool_is_black_and_white():
    torch.testing.assert_close(values(GREY > 127), values(Image.fromarray(GREY).point(lambda v: 255 * (v > 127))))


def test_transparent_arrays_lie_over_white():
    assert (values(np.dstack([UNIT, np.zeros_like(GREY)])) == 1).all()


def test_a_box_cuts_any_array():
    expected = values(Image.fromarray(RGB), boxes=(10, 5, 30, 25), face_crop=1.0)
    for array in (UNIT, deep(RGB, 12), UNIT.transpose(2, 0, 1)):
        torch.testing.assert_close(values(array, boxes=(10, 5, 30, 25), face_crop=1.0), expected, atol=0.02, rtol=0)


def test_rescaled_values_are_not_rescaled_again(caplog):
    """With do_rescale=False as transformers' users say it, and without, which is warned of."""
    expected = values(Image.fromarray(RGB))
    with caplog.at_level(logging.WARNING):
        torch.testing.assert_close(values(UNIT, do_rescale=False), expected, atol=0.01, rtol=0)
        assert not caplog.records
    unresized = values(UNIT, do_rescale=False, do_normalize=False, do_resize=False)
    np.testing.assert_allclose(unresized[0].numpy(), UNIT.transpose(2, 0, 1), atol=1e-6)
    assert values(RGB, do_rescale=False, do_normalize=False).max() > 200  # as given


@pytest.fixture
def warned(monkeypatch):
    from modeling_vitpain import image_processing_vitpain

    said = []
    monkeypatch.setattr(image_processing_vitpain.logger, "warning_once", said.append)
    return said


def test_what_is_warned_of(warned):
    values([RGB, GREY, deep(RGB, 12), RGB.astype(float)])
    assert not warned
    values(UNIT)
    assert len(warned) == 1 and "they are not rescaled again" in warned[0]
    warned.clear()
    for dark in ((RGB * 0.06).astype(np.uint8), np.zeros_like(UNIT), Image.new("L", (9, 9), 17), UNIT * 0.06):
        warned.clear()
        values(dark)
        assert "below 7 % of white" in warned[-1]
    warned.clear()
    values(Image.new("L", (9, 9), 18))
    values(np.zeros_like(GREY), mode="heatmap")  # neutral faces have black heatmaps
    values(np.zeros_like(GREY), do_rescale=False)
    assert not warned


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.where(UNIT > 0.5, np.nan, UNIT), "NaN or infinite"),
        (np.where(UNIT > 0.5, np.inf, UNIT), "NaN or infinite"),
        (UNIT * 2 - 1, "from -1 to 1; allowed are 0 to 1 and 0 to 255"),
        ((UNIT - 0.5) / 0.2, "from -2.5 to 2.5; allowed are 0 to 1"),
        (UNIT * 1.02, "to 1.02; allowed are 0 to 1"),
        (UNIT * 65535, "to 65535; allowed are 0 to 1"),
        (RGB.astype(np.int16) - 128, "from -128; allowed are 0 to 255"),
        (RGB.astype(np.int64) * 1000, "up to 255000; allowed are 0 to 65535"),
        (np.zeros((0, 5, 3), np.uint8), "5 x 0 pixels"),
        (np.zeros((5, 0), np.uint8), "0 x 5 pixels"),
        (np.zeros((0, 9, 9, 3), np.uint8), "no picture was given"),
        ([], "no picture was given"),
        (np.zeros((7, 30, 40), np.uint8), r"shape \(7, 30, 40\); allowed are \(H, W\)"),
        (np.zeros((2, 30, 40), np.uint8), r"shape \(2, 30, 40\); allowed are \(H, W\)"),
        (np.zeros((3, 40, 3), np.uint8), "may hold its channels first or last"),
        (np.zeros(9, np.uint8), r"shape \(9,\)"),
        (np.zeros((1, 1, 9, 9, 3), np.uint8), r"shape \(1, 1, 9, 9, 3\)"),
        (UNIT * 1j, "complex"),
        (np.array([["a", "b"]]), "<U1 values"),
        (RGB.astype(object), "object values"),
    ],
)
def test_what_is_refused(array, message):
    with pytest.raises(ValueError, match=message) as raised:
        values(array)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("thing", [None, 5, b"bytes", RGB.tolist()])
def test_what_is_no_picture(thing):
    with pytest.raises(TypeError, match="allowed are PIL pictures, arrays, tensors, paths"):
        values(thing)


def test_the_format_may_be_named():
    tall = np.arange(3 * 40 * 3, dtype=np.uint8).reshape(3, 40, 3)
    torch.testing.assert_close(values(tall, input_data_format="channels_last"), values(Image.fromarray(tall)))
    first = values(tall, input_data_format="channels_first")
    torch.testing.assert_close(first, values(Image.fromarray(np.ascontiguousarray(tall.transpose(1, 2, 0)))))


@pytest.mark.parametrize("array", [deep(GREY, 12), GREY / 255, GREY > 9])
def test_heatmaps_are_of_8_bits(array):
    with pytest.raises(ValueError, match="single 8-bit channel"):
        values(array, mode="heatmap")


def png(levels: np.ndarray, exif: bytes = b"") -> io.BytesIO:
    """A 16-bit PNG of (H, W) or (H, W, 3 or 4) levels, which PIL cannot write in colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    colour = {2: 0, 3: {3: 2, 4: 6}.get(levels.shape[-1])}[levels.ndim]
    header = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 16, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    parts = [chunk(b"IHDR", header), chunk(b"eXIf", exif) if exif else b"", chunk(b"IDAT", zlib.compress(rows))]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b""))


def tiff(levels: np.ndarray, strips: int = 1) -> io.BytesIO:
    """A 16-bit RGB TIFF, little-endian, not compressed."""
    data, count = levels.astype("<u2").tobytes(), len(levels) // strips
    step = len(data) // strips
    places = struct.pack(f"<{strips}I", *(8 + k * step for k in range(strips))) if strips > 1 else b""
    sizes = struct.pack(f"<{strips}I", *[step] * strips) if strips > 1 else b""
    bits = struct.pack("<3H", 16, 16, 16)
    after = 8 + len(data)
    entries = [
        *((256, 4, 1, levels.shape[1]), (257, 4, 1, levels.shape[0])),
        *((258, 3, 3, after + len(places + sizes)), (259, 3, 1, 1), (262, 3, 1, 2)),
        *((273, 4, strips, after if strips > 1 else 8), (277, 3, 1, 3), (278, 4, 1, count)),
        (279, 4, strips, after + len(places) if strips > 1 else step),
    ]
    directory = after + len(places + sizes + bits)
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return io.BytesIO(b"II*\0" + struct.pack("<I", directory) + data + places + sizes + bits + table)


def seen(file, tmp_path=None) -> np.ndarray:
    return np.asarray(to_rgb(Image.open(file))).astype(int)


class TestDeepFiles:
    @pytest.mark.parametrize("bits", [10, 12, 16])
    @pytest.mark.parametrize("make", [png, tiff, lambda levels: tiff(levels, strips=3)])
    def test_colours(self, make, bits):
        assert abs(seen(make(deep(RGB, bits))) - RGB).max() <= 1

    @pytest.mark.parametrize("bits", [10, 12, 16])
    def test_greys_and_transparency(self, bits, tmp_path):
        expected = np.asarray(Image.fromarray(GREY).convert("RGB")).astype(int)
        pgm = b"P5 40 30 %d\n" % (2**bits - 1) + deep(GREY, bits).astype(">u2").tobytes()
        for file in (png(deep(GREY, bits)), io.BytesIO(pgm)):
            assert abs(seen(file) - expected).max() <= 1
        Image.fromarray(deep(GREY, bits)).save(tmp_path / "deep.tif")
        assert abs(seen(tmp_path / "deep.tif") - expected).max() <= 1
        assert abs(seen(png(deep(np.dstack([RGB, OPAQUE]), bits))) - RGB).max() <= 1

    def test_a_dark_picture_whose_file_says_what_is_white_stays_dark(self, tmp_path):
        dark = deep(GREY // 16, 12)
        pgm = io.BytesIO(b"P5 40 30 4095\n" + dark.astype(">u2").tobytes())
        assert abs(seen(pgm)[..., 0] - GREY // 16).max() <= 1
        Image.fromarray(dark).save(tmp_path / "dark.tif", tiffinfo={281: 4095})
        assert abs(seen(tmp_path / "dark.tif")[..., 0] - GREY // 16).max() <= 1

    def test_from_a_path_and_turned(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        lying = np.rot90(deep(RGB, 12))
        (tmp_path / "phone.png").write_bytes(png(lying, exif.tobytes().removeprefix(b"Exif\0\0")).getvalue())
        torch.testing.assert_close(values(str(tmp_path / "phone.png")), values(Image.fromarray(RGB)), atol=0.02, rtol=0)
        cut = {"boxes": (20, 4, 34, 18), "face_crop": 1.0}
        found, expected = values(tmp_path / "phone.png", **cut), values(Image.fromarray(RGB), **cut)
        torch.testing.assert_close(found, expected, atol=0.02, rtol=0)

    def test_values_above_16_bits_or_below_0_are_refused(self):
        with pytest.raises(ValueError, match="up to 70000; allowed are 0 to 65535"):
            to_rgb(Image.new("I", (4, 4), 70000))
        with pytest.raises(ValueError, match="from -5; allowed are 0 to 65535"):
            to_rgb(Image.new("I", (4, 4), -5))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_orientation_is_applied_once_and_boxes_are_of_the_upright_picture(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)  # the transposition that undoes it
    smooth = Image.fromarray(RGB).resize((80, 60), Image.Resampling.BICUBIC)
    stored = smooth if back is None else smooth.transpose(back)
    how = {"lossless": True} if kind == "WEBP" else {"quality": 98, "subsampling": 0} if kind == "JPEG" else {}
    stored.save(tmp_path / "phone", kind, exif=exif, **how)
    with Image.open(tmp_path / "phone") as image:
        upright = to_rgb(image)
    tolerance = 0.1 if kind == "JPEG" else 1e-6
    torch.testing.assert_close(values(upright), values(smooth), atol=tolerance, rtol=0)
    cut = {"boxes": (50, 5, 79, 34), "face_crop": 1.0}  # outside of a picture that lies on its side
    torch.testing.assert_close(values(str(tmp_path / "phone"), **cut), values(smooth, **cut), atol=tolerance, rtol=0)


@pytest.mark.parametrize("junk", [b"garbage", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0"])
def test_damaged_exif_data_cost_no_pixels(junk):
    assert abs(seen(png(deep(RGB, 16), junk)) - RGB).max() <= 1
