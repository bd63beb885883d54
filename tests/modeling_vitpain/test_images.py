import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.image_processing_vitpain import box_of_landmarks
from modeling_vitpain.pictures_vitpain import MAX_PIXELS

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

    def test_of_a_batch_equals_crop_face(self):
        processor = ViTPainImageProcessor(face_crop=1.5, size={"height": 24, "width": 24})
        images, boxes = [Image.fromarray(RGB), Image.fromarray(255 - RGB)], [(16, 9, 24, 21), (0, 0, 20, 20)]
        found = processor(images, boxes=boxes, return_tensors="pt")["pixel_values"]
        for k in range(2):
            torch.testing.assert_close(found[k : k + 1], pixels(processor, processor.crop_face(images[k], boxes[k])))
        arrays = processor([np.asarray(image) for image in images], boxes=boxes, return_tensors="pt")["pixel_values"]
        torch.testing.assert_close(arrays, found)
        single = processor(images[0], boxes=boxes[0], return_tensors="pt")["pixel_values"]
        torch.testing.assert_close(single, found[:1])

    def test_box_is_in_pixels_of_the_upright_picture(self, tmp_path):
        processor = ViTPainImageProcessor(face_crop=1.0, size={"height": 8, "width": 8})
        exif = Image.Exif()
        exif[0x0112] = 6
        upright = Image.fromarray(RGB)
        upright.rotate(90, expand=True).save(tmp_path / "phone.png", exif=exif)
        found = processor(str(tmp_path / "phone.png"), boxes=(20, 4, 28, 12))
        np.testing.assert_allclose(
            found["pixel_values"][0], processor(upright, boxes=(20, 4, 28, 12))["pixel_values"][0]
        )

    def test_landmarks_hold_the_forehead(self):
        random = np.random.default_rng(0)
        points = random.uniform((100, 200), (220, 310), (68, 2))
        x0, y0, x1, y1 = box_of_landmarks(points)
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        assert (x0, x1, y1) == (left, right, bottom)
        assert y0 == pytest.approx(top - 0.5 * (right - left))
        processor = ViTPainImageProcessor(face_crop=1.1)
        image = Image.fromarray(np.tile(RGB, (14, 10, 1)))
        by_points, by_box = processor(image, landmarks=points), processor(image, boxes=(x0, y0, x1, y1))
        np.testing.assert_array_equal(by_points["pixel_values"][0], by_box["pixel_values"][0])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"boxes": (5, 5, 5, 9)}, "x0 < x1"),
            ({"boxes": (0, 0, float("nan"), 9)}, "finite"),
            ({"boxes": (1, 2, 3)}, "shape"),
            ({"boxes": [(0, 0, 5, 5)] * 2}, "2 faces were named for 1 pictures"),
            ({"boxes": (0, 0, 1e6, 1e6)}, "pixels"),
            ({"landmarks": np.zeros((5, 2))}, "68 or 66"),
            ({"boxes": (0, 0, 5, 5), "landmarks": np.zeros((68, 2))}, "one of them"),
            ({"boxes": (0, 0, 5, 5), "face_crop": None}, "sees whole pictures"),
        ],
    )
    def test_what_is_refused(self, arguments, message):
        processor = ViTPainImageProcessor(face_crop=arguments.pop("face_crop", 1.1))
        with pytest.raises(ValueError, match=message):
            processor(Image.fromarray(RGB), **arguments)

    def test_a_model_of_whole_pictures_takes_a_box_with_a_face_crop(self, processor):
        found = processor(Image.fromarray(RGB), boxes=(16, 9, 24, 21), face_crop=1.5)["pixel_values"][0]
        expected = processor(Image.fromarray(RGB[6:24, 11:29]))["pixel_values"][0]
        np.testing.assert_array_equal(found, expected)


class TestHeatmaps:
    def test_are_the_same_numbers_as_a_grey_picture(self, processor):
        heat = Image.fromarray(RAMP)
        expected = pixels(processor, heat)
        for value in (heat, heat.convert("RGB"), RAMP[..., None]):
            torch.testing.assert_close(processor(value, mode="heatmap", return_tensors="pt")["pixel_values"], expected)

    @pytest.mark.parametrize("image", [Image.fromarray(RGB), RGB, Image.fromarray(RAMP.astype(np.uint16))])
    def test_colours_and_deep_greys_are_refused(self, processor, image):
        with pytest.raises(ValueError, match="single 8-bit channel"):
            processor(image, mode="heatmap")

    def test_a_teachers_processor_remembers(self, tmp_path):
        ViTPainImageProcessor(mode="heatmap").save_pretrained(tmp_path)
        teacher = ViTPainImageProcessor.from_pretrained(tmp_path)
        with pytest.raises(ValueError, match="single 8-bit channel"):
            teacher(Image.fromarray(RGB))

    def test_another_mode_is_refused(self, processor):
        with pytest.raises(ValueError, match="'depth'; allowed is 'image' or 'heatmap'"):
            processor(Image.fromarray(RAMP), mode="depth")


class TestHugePictures:
    """A limit far below the real one, which is of hundreds of megabytes, except in the last test."""

    @pytest.fixture(autouse=True)
    def low_limit(self, monkeypatch):
        monkeypatch.setattr("modeling_vitpain.pictures_vitpain.MAX_PIXELS", 200)

    def test_a_jpeg_is_reduced_and_its_box_too(self, tmp_path):
        processor = ViTPainImageProcessor(face_crop=1.0, size={"height": 8, "width": 8})
        smooth = Image.fromarray(RGB).resize((80, 60), Image.Resampling.BICUBIC)
        smooth.save(tmp_path / "large.jpg", quality=95)
        path = str(tmp_path / "large.jpg")
        assert processor.fetch_images(path).size == (80, 60)  # not decoded yet
        whole = processor(path)["pixel_values"][0]
        np.testing.assert_allclose(whole, processor(smooth)["pixel_values"][0], atol=0.12)
        corner = processor(path, boxes=(40, 24, 72, 56))["pixel_values"][0]
        np.testing.assert_allclose(corner, processor(smooth.crop((40, 24, 72, 56)))["pixel_values"][0], atol=0.12)

    @pytest.mark.parametrize(("name", "how"), [("large.png", {}), ("large.jpg", {"progressive": True})])
    def test_what_cannot_be_reduced_is_refused_before_it_is_decoded(self, processor, tmp_path, name, how):
        Image.fromarray(RGB).save(tmp_path / name, **how)
        with pytest.raises(ValueError, match="40 x 30 pixels: allowed are"):
            processor(str(tmp_path / name))

    def test_a_picture_already_in_memory_is_used(self, processor):
        assert pixels(processor, Image.fromarray(RGB)).shape == (1, 3, 24, 24)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_picture_of_400_megapixels_takes_no_gigabytes(tmp_path, suffix):
    assert MAX_PIXELS < 20_000**2
    path = tmp_path / f"huge.{suffix}"
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        Image.new("L", (20_000, 20_000), 90).save(path)
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    code = (
        "import resource, sys\n"
        "from modeling_vitpain import ViTPainImageProcessor as P\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: print(P()(sys.argv[1])['pixel_values'][0].shape)\n"
        "except ValueError as error: print(error)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    said, megabytes = out.splitlines()
    assert ("too large" in said) if suffix == "png" else (said == "(3, 224, 224)")
    assert int(megabytes) < 600
