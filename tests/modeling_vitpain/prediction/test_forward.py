"""One batch loop for every use: in order, without gradients, on the model's device and in its dtype."""

import pytest
import torch
from small_faces import processor, rows_of, small_model

from modeling_vitpain.frames.dataset import PainFrames
from modeling_vitpain.frames.neutral_frames import NeutralFrames
from modeling_vitpain.prediction.forward import model_inputs, run_frames, sensible_threads


@pytest.fixture(scope="module")
def rows():
    return rows_of(range(2), 3)


def test_every_frame_once_and_in_order(rows):
    model = small_model(reference="neutral").eval()
    frames = PainFrames(rows, processor(), reference=NeutralFrames())
    batches = list(run_frames(model, frames, 5))
    assert [len(output.pspi) for _, output in batches] == [5, 5, 2]
    item = {name: frames[7][name][None] for name in ("pixel_values", "reference_pixel_values", "reference_mask")}
    with torch.no_grad():
        torch.testing.assert_close(batches[1][1].pspi[2:3], model(**item).pspi, rtol=1e-5, atol=1e-5)
    assert all(output.logits.grad_fn is None and output.au_attention is None for _, output in batches)


def test_inputs_can_be_differentiated_afterwards(rows):
    """They are no inference tensors, though the outputs are: explanations take gradients of the same batch."""
    model, frames = small_model().eval(), PainFrames(rows, processor())
    ((inputs, output),) = run_frames(model, frames, 12, output_attentions=True)
    assert output.au_attention.shape == (12, 6, 16)
    pixels = inputs["pixel_values"].clone().requires_grad_()
    model(pixels).au.sum().backward()
    assert pixels.grad.any()


def test_a_model_in_half_precision_gets_pixels_of_its_dtype(rows):
    model = small_model(reference="neutral").eval().to(torch.bfloat16)
    frames = PainFrames(rows, processor(), reference=NeutralFrames())
    inputs = model_inputs(model, {name: value[None] for name, value in frames[0].items()})
    assert {name: value.dtype for name, value in inputs.items()} == {
        "pixel_values": torch.bfloat16,
        "reference_pixel_values": torch.bfloat16,
        "reference_mask": torch.bool,
    }
    assert all(output.pspi.isfinite().all() for _, output in run_frames(model, frames, 12))


def test_threads_are_given_back_when_a_loop_is_left_early(rows):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        batches = run_frames(small_model().eval(), PainFrames(rows, processor()), 5)
        next(batches)
        assert torch.get_num_threads() == 1
        batches.close()
        assert torch.get_num_threads() == 2
        with sensible_threads(torch.nn.Linear(3000, 3000)):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
