"""Pictures whose headers ask for more memory than there is, and what was found by the fuzz run in their readers."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from dataset_script.errors import WorkFailed
from dataset_script.importers.boxes import picture_size
from dataset_script.importers.pictures import picture_problem
from dataset_script.importers.report import Unusable
from dataset_script.media_files import MAX_PIXELS
from dataset_script.rows import bounded, imported_picture_problems, picture_problems, why_damaged
from generation.photoreal.store import keep_picture, read_picture
from modeling_vitpain.prediction.media import MediaFile
from modeling_vitpain.prediction.media import read_picture as predicted_picture


def png_of(width: int, height: int) -> bytes:
    """A small PNG whose header names another size."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("size", [(8000, 8000), (20_000, 20_000), (2**31 - 1, 1)])
def test_a_picture_of_more_pixels_than_are_decoded_is_refused_unread(size, tmp_path):
    content = png_of(*size)
    assert size[0] * size[1] > MAX_PIXELS
    assert picture_problem(content).kind == "unreadable picture"
    row = {"image": {"bytes": content, "path": None}, "heatmap": None, "expression_id": 0}
    assert any("image" in line for line in imported_picture_problems(row))
    assert any("image" in line for line in picture_problems(row, None))
    (tmp_path / "a.png").write_bytes(content)
    assert predicted_picture(MediaFile(tmp_path / "a.png", "a.png")).error
    with pytest.raises(WorkFailed, match="delete it to paint it again"):
        read_picture(tmp_path / "a.png", "made")
    if size[0] == 20_000:
        with pytest.raises(Unusable, match="cannot be decoded"):
            picture_size(tmp_path / "a.png")


def test_a_large_jpeg_is_looked_at_smaller():
    buffer = io.BytesIO()
    Image.fromarray(np.full((7200, 7200), 120, np.uint8)).save(buffer, "JPEG")
    assert picture_problem(buffer.getvalue()) is None
    with Image.open(io.BytesIO(buffer.getvalue())) as image:
        assert bounded(image).size == (900, 900)


def test_a_reader_that_finds_no_memory_makes_a_row_with_an_error(tmp_path, monkeypatch):
    """As Pillow does at once, where a chunk names a length of gigabytes."""
    (tmp_path / "a.png").write_bytes(png_of(8, 8))

    def greedy(self):
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", greedy)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", greedy)
    assert predicted_picture(MediaFile(tmp_path / "a.png", "a.png")).error == "unreadable: MemoryError"
    assert str(picture_problem((tmp_path / "a.png").read_bytes())) == "it cannot be decoded: MemoryError"
    assert why_damaged(MemoryError()) == "MemoryError"


def test_a_portrait_is_read_again_and_one_of_another_specification_refused(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    keep_picture(tmp_path / "a.png", picture, "made")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png", "made"), picture)
    with pytest.raises(WorkFailed, match="was not painted from this specification"):
        read_picture(tmp_path / "a.png", "other")
