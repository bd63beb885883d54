"""Training decodes large JPEG files at a fraction of their size; what the model sees stays what it was."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.images import Normaliser, decoded_reduced

WIDTH, HEIGHT = 500, 400
BOX = [100.0, 60.0, 380.0, 340.0]
UPRIGHT, QUARTER_TURN = 1, 6


@pytest.fixture(scope="module")
def picture():
    """Colours that change over some twenty pixels, as a face has them."""
    coarse = np.random.default_rng(0).integers(0, 256, (20, 25, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def stored(picture: Image.Image, kind: str = "JPEG", orientation: int = UPRIGHT) -> io.BytesIO:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, kind, quality=95, exif=exif)
    return file


def processor(side: int, crop: float | None) -> ViTPainImageProcessor:
    return ViTPainImageProcessor(size={"height": side, "width": side}, face_crop=crop)


@pytest.mark.parametrize(
    ("side", "crop", "box", "factor"),
    [
        (224, 1.0, BOX, 1),  # the face has 280 pixels: a half of them would be too few
        (141, 1.0, BOX, 1),
        (140, 1.0, BOX, 2),
        (140, 0.9, BOX, 1),
        (70, 1.0, BOX, 4),
        (16, 1.0, BOX, 8),
        (200, None, BOX, 2),  # the whole picture, 400 high
        (201, None, BOX, 1),
        (250, 1.0, None, 2),  # without a box the square about the picture, 500 wide
        (251, 1.0, None, 1),
    ],
)
def test_no_fewer_pixels_are_decoded_than_the_model_sees(picture, side, crop, box, factor):
    decoded, moved = decoded_reduced(stored(picture), box, processor(side, crop))
    assert decoded.size == (-(-WIDTH // factor), -(-HEIGHT // factor))
    assert moved == (None if box is None else [value / factor for value in box])


@pytest.mark.parametrize("side", [224, 112, 56, 28])
@pytest.mark.parametrize("orientation", [UPRIGHT, QUARTER_TURN])
def test_the_model_sees_the_same_part_of_the_upright_picture(picture, side, orientation):
    normaliser = Normaliser(processor(side, 1.1))
    file = stored(picture, orientation=orientation)
    whole = ImageOps.exif_transpose(Image.open(file))
    expected = normaliser.resize(whole, BOX).astype(float)
    found = normaliser.resize(*decoded_reduced(file, BOX, normaliser.processor)).astype(float)
    aside = normaliser.resize(whole, [value + 280 / side for value in BOX]).astype(float)  # by a pixel of the model's
    assert np.abs(found - expected).mean() < 0.6 * np.abs(aside - expected).mean()


def test_other_formats_and_small_jpegs_are_decoded_as_they_are(picture):
    for file, side in ((stored(picture, "PNG"), 16), (stored(picture), 224)):
        decoded, box = decoded_reduced(file, BOX, processor(side, 1.0))
        with Image.open(file) as image:
            assert np.array_equal(np.asarray(decoded), np.asarray(image))
        assert box == BOX
