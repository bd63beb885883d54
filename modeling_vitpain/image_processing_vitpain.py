"""Pictures to `pixel_values`, with PIL and NumPy only (torchvision is not needed).

- Any PIL mode becomes upright 8-bit RGB first: EXIF orientation applied, 16-bit greys scaled (not clipped),
  transparency laid over white, the first frame of an animation taken. Then it is resized and normalised as for any ViT.
- Memory is bounded: above `MAX_PIXELS` a JPEG is decoded at a half, a quarter or an eighth of its size, and any other
  picture is refused before it is decoded.
- A face is cropped where a box or landmarks are given; faces are not searched for.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from transformers.processing_utils import ImagesKwargs
from transformers.utils import logging

from .picture_text_vitpain import decoded_text, is_file

logger = logging.get_logger(__name__)

MAX_PIXELS = 50_000_000
"""Pixels decoded of one picture: 200 MB in PIL's memory. 7,071 x 7,071, for example."""

MODES = ("image", "heatmap")

WHOLE = "whole"
"""In place of boxes: the pictures are faces that were cut out already."""

_FOREHEAD = 0.5
"""A face box reaches this far above the brows' landmarks, in units of the landmarks' longer side. Measured on 165
frames of Pain3D, whose `face_box` holds the whole face: 0.50, standard deviation 0.04."""


class ViTPainImagesKwargs(ImagesKwargs, total=False):
    """What the processor takes beside transformers' own.

    `face_crop`: side of the square that the model sees, in units of the face box's longer side; None: whole pictures.
    `mode`: "image", or "heatmap" for a teacher: single-channel 8-bit pictures only, repeated in three channels.
    """

    face_crop: float | None
    mode: str | None


