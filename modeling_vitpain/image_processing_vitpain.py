"""Pictures to `pixel_values`, with PIL and NumPy only (torchvision is not needed).

- Pictures and arrays of any kind become upright 8-bit RGB first (`pictures_vitpain.py`, `arrays_vitpain.py`). Then
  they are resized and normalised as for any ViT.
- A face is cropped where a box or landmarks are given; faces are not searched for.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from transformers.processing_utils import ImagesKwargs
from transformers.utils import logging

from .arrays_vitpain import flat_pictures, is_array
from .picture_text_vitpain import picture_source
from .pictures_vitpain import crop_square, open_picture, orientation_of, to_rgb

logger = logging.get_logger(__name__)

MODES = ("image", "heatmap")

WHOLE = "whole"
"""In place of boxes: the pictures are faces that were cut out already."""
_DARK = 17
"""Of 255, a level below 7 % of white. Nothing brighter: the picture is black, or was divided by 255 before."""

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
        images = self.fetch_images(images)
        if kwargs.get("mode") == "heatmap":
            check_heatmaps(images)
        pictures = flat_pictures(images, kwargs.get("input_data_format"))
        if boxes is not None and len(pictures) != len(boxes):
            raise ValueError(f"{len(boxes)} faces were named for {len(pictures)} pictures; allowed is one for each")
        if kwargs.get("do_rescale") and any(picture.white == 1 for picture in pictures):
            logger.warning_once(
                "Pictures with values from 0 to 1 were given and are taken for rescaled ones: they are not rescaled "
                "again. Give do_rescale=False to say so."
            )
        boxes = [None] * len(pictures) if boxes is None else boxes
        return [
            self.process_image(picture.image, white=picture.white, box=box, **kwargs)
            for picture, box in zip(pictures, boxes, strict=True)
        ]

    def crop_face(self, image: Image.Image, box) -> Image.Image:
        """The square around a face that the model sees, as RGB; black where it leaves the picture.

        `box` is (x0, y0, x1, y1) in pixels of the upright `image`. Without `face_crop`, the whole picture.
        """
        return to_rgb(image) if self.face_crop is None else crop_square(image, box, self.face_crop)

    def fetch_images(self, image_url_or_urls):
        """Files and text are opened here: transformers' own loader clips 16-bit pictures to white."""
        images = image_url_or_urls
        if isinstance(images, list | tuple):
            return [self.fetch_images(image) for image in images]
        if isinstance(images, Image.Image) or is_array(images):
            return images
        if isinstance(images, str | Path):
            return open_picture(picture_source(images))
        raise TypeError(
            f"a picture is of type {type(images).__name__}; allowed are PIL pictures, arrays, tensors, paths of "
            f"existing files, URLs, base64 text, and lists of them{_cure_of(images)}"
        )

    def as_picture(self, image) -> Image.Image:
        """Any one image that the processor takes, as an upright RGB picture."""
        pictures = flat_pictures(self.fetch_images(image))
        if len(pictures) != 1:
            raise ValueError(f"{len(pictures)} pictures were given in the place of one")
        return to_rgb(pictures[0].image)

    def process_image(
        self, image: Image.Image, white=255, box=None, face_crop=None, mode=None, do_rescale=True, **kwargs
    ) -> np.ndarray:
        """One picture -> (3, H, W), cropped, and already resized where that saves memory.

        uint8, 0 to 255; float32, 0 to 1, where such values were given (`white` is 1) and are not to be rescaled.
        """
        stored, rgb = image.size, to_rgb(image)
        if box is not None:
            check_box_in_picture(box, stored[::-1] if orientation_of(image) > 4 else stored)
            reduced = max(rgb.size) / max(stored)
            rgb = crop_square(rgb, [value * reduced for value in box], face_crop)
        whole, size, resample = rgb, kwargs.get("size"), kwargs.get("resample")
        if kwargs.get("do_resize") and size and size.height and size.width and resample is not None:
            rgb = rgb.resize((size.width, size.height), resample)  # what the backend does, without its copies
        pixels = np.moveaxis(np.asarray(rgb), -1, 0)
        if mode != "heatmap" and do_rescale and pixels.max() <= _DARK and _is_dark(whole):
            logger.warning_once(
                "The brightest pixel of a picture is below 7 % of white: the picture is all but black, or its values "
                "were divided by 255 before."
            )
        if mode == "heatmap" and (pixels != pixels[:1]).any():
            raise ValueError("the heatmap has coloured pixels; allowed is a single 8-bit channel")
        return pixels if white != 1 or do_rescale else pixels / np.float32(255)

    def resize(self, image, size, **kwargs):
        """As the backend's, but a picture of that size already is left as it is."""
        if size.height and image.shape[-2:] == (size.height, size.width):
            return image
        return super().resize(image, size, **kwargs)


def _cure_of(value) -> str:
    """How the bytes of a picture, or a file, become one that is allowed; empty for anything else."""
    if isinstance(value, bytes | bytearray | memoryview):
        return "; PIL.Image.open(io.BytesIO(...)) makes one of bytes"
    return "; PIL.Image.open(...) makes one of an open file" if hasattr(value, "read") else ""


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


def _is_dark(rgb: Image.Image) -> bool:
    return max(high for _, high in rgb.getextrema()) <= _DARK


def check_heatmaps(images) -> None:
    """Raises ValueError unless all pictures can be heatmaps: 8 bits, one channel or three (that must be equal)."""
    if isinstance(images, list | tuple):
        for image in images:
            check_heatmaps(image)
    elif isinstance(images, Image.Image):
        if images.mode not in ("L", "RGB"):
            raise ValueError(
                f"the heatmap is a picture of mode {images.mode}; allowed is a single 8-bit channel (mode L)"
            )
    elif str(images.dtype).removeprefix("torch.") != "uint8":
        raise ValueError(f"the heatmap is an array of {images.dtype}; allowed is a single 8-bit channel (uint8)")


def boxes_array(boxes) -> np.ndarray:
    """Boxes, (B, 4) or (4,) for one picture, as (B, 4). Raises ValueError on any other shape and what is no number."""
    try:
        array = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError):
        missing = [k for k, box in enumerate(boxes) if box is None] if isinstance(boxes, list | tuple) else []
        if missing:
            raise ValueError(
                f"boxes[{missing[0]}] is None; allowed are four numbers x0, y0, x1, y1 for each picture: "
                "leave pictures without a face out"
            ) from None
        shown = " ".join(repr(boxes).split())[:100]
        raise ValueError(f"boxes is {shown}; allowed are four numbers x0, y0, x1, y1 for each picture") from None
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have the shape {array.shape}; allowed is (pictures, 4)")
    return array


__all__ = ["WHOLE", "ViTPainImageProcessor", "box_of_landmarks", "boxes_array", "check_box_in_picture"]
