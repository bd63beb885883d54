"""Order of the training frames: a function of (seed, epoch), the same in every process and after every resume."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from dataset_script.errors import InvalidInput

SAMPLERS = ("natural", "balanced", "pain-twice")


class PainSampler(torch.utils.data.Sampler[tuple[int, int]]):
    """Draws frames by their PSPI.

    - "balanced": as many draws as frames, with replacement, each PSPI class that occurs equally likely.
    - "pain-twice": every frame once and those with PSPI >= 1 twice, in random order (the release's choice on UNBC).

    "natural", every frame once, is Trainer's own sampler.

    Yields (frame, draw), where `draw` counts how often the frame came before in this epoch: `PainFrames` augments each
    draw differently. Under accelerate each process makes the same order and takes its share of the batches.

    Args:
        pspi: (n,), the PSPI of each frame.
        kind: "balanced" or "pain-twice".
        seed: of the order.
    """

    def __init__(self, pspi: Sequence[int], kind: str, seed: int):
        if kind not in SAMPLERS[1:]:
            raise InvalidInput(f"sampler is {kind!r}; allowed are {' or '.join(map(repr, SAMPLERS[1:]))}")
        self.pspi = np.asarray(pspi)
        self.kind = kind
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        twice = np.count_nonzero(self.pspi >= 1) if self.kind == "pain-twice" else 0
        return len(self.pspi) + int(twice)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        random = np.random.default_rng([self.seed, self.epoch])
        if self.kind == "pain-twice":
            order = random.permutation(np.concatenate([np.arange(len(self.pspi)), np.flatnonzero(self.pspi >= 1)]))
        else:
            classes, class_of, counts = np.unique(self.pspi, return_inverse=True, return_counts=True)
            weights = 1 / counts[class_of] / len(classes)
            order = random.choice(len(self.pspi), size=len(self.pspi), p=weights / weights.sum())
        drawn = np.zeros(len(self.pspi), dtype=int)
        for k in order.tolist():
            yield k, int(drawn[k])
            drawn[k] += 1
