"""Rows of the dataset to what the model takes: `pixel_values`, `labels` (PSPI), `au_labels`.

- A frame is decoded and resized once and then kept as bytes: training is about the model, not about JPEG.
- Augmentation is a function of (seed, epoch, frame), so that worker counts and a resumed run change nothing.
- Every frame of a split is used, the neutral ones too.
"""

from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, load_dataset
from PIL import Image, UnidentifiedImageError

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.features import SPLITS

from .image_processing_vitpain import ViTPainImageProcessor

INPUTS = ("image", "heatmap")
_CACHE_LIMIT = 2 * 2**30  # bytes of resized frames kept in memory, for each split

_MAX_SHIFT = 0.05  # of the side
_MAX_SCALE = 1.1
_MAX_BRIGHTNESS = 0.2
_MAX_CONTRAST = 1.25


def open_split(data: str | Path, split: str) -> Dataset:
    """One split of a Pain3D dataset: a directory, or a name on the Hub.

    Raises:
        InvalidInput: no such directory or split, or rows without the columns of contract C2.
        WorkFailed: the files cannot be read.
    """
    if split not in SPLITS:
        raise InvalidInput(f"split is {split!r}; allowed are {', '.join(SPLITS)}")
    looks_like_hub = str(data).count("/") == 1 and not str(data).startswith((".", "/", "~"))
    if not Path(data).is_dir() and not looks_like_hub:
        raise InvalidInput(f"data is {str(data)!r}; allowed is a dataset directory or OWNER/NAME on the Hub")
    try:
        rows = load_dataset(str(data), split=split)
    except ValueError as error:
        raise InvalidInput(f"data {data} has no split {split!r}: {_first_line(error)}") from error
    except (OSError, RuntimeError) as error:
        raise WorkFailed(f"data {data} cannot be read: {_first_line(error)}") from error
    missing = [
        name for name in ("frame_id", "image", "heatmap", "face_box", "au", "pspi") if name not in rows.column_names
    ]
    if missing:
        raise InvalidInput(f"data {data} has no column {', '.join(missing)}; it must be a Pain3D dataset")
    return rows


class PainFrames(torch.utils.data.Dataset):
    """The frames of a split, ready for the model.

    Args:
        rows: a split from `open_split`.
        processor: the model's image processor; its size, mean and std are used.
        input: "image" for the picture, "heatmap" for a teacher.
        augment_seed: None for evaluation; else random shift, scale, mirror image, brightness and contrast.
        teacher_processor: also give `heatmap_pixel_values`, as the teacher of a distillation sees it: the same geometry,
            the teacher's own size and normalisation.
        with_heatmap: also give `heatmaps` (H, W), 0-1, in the geometry of `pixel_values`.
    """

    def __init__(
        self,
        rows: Dataset,
        processor: ViTPainImageProcessor,
        input: str = "image",
        augment_seed: int | None = None,
        teacher_processor: ViTPainImageProcessor | None = None,
        with_heatmap: bool = False,
    ):
        if input not in INPUTS:
            raise InvalidInput(f"input is {input!r}; allowed are {' or '.join(INPUTS)}")
        self.augment_seed = augment_seed
        self.views = {"pixel_values": (input, _Normaliser(processor))}
        if teacher_processor is not None:
            self.views["heatmap_pixel_values"] = ("heatmap", _Normaliser(teacher_processor))
        if with_heatmap:
            self.views["heatmaps"] = ("heatmap", _Normaliser(processor, mean=0.0, std=1.0))
        # one column each: a row that is read is decoded whole
        self.rows = {c: rows.select_columns(["frame_id", "face_box", c]) for c, _ in self.views.values()}
        self.labels = torch.tensor(rows["pspi"][:], dtype=torch.long)
        self.au_labels = torch.tensor(rows["au"][:], dtype=torch.float32).reshape(-1, len(AU_NAMES))
        self.epoch = 0
        self._cache: dict[tuple[int, str], np.ndarray] = {}
        self._keep = len(rows) * sum(normaliser.frame_bytes for _, normaliser in self.views.values()) <= _CACHE_LIMIT

    def __len__(self) -> int:
        return len(self.labels)

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer's loader: each epoch sees other augmentations."""
        self.epoch = epoch

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """`pixel_values` (3, H, W) float32, `labels` () int64, `au_labels` (6,) float32."""
        item = {"labels": self.labels[index], "au_labels": self.au_labels[index]}
        for key, (column, normaliser) in self.views.items():
            pixels = self._pixels(index, key)
            if self.augment_seed is not None:
                random = np.random.default_rng([self.augment_seed, self.epoch, index])
                pixels = augment(pixels, random, photometric=column == "image")
            item[key] = normaliser.normalise(pixels)
        if "heatmaps" in item:
            item["heatmaps"] = item["heatmaps"][0]
        return item

    def _pixels(self, index: int, key: str) -> np.ndarray:
        pixels = self._cache.get((index, key))
        if pixels is None:
            column, normaliser = self.views[key]
            try:
                row = self.rows[column][index]
                pixels = normaliser.resize(row[column], row["face_box"])
            except (UnidentifiedImageError, OSError) as error:
                frame_id = self.rows[column].select_columns("frame_id")[index]["frame_id"]
                raise WorkFailed(f"frame {frame_id}: its {column} is not a readable picture") from error
            if self._keep:
                self._cache[index, key] = pixels
        return pixels