class ViTPainImageProcessor(PilBackend):
    """Images (PIL, arrays, tensors, paths, URLs, base64; one or many) -> `pixel_values` (B, 3, height, width), float32.

    It finds no faces. Where `face_crop` is set, the model was trained on squares around the face: give the place of the
    face, `processor(images, boxes=…)` or `processor(images, landmarks=…)`, or such pictures, and say so with
    `boxes="whole"`.
    """

    valid_kwargs = ViTPainImagesKwargs
    face_crop = None
    mode = "image"
    resample = PILImageResampling.BILINEAR
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    size = {"height": 224, "width": 224}  # noqa: RUF012 - transformers copies it for each instance
    do_resize = True
    do_rescale = True
    do_normalize = True
    do_convert_rgb = True

    def preprocess(self, images, *args, boxes=None, landmarks=None, **kwargs):
        """As transformers', with each picture cropped to its face where boxes or landmarks are given.

        Args:
            images: one picture or a list.
            boxes: (x0, y0, x1, y1) of the face in pixels of each upright picture; (B, 4), or (4,) for one picture.
                "whole": the pictures are such squares already. Without boxes and landmarks they are taken as such too,
                with a warning (once) where `face_crop` is set.
            landmarks: in place of boxes, the 68 points of iBUG 300-W, or its 66 without the inner mouth corners, in
                pixels; (B, 68, 2), or (68, 2) for one picture.

        Raises:
            ValueError: boxes that are no boxes, outside of their picture, or not one for each picture; boxes for a
                model that sees whole pictures, unless `face_crop` is given too.
        """
        mode = kwargs.get("mode") or self.mode
        if mode not in MODES:
            raise ValueError(f"mode is {mode!r}; allowed is {' or '.join(map(repr, MODES))}")
        if boxes is not None and landmarks is not None:
            raise ValueError("boxes and landmarks were both given; allowed is one of them")
        if landmarks is not None:
            points = np.asarray(landmarks, dtype=np.float64)
            boxes = [box_of_landmarks(face) for face in (points if points.ndim == 3 else points[None])]
        if isinstance(boxes, str):
            if boxes != WHOLE:
                raise ValueError(f"boxes is {boxes!r}; allowed are x0, y0, x1, y1 for each picture, or {WHOLE!r}")
            boxes = None
        elif boxes is None and (kwargs.get("face_crop") or self.face_crop) is not None:
            logger.warning_once(
                "no face was named: each picture is taken as a face already cut out, as the model's training pictures "
                f"were. Otherwise name the face with boxes or landmarks; boxes={WHOLE!r} says that they are cut out"
            )
        if boxes is not None:
            boxes = boxes_array(boxes)
            if (kwargs.get("face_crop") or self.face_crop) is None:
                raise ValueError(
                    "a face was named, but this model sees whole pictures (face_crop is None); "
                    "give face_crop too: 1.7 is the framing of Pain3D's frames"
                )
        return super().preprocess(images, *args, image_like_kwargs={"boxes": boxes}, **kwargs)

    def _prepare_image_like_inputs(self, images, *args, boxes=None, **kwargs) -> list[np.ndarray]:
        if boxes is None:
            return super()._prepare_image_like_inputs(images, *args, **kwargs)
        images = self._prepare_images_structure(images)
        if len(images) != len(boxes):
            raise ValueError(f"{len(boxes)} faces were named for {len(images)} pictures; allowed is one for each")
        return [self.process_image(image, box=box, **kwargs) for image, box in zip(images, boxes, strict=True)]

    def crop_face(self, image: Image.Image, box) -> Image.Image:
        """The square around a face that the model sees, as RGB; black where it leaves the picture.

        `box` is (x0, y0, x1, y1) in pixels of the upright `image`. Without `face_crop`, the whole picture.
        """
        return to_rgb(image) if self.face_crop is None else crop_square(image, box, self.face_crop)

    def fetch_images(self, image_url_or_urls):
        """Files, base64 and data URIs are opened here: transformers' own loader clips 16-bit pictures to white."""
        source = image_url_or_urls
        if isinstance(source, Path) or (isinstance(source, str) and not source.startswith(("http://", "https://"))):
            return open_picture(source if is_file(source) else decoded_text(str(source)))
        return super().fetch_images(source)

    def as_picture(self, image) -> Image.Image:
        """Any one image that the processor takes, as an upright RGB picture."""
        image = self.fetch_images(image) if isinstance(image, str | Path) else image
        return to_rgb(image if isinstance(image, Image.Image) else _picture_of_array(super().process_image(image)))

    def process_image(
        self, image, do_convert_rgb=None, input_data_format=None, box=None, face_crop=None, mode=None, **kwargs
    ) -> np.ndarray:
        """One picture -> uint8 (3, H, W), cropped, and already resized where that saves memory."""
        if box is not None and not isinstance(image, Image.Image):
            image = _picture_of_array(super().process_image(image, input_data_format=input_data_format))
        if isinstance(image, Image.Image):
            if mode == "heatmap":
                check_heatmap(image)
            if box is not None:
                check_box_in_picture(box, _upright_size(image))
            image = to_rgb(image) if box is None else crop_square(image, box, face_crop)
            size, resample = kwargs.get("size"), kwargs.get("resample")
            if kwargs.get("do_resize") and size and size.height and size.width and resample is not None:
                image = image.resize((size.width, size.height), resample)  # what the backend does, without its copies
            input_data_format = None
        pixels = super().process_image(
            image, do_convert_rgb=do_convert_rgb, input_data_format=input_data_format, **kwargs
        )
        if mode == "heatmap" and len(pixels) > 1 and (pixels != pixels[:1]).any():
            raise ValueError("the heatmap has coloured pixels; allowed is a single 8-bit channel")
        return pixels


