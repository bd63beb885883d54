"""A ViTPain as an ONNX file, checked against the model it came from before it is given its name.

- Inputs: `pixel_values` (batch, 3, H, W); a model with neutral references also takes `reference_pixel_values` (batch,
  references, 3, H, W) and `reference_mask` (batch, references), False where a slot is empty: the learned fallback is in
  the file too.
- A model without fallback refuses a frame whose slots are all empty. A file cannot: there every score of the frame is
  NaN.
- Outputs: `logits` (batch, 17), `pspi` (batch,) 0-16, `au` (batch, U), and of a model that has them `binary_logits`
  (batch, 3), `au_sd` (batch, U) and `pain_logits` (batch,), as ViTPainOutput defines them.
- What the pictures must look like and what the outputs mean is written into the file's metadata, as JSON a key.
"""

import contextlib
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import onnxscript  # noqa: F401 - torch's exporter needs it, and would name it less clearly
import torch
from torch import Tensor, nn

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import publish, reporting_write_errors

from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment

LARGEST_FILE = 1_800_000_000
"""Bytes of weights above which they go to a file of their own, NAME.onnx.data: one protobuf holds 2 GiB at most."""
OUTPUTS = ("logits", "pspi", "au", "binary_logits", "au_sd", "pain_logits")
TOLERANCE = 1e-3
"""Largest difference allowed between ONNX Runtime and torch, in the outputs' own units; float32 rounding is 1e-5."""
DIFFERENT_BATCHES = ((1, 1), (3, 2))
"""Frames and references of the batches that both are run on; the model is traced with other numbers."""
_NOISY = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes:
        path: the .onnx file.
        bytes: its size, weights beside it included.
        inputs, outputs: names, in order.
        largest_difference: the largest absolute difference between ONNX Runtime and torch, an output.
    """

    path: Path
    bytes: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    largest_difference: dict[str, float]


class _Scores(nn.Module):
    """The model as the exporter wants it: tensors in, a tuple of tensors out."""

    def __init__(self, model: ViTPainForPainAssessment):
        super().__init__()
        self.model = model
        parts = {
            "binary_logits": model.binary_heads,
            "au_sd": model.au_head.spread,
            "pain_logits": model.expression_head,
        }
        self.outputs = tuple(name for name in OUTPUTS if parts.get(name, model) is not None)
        self.train(False)

    def forward(
        self, pixel_values: Tensor, reference_pixel_values: Tensor | None = None, reference_mask: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """The outputs, NaN in the rows of frames without a reference, if the model has no fallback."""
        config = self.model.config
        if config.reference == "none" or config.reference_fallback:
            output = self.model(pixel_values, reference_pixel_values, reference_mask)
            return tuple(output[name] for name in self.outputs)
        known = reference_mask.any(dim=1, keepdim=True)
        output = self.model(pixel_values, reference_pixel_values, reference_mask | ~known)
        nan = torch.full((), torch.nan)
        return tuple(
            torch.where(known if output[name].ndim == 2 else known[:, 0], output[name], nan) for name in self.outputs
        )


@torch.inference_mode()
def export_onnx(model: ViTPainForPainAssessment, processor: ViTPainImageProcessor, path: str | Path) -> ExportReport:
    """Writes the model as ONNX, in float32, for any number of frames (and of references) at the configured size.

    The file appears when it is whole and gives the model's scores; a former one is there until then.

    Args:
        model: any ViTPain; it is left as it was, unless it was not on the CPU or not in float32.
        processor: what makes its pictures; goes into the metadata.
        path: the file to write, NAME.onnx.

    Raises:
        InvalidInput: `path` does not end in .onnx, or its directory does not exist.
        WorkFailed: the model cannot be exported, the file's scores differ, or it cannot be written.
    """
    path = Path(path)
    if path.suffix != ".onnx" or not path.parent.is_dir():
        raise InvalidInput(f"out is {str(path)!r}; allowed is NAME.onnx in a directory that exists")
    scores = _Scores(model.float().cpu())
    program = _trace(scores)
    _write_metadata(program, model, processor)
    apart = sum(p.numel() * p.element_size() for p in model.parameters()) > LARGEST_FILE
    with reporting_write_errors(path), tempfile.TemporaryDirectory(prefix=".tmp-", dir=path.parent) as directory:
        file = Path(directory) / path.name
        program.save(file, external_data=apart)
        difference = _compare(scores, file)
        written = sorted(Path(directory).iterdir(), reverse=True)  # weights first: the .onnx file completes the export
        size = sum(part.stat().st_size for part in written)
        for part in written:
            publish(part, path.with_name(part.name))
    return ExportReport(path, size, tuple(_example(model, 1, 1)), scores.outputs, difference)


def _trace(scores: _Scores) -> torch.onnx.ONNXProgram:
    inputs = _example(scores.model, 2, 3)
    batch, references = torch.export.Dim("batch"), torch.export.Dim("references")
    axes = {name: {0: batch} if name == "pixel_values" else {0: batch, 1: references} for name in inputs}
    try:
        with _quiet():
            return torch.onnx.export(
                scores,
                kwargs=inputs,
                dynamic_shapes=axes,
                input_names=list(inputs),
                output_names=list(scores.outputs),
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise WorkFailed(f"the model cannot be exported to ONNX: {str(error).strip().splitlines()[0]}") from error


def _example(model: ViTPainForPainAssessment, batch: int, references: int) -> dict[str, Tensor]:
    """Noise of the model's size; in the last frame every reference slot is empty."""
    generator = torch.Generator().manual_seed(batch)
    size = (3, *model.config.image_size)
    inputs = {"pixel_values": torch.randn(batch, *size, generator=generator)}
    if model.config.reference == "neutral":
        inputs["reference_pixel_values"] = torch.randn(batch, references, *size, generator=generator)
        mask = torch.ones(batch, references, dtype=torch.bool)
        mask[-1] = False
        inputs["reference_mask"] = mask
    return inputs


