"""Picture files that PIL reads wrongly, or only sometimes, when it is asked plainly."""

import io
import random
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from modeling_vitpain.pictures_vitpain import open_picture, to_rgb

RAMP = np.linspace(0, 255, 40 * 30).round().astype(np.uint16).reshape(30, 40)
RNG = np.random.default_rng(0)
SMOOTH = Image.fromarray(RNG.integers(0, 255, (32, 32, 3), dtype=np.uint8)).resize((512, 512))


def tiff(levels: np.ndarray, order: str, bits: tuple[int, ...], negative: bool, declared: int | None = None) -> bytes:
    """An uncompressed TIFF of greys, or of greys and alpha; `order`: "<" or ">"."""
    height, width = levels.shape[:2]
    if bits == (12,):
        first, second = levels[:, ::2].astype(np.uint16), levels[:, 1::2].astype(np.uint16)
        data = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1).astype(np.uint8).tobytes()
    else:
        data = levels.astype(f"{order}u{bits[0] // 8}").tobytes()
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, list(bits)),
        259: (3, [1]),
        262: (3, [0 if negative else 1]),
    }
    tags |= {273: (4, [8]), 277: (3, [len(bits)]), 278: (4, [height]), 279: (4, [len(data)])}
    if declared is not None:
        tags[281] = (3, [declared])
    if len(bits) == 2:
        tags[338] = (3, [2])
    file = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8 + len(data)) + data
    file += struct.pack(f"{order}H", len(tags))
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        file += struct.pack(f"{order}HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    return file + bytes(4)


def pixels(content) -> np.ndarray:
    return np.asarray(to_rgb(open_picture(io.BytesIO(content) if isinstance(content, bytes) else content)))


class TestNegatives:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize(
        ("bits", "white", "factor", "declared"),
        [
            (8, 255, 1, None),
            (16, 65535, 257, None),
            (16, 65535, 15, None),  # 12-bit data, the negative of them made in 16 bits
            (16, 4095, 16, None),
            (16, 1023, 4, None),
            (16, 4095, 10, 4095),
        ],
    )
    def test_equals_the_positive(self, order, bits, white, factor, declared):
        levels = RAMP.astype(np.uint32) * factor
        plain = tiff(levels, "<", (bits,), False, declared)
        negative = tiff(white - levels, order, (bits,), True, declared)
        np.testing.assert_array_equal(pixels(negative), pixels(plain))

    @pytest.mark.parametrize(("bits", "white", "factor"), [(12, 4095, 16), (32, 65535, 257)])
    def test_what_pil_reads_in_one_byte_order_alone(self, bits, white, factor):
        levels = RAMP.astype(np.uint32) * factor
        plain, negative = (tiff(values, "<", (bits,), k) for k, values in enumerate((levels, white - levels)))
        np.testing.assert_array_equal(pixels(negative), pixels(plain))

    @pytest.mark.parametrize("order", ["<", ">"])
    def test_greys_with_alpha(self, order):
        alpha = RAMP[::-1]
        plain = tiff(np.stack([RAMP, alpha], -1), order, (8, 8), False)
        negative = tiff(np.stack([255 - RAMP, alpha], -1), order, (8, 8), True)
        np.testing.assert_array_equal(pixels(negative), pixels(plain))

    @pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
    @pytest.mark.parametrize("predictor", [1, 2])
    def test_compressed(self, tmp_path, compression, predictor):
        levels = RAMP * 257
        paths = [tmp_path / "plain.tif", tmp_path / "negative.tif"]
        for k, path in enumerate(paths):
            info = {262: 1 - k, 317: predictor} if compression != "packbits" else {262: 1 - k}
            Image.fromarray(65535 - levels if k else levels).save(path, compression=compression, tiffinfo=info)
        content = paths[1].read_bytes()
        if Image.open(paths[1]).tag_v2[262] == 1:  # PIL writes its own
            place = content.index(struct.pack("<HHIH", 262, 3, 1, 1))
            content = content[: place + 8] + b"\0" + content[place + 9 :]
        np.testing.assert_array_equal(pixels(content), pixels(paths[0]))

    def test_a_picture_that_pil_opened(self):
        levels = RAMP * 257
        image = Image.open(io.BytesIO(tiff(65535 - levels, "<", (16,), True)))
        np.testing.assert_array_equal(np.asarray(to_rgb(image))[..., 0], RAMP)


ORDER = """
import hashlib, sys
from modeling_vitpain.pictures_vitpain import open_picture, to_rgb
for path in sys.argv[1:]:
    try:
        said = hashlib.sha256(to_rgb(open_picture(path)).tobytes()).hexdigest()
    except Exception as error:
        said = type(error).__name__
    print(path, said)
"""


@pytest.mark.slow
def test_a_file_gives_the_same_whatever_was_opened_before(tmp_path):
    picture = SMOOTH.resize((64, 48))
    for suffix in ("tga", "pcx", "bmp", "png", "ico", "icns", "sgi", "dds", "tif", "jpg", "gif", "webp", "jp2", "ppm"):
        picture.save(tmp_path / f"a.{suffix}")
    for size in (16, 48, 128, 256):
        for kind in ("png", "bmp"):
            SMOOTH.resize((size, size)).save(tmp_path / f"{size}.{kind}.ico", bitmap_format=kind, sizes=[(size, size)])
    (tmp_path / "scan").write_bytes((tmp_path / "a.tga").read_bytes())
    (tmp_path / "broken.ico").write_bytes((tmp_path / "128.bmp.ico").read_bytes()[:400])
    (tmp_path / "noise.jpg").write_bytes(b"\0\0\2" + bytes(9) + b"\x28\0\x1e\0\x18\0" + bytes(3600))  # TGA's looks
    paths = sorted(map(str, tmp_path.iterdir()))
    shuffled = random.Random(1).sample(paths, len(paths))
    said = []
    for order in (paths, paths[::-1], shuffled):
        done = subprocess.run([sys.executable, "-c", ORDER, *order], capture_output=True, text=True, check=True)
        said.append(dict(line.rsplit(" ", 1) for line in done.stdout.splitlines()))
    assert said[0] == said[1] == said[2]
    alone = subprocess.run([sys.executable, "-c", ORDER, paths[0]], capture_output=True, text=True, check=True)
    assert alone.stdout.split()[-1] == said[0][paths[0]]
    wrong = {name.rpartition("/")[2] for name, result in said[0].items() if result.endswith("Error")}
    assert wrong == {"broken.ico", "noise.jpg"}
    assert said[0][str(tmp_path / "scan")] == said[0][str(tmp_path / "a.tga")]


class TestDamagedJpeg:
    @pytest.mark.parametrize("options", [{"quality": 95}, {"quality": 95, "progressive": True}, {"quality": 60}])
    @pytest.mark.parametrize("fill", ["zeros", "ones", "noise"])
    def test_an_overwritten_block_is_an_error(self, tmp_path, options, fill):
        noisy = np.asarray(SMOOTH.resize((800, 800)), dtype=int) + RNG.integers(-30, 30, (800, 800, 3))
        buffer = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", **options)
        content = bytearray(buffer.getvalue())
        open_picture(io.BytesIO(bytes(content)))
        place = len(content) // 3
        content[place : place + 4096] = {"zeros": bytes(4096), "ones": b"\xff" * 4096, "noise": RNG.bytes(4096)}[fill]
        (tmp_path / "card.jpg").write_bytes(content)
        if fill == "zeros" and "progressive" in options:
            return  # which docs/pictures.md says is not seen
        with pytest.raises(OSError, match=r"damaged: .*JPEG data"):
            open_picture(tmp_path / "card.jpg")

    @pytest.mark.parametrize("colour", ["black", "white", (128, 128, 128), (10, 200, 30)])
    @pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}, {"quality": 5}])
    def test_a_picture_of_one_colour_is_whole(self, colour, options):
        """Blocks without detail are the shortest codes there are."""
        for mode in ("RGB", "L", "CMYK"):
            buffer = io.BytesIO()
            Image.new("RGB", (1500, 1500), colour).convert(mode).save(buffer, "JPEG", **options)
            assert open_picture(io.BytesIO(buffer.getvalue() + bytes(4096))).size == (1500, 1500)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("loaded", [False, True])
def test_pictures_that_were_closed_are_named_as_such(tmp_path, kind, loaded):
    path = tmp_path / "a"
    Image.new("RGB", (8, 6), "red").save(path, kind)
    with Image.open(path) as left:
        if loaded:
            left.load()
    with open(path, "rb") as file:
        without_file = Image.open(file)
        if loaded:
            without_file.load()
    closed = Image.open(path)
    closed.close()
    for picture in (left, without_file, closed):
        if loaded and picture is not closed:
            assert to_rgb(picture).size == (8, 6)
            continue
        with pytest.raises(
            ValueError, match=r"^the picture was closed before it was read; open it again, or load\(\) it"
        ):
            to_rgb(picture)
