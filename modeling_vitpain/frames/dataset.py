"""Rows of the dataset to what the model takes: `pixel_values`, `labels` (PSPI), `au_labels`, `pain_labels`.

- A frame is decoded and resized once and then kept as bytes, so that epochs after the first decode nothing.
- Augmentation and references are a function of (seed, epoch, frame), so that worker counts and a resumed run change
  nothing.
- Every frame of a split is used, the neutral ones too.
- A frame whose source gives PSPI alone has NaN for its units, and a companion that it does not give is NaN too:
  `ViTPainTrainer` leaves them out of the AU loss.
"""

import contextlib
import errno
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from datasets import Dataset, DatasetDict, concatenate_datasets, get_dataset_config_names, load_dataset
from datasets import config as datasets_config
from transformers.utils import logging

from dataset_script.errors import InvalidInput, NoPspi, WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.names import is_hub_name
from dataset_script.vocabulary import SPLITS

from ..image_processing_vitpain import ViTPainImageProcessor
from .augmentation.sets import Variation, check_augmentation, drawn_variation
from .images import ForegroundColumn, ImageColumn, Normaliser
from .kept_pictures import memory_for_pictures
from .labels import au_array, companion_array, pain_array, pspi_array
from .neutral_frames import NeutralFrames, NeutralReferences, OtherDays
from .unit_heat import UnitHeat

logger = logging.get_logger(__name__)

INPUTS = ("image", "heatmap")


def open_split(data: str | Path, split: str) -> Dataset:
    """One split of a Pain3D dataset: a directory, or a name on the Hub.

    Raises:
        InvalidInput: no such directory or split, rows without the columns of contract C2, or without PSPI.
        WorkFailed: the files cannot be read.
    """
    if split not in SPLITS:
        raise InvalidInput(f"split is {split!r}; allowed are {', '.join(SPLITS)}")
    return _with_pspi(_with_columns(_load(data, split), data), data)


def open_splits(data: str | Path) -> dict[str, Dataset]:
    """The splits that the data has, in the order of `SPLITS`. Raises as `open_split`."""
    loaded = _load(data)
    return {name: _with_pspi(_with_columns(loaded[name], data), data) for name in SPLITS if name in loaded}


def open_other_days(data: str | Path, people: Iterable[int]) -> Dataset | None:
    """Neutral pictures of some people that were taken on other days, the configuration `references`; None: none.

    Raises WorkFailed where the files cannot be read.
    """
    try:
        if "references" not in get_dataset_config_names(str(data)):
            return None
        loaded = load_dataset(str(data), "references")
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreadable(data, error) from error
    rows = concatenate_datasets([loaded[name] for name in SPLITS if name in loaded])
    found = rows.select(np.flatnonzero(np.isin(rows["identity_id"][:], sorted(people))))
    return found if len(found) else None


def open_segments(data: str | Path, split: str) -> Dataset | None:
    """The rows of the configuration `geometry` of a split, whose segments say what is background; None: none.

    Raises WorkFailed where the files cannot be read.
    """
    try:
        if "geometry" not in get_dataset_config_names(str(data)):
            return None
        return load_dataset(str(data), "geometry", split=split).select_columns(["frame_id", "segments"])
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkFailed(f"data {data} cannot be read: {_first_line(error)}") from error


def open_stimuli(data: str | Path) -> Dataset:
    """All frames of data that are labelled by stimulus levels, in the order of the splits; their PSPI is unknown.

    Raises:
        InvalidInput: no such data, or none with stimulus levels.
        WorkFailed: the files cannot be read.
    """
    loaded = _load(data)
    rows = concatenate_datasets([_with_columns(loaded[name], data) for name in SPLITS if name in loaded])
    if "stimulus" not in rows.column_names:
        raise InvalidInput(f"{data} has no stimulus levels; allowed is what `pain3d import` makes of BioVid")
    return rows


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
    if not Path(data).is_dir() and not is_hub_name(data):
        raise InvalidInput(f"data is {str(data)!r}; allowed is a dataset directory or OWNER/NAME on the Hub")
    try:
        return load_dataset(str(data), split=split)
    except ValueError as error:
        wanted = "splits to read" if split is None else f"split {split!r}"
        cure = "; other people than those who train must validate" if split == "validation" else ""
        raise InvalidInput(f"data {data} has no {wanted}: {_first_line(error)}{cure}") from error
    except (OSError, RuntimeError) as error:
        raise _unreadable(data, error) from error


