"""Where each action unit alone moves the face, in the patches that a model sees: the target of the attention loss."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets, get_dataset_config_names, load_dataset
from PIL import Image, UnidentifiedImageError

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES

from ..image_processing_vitpain import ViTPainImageProcessor
from .augmentation.sets import Variation
from .images import Normaliser
from .kept_pictures import KeptPictures, memory_for_pictures

_CHANNELS = 3
"""Units a picture: three maps are resized and varied together, as its red, green and blue."""
_PARTS = [AU_NAMES[first : first + _CHANNELS] for first in range(0, len(AU_NAMES), _CHANNELS)]


def open_unit_heat(data: str | Path) -> Dataset:
    """`frame_id` and `au_heatmaps` of all frames of `data`, of its configuration `geometry`.

    Raises:
        InvalidInput: the data have no such configuration.
        WorkFailed: the files cannot be read.
    """
    try:
        known = "geometry" in get_dataset_config_names(str(data))
        loaded = load_dataset(str(data), "geometry") if known else None
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkFailed(f"data {data} cannot be read: {str(error).strip().splitlines()[0]}") from error
    if loaded is None:
        raise InvalidInput(
            f"data {data} has no heat of single action units; allowed is data with the configuration geometry "
            "(pain3d generate --geometry), or attention_weight 0"
        )
    return concatenate_datasets([rows.select_columns(["frame_id", "au_heatmaps"]) for rows in loaded.values()])


class UnitHeat:
    """The heat of each of the six units of the PSPI alone, in patches, for the frames of `rows`.

    Args:
        rows: the frames.
        geometry: of `open_unit_heat`, in any order.
        processor: the model's.
        grid: rows and columns of patches.

    Raises:
        InvalidInput: a frame has no row in `geometry`.
    """

    def __init__(self, rows: Dataset, geometry: Dataset, processor: ViTPainImageProcessor, grid: tuple[int, int]):
        self.frame_ids, self.boxes = rows["frame_id"][:], rows["face_box"][:]
        place = {frame_id: k for k, frame_id in enumerate(geometry["frame_id"][:])}
        missing = [frame_id for frame_id in self.frame_ids if frame_id not in place]
        if missing:
            raise InvalidInput(
                f"data has {len(missing)} frames without the heat of single action units, {missing[0]} first; allowed "
                "are frames with a row in the configuration geometry, or attention_weight 0"
            )
        self.geometry = geometry
        self.places = [place[frame_id] for frame_id in self.frame_ids]
        self.normaliser = Normaliser(processor, mean=0.0, std=1.0)
        self.grid = grid
        shape = (*self.normaliser.shape[1:], len(AU_NAMES))
        keep = len(rows) * math.prod(shape) <= memory_for_pictures()
        self._kept = KeptPictures(len(rows), shape) if keep else None

    def __len__(self) -> int:
        return len(self.places)

    def patches(self, index: int, variation: Variation | None) -> torch.Tensor:
        """The mean heat of each patch of a frame, varied as its picture is: (6, rows, columns), float32, 0-1.

        Raises:
            WorkFailed: a map is not a readable picture.
        """
        maps = self._maps(index)
        if variation is not None:
            parts = np.split(maps, len(_PARTS), axis=2)
            moved = [variation.move(np.ascontiguousarray(part)) for part in parts]
            maps = np.concatenate(moved, axis=2)
        heat = torch.from_numpy(maps.transpose(2, 0, 1).astype(np.float32) / 255)
        return torch.nn.functional.adaptive_avg_pool2d(heat, self.grid)

    def _maps(self, index: int) -> np.ndarray:
        """(H, W, 6), uint8."""
        maps = None if self._kept is None else self._kept.get(index)
        if maps is None:
            try:
                found = self.geometry[self.places[index]]["au_heatmaps"]
                maps = np.concatenate([self._resized(found, part, index) for part in _PARTS], axis=2)
            except (UnidentifiedImageError, OSError) as error:
                name = self.frame_ids[index]
                raise WorkFailed(f"frame {name}: one of its au_heatmaps is not a readable picture") from error
            if self._kept is not None:
                self._kept.put(index, maps)
        return maps

    def _resized(self, found: Mapping[str, Image.Image], names: Sequence[str], index: int) -> np.ndarray:
        together = Image.merge("RGB", [found[name].convert("L") for name in names])
        return self.normaliser.resize(together, self.boxes[index])
