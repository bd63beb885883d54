"""The frames that simple predictors are fitted to."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.manifest import read_manifest
from evaluation.split.labels import read_training_labels
from evaluation.statistics.measures import TrainingLabels
from modeling_vitpain.frames.dataset import open_split

from .frames import Frames
from .sets import HELD_OUT


@dataclass(frozen=True)
class TrainingFrames:
    """A dataset directory with the splits train and validation, of which at most `most` frames each are used.

    The neutral frames are always among them, the others evenly spaced.
    """

    data: Path
    most: int

    @cached_property
    def key(self) -> dict:
        """What decides the frames, for `Stored`."""
        shards = [entry for entry in read_manifest(self.data) if entry.config == "default"]
        if not shards:
            raise InvalidInput(f"--training is {self.data}; allowed is a dataset directory of `pain3d generate`")
        return {"shards": [entry.sha256 for entry in shards], "most": self.most}

    @cached_property
    def labels(self) -> TrainingLabels:
        return read_training_labels(self.data)

    def frames(self, split: str) -> Frames:
        """The frames of a split that are used."""
        rows = open_split(self.data, split)
        neutral = np.array(rows["expression_id"][:]) == 0
        others = np.flatnonzero(~neutral)
        room = min(max(self.most - int(neutral.sum()), 0), len(others))
        chosen = others[np.linspace(0, len(others), room, endpoint=False).astype(int)] if room else others[:0]
        used = rows.select(np.sort(np.concatenate([np.flatnonzero(neutral), chosen])))
        return Frames(used, self.key | {"split": split})

    def held_out_seen(self) -> tuple[int, int] | None:
        """How many training frames show one of HELD_OUT, and how many there are; None where the data do not tell."""
        rows = open_split(self.data, "train")
        if "occluders" not in rows.column_names:
            return None
        return sum(bool({*(names or ())} & {*HELD_OUT}) for names in rows["occluders"][:]), len(rows)