def _write_metadata(
    program: torch.onnx.ONNXProgram, model: ViTPainForPainAssessment, processor: ViTPainImageProcessor
) -> None:
    """Sets the file's metadata, and removes the exporter's notes at every node, which hold paths of source files."""
    config = model.config
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()
    facts = {
        "model_type": config.model_type,
        "pspi_classes": list(range(config.num_pspi_classes)),
        "pspi_head": config.pspi_head,
        "pspi_thresholds": None if model.binary_heads is None else config.pspi_thresholds,
        "interval_temperature": config.interval_temperature,
        "au_names": config.au_names,
        "au_max": config.au_max,
        "au_interval_scale": config.au_interval_scale,
        "image_size": list(config.image_size),
        "image_mean": list(processor.image_mean),
        "image_std": list(processor.image_std),
        "rescale_factor": processor.rescale_factor,
        "face_crop": processor.face_crop,
        "reference": config.reference,
    }
    program.model.metadata_props.update({name: json.dumps(value) for name, value in facts.items()})


def _compare(scores: _Scores, file: Path) -> dict[str, float]:
    """The largest difference an output between the file and the model, over batches of several sizes."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    largest = dict.fromkeys(scores.outputs, 0.0)
    for batch, references in DIFFERENT_BATCHES:
        inputs = _example(scores.model, batch, references)
        found = session.run(list(scores.outputs), {name: value.numpy() for name, value in inputs.items()})
        for name, value, true in zip(scores.outputs, found, scores(**inputs), strict=True):
            largest[name] = max(largest[name], _difference(value, true.numpy()))
    wrong = {name: value for name, value in largest.items() if not value <= TOLERANCE}
    if wrong:
        raise WorkFailed(f"the ONNX file's scores differ from the model's by {wrong}; nothing was written")
    return largest


def _difference(found: np.ndarray, true: np.ndarray) -> float:
    """The largest absolute difference; infinite where one has a NaN and the other has not."""
    if (np.isnan(found) != np.isnan(true)).any():
        return float("inf")
    return float(np.nan_to_num(np.abs(found - true)).max())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporter's messages about its progress. Errors are raised, not logged."""
    loggers = [logging.getLogger(name) for name in _NOISY]
    before = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)
