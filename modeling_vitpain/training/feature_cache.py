"""The tokens of a frozen backbone, computed once a frame and kept on disk, so that heads train without running it.

- Each training frame is kept in some copies, each varied in its own way; epoch e sees copy e modulo their number. Every
  second copy is mirrored. A reference is one of the copies of its picture, mirrored as the frame is: where a backbone
  that runs in each step would see another variation each time, cached training sees those of the copies.
- A file holds the tokens of one copy of a split, float16 (n, T, D). Beside it stands the hash of everything they depend
  on: the backbone's weights and configuration, the image processor, each frame's id, picture and face box, and the
  augmentation with its seed. A file of another hash is refused.
- An interrupted run goes on where it stopped. One that another run computes the same files for waits for them.
"""

import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from dataset_script.claim import read_record
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.progress import Progress
from dataset_script.storage import locked, reporting_write_errors, write_atomically

from ..frames.augmentation.sets import Variation
from ..frames.dataset import PainFrames
from ..frames.images import ImageColumn
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.forward import sensible_threads
from .content_hash import model_hash, pictures_hash

_SECONDS_A_PART = 10.0
"""Work that an interruption may lose."""


@dataclass(frozen=True)
class FeatureCache:
    """Where and how the tokens are computed.

    Attributes:
        directory: of the files.
        model: with the frozen backbone, on its device.
        batch_size: pictures at a time.
        workers: loader processes.
        bf16: compute in bfloat16.
    """

    directory: Path
    model: ViTPainForPainAssessment
    batch_size: int = 32
    workers: int = 0
    bf16: bool = False

    def frames(self, frames: PainFrames, name: str, copies: int = 1) -> "FeatureFrames":
        """The frames with tokens in place of pictures, from the files as far as they hold them.

        Args:
            frames: what would train the model, select its checkpoint or be scored; not varied, they have one copy.
            name: of the files.
            copies: of each frame.

        Raises:
            InvalidInput: the model has a second backbone for references, these are not among the frames, or the frames
                give more pictures.
            WorkFailed: a file is stale or damaged, or cannot be written.
        """
        if self.model.reference_backbone is not None:
            raise InvalidInput("reference_encoder is 'own' with cached features; allowed is 'shared'")
        if set(frames.views) != {"pixel_values"}:
            raise InvalidInput(
                "features are kept, and the recipe gives a teacher heatmaps or learns them; allowed is a teacher whose "
                "outputs are kept (cache_teacher), and heatmap_weight 0"
            )
        own = frames.views["pixel_values"]
        if frames.references is not None and frames.reference_views is not own:
            raise InvalidInput("references are not among the frames, whose features are kept; allowed is among them")
        if frames.augment_seed is None or frames.augmentation == "none":
            copies = 1
        processor = own.normaliser.processor
        start = model_hash(self.model.backbone, self.model.config.backbone_config, processor)
        start += f" bf16 {self.bf16} {frames.augmentation} {frames.augment_seed}"
        pools = {name: own}
        if frames.other_days is not None:
            pools[f"{name}-other-days"] = frames.other_day_views
        tokens = []
        self.directory.mkdir(parents=True, exist_ok=True)
        with locked(self.directory, wait=True):
            for number, (pool_name, pictures) in enumerate(pools.items()):
                content = pictures_hash(pictures.rows, pictures.column, f"{start} {number}")
                columns = [_Varied(frames, pictures, copy, number) for copy in range(copies)]
                tokens.append([self._tokens(c, f"{pool_name}-{k}", f"{content} {k}") for k, c in enumerate(columns)])
        return FeatureFrames(frames, *tokens)

    def _tokens(self, pictures: Dataset, name: str, key: str) -> np.ndarray:
        """(n, T, D), float16, mapped from its file."""
        path, state = self.directory / f"{name}.f16", self.directory / f"{name}.json"
        rows, columns = self.model.config.patch_grid(*self.model.config.image_size)
        done, shape = 0, None
        if state.is_file():
            stored = read_record(state)
            if stored.get("key") != key:
                raise WorkFailed(
                    f"features {path} are stale: of another backbone, data or augmentation; delete {state} to compute "
                    "them again, or name another directory"
                )
            shape = tuple(stored["shape"])
            done = stored["done"] if path.is_file() and path.stat().st_size == _bytes(shape) else 0  # cut, or lost
        if shape is None:
            width = self.model.config.hidden_size
            extra = self._run(torch.zeros(1, 3, *self.model.config.image_size)).shape[1] - rows * columns
            shape = (len(pictures), extra + rows * columns, width)
        if done < len(pictures):
            self._compute(pictures, path, state, {"key": key, "shape": shape, "done": done})
        return np.memmap(path, np.float16, "r", shape=shape)

    def _compute(self, pictures: Dataset, path: Path, state: Path, stored: dict) -> None:
        """Computes what `stored` lacks."""
        done, total = stored["done"], len(pictures)
        if not done:
            with reporting_write_errors(path):
                _reserve(path, _bytes(stored["shape"]))
        tokens = np.memmap(path, np.float16, "r+", shape=tuple(stored["shape"]))
        batches = DataLoader(Subset(pictures, range(done, total)), batch_size=self.batch_size, num_workers=self.workers)
        saved = time.monotonic()
        with Progress(f"images of {path.stem} through the backbone") as progress, sensible_threads(self.model):
            progress(done, total)
            for batch in batches:
                tokens[done : done + len(batch)] = self._run(batch).half().cpu().numpy()
                done += len(batch)
                progress(done, total)
                if done == total or time.monotonic() - saved > _SECONDS_A_PART:
                    tokens.flush()
                    write_atomically(state, json.dumps({**stored, "done": done}).encode())
                    saved = time.monotonic()

    @torch.inference_mode()
    def _run(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) -> (B, T, D)."""
        backbone = self.model.backbone
        training = backbone.training
        backbone.eval()
        with torch.autocast(self.model.device.type, torch.bfloat16, enabled=self.bf16):
            tokens = backbone(pixel_values.to(self.model.device), return_dict=True).last_hidden_state
        backbone.train(training)
        return tokens.float()


def _bytes(shape: Sequence[int]) -> int:
    return math.prod(shape) * np.dtype(np.float16).itemsize


def _reserve(path: Path, size: int) -> None:
    """A file of `size` zeros that has its place on the disk: one mapped into a full disk ends the process."""
    with open(path, "wb") as file:
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file.fileno(), 0, size)


class _Varied(Dataset):
    """One copy of the pictures of a column: (3, H, W), float32."""

    def __init__(self, frames: PainFrames, pictures: ImageColumn, copy: int, pool: int):
        self.frames, self.pictures, self.copy, self.pool = frames, pictures, copy, pool

    def __len__(self) -> int:
        return len(self.pictures.rows)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.pictures.tensor(index, _variation(self.frames, self.copy, index, self.pool))


class FeatureFrames(Dataset):
    """`PainFrames` with `tokens` (T, D) and `reference_tokens` (1, T, D), float32, in place of the pictures.

    Args:
        frames: whose labels and references they have.
        tokens: of each copy of the frames, (n, T, D).
        other_days: of each copy of the pictures of other days.
    """

    def __init__(self, frames: PainFrames, tokens: list[np.ndarray], other_days: list[np.ndarray] | None = None):
        self.frames, self.tokens, self.other_days = frames, tokens, other_days
        self.labels, self.au_labels, self.pain_labels = frames.labels, frames.au_labels, frames.pain_labels
        self.teacher_outputs = frames.teacher_outputs

    def __len__(self) -> int:
        return len(self.frames)

    def set_epoch(self, epoch: int) -> None:
        """Each epoch sees another copy and other references."""
        self.frames.set_epoch(epoch)

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, torch.Tensor]:
        """As `PainFrames`; another draw of a frame in one epoch sees another copy."""
        index, draw = index if isinstance(index, tuple) else (index, 0)
        copies = len(self.tokens)
        copy = (self.frames.epoch + draw) % copies
        item = {name: getattr(self, name)[index] for name in ("labels", "au_labels", "pain_labels")}
        item["tokens"] = _float(self.tokens[copy][index])
        if self.frames.unit_heat is not None:
            item["au_heat"] = self.frames.unit_heat.patches(index, _variation(self.frames, copy, index))
        if self.frames.references is not None:
            item |= self._reference(index, draw, copy)
        if self.teacher_outputs is not None:
            item |= {f"teacher_{name}": values[index] for name, values in self.teacher_outputs.items()}
        return item

    def _reference(self, index: int, draw: int, copy: int) -> dict[str, torch.Tensor]:
        place, of_other_day, _ = self.frames.reference(index, draw)
        alike = range(copy % 2, len(self.tokens), 2)  # mirrored as the frame is
        chosen = alike[(self.frames.epoch // 2 + index) % len(alike)]
        pool = self.other_days if of_other_day else self.tokens
        shape = self.tokens[0].shape[1:]
        tokens = torch.zeros(shape) if place is None else _float(pool[chosen][place])
        return {"reference_tokens": tokens[None], "reference_mask": torch.tensor([place is not None])}


def _variation(frames: PainFrames, copy: int, index: int, pool: int = 0) -> Variation | None:
    """How a picture of a copy is varied; `pool` 1 is that of other days."""
    variation = frames.variation(copy, index, pool)
    return variation and variation.with_mirror(copy % 2 == 1)


def _float(tokens: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(tokens.astype(np.float32))