def _unreadable(data: str | Path, error: OSError | RuntimeError | ValueError) -> WorkFailed:
    """What to raise where `datasets` could not load `data`: it writes a cache first, and that may be what failed."""
    cache = Path(datasets_config.HF_DATASETS_CACHE)
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    cure = "set HF_HOME to a folder with room that can be written to"
    if not os.access(cache, os.W_OK):
        return WorkFailed(f"the cache of datasets cannot be written to, which is {cache}: {cure}")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorkFailed(f"the cache of datasets, which is {cache}, is full: {cure}")
    return WorkFailed(f"data {data} cannot be read: {_first_line(error)}")


def _with_columns(rows: Dataset, data: str | Path) -> Dataset:
    missing = [
        name for name in ("frame_id", "image", "heatmap", "face_box", "au", "pspi") if name not in rows.column_names
    ]
    if missing:
        raise InvalidInput(f"data {data} has no column {', '.join(missing)}; it must be a Pain3D dataset")
    return rows


def _with_pspi(rows: Dataset, data: str | Path) -> Dataset:
    if rows.data["pspi"].null_count:
        raise NoPspi(data)
    return rows


class TeacherOutputs(TypedDict):
    """A teacher's outputs on n frames, in their order: `logits` (n, 17), `au` (n, U) and `cls` (n, D), float32."""

    logits: torch.Tensor
    au: torch.Tensor
    cls: torch.Tensor


