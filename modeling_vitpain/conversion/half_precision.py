"""A model directory with its weights in float16: half the bytes, in files small enough for a repository.

The configuration keeps `dtype: float32`, so that the weights load as float32 wherever no other dtype is asked for. What
is lost is the rounding to float16 (11 bits), and nothing else.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import reporting_write_errors, temporary_path

from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment

RECORDS = ("README.md", "conversion.json", "training.json")
"""Files of a model directory that are copied as they are. Scores are not: they are of the weights before rounding."""
LARGEST_FILE = 18_000_000
"""Bytes of a file of weights, unless others are asked for."""
_HEADER = 100_000
"""Bytes of a file of weights that hold no weights, at most."""


@dataclass(frozen=True)
class HalfPrecisionReport:
    """What was written.

    Attributes:
        path: the model directory.
        files: name -> bytes of the files of weights.
        largest_rounding: the largest difference of a weight from what it was.
    """

    path: Path
    files: dict[str, int]
    largest_rounding: float


def save_half_precision(
    network: ViTPainForPainAssessment,
    processor: ViTPainImageProcessor,
    source: Path,
    out: Path,
    largest_file: int = LARGEST_FILE,
) -> HalfPrecisionReport:
    """Writes a model with its image processor, remote code and `RECORDS`; reads it again before it gets its name.

    Args:
        network, processor: from `load_model`; the network is then on the CPU in float32.
        source: the directory that they are from, for its records; one that is not there has none.
        out: the directory to write; it must not hold anything yet.
        largest_file: bytes of a file of weights.

    Raises:
        InvalidInput: `out` holds something, or `largest_file` is too small for a tensor.
        WorkFailed: a weight is too large for float16, or a file cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput(f"out is {out}, which is there already; choose another directory")
    network = network.float().cpu()  # save_pretrained writes this dtype into the configuration
    halves = {name: _half(name, tensor) for name, tensor in network.state_dict().items()}
    _check_file_size(halves, largest_file)
    staged = temporary_path(out)
    try:
        with reporting_write_errors(out):
            network.save_pretrained(staged, state_dict=dict(halves), max_shard_size=largest_file - _HEADER)
            processor.save_pretrained(staged)
            for record in (source / name for name in RECORDS):
                if record.is_file():
                    shutil.copyfile(record, staged / record.name)
            _check_same(staged, halves)
            os.replace(staged, out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return HalfPrecisionReport(
        path=out,
        files={path.name: path.stat().st_size for path in sorted(out.glob("*.safetensors"))},
        largest_rounding=max(_rounding(network, halves)),
    )


def _half(name: str, tensor: Tensor) -> Tensor:
    """A tensor in float16; whole numbers stay as they are. Raises WorkFailed where a value would become infinite."""
    if not tensor.is_floating_point():
        return tensor
    half = tensor.half()
    if not half.isfinite().all():
        raise WorkFailed(f"{name} holds {tensor.abs().max():g}; float16 ends at {torch.finfo(torch.float16).max:g}")
    return half


def _check_file_size(tensors: dict[str, Tensor], largest_file: int) -> None:
    name = max(tensors, key=lambda key: tensors[key].nbytes)
    needed = tensors[name].nbytes + _HEADER
    if largest_file < needed:
        raise InvalidInput(
            f"max-file is {largest_file / 1e6:g} MB; allowed is {needed / 1e6:.1f} MB or more: {name} is in one file"
        )


def _check_same(directory: Path, tensors: dict[str, Tensor]) -> None:
    """Raises WorkFailed where the directory does not load as the rounded weights, in float32."""
    loaded = ViTPainForPainAssessment.from_pretrained(directory).state_dict()
    wrong = [
        name
        for name, half in tensors.items()
        if loaded[name].dtype == half.dtype or not loaded[name].equal(half.float())
    ]
    if wrong:
        raise WorkFailed(f"{directory} does not load as it was written: {', '.join(wrong[:5])} ({len(wrong)} in all)")


def _rounding(network: ViTPainForPainAssessment, halves: dict[str, Tensor]) -> list[float]:
    return [(halves[name].float() - tensor).abs().max().item() for name, tensor in network.state_dict().items()]
