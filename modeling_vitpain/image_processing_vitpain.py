"""Pictures to `pixel_values`, with PIL and NumPy only (torchvision is not needed).

Any PIL mode is brought to upright 8-bit RGB first: EXIF orientation applied, 16-bit greys scaled (not clipped),
transparency laid over white, the first frame of an animation taken. Then resize, rescale and normalise, as for any ViT.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from transformers.processing_utils import ImagesKwargs


class ViTPainImagesKwargs(ImagesKwargs, total=False):
    """`face_crop`: side of the square that the model sees, in units of the face box's longer side; None: the whole picture."""

    face_crop: float | None


class ViTPainImageProcessor(PilBackend):
    """Images (PIL, arrays, tensors, paths, URLs; one or many) -> `pixel_values` (B, 3, height, width), float32.

    It finds no faces. Where `face_crop` is set, the model was trained on squares around the face: give it such pictures,
    or cut them with `crop_face` first.
    """

    valid_kwargs = ViTPainImagesKwargs
    face_crop = None
    resample = PILImageResampling.BILINEAR
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    size = {"height": 224, "width": 224}  # noqa: RUF012 - transformers copies it for each instance
    do_resize = True
    do_rescale = True
    do_normalize = True
    do_convert_rgb = True

    def crop_face(self, image: Image.Image, box) -> Image.Image:
        """The square around a face that the model sees, as RGB; black where it leaves the picture.

        `box` is (x0, y0, x1, y1) in pixels of `image`. Without `face_crop`, the whole picture.
        """
        image = to_rgb(image)
        if self.face_crop is None:
            return image
        x0, y0, x1, y1 = box
        side = max(1, round(max(x1 - x0, y1 - y0) * self.face_crop))
        left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
        return image.crop((left, top, left + side, top + side))

    def fetch_images(self, image_url_or_urls):
        """Local files are opened here: transformers' own loader clips 16-bit pictures to white."""
        if isinstance(image_url_or_urls, str | Path) and Path(image_url_or_urls).is_file():
            return Image.open(image_url_or_urls)
        return super().fetch_images(image_url_or_urls)

    def process_image(self, image, do_convert_rgb=None, input_data_format=None, **kwargs) -> np.ndarray:
        """One picture -> uint8 (3, H, W), before resizing."""
        if isinstance(image, Image.Image):
            image = to_rgb(image)
        return super().process_image(
            image, do_convert_rgb=do_convert_rgb, input_data_format=input_data_format, **kwargs
        )


def to_rgb(image: Image.Image) -> Image.Image:
    """An upright 8-bit RGB copy of a picture of any mode. Raises ValueError on a floating-point picture."""
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB":
        return image
    if image.mode == "F":
        raise ValueError("the picture holds floating-point pixels (mode F); allowed are 8-bit and 16-bit pictures")
    if image.mode.startswith("I"):  # 16-bit greys, which PIL opens as "I;16" or as 32-bit "I"
        levels = np.asarray(image).astype(np.float64)
        return Image.fromarray(np.clip(np.rint(levels / 257), 0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


__all__ = ["ViTPainImageProcessor", "to_rgb"]