class PainFrames(torch.utils.data.Dataset):
    """The frames of a split, ready for the model.

    Args:
        rows: a split from `open_split`.
        processor: the model's image processor; its size, mean, std and face crop are used.
        input: "image" for the picture, "heatmap" for a teacher.
        augment_seed: None for evaluation; else frames are varied, as a function of this seed, the epoch and the frame.
        with_heatmap: also give `heatmaps` (H, W), 0-1, in the geometry of `pixel_values`.
        reference: also give `reference_pixel_values` and `reference_mask`: a neutral frame of the same person, cropped
            by its own face box. In training it is of the same or a random view, or a picture of another day; in
            evaluation it is that of `neutral_frame_id`, and a neutral frame gets the one of another view. A person
            without another neutral frame has an empty slot (mask False).
        teacher: of a distillation. Its image processor: also give `heatmap_pixel_values`, in the same geometry, at the
            teacher's size and normalisation. Or its outputs: also give `teacher_logits`, `teacher_au`, `teacher_cls`.
        augmentation: one of `AUGMENTATIONS`: what is varied.
        segments: rows from `open_segments`, for the random backgrounds of "strong"; None: pictures keep theirs.
        au_names: of the model's configuration: the six units of the PSPI, then companions.
        unit_heat: of the same rows: also give `au_heat` (6, rows, columns), 0-1, of the patches of `pixel_values`.

    Raises:
        InvalidInput: an argument that is not allowed, or data without neutral frames where a reference is wanted.
    """

    def __init__(
        self,
        rows: Dataset,
        processor: ViTPainImageProcessor,
        input: str = "image",
        augment_seed: int | None = None,
        with_heatmap: bool = False,
        reference: NeutralFrames | None = None,
        teacher: ViTPainImageProcessor | TeacherOutputs | None = None,
        augmentation: str = "light",
        segments: Dataset | None = None,
        au_names: Sequence[str] = AU_NAMES,
        unit_heat: UnitHeat | None = None,
    ):
        if input not in INPUTS:
            raise InvalidInput(f"input is {input!r}; allowed are {' or '.join(INPUTS)}")
        if reference is not None and input != "image":
            raise InvalidInput("input is 'heatmap' with a reference; a heatmap is already the change from neutral")
        check_augmentation(augmentation)
        self.augment_seed = augment_seed
        self.augmentation = augmentation
        self.reference_dropout = 0.0 if reference is None else reference.dropout
        self.teacher_outputs: TeacherOutputs | None = None
        self.unit_heat = unit_heat
        wanted = {"pixel_values": (input, Normaliser(processor))}
        if isinstance(teacher, dict):
            if len(teacher["logits"]) != len(rows):
                raise InvalidInput(f"teacher has outputs of {len(teacher['logits'])} rows; allowed is {len(rows)}")
            self.teacher_outputs = teacher
        elif teacher is not None:
            wanted["heatmap_pixel_values"] = ("heatmap", Normaliser(teacher))
        if with_heatmap:
            wanted["heatmaps"] = ("heatmap", Normaliser(processor, mean=0.0, std=1.0))
        if any(column == "heatmap" for column, _ in wanted.values()):
            _require_heatmaps(rows)
        keep = len(rows) * sum(normaliser.frame_bytes for _, normaliser in wanted.values()) <= memory_for_pictures()
        foregrounds = None
        if segments is not None:
            foregrounds = ForegroundColumn(rows, segments, wanted["pixel_values"][1], keep)
        elif augment_seed is not None and augmentation == "strong" and input == "image":
            logger.warning_once("the data have no segments (generate with --geometry): pictures keep their backgrounds")
        reduced = augment_seed is not None  # what is scored is decoded as `predict` decodes it
        self.views = {
            key: ImageColumn(rows, column, normaliser, keep, foregrounds, reduced and column == "image")
            for key, (column, normaliser) in wanted.items()
        }
        self.references = self.other_days = None
        if reference is not None:
            pool = rows if reference.rows is None else reference.rows
            self.references = NeutralReferences(rows, pool, reference.same_view_share, reference.required)
            own = self.views["pixel_values"]
            if pool is rows:
                self.reference_views = own
            else:
                self.reference_views = ImageColumn(pool, "image", own.normaliser, keep, reduced=reduced)
            if reference.other_days is not None and reference.other_day_share:
                self.other_days = OtherDays(rows, reference.other_days, reference.other_day_share)
                self.other_day_views = ImageColumn(reference.other_days, "image", own.normaliser, keep, reduced=reduced)
        self.labels = torch.from_numpy(pspi_array(rows["pspi"][:]))
        units = au_array(rows["au"][:]), companion_array(rows, au_names[len(AU_NAMES) :])
        self.au_labels = torch.from_numpy(np.concatenate(units, axis=1))
        self.pain_labels = torch.from_numpy(pain_array(rows))
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.labels)

    def set_epoch(self, epoch: int) -> None:
        """Each epoch sees other augmentations and references. `ViTPainTrainer` calls it."""
        self.epoch = epoch

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, torch.Tensor]:
        """`pixel_values` (3, H, W) float32, `labels` () int64, `au_labels` (U,) and `pain_labels` () float32 or NaN.

        And what was asked for.

        `index` is a frame, or (frame, draw) from a sampler that draws frames more than once an epoch: each draw has its
        own augmentation and reference.
        """
        index, draw = index if isinstance(index, tuple) else (index, 0)
        item = {name: getattr(self, name)[index] for name in ("labels", "au_labels", "pain_labels")}
        variation = self.variation(self.epoch, index, draw)
        for key, pictures in self.views.items():
            item[key] = pictures.tensor(index, variation)
        if "heatmaps" in item:
            item["heatmaps"] = item["heatmaps"][0]
        if self.unit_heat is not None:
            item["au_heat"] = self.unit_heat.patches(index, variation)
        if self.references is not None:
            item |= self._reference(index, draw, variation)
        if self.teacher_outputs is not None:
            item |= {f"teacher_{name}": values[index] for name, values in self.teacher_outputs.items()}
        return item

    def variation(self, epoch: int, index: int, draw: int = 0) -> Variation | None:
        """How a frame is varied in an epoch; None: it is not."""
        if self.augment_seed is None:
            return None
        return drawn_variation(self.augmentation, np.random.default_rng([self.augment_seed, epoch, index, draw]))

    def reference(self, index: int, draw: int = 0) -> tuple[int | None, bool, Variation | None]:
        """The neutral picture that a frame is compared with in this epoch.

        Its place, None where there is none; whether that is among the pictures of other days; how it is varied.
        """
        if self.augment_seed is None:
            return self.references.fixed(index), False, None
        random = np.random.default_rng([self.augment_seed, self.epoch, index, draw, 1])
        place = self.references.drawn(index, random)
        variation = drawn_variation(self.augmentation, random)
        dropped = random.random() < self.reference_dropout
        # drawn last: data without pictures of other days give the numbers that they gave
        other = None if self.other_days is None else self.other_days.drawn(index, random)
        if dropped:
            place = None
        elif other is not None:
            place = other
        return place, other is not None, variation

    def _reference(self, index: int, draw: int, of_frame: Variation | None) -> dict[str, torch.Tensor]:
        """`reference_pixel_values` (1, 3, H, W), `reference_mask` (1,); zeros and False where the slot is empty."""
        place, of_other_day, variation = self.reference(index, draw)
        if variation is not None and of_frame is not None:
            # another shift and light than the frame's, but not another person: faces are not symmetric
            variation = variation.with_mirror(of_frame.mirror)
        pictures = self.other_day_views if of_other_day else self.reference_views
        pixels = torch.zeros(pictures.normaliser.shape) if place is None else pictures.tensor(place, variation)
        return {"reference_pixel_values": pixels[None], "reference_mask": torch.tensor([place is not None])}


def _require_heatmaps(rows: Dataset) -> None:
    if unknown := rows.data["heatmap"].null_count:
        raise InvalidInput(
            f"data has {unknown} frames without a heatmap; allowed are recipes that need none: --start, --backbone, or "
            "--heatmap-weight 0"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
