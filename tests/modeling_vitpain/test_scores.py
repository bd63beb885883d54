"""What users read off an output is what the output holds, within the scales."""

import numpy as np
import pytest
import torch
from small_vitpain import inputs_for, small_model, trained
from transformers.utils import ModelOutput

from modeling_vitpain.scores_vitpain import pain_scores


@pytest.mark.parametrize("variant", ["paper", "regression", "neutral"])
def test_scores_are_those_of_the_output(variant):
    model = trained(small_model(variant=variant, interval_temperature=1.5))
    with torch.no_grad():
        output = model(**inputs_for(model, labels=False), output_attentions=True)
    scores = pain_scores(output, model.config, level=0.5)
    np.testing.assert_array_equal(scores.pspi, output.pspi)
    low, high = model.pspi_interval(output.logits, 0.5)
    np.testing.assert_array_equal(scores.low, low)
    np.testing.assert_array_equal(scores.high, high)
    assert scores.attention.shape == (4, 6, 4, 4)
    np.testing.assert_array_equal(scores.attention.reshape(4, 6, 16), output.au_attention)
    if variant == "regression":
        np.testing.assert_array_equal(scores.pain, output.binary_logits.sigmoid())
    else:
        assert scores.pain is None


def test_intensities_end_at_the_top_of_their_scales():
    model = small_model()
    with torch.no_grad():
        output = model(**inputs_for(model, labels=False))
    output["au"] = torch.tensor([[0.0, 5.0, 5.5, 9.0, 4.9, 1.5]]).expand(4, 6)
    scores = pain_scores(output, model.config)
    np.testing.assert_array_equal(scores.au[0], np.float32([0, 5, 5, 5, 4.9, 1]))
    assert scores.au.dtype == scores.pspi.dtype == np.float32


def test_half_precision_and_plain_outputs_are_read_too():
    """A pipeline splits batches into plain ModelOutputs, which lack the keys that are None."""
    model = small_model().to(torch.bfloat16)
    with torch.no_grad():
        output = model(inputs_for(model)["pixel_values"].to(torch.bfloat16))
    scores = pain_scores(ModelOutput(**output), model.config)
    assert scores.au.dtype == np.float32
    assert scores.attention is None and scores.pain is None


def test_the_grid_follows_the_size_of_the_input():
    model = small_model()
    pixels = torch.randn(2, 3, 48, 40)
    with torch.no_grad():
        output = model(pixels, output_attentions=True, interpolate_pos_encoding=True)
    assert pain_scores(output, model.config, image_size=(48, 40)).attention.shape == (2, 6, 6, 5)
