"""The pictures of a dataset as a model takes them: cut out and resized once, then varied and normalised each time."""

import io
import math

import numpy as np
import torch
from datasets import Dataset
from datasets import Image as ImageFeature
from PIL import Image, UnidentifiedImageError

from dataset_script.errors import WorkFailed
from dataset_script.vocabulary import SEGMENTS

from ..image_processing_vitpain import ViTPainImageProcessor
from ..pictures_vitpain import crop_square
from .augmentation.scene import Scene
from .augmentation.sets import Variation
from .kept_pictures import KeptPictures


def seen_part(image: Image.Image, face_box: list[float] | None, processor: ViTPainImageProcessor) -> Image.Image:
    """The part of a picture of any mode that the model sees, as RGB, not yet resized.

    Imported data may lack face boxes: then the whole picture, squared where the model was trained on squares.
    """
    if face_box is None and processor.face_crop is not None:
        return crop_square(image, (0, 0, *image.size), 1.0)
    return processor.crop_face(image, face_box)


def decoded_reduced(
    file: str | io.BytesIO, face_box: list[float] | None, processor: ViTPainImageProcessor
) -> tuple[Image.Image, list[float] | None]:
    """A picture file, not yet turned upright, with at least the pixels that the model sees, and the face box in it.

    A JPEG of many more is decoded at a half, a quarter or an eighth of its size, which takes a fraction of the time;
    any other file at its own.
    """
    with Image.open(file) as image:
        stored = image.size
        if processor.face_crop is None:
            seen = min(stored)  # the whole picture, each side of it
        elif face_box is None:
            seen = max(stored)
        else:
            x0, y0, x1, y1 = face_box
            seen = max(1.0, processor.face_crop * max(x1 - x0, y1 - y0))
        share = max(processor.size["height"], processor.size["width"]) / seen
        image.draft(None, (math.ceil(stored[0] * share), math.ceil(stored[1] * share)))
        factor = round(stored[0] / image.width)
        image.load()  # cutting it out turns it upright
    return image, None if face_box is None else [value / factor for value in face_box]


class Normaliser:
    """An image processor in two halves: what can be cached as bytes, and what must follow augmentation.

    Args:
        processor: the model's.
        mean, std: one number in place of the processor's three.
    """

    def __init__(self, processor: ViTPainImageProcessor, mean: float | None = None, std: float | None = None):
        self.processor = processor
        self.shape = (3, processor.size["height"], processor.size["width"])
        self.frame_bytes = math.prod(self.shape)
        self.mean = np.asarray(processor.image_mean if mean is None else mean, dtype=np.float32).reshape(-1, 1, 1)
        self.std = np.asarray(processor.image_std if std is None else std, dtype=np.float32).reshape(-1, 1, 1)
        rescaled = (np.arange(256) * processor.rescale_factor).astype(np.float32)
        of_levels = ((rescaled - self.mean) / self.std)[:, 0]
        self._normalised = np.broadcast_to(of_levels, (3, 256))

    def resize(self, image: Image.Image, face_box: list[float] | None) -> np.ndarray:
        """What the model sees of a picture of any mode, (H, W, 3), uint8."""
        processor = self.processor
        # one step of the processor: checking the arguments of its call takes half as long as the resizing
        resized = processor.process_image(
            seen_part(image, face_box, processor),
            do_resize=processor.do_resize,
            size=processor.size,
            resample=processor.resample,
            mode=processor.mode,
            do_rescale=False,
        )
        return np.ascontiguousarray(resized.transpose(1, 2, 0))

    def normalise(self, pixels: np.ndarray) -> torch.Tensor:
        """(H, W, 3), uint8 -> (3, H, W), float32: the numbers that the processor itself would give."""
        values = np.empty((3, *pixels.shape[:2]), np.float32)
        for channel, of_level in enumerate(self._normalised):
            np.take(of_level, pixels[..., channel], out=values[channel], mode="clip")  # nothing is: "raise" would copy
        return torch.from_numpy(values)


class ForegroundColumn:
    """What the segments of frames show that is no background, as their pictures are cut out and resized.

    Args:
        rows: the frames.
        segments: rows of the configuration `geometry`, in any order; frames without one have no foreground.
        normaliser: of the model.
        keep: hold the results in memory, so that each is decoded once, whatever the number of processes.
    """

    def __init__(self, rows: Dataset, segments: Dataset, normaliser: Normaliser, keep: bool):
        place = {frame_id: k for k, frame_id in enumerate(segments["frame_id"][:])}
        self._places = [place.get(frame_id) for frame_id in rows["frame_id"][:]]
        self._boxes = rows.select_columns("face_box")
        self.segments = segments.select_columns("segments")
        self.normaliser = normaliser
        _, height, width = normaliser.shape
        self._kept = KeptPictures(len(rows), (height, width, 1)) if keep else None

    def pixels(self, index: int) -> np.ndarray | None:
        """(H, W), uint8, 255 in the foreground and 0 in the background and outside of the picture; None: unknown."""
        place = self._places[index]
        if place is None:
            return None
        pixels = None if self._kept is None else self._kept.get(index)
        if pixels is None:
            try:
                segments = np.asarray(self.segments[place]["segments"])
            except (UnidentifiedImageError, OSError) as error:
                raise WorkFailed(f"row {place} of geometry: its segments are not a readable picture") from error
            shown = Image.fromarray(np.where(segments == SEGMENTS.index("background"), 0, 255).astype(np.uint8))
            pixels = self.normaliser.resize(shown, self._boxes[index]["face_box"])[..., :1]
            if self._kept is not None:
                self._kept.put(index, pixels)
        return pixels[..., 0]


