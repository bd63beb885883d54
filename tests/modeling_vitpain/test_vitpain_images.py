import io

import numpy as np
import pytest
import torch
from PIL import Image

from modeling_vitpain import ViTPainImageProcessor

RAMP = np.linspace(0, 255, 40 * 30).round().astype(np.uint8).reshape(30, 40)
RGB = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


@pytest.fixture(scope="module")
def processor():
    return ViTPainImageProcessor(size={"height": 24, "width": 24})


def pixels(processor, image) -> torch.Tensor:
    return processor(image, return_tensors="pt")["pixel_values"]


def test_values_are_the_resized_normalised_picture(processor):
    expected = np.asarray(Image.fromarray(RGB).resize((24, 24), Image.Resampling.BILINEAR)) / 255 * 2 - 1
    found = pixels(processor, Image.fromarray(RGB))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found[0].numpy(), expected.transpose(2, 0, 1), atol=1e-6)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "YCbCr", "1", "I;16", "I"])
def test_any_mode(processor, mode):
    """Each mode gives what its 8-bit RGB rendering gives; 16-bit greys are scaled, not clipped."""
    if mode == "I;16":
        image, rgb = Image.fromarray(RAMP.astype(np.uint16) * 257), Image.fromarray(RAMP).convert("RGB")
    elif mode == "I":
        image, rgb = Image.fromarray(RAMP.astype(np.int32) * 257), Image.fromarray(RAMP).convert("RGB")
    else:
        image = Image.fromarray(RGB).convert(mode)
        rgb = image.convert("RGB")
    assert image.mode == mode
    torch.testing.assert_close(pixels(processor, image), pixels(processor, rgb))


def test_transparency_lies_over_white(processor):
    picture = np.dstack([RGB, np.zeros_like(RAMP)])
    assert (pixels(processor, Image.fromarray(picture)) == 1).all()
    palette = Image.fromarray(RGB).convert("P")
    palette.info["transparency"] = bytes(256)  # all 256 colours transparent
    assert (pixels(processor, palette) == 1).all()


def test_exif_orientation_is_applied(processor, tmp_path):
    upright = Image.fromarray(RGB)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: to be turned 90 degrees clockwise
    upright.rotate(90, expand=True).save(tmp_path / "phone.png", exif=exif)
    torch.testing.assert_close(pixels(processor, str(tmp_path / "phone.png")), pixels(processor, upright))
    torch.testing.assert_close(pixels(processor, Image.open(tmp_path / "phone.png")), pixels(processor, upright))


def test_sixteen_bit_file(processor, tmp_path):
    Image.fromarray(RAMP.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    expected = pixels(processor, Image.fromarray(RAMP))
    torch.testing.assert_close(pixels(processor, str(tmp_path / "deep.png")), expected)


def test_first_frame_of_an_animation(processor):
    buffer = io.BytesIO()
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    torch.testing.assert_close(
        pixels(processor, Image.open(buffer)), pixels(processor, frames[0]), atol=0.1, rtol=0
    )  # GIF has 256 colours


def test_floating_point_picture_is_refused(processor):
    with pytest.raises(ValueError, match="floating-point"):
        processor(Image.fromarray(RAMP.astype(np.float32)))


def test_arrays_and_lists(processor):
    image = Image.fromarray(RGB)
    expected = pixels(processor, image)
    torch.testing.assert_close(pixels(processor, RGB), expected)
    torch.testing.assert_close(pixels(processor, torch.from_numpy(RGB).permute(2, 0, 1)), expected)
    torch.testing.assert_close(pixels(processor, RAMP[..., None]), pixels(processor, Image.fromarray(RAMP)))
    batch = pixels(processor, [image, Image.fromarray(255 - RGB), image])
    assert batch.shape == (3, 3, 24, 24)
    torch.testing.assert_close(batch[:1], expected)


class TestFaceCrop:
    def test_is_the_square_around_the_box(self):
        processor = ViTPainImageProcessor(face_crop=1.5)
        cut = processor.crop_face(Image.fromarray(RGB), (16, 9, 24, 21))  # longer side 12, hence 18 px about (20, 15)
        np.testing.assert_array_equal(np.asarray(cut), RGB[6:24, 11:29])

    def test_is_black_where_it_leaves_the_picture(self):
        cut = np.asarray(
            ViTPainImageProcessor(face_crop=2.0).crop_face(Image.fromarray(255 - RGB // 2), (0, 0, 20, 20))
        )
        assert cut.shape == (40, 40, 3)
        assert (cut[:10] == 0).all()
        assert (cut[:, :10] == 0).all()
        assert (cut[10:, 10:] > 0).all()

    def test_is_off_by_default(self, processor):
        assert processor.crop_face(Image.fromarray(RGB), (0, 0, 5, 5)).size == (40, 30)

    def test_is_saved_with_the_processor(self, tmp_path):
        ViTPainImageProcessor(face_crop=1.25).save_pretrained(tmp_path)
        assert ViTPainImageProcessor.from_pretrained(tmp_path).face_crop == 1.25
