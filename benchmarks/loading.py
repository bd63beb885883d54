"""Pictures a second into a training step, from a dataset's Parquet files: the loader alone, the step alone, and both.

    python -m benchmarks.loading DATA [--size tiny|small|large] [--batch 64] [--workers 8] [--seconds 20]

- loader: decoding, cutting out the face, resizing, augmentation, normalisation and collation, no model. `first` is the
  epoch in which each frame is decoded, `kept` a later one, where it is read from memory.
- step: forward, backward and AdamW on one batch that stays on the device; bfloat16 on a GPU.
- training: a step for every batch that the loader gives, in the kept epochs.

Models have random weights: the time does not depend on them. Needs the extra `model`.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterable, Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.utils.data import DataLoader
from transformers import Dinov2Config

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.frames.dataset import PainFrames, open_split

SIZES = {
    "tiny": ViTPainConfig.tiny,
    "small": lambda: ViTPainConfig(
        backbone_config=Dinov2Config(
            hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=224, patch_size=14
        )
    ),
    "large": ViTPainConfig.large,
}
WARM_UP = 3


class Step:
    """Takes a training step for each batch."""

    def __init__(self, config: ViTPainConfig, device: str):
        torch.manual_seed(0)
        self.device = device
        self.model = ViTPainForPainAssessment(config).to(device).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5)

    def __call__(self, batch: dict[str, torch.Tensor]) -> None:
        batch = {name: values.to(self.device, non_blocking=True) for name, values in batch.items()}
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            loss = self.model(**batch).loss
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def rate(batches: Iterator[dict[str, torch.Tensor]], use, seconds: float, device: str) -> float:
    """Pictures a second, over about so many seconds, after a warm-up."""
    for _ in range(WARM_UP):
        use(next(batches))
    _finish(device)
    count, start = 0, time.perf_counter()
    for batch in batches:
        use(batch)
        count += len(batch["labels"])
        if time.perf_counter() - start > seconds:
            break
    _finish(device)
    return count / (time.perf_counter() - start)


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def endless(loader: Iterable[dict[str, torch.Tensor]]) -> Iterator[dict[str, torch.Tensor]]:
    """Epoch after epoch."""
    while True:
        yield from loader


def measure(data: str, size: str, batch: int, workers: int, seconds: float, device: str) -> dict[str, float]:
    """Pictures a second of each part."""
    config = SIZES[size]()
    height, width = config.image_size
    processor = ViTPainImageProcessor(size={"height": height, "width": width}, face_crop=1.1)
    frames = PainFrames(open_split(data, "train"), processor, augment_seed=0)
    loader = DataLoader(frames, batch, shuffle=True, num_workers=workers, drop_last=True, pin_memory=device == "cuda")
    if len(frames) < batch:
        raise SystemExit(f"batch is {batch}; {data} has {len(frames)} training frames, and one batch must fit")
    start, count = time.perf_counter(), 0
    for one in loader:
        count += len(one["labels"])
    found = {"loader_first": count / (time.perf_counter() - start)}
    found["loader_kept"] = rate(endless(loader), lambda batch: None, seconds / 4, device)
    step = Step(config, device)
    found["step"] = rate(iter(lambda: one, None), step, seconds / 4, device)
    found["training"] = rate(endless(loader), step, seconds / 2, device)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA", help="dataset directory")
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20, help="of all measured parts but the first epoch")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    found = measure(args.data, args.size, args.batch, args.workers, args.seconds, args.device)
    device = torch.cuda.get_device_name() if args.device == "cuda" else platform.processor() or platform.machine()
    rates = {name: round(value, 1) for name, value in found.items()}
    print(json.dumps({**vars(args), "device": device, "torch": torch.__version__, "pictures_per_second": rates}))


if __name__ == "__main__":
    main()