class ImageColumn:
    """One picture column of a dataset, as tensors.

    Args:
        rows: the dataset.
        column: "image" or "heatmap".
        normaliser: of the model.
        keep: hold the resized pictures in memory, so that each is decoded once, whatever the number of processes.
        foregrounds: of the same rows; None: pictures keep their background.
        reduced: decode large JPEG files at a fraction of their size; for training, where augmentation changes more.
    """

    def __init__(
        self,
        rows: Dataset,
        column: str,
        normaliser: Normaliser,
        keep: bool,
        foregrounds: ForegroundColumn | None = None,
        reduced: bool = False,
    ):
        self.rows = rows.select_columns(["frame_id", "face_box", column])  # a row that is read is decoded whole
        self.column = column
        self.normaliser = normaliser
        self._boxes = rows.select_columns("face_box")
        self._files = rows.select_columns(["face_box", column]).cast_column(column, ImageFeature(decode=False))
        channels, height, width = normaliser.shape
        self._kept = KeptPictures(len(rows), (height, width, channels)) if keep else None
        self.foregrounds = foregrounds
        self.reduced = reduced

    def tensor(self, index: int, variation: Variation | None) -> torch.Tensor:
        """The picture of a row, varied if asked for: (3, H, W), float32, normalised.

        Raises:
            WorkFailed: it is not a readable picture.
        """
        pixels = self._pixels(index)
        if variation is not None:
            if self.column == "image":
                pixels = variation.apply(pixels, self._scene(index, variation))
            else:
                pixels = variation.move(pixels)
        return self.normaliser.normalise(pixels)

    def _scene(self, index: int, variation: Variation) -> Scene:
        known = variation.needs_foreground and self.foregrounds is not None
        foreground = self.foregrounds.pixels(index) if known else None
        other = None if variation.partner is None else self._pixels(int(variation.partner * len(self.rows)))
        return Scene(self._face(index) if variation.needs_face else None, foreground, other)

    def _face(self, index: int) -> tuple[float, float, float, float] | None:
        box = self._boxes[index]["face_box"]
        if box is None or self.normaliser.processor.face_crop is not None:
            return face_in_view(None, box, self.normaliser.processor)
        with Image.open(_source(self._files[index][self.column])) as image:
            return face_in_view(image.size, box, self.normaliser.processor)

    def _pixels(self, index: int) -> np.ndarray:
        pixels = None if self._kept is None else self._kept.get(index)
        if pixels is None:
            try:
                pixels = self.normaliser.resize(*self._decoded(index))
            except (UnidentifiedImageError, OSError) as error:
                frame_id = self.rows.select_columns("frame_id")[index]["frame_id"]
                raise WorkFailed(f"frame {frame_id}: its {self.column} {_why_unread(error)}") from error
            if self._kept is not None:
                self._kept.put(index, pixels)
        return pixels

    def _decoded(self, index: int) -> tuple[Image.Image, list[float] | None]:
        if self.reduced:
            row = self._files[index]
            return decoded_reduced(_source(row[self.column]), row["face_box"], self.normaliser.processor)
        row = self.rows[index]
        return row[self.column], row["face_box"]


def _why_unread(error: OSError) -> str:
    """What is wrong with a picture, of a dataset that holds it or one that was imported without `--copy`."""
    if error.filename is None or isinstance(error, UnidentifiedImageError):
        return "is not a readable picture"
    return f"is {error.filename}: {error.strerror}; where the pictures were moved, import them again"


def _source(file: dict) -> str | io.BytesIO:
    """What PIL opens of a picture that `datasets` did not decode."""
    return file["path"] if file["bytes"] is None else io.BytesIO(file["bytes"])


def face_in_view(
    size: tuple[int, int] | None, face_box: list[float] | None, processor: ViTPainImageProcessor
) -> tuple[float, float, float, float] | None:
    """The face box (x0, y0, x1, y1) in sides of what the model sees of a picture; None: unknown.

    `size` (width, height) of the picture matters only to a model that sees whole pictures.
    """
    if face_box is None:
        return None
    x0, y0, x1, y1 = face_box
    if processor.face_crop is None:
        width, height = size
        return x0 / width, y0 / height, x1 / width, y1 / height
    side = processor.face_crop * max(x1 - x0, y1 - y0)
    half_width, half_height = (x1 - x0) / side / 2, (y1 - y0) / side / 2
    return 0.5 - half_width, 0.5 - half_height, 0.5 + half_width, 0.5 + half_height
