"""Running a model: one batch, and all frames of a dataset."""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dataset_script.progress import Progress

from ..modeling_vitpain import ViTPainForPainAssessment
from ..output_vitpain import ViTPainOutput
from .encoded_once import TokenBatches, shares_neutrals

_INPUTS = ("pixel_values", "reference_pixel_values", "reference_mask", "tokens", "reference_tokens")
_SMALL_MODEL = 5_000_000
"""Parameters below which a second CPU thread costs more in waiting than it computes."""


def model_inputs(model: ViTPainForPainAssessment, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the model takes of a batch, on its device; pixels in its dtype."""
    inputs = {name: batch[name].to(model.device) for name in _INPUTS if name in batch}
    return {name: tensor.to(model.dtype) if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}


def run_frames(
    model: ViTPainForPainAssessment,
    frames: Dataset,
    batch_size: int,
    description: str | None = None,
    output_attentions: bool = False,
) -> Iterator[tuple[dict[str, Tensor], ViTPainOutput]]:
    """The inputs and the output of each batch of `PainFrames`, in order, without gradients.

    Frames that are compared with neutral ones come as tokens, each picture encoded once (`encoded_once.py`); with
    `output_attentions`, which explanations ask for, as pictures. `description` says what for, beside the
    progress; None: none is shown.
    """
    if shares_neutrals(frames) and not output_attentions:
        batches = TokenBatches(model, frames, batch_size)
    else:
        batches = DataLoader(frames, batch_size=batch_size)
    with sensible_threads(model), Progress(f"frames ({description})") as progress:
        for number, batch in enumerate(batches, 1):
            inputs = model_inputs(model, batch)
            with torch.inference_mode():
                output = model(**inputs, output_au_attention=output_attentions)
            yield inputs, output
            if description is not None:
                progress(min(number * batch_size, len(frames)), len(frames))


@contextlib.contextmanager
def sensible_threads(model: torch.nn.Module) -> Iterator[None]:
    """One CPU thread for a small model: on shared cores a second makes it many times slower."""
    before = torch.get_num_threads()
    if sum(p.numel() for p in model.parameters()) < _SMALL_MODEL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