def open_picture(path: str | Path | io.BytesIO) -> Image.Image:
    """Opens a picture file, or its bytes, without decoding it, a JPEG of any size too.

    Raises:
        ValueError: the picture is too large to be decoded.
        OSError, SyntaxError: as PIL, on a file that is no picture.
    """
    if isinstance(path, io.BytesIO):
        first = path.getvalue()[:3]
    else:
        with open(path, "rb") as file:
            first = file.read(3)
    if first == b"\xff\xd8\xff":
        return JpegImagePlugin.JpegImageFile(path)  # PIL's own limit is on `open`, but a JPEG can be reduced
    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise ValueError(f"the picture is too large: {_ALLOWED_SIZE}") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """A picture of any mode as upright 8-bit RGB, reduced if it is a JPEG above `MAX_PIXELS`.

    Raises:
        ValueError: a floating-point picture, or one too large to be decoded.
    """
    _limit_decoding(image)
    image.load()
    if image.getexif().get(0x0112, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "RGB":
        return image
    if image.mode == "F":
        raise ValueError("the picture holds floating-point pixels (mode F); allowed are 8-bit and 16-bit pictures")
    if image.mode.startswith("I"):  # 16-bit greys, which PIL opens as "I;16" or as 32-bit "I"
        levels = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        return Image.fromarray(((levels + 128) // 257).astype(np.uint8)).convert("RGB")
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


def check_box_in_picture(box, size: tuple[int, int]) -> None:
    """Raises ValueError unless (x0, y0, x1, y1) holds a face of a picture of `size` (width, height) in pixels.

    Its numbers are finite, x0 < x1 and y0 < y1; it is larger than 2 pixels, and at least half of it is in the picture.
    """
    x0, y0, x1, y1 = box
    shown, picture = f"box {', '.join(f'{value:.6g}' for value in box)}", f"the picture of {size[0]} x {size[1]} pixels"
    if not (np.isfinite(box).all() and x0 < x1 and y0 < y1):
        raise ValueError(f"{shown} is no box in {picture}; allowed are finite x0 < x1 and y0 < y1")
    if max(x1 - x0, y1 - y0) <= 2:
        raise ValueError(f"{shown} is no face in {picture}; allowed are pixels, not shares of the picture")
    inside = max(0.0, min(x1, size[0]) - max(x0, 0)) * max(0.0, min(y1, size[1]) - max(y0, 0))
    if inside < 0.5 * (x1 - x0) * (y1 - y0):
        where = "mostly outside" if inside else "outside"
        raise ValueError(f"{shown} is {where} of {picture}")


def box_of_landmarks(landmarks) -> tuple[float, float, float, float]:
    """The face box (x0, y0, x1, y1) of 68 (or 66) landmarks: their extent, and the forehead above the brows.

    Raises:
        ValueError: another shape, or points that are not finite.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape not in ((68, 2), (66, 2)) or not np.isfinite(points).all():
        raise ValueError(f"landmarks have the shape {points.shape}; allowed are 68 or 66 finite points x, y")
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return float(x0), float(y0 - _FOREHEAD * max(x1 - x0, y1 - y0)), float(x1), float(y1)


def check_heatmap(image: Image.Image) -> None:
    """Raises ValueError unless the picture can be a heatmap: 8 bits, one channel or three (that must be equal)."""
    if image.mode not in ("L", "RGB"):
        raise ValueError(f"the heatmap is a picture of mode {image.mode}; allowed is a single 8-bit channel (mode L)")


_ALLOWED_SIZE = f"allowed are {MAX_PIXELS:,} pixels, and {64 * MAX_PIXELS:,} of a JPEG that is not progressive"


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height after the EXIF orientation, which may lay the picture on its side, without decoding it."""
    return image.size[::-1] if image.getexif().get(0x0112, 1) > 4 else image.size


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
    raise ValueError(f"the picture has {width} x {height} pixels: {_ALLOWED_SIZE}")


def boxes_array(boxes) -> np.ndarray:
    """Boxes, (B, 4) or (4,) for one picture, as (B, 4). Raises ValueError on any other shape and what is no number."""
    try:
        array = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError):
        shown = " ".join(repr(boxes).split())[:100]
        raise ValueError(f"boxes is {shown}; allowed are four numbers x0, y0, x1, y1 for each picture") from None
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have the shape {array.shape}; allowed is (pictures, 4)")
    return array


def _picture_of_array(pixels: np.ndarray) -> Image.Image:
    """uint8 (1, 3 or 4, H, W) -> a picture."""
    if pixels.dtype != np.uint8:
        raise ValueError(f"the picture holds {pixels.dtype} values; allowed with boxes are 8-bit pictures")
    return Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(np.moveaxis(pixels, 0, -1)))


__all__ = [
    "ViTPainImageProcessor",
    "box_of_landmarks",
    "boxes_array",
    "check_box_in_picture",
    "crop_square",
    "open_picture",
    "to_rgb",
]
