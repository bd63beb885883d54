"""Rows of the dataset to what the model takes: `pixel_values`, `labels` (PSPI), `au_labels`.

- A frame is decoded and resized once and then kept as bytes: training is about the model, not about JPEG.
- Augmentation and references are a function of (seed, epoch, frame), so that worker counts and a resumed run change
  nothing.
- Every frame of a split is used, the neutral ones too.
- A frame whose source gives PSPI alone has NaN for its units: `ViTPainTrainer` leaves its AU loss out.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, DatasetDict, concatenate_datasets, load_dataset
from PIL import Image, UnidentifiedImageError

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.features import SPLITS

from ..image_processing_vitpain import ViTPainImageProcessor, crop_square
from .augmentation import Variation
from .neutral_frames import NeutralReferences

INPUTS = ("image", "heatmap")
_CACHE_LIMIT = 2 * 2**30  # bytes of resized frames kept in memory, for each split


def open_split(data: str | Path, split: str) -> Dataset:
    """One split of a Pain3D dataset: a directory, or a name on the Hub.

    Raises:
        InvalidInput: no such directory or split, or rows without the columns of contract C2.
        WorkFailed: the files cannot be read.
    """
    if split not in SPLITS:
        raise InvalidInput(f"split is {split!r}; allowed are {', '.join(SPLITS)}")
    return _with_columns(_load(data, split), data)


def open_splits(data: str | Path) -> dict[str, Dataset]:
    """The splits that the data has, in the order of `SPLITS`. Raises as `open_split`."""
    loaded = _load(data)
    return {name: _with_columns(loaded[name], data) for name in SPLITS if name in loaded}


def open_people(data: str | Path, people: Iterable[int] | None = None) -> Dataset:
    """The frames of some people (values of `identity_id`), whatever split they are in; None: of everybody.

    They come in the order of the splits and their rows. Raises as `open_split`, and InvalidInput where somebody has no
    frame.
    """
    rows = concatenate_datasets(list(open_splits(data).values()))
    if people is None:
        return rows
    wanted, identities = np.array(sorted(people), dtype=int), np.asarray(rows["identity_id"][:])
    if absent := np.setdiff1d(wanted, identities).tolist():
        raise InvalidInput(f"people holds {absent[0]}, who has no frame in {data} ({len(absent)} such in all)")
    return rows.select(np.flatnonzero(np.isin(identities, wanted)))


def _load(data: str | Path, split: str | None = None) -> Dataset | DatasetDict:
    looks_like_hub = str(data).count("/") == 1 and not str(data).startswith((".", "/", "~"))
    if not Path(data).is_dir() and not looks_like_hub:
        raise InvalidInput(f"data is {str(data)!r}; allowed is a dataset directory or OWNER/NAME on the Hub")
    try:
        return load_dataset(str(data), split=split)
    except ValueError as error:
        wanted = "splits to read" if split is None else f"split {split!r}"
        raise InvalidInput(f"data {data} has no {wanted}: {_first_line(error)}") from error
    except (OSError, RuntimeError) as error:
        raise WorkFailed(f"data {data} cannot be read: {_first_line(error)}") from error


def _with_columns(rows: Dataset, data: str | Path) -> Dataset:
    missing = [
        name for name in ("frame_id", "image", "heatmap", "face_box", "au", "pspi") if name not in rows.column_names
    ]
    if missing:
        raise InvalidInput(f"data {data} has no column {', '.join(missing)}; it must be a Pain3D dataset")
    return rows


def au_array(values: Iterable[Sequence[float] | None]) -> np.ndarray:
    """Action units `(n, 6)`, float32; NaN in the rows of frames whose source gives PSPI alone."""
    unknown = [math.nan] * len(AU_NAMES)
    rows = [unknown if units is None else units for units in values]
    return np.array(rows, dtype=np.float32).reshape(-1, len(AU_NAMES))


class PainFrames(torch.utils.data.Dataset):
    """The frames of a split, ready for the model.

    Args:
        rows: a split from `open_split`.
        processor: the model's image processor; its size, mean, std and face crop are used.
        input: "image" for the picture, "heatmap" for a teacher.
        augment_seed: None for evaluation; else random shift, scale, mirror image, brightness and contrast.
        teacher_processor: also give `heatmap_pixel_values`, as the teacher of a distillation sees it: the same geometry,
            the teacher's own size and normalisation.
        with_heatmap: also give `heatmaps` (H, W), 0-1, in the geometry of `pixel_values`.
        reference: also give `reference_pixel_values` and `reference_mask`: a neutral frame of the same person, cut out by
            its own face box. In training that of a random view, in evaluation that of `neutral_frame_id`; a neutral frame
            gets the one of another view. A person without another neutral frame has an empty slot (mask False).
        reference_dropout: share of training items whose slot is emptied, so that the model's fallback learns.
        reference_rows: where the neutral frames are, if not in `rows`.
        teacher_outputs: also give `teacher_logits`, `teacher_au`, `teacher_cls`, from `teacher_cache.teacher_outputs`.

    Raises:
        InvalidInput: an argument that is not allowed, or data without neutral frames where a reference is wanted.
    """

    def __init__(
        self,
        rows: Dataset,
        processor: ViTPainImageProcessor,
        input: str = "image",
        augment_seed: int | None = None,
        teacher_processor: ViTPainImageProcessor | None = None,
        with_heatmap: bool = False,
        reference: bool = False,
        reference_dropout: float = 0.0,
        reference_rows: Dataset | None = None,
        teacher_outputs: dict[str, torch.Tensor] | None = None,
    ):
        if input not in INPUTS:
            raise InvalidInput(f"input is {input!r}; allowed are {' or '.join(INPUTS)}")
        if reference and input != "image":
            raise InvalidInput("input is 'heatmap' with a reference; a heatmap is already the change from neutral")
        if not 0 <= reference_dropout < 1:
            raise InvalidInput(f"reference_dropout is {reference_dropout}; allowed is 0 to below 1")
        if teacher_outputs is not None and len(teacher_outputs["logits"]) != len(rows):
            raise InvalidInput(f"teacher_outputs has {len(teacher_outputs['logits'])} rows; allowed is {len(rows)}")
        self.augment_seed = augment_seed
        self.reference_dropout = reference_dropout
        self.teacher_outputs = teacher_outputs
        wanted = {"pixel_values": (input, _Normaliser(processor))}
        if teacher_processor is not None:
            wanted["heatmap_pixel_values"] = ("heatmap", _Normaliser(teacher_processor))
        if with_heatmap:
            wanted["heatmaps"] = ("heatmap", _Normaliser(processor, mean=0.0, std=1.0))
        asked_for = any(column == "heatmap" for column, _ in wanted.values())
        if asked_for and (unknown := rows.data["heatmap"].null_count):
            raise InvalidInput(
                f"data has {unknown} frames without a heatmap; allowed are recipes that need none: --start, --backbone, or "
                "--heatmap-weight 0"
            )
        keep = len(rows) * sum(normaliser.frame_bytes for _, normaliser in wanted.values()) <= _CACHE_LIMIT
        self.views = {key: _Pictures(rows, column, normaliser, keep) for key, (column, normaliser) in wanted.items()}
        self.references = None
        if reference:
            pool = rows if reference_rows is None else reference_rows
            self.references = NeutralReferences(rows, pool)
            own = self.views["pixel_values"]
            self.reference_views = own if pool is rows else _Pictures(pool, "image", own.normaliser, keep)
        self.labels = torch.tensor(rows["pspi"][:], dtype=torch.long)
        self.au_labels = torch.from_numpy(au_array(rows["au"][:]))
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.labels)

    def set_epoch(self, epoch: int) -> None:
        """Each epoch sees other augmentations and references. `ViTPainTrainer` calls it."""
        self.epoch = epoch

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, torch.Tensor]:
        """`pixel_values` (3, H, W) float32, `labels` () int64, `au_labels` (6,) float32 or NaN, and what was asked for.

        `index` is a frame, or (frame, draw) from a sampler that draws frames more than once an epoch: each draw has its
        own augmentation and reference.
        """
        index, draw = index if isinstance(index, tuple) else (index, 0)
        item = {"labels": self.labels[index], "au_labels": self.au_labels[index]}
        variation = None
        if self.augment_seed is not None:
            variation = Variation.draw(np.random.default_rng([self.augment_seed, self.epoch, index, draw]))
        for key, pictures in self.views.items():
            item[key] = pictures.tensor(index, variation)
        if "heatmaps" in item:
            item["heatmaps"] = item["heatmaps"][0]
        if self.references is not None:
            item |= self._reference(index, draw, variation)
        if self.teacher_outputs is not None:
            item |= {f"teacher_{name}": values[index] for name, values in self.teacher_outputs.items()}
        return item

    def _reference(self, index: int, draw: int, variation: Variation | None) -> dict[str, torch.Tensor]:
        """`reference_pixel_values` (1, 3, H, W), `reference_mask` (1,); zeros and False where the slot is empty."""
        if variation is None:
            place = self.references.fixed(index)
        else:
            random = np.random.default_rng([self.augment_seed, self.epoch, index, draw, 1])
            place = self.references.drawn(index, random)
            # another shift and light than the frame's, but not another person: faces are not symmetric
            variation = replace(Variation.draw(random), mirror=variation.mirror)
            if random.random() < self.reference_dropout:
                place = None
        pictures = self.reference_views
        pixels = torch.zeros(pictures.normaliser.shape) if place is None else pictures.tensor(place, variation)
        return {"reference_pixel_values": pixels[None], "reference_mask": torch.tensor([place is not None])}


class _Pictures:
    """One picture column of a dataset as the model sees it, resized once and kept as bytes if `keep`."""

    def __init__(self, rows: Dataset, column: str, normaliser: "_Normaliser", keep: bool):
        self.rows = rows.select_columns(["frame_id", "face_box", column])  # a row that is read is decoded whole
        self.column = column
        self.normaliser = normaliser
        self.keep = keep
        self._cache: dict[int, np.ndarray] = {}

    def tensor(self, index: int, variation: Variation | None) -> torch.Tensor:
        """(3, H, W), float32, normalised."""
        pixels = self._pixels(index)
        if variation is not None:
            pixels = variation.apply(pixels, photometric=self.column == "image")
        return self.normaliser.normalise(pixels)

    def _pixels(self, index: int) -> np.ndarray:
        pixels = self._cache.get(index)
        if pixels is None:
            try:
                row = self.rows[index]
                pixels = self.normaliser.resize(row[self.column], row["face_box"])
            except (UnidentifiedImageError, OSError) as error:
                frame_id = self.rows.select_columns("frame_id")[index]["frame_id"]
                raise WorkFailed(f"frame {frame_id}: its {self.column} is not a readable picture") from error
            if self.keep:
                self._cache[index] = pixels
        return pixels


class _Normaliser:
    """An image processor in two halves: what can be cached as bytes, and what must follow augmentation."""

    def __init__(self, processor: ViTPainImageProcessor, mean: float | None = None, std: float | None = None):
        self.processor = processor
        self.shape = (3, processor.size["height"], processor.size["width"])
        self.frame_bytes = math.prod(self.shape)
        self.mean = np.asarray(processor.image_mean if mean is None else mean, dtype=np.float32).reshape(-1, 1, 1)
        self.std = np.asarray(processor.image_std if std is None else std, dtype=np.float32).reshape(-1, 1, 1)

    def resize(self, image: Image.Image, face_box: list[float] | None) -> np.ndarray:
        """A picture of any mode -> (H, W, 3), uint8. Imported data may lack face boxes: then the whole picture, squared."""
        if face_box is None and self.processor.face_crop is not None:
            face = crop_square(image, (0, 0, *image.size), 1.0)
        else:
            face = self.processor.crop_face(image, face_box)
        resized = self.processor(face, do_rescale=False, do_normalize=False)["pixel_values"][0]
        return np.ascontiguousarray(np.asarray(resized).transpose(1, 2, 0), dtype=np.uint8)

    def normalise(self, pixels: np.ndarray) -> torch.Tensor:
        """(H, W, 3), uint8 -> (3, H, W), float32: the numbers that the processor itself would give."""
        rescaled = (pixels.transpose(2, 0, 1) * self.processor.rescale_factor).astype(np.float32)
        return torch.from_numpy(np.ascontiguousarray((rescaled - self.mean) / self.std))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
