"""The pictures of a dataset as a model takes them: cut out and resized once, then varied and normalised each time."""

import math

import numpy as np
import torch
from datasets import Dataset
from PIL import Image, UnidentifiedImageError

from dataset_script.errors import WorkFailed

from ..image_processing_vitpain import ViTPainImageProcessor
from ..pictures_vitpain import crop_square
from .augmentation import Variation
from .kept_pictures import KeptPictures


def seen_part(image: Image.Image, face_box: list[float] | None, processor: ViTPainImageProcessor) -> Image.Image:
    """The part of a picture of any mode that the model sees, as RGB, not yet resized.

    Imported data may lack face boxes: then the whole picture, squared where the model was trained on squares.
    """
    if face_box is None and processor.face_crop is not None:
        return crop_square(image, (0, 0, *image.size), 1.0)
    return processor.crop_face(image, face_box)


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

    def resize(self, image: Image.Image, face_box: list[float] | None) -> np.ndarray:
        """What the model sees of a picture of any mode, (H, W, 3), uint8."""
        part = seen_part(image, face_box, self.processor)
        resized = self.processor(part, boxes="whole", do_rescale=False, do_normalize=False)["pixel_values"][0]
        return np.ascontiguousarray(np.asarray(resized).transpose(1, 2, 0), dtype=np.uint8)

    def normalise(self, pixels: np.ndarray) -> torch.Tensor:
        """(H, W, 3), uint8 -> (3, H, W), float32: the numbers that the processor itself would give."""
        rescaled = (pixels.transpose(2, 0, 1) * self.processor.rescale_factor).astype(np.float32)
        return torch.from_numpy(np.ascontiguousarray((rescaled - self.mean) / self.std))


class ImageColumn:
    """One picture column of a dataset, as tensors.

    Args:
        rows: the dataset.
        column: "image" or "heatmap".
        normaliser: of the model.
        keep: hold the resized pictures in memory, so that each is decoded once, whatever the number of processes.
    """

    def __init__(self, rows: Dataset, column: str, normaliser: Normaliser, keep: bool):
        self.rows = rows.select_columns(["frame_id", "face_box", column])  # a row that is read is decoded whole
        self.column = column
        self.normaliser = normaliser
        channels, height, width = normaliser.shape
        self._kept = KeptPictures(len(rows), (height, width, channels)) if keep else None

    def tensor(self, index: int, variation: Variation | None) -> torch.Tensor:
        """The picture of a row, varied if asked for: (3, H, W), float32, normalised.

        Raises:
            WorkFailed: it is not a readable picture.
        """
        pixels = self._pixels(index)
        if variation is not None:
            pixels = variation.apply(pixels, photometric=self.column == "image")
        return self.normaliser.normalise(pixels)

    def _pixels(self, index: int) -> np.ndarray:
        pixels = None if self._kept is None else self._kept.get(index)
        if pixels is None:
            try:
                row = self.rows[index]
                pixels = self.normaliser.resize(row[self.column], row["face_box"])
            except (UnidentifiedImageError, OSError) as error:
                frame_id = self.rows.select_columns("frame_id")[index]["frame_id"]
                raise WorkFailed(f"frame {frame_id}: its {self.column} is not a readable picture") from error
            if self._kept is not None:
                self._kept.put(index, pixels)
        return pixels
