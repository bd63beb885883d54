"""What ViTPain costs beside the backbone it is made of, in one run: time, parameters, peak memory.

    python -m benchmarks.vitpain [--config large] [--batch 2] [--rounds 7] [--compile] [--device cuda --dtype bfloat16]

- `forward`: median milliseconds of a batch, no gradients. On a CPU it is the process's CPU time, on one thread unless
  OMP_NUM_THREADS is set, so that other work on the machine matters little. Every round times each contender once, in an
  order that rotates, so that disturbances fall on all. `over_backbone` is the ratio of the medians minus 1, `best` that
  of the quickest rounds; where the two differ by more than themselves, the machine was too busy.
- `train_step`: with loss, backward and AdamW, beside transformers' ViTForImageClassification of as many classes.
- `peak_memory_mb`: of a process that does nothing but three forward passes (or train steps) of one contender; what the
  process holds before it makes the model is taken off (Linux). On a GPU: what torch allocated there.
- `neutral`: one reference a frame, shared encoder; the backbone runs twice.
Weights are random: times do not depend on them. The defaults are the paper's ViT-L/16 at 224 px.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from transformers import AutoModel, ViTForImageClassification
from transformers.utils import logging

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment

CONTENDERS = ("backbone", "vitpain", "neutral", "classifier")


def make(name: str, size: str, device: str, dtype: str) -> torch.nn.Module:
    """A contender with random weights: bare backbone, ViTPain, ViTPain with references, transformers' classifier."""
    config = getattr(ViTPainConfig, size)
    torch.manual_seed(0)
    with torch.device(device):
        if name == "backbone":
            model = AutoModel.from_config(config().backbone_config, add_pooling_layer=False)
        elif name == "classifier":
            backbone = config().backbone_config
            backbone.num_labels = config().num_pspi_classes
            model = ViTForImageClassification(backbone)
        else:
            model = ViTPainForPainAssessment(config(reference="neutral" if name == "neutral" else "none"))
    return model.to(getattr(torch, dtype))


def inputs_for(name: str, size: str, batch: int, device: str, dtype: str, train: bool) -> dict[str, torch.Tensor]:
    """A batch of noise with what the contender needs."""
    height, width = getattr(ViTPainConfig, size)().image_size
    pixels = torch.randn(batch, 3, height, width, device=device, dtype=getattr(torch, dtype))
    inputs = {"pixel_values": pixels}
    if name == "neutral":
        inputs["reference_pixel_values"] = pixels.flip(-1)
    if train:
        inputs["labels"] = torch.arange(batch, device=device) % getattr(ViTPainConfig, size)().num_pspi_classes
        if name != "classifier":
            inputs["au_labels"] = torch.ones(batch, 6, device=device)
    return inputs


def stepper(name: str, args: argparse.Namespace, train: bool):
    """A function that runs one batch through a contender, and waits until it is done."""
    model = make(name, args.config, args.device, args.dtype).train(train)
    if args.compile:
        model.compile()
    inputs = inputs_for(name, args.config, args.batch, args.device, args.dtype, train)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6) if train else None

    def step() -> None:
        with contextlib.nullcontext() if train else torch.inference_mode():
            output = model(**inputs)
        if train:
            output.loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        if args.device == "cuda":
            torch.cuda.synchronize()

    return step


def interleaved(names: tuple[str, ...], args: argparse.Namespace, train: bool) -> dict[str, list[float]]:
    """Milliseconds a batch of every contender in every round."""
    steps = {name: stepper(name, args, train) for name in names}
    for step in steps.values():  # first calls compile, allocate and choose kernels
        step()
        step()
    clock = time.perf_counter if args.device == "cuda" else time.process_time
    times = {name: [] for name in names}
    for k in range(args.rounds):
        for name in names[k % len(names) :] + names[: k % len(names)]:
            start = clock()
            steps[name]()
            times[name].append((clock() - start) * 1e3)
    return times


def summary(times: dict[str, list[float]], base: str, batch: int) -> dict:
    """Medians, the share that each takes more than `base`, and pictures a second."""
    result = {}
    for name, values in times.items():
        middle = statistics.median(values)
        result[name] = {"ms": round(middle, 2), "images_per_s": round(batch / middle * 1e3, 2)}
        if name != base:
            result[name][f"over_{base}"] = f"{middle / statistics.median(times[base]) - 1:+.1%}"
            result[name]["best"] = f"{min(values) / min(times[base]) - 1:+.1%}"
    return result


def peak_memory(name: str, args: argparse.Namespace, train: bool) -> float:
    """MB, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.vitpain", "--peak", name, *(["--train"] if train else [])]
    command += [f"--{field}={getattr(args, field)}" for field in ("config", "batch", "device", "dtype")]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def own_peak(args: argparse.Namespace) -> float:
    """MB that this process came to hold by three steps of one contender."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    before = _memory("VmRSS")
    step = stepper(args.peak, args, args.train)
    for _ in range(3):
        step()
    return torch.cuda.max_memory_allocated() / 1e6 if args.device == "cuda" else _memory("VmHWM") - before


def _memory(field: str) -> float:
    """MB: what this process holds (VmRSS), or held at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024 / 1e6


def parameters(size: str) -> dict:
    """Millions of parameters of each contender, and the share that ViTPain adds."""
    with torch.device("meta"):
        counts = {name: sum(p.numel() for p in make(name, size, "meta", "float32").parameters()) for name in CONTENDERS}
    return {
        **{name: round(count / 1e6, 3) for name, count in counts.items()},
        "vitpain_over_backbone": f"{counts['vitpain'] / counts['backbone'] - 1:+.2%}",
        "neutral_over_backbone": f"{counts['neutral'] / counts['backbone'] - 1:+.2%}",
    }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", choices=("large", "tiny"), default="large")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true", help="also time ViTPain compiled by torch.compile")
    parser.add_argument("--no-training", action="store_true", help="leave out the train step")
    parser.add_argument("--no-memory", action="store_true", help="leave out peak memory")
    parser.add_argument("--peak", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    logging.set_verbosity_error()
    if args.peak:
        print(own_peak(args))
        return
    compiled, args.compile = args.compile, False
    cpu = f"{platform.machine()}, {os.cpu_count()} cores"
    result = {
        "config": args.config,
        "batch": args.batch,
        "rounds": args.rounds,
        "dtype": args.dtype,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": torch.cuda.get_device_name() if args.device == "cuda" else cpu,
        "parameters_m": parameters(args.config),
        "forward": summary(interleaved(("backbone", "vitpain", "neutral"), args, False), "backbone", args.batch),
    }
    if not args.no_training:
        times = interleaved(("classifier", "vitpain"), args, True)
        result["train_step"] = summary(times, "classifier", args.batch)
    if compiled:
        plain = interleaved(("vitpain",), args, False)["vitpain"]
        args.compile = True
        faster = interleaved(("vitpain",), args, False)["vitpain"]
        result["compiled_speed_up"] = round(statistics.median(plain) / statistics.median(faster), 2)
        args.compile = False
    if not args.no_memory:
        result["peak_memory_mb"] = {
            "forward": {name: round(peak_memory(name, args, False)) for name in ("backbone", "vitpain", "neutral")},
        }
        if not args.no_training:
            result["peak_memory_mb"]["train_step"] = {
                name: round(peak_memory(name, args, True)) for name in ("classifier", "vitpain")
            }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
