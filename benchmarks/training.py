"""Step time of distillation, with the teacher in every step and with its outputs cached, and what the cache costs once.

    python -m benchmarks.training [--size tiny|base|large] [--frames 64] [--batch 8] [--steps 8] [--device cpu|cuda]

Two trainers take steps by turns in one run, so that both see the same machine; the medians are compared. Models have
random weights: the time does not depend on them. `student alone` is the same step without a teacher.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from datasets import Dataset
from PIL import Image
from transformers import ViTConfig

from dataset_script.facs import pspi
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.frames.dataset import PainFrames
from modeling_vitpain.training.recipes import ViTPainTrainingArguments
from modeling_vitpain.training.teacher_cache import teacher_outputs
from modeling_vitpain.training.trainers import DistillationTrainer, ViTPainTrainer

SIZES = {
    "tiny": lambda: ViTPainConfig.tiny(),
    "base": lambda: ViTPainConfig(backbone_config=ViTConfig()),
    "large": lambda: ViTPainConfig.large(),
}


def frames(count: int, side: int) -> Dataset:
    """Frames of noise with labels."""
    random = np.random.default_rng(0)
    au = random.integers(0, (6, 6, 6, 6, 6, 2), (count, 6))
    noise = [Image.fromarray(random.integers(0, 255, (side, side), dtype=np.uint8)) for _ in range(count)]
    return Dataset.from_dict(
        {
            "frame_id": [f"{k:05d}-01-0" for k in range(count)],
            "image": [picture.convert("RGB") for picture in noise],
            "heatmap": noise,
            "face_box": [[0.0, 0.0, float(side), float(side)]] * count,
            "au": au.astype(np.float32).tolist(),
            "pspi": [int(pspi(row)) for row in au],
        }
    )


def stepper(trainer: ViTPainTrainer):
    """Takes one training step of a trainer a call, and returns its seconds."""
    optimizer = trainer.create_optimizer()
    trainer.model.train()
    loader = trainer.get_train_dataloader()
    batches = iter(loader)

    def step() -> float:
        nonlocal batches
        start = time.perf_counter()
        try:
            batch = next(batches)
        except StopIteration:
            batches = iter(loader)
            batch = next(batches)
        with trainer.compute_loss_context_manager():
            loss = trainer.compute_loss(trainer.model, trainer._prepare_inputs(batch))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if trainer.args.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    return step


def measure(size: str, count: int, batch: int, steps: int, device: str) -> dict[str, float]:
    """Median seconds a step of each way, and the seconds that filling and reading the cache took."""
    torch.manual_seed(0)
    config = SIZES[size]()
    height, width = config.image_size
    processor = ViTPainImageProcessor(size={"height": height, "width": width})
    rows = frames(count, height)
    teacher = ViTPainForPainAssessment(config).eval().to(device)
    with tempfile.TemporaryDirectory() as scratch:
        args = ViTPainTrainingArguments.preset(
            "paper",
            scratch,
            per_device_train_batch_size=batch,
            freeze_epochs=0,
            bf16=device == "cuda",
            use_cpu=device == "cpu",
            eval_strategy="no",
            save_strategy="no",
            load_best_model_at_end=False,
        )
        seconds = {}
        for name in ("cache filled", "cache read"):
            start = time.perf_counter()
            outputs = teacher_outputs(teacher, processor, rows, Path(scratch) / "cache", batch)
            seconds[name] = time.perf_counter() - start
        ways = {
            "student alone": (ViTPainTrainer, {}, {}),
            "teacher in every step": (DistillationTrainer, {"teacher": teacher}, {"teacher": processor}),
            "teacher cached": (DistillationTrainer, {}, {"teacher": outputs}),
        }
        student = ViTPainForPainAssessment(config)
        steppers = {
            name: stepper(
                kind(student, args, train_dataset=PainFrames(rows, processor, augment_seed=0, **given), **extra)
            )
            for name, (kind, extra, given) in ways.items()
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(steps + 1):
            for name, step in steppers.items():
                times[name].append(step())
    medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}  # the first one warms up
    gain = 1 - medians["teacher cached"] / medians["teacher in every step"]
    return {**medians, **seconds, "share of the step saved": gain}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    found = measure(args.size, args.frames, args.batch, args.steps, args.device)
    print(json.dumps({**vars(args), "machine": platform.machine(), "torch": torch.__version__, **found}, indent=1))


if __name__ == "__main__":
    main()