class _Normaliser:
    """An image processor in two halves: what can be cached as bytes, and what must follow augmentation."""

    def __init__(self, processor: ViTPainImageProcessor, mean: float | None = None, std: float | None = None):
        self.processor = processor
        self.frame_bytes = 3 * processor.size["height"] * processor.size["width"]
        self.mean = np.asarray(processor.image_mean if mean is None else mean, dtype=np.float32).reshape(-1, 1, 1)
        self.std = np.asarray(processor.image_std if std is None else std, dtype=np.float32).reshape(-1, 1, 1)

    def resize(self, image: Image.Image, face_box: list[float]) -> np.ndarray:
        """A picture of any mode -> (H, W, 3), uint8."""
        face = self.processor.crop_face(image, face_box)
        resized = self.processor(face, do_rescale=False, do_normalize=False)["pixel_values"][0]
        return np.ascontiguousarray(np.asarray(resized).transpose(1, 2, 0), dtype=np.uint8)

    def normalise(self, pixels: np.ndarray) -> torch.Tensor:
        """(H, W, 3), uint8 -> (3, H, W), float32: the numbers that the processor itself would give."""
        rescaled = (pixels.transpose(2, 0, 1) * self.processor.rescale_factor).astype(np.float32)
        return torch.from_numpy(np.ascontiguousarray((rescaled - self.mean) / self.std))


def augment(pixels: np.ndarray, random: np.random.Generator, photometric: bool) -> np.ndarray:
    """A variation of a frame (H, W, 3), uint8, that leaves its labels true.

    Shift and scale are small enough to keep the brows in. The mirror image is allowed because the AUs of Pain3D are
    bilateral: no label says left or right. Brightness and contrast are for pictures only (`photometric`): a heatmap's
    value is a displacement in millimetres. Draws are the same for both, so that a picture and its heatmap stay aligned.
    """
    height, width = pixels.shape[:2]
    shift_x, shift_y = random.uniform(-_MAX_SHIFT, _MAX_SHIFT, 2) * (width, height)
    zoom = np.exp(random.uniform(-1, 1) * np.log(_MAX_SCALE))
    mirror = -1.0 if random.random() < 0.5 else 1.0
    brightness = random.uniform(-_MAX_BRIGHTNESS, _MAX_BRIGHTNESS) * 255
    contrast = np.exp(random.uniform(-1, 1) * np.log(_MAX_CONTRAST))

    a, e = mirror / zoom, 1 / zoom  # output pixel -> input pixel, about the centre
    centre_x, centre_y = width / 2, height / 2
    matrix = (a, 0.0, centre_x - a * centre_x + shift_x, 0.0, e, centre_y - e * centre_y + shift_y)
    moved = Image.fromarray(pixels).transform(
        (width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    result = np.asarray(moved)
    if photometric:
        mean = result.mean()
        result = np.clip((result - mean) * np.float32(contrast) + mean + np.float32(brightness), 0, 255).astype(
            np.uint8
        )
    return result


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
