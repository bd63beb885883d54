"""Shortcuts on the way from a picture to a tensor give the numbers of the long way, to the last bit."""

import numpy as np
import pytest
import torch
from PIL import Image

from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.augmentation.light import LightVariation
from modeling_vitpain.frames.images import Normaliser

SIZE = {"height": 24, "width": 40}
NORMALISATIONS = {
    "of the processor": ({"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}, {}),
    "by another factor": ({"rescale_factor": 1 / 127.5, "image_mean": [1.0] * 3, "image_std": [1.0] * 3}, {}),
    "of a map": ({}, {"mean": 0.0, "std": 1.0}),
}


@pytest.fixture
def levels():
    """(H, W, 3), uint8, with every level in every channel."""
    every = np.arange(24 * 40 * 3).reshape(24, 40, 3) % 256
    return np.random.default_rng(0).permuted(every.astype(np.uint8), axis=0)


@pytest.mark.parametrize("kind", NORMALISATIONS)
def test_normalised_values_are_those_of_each_pixel_alone(levels, kind):
    settings, one = NORMALISATIONS[kind]
    processor = ViTPainImageProcessor(size=SIZE, **settings)
    mean, std = (
        np.asarray(one.get(name, getattr(processor, f"image_{name}")), dtype=np.float32).reshape(-1, 1, 1)
        for name in ("mean", "std")
    )
    rescaled = (levels.transpose(2, 0, 1) * processor.rescale_factor).astype(np.float32)
    found = Normaliser(processor, **one).normalise(levels)
    assert found.dtype == torch.float32 and found.is_contiguous()
    assert np.array_equal(found.numpy(), (rescaled - mean) / std)


@pytest.mark.parametrize("mode", ["image", "heatmap"])
@pytest.mark.parametrize("crop", [None, 1.1])
def test_a_picture_is_resized_as_by_a_call_of_the_processor(levels, mode, crop):
    grey = np.repeat(levels[..., :1], 3, axis=2) if mode == "heatmap" else levels
    image, box = Image.fromarray(grey).resize((90, 70)), [11.0, 7.5, 60.0, 55.0]
    processor = ViTPainImageProcessor(size=SIZE, face_crop=crop, mode=mode)
    called = processor(
        processor.crop_face(image, box), boxes="whole", do_rescale=False, do_normalize=False, return_tensors="np"
    )
    found = Normaliser(processor).resize(image, box)
    assert found.dtype == np.uint8 and found.flags["C_CONTIGUOUS"]
    assert np.array_equal(found.transpose(2, 0, 1), called["pixel_values"][0])


def test_a_coloured_heatmap_is_refused(levels):
    with pytest.raises(ValueError, match="coloured pixels"):
        Normaliser(ViTPainImageProcessor(size=SIZE, mode="heatmap")).resize(Image.fromarray(levels), None)


def test_light_is_that_of_each_pixel_alone(levels):
    for seed in range(20):
        light = LightVariation.draw(np.random.default_rng(seed))
        moved = light.move(levels)
        mean = moved.mean()
        each = (moved - mean) * np.float32(light.contrast) + mean + np.float32(light.brightness)
        assert np.array_equal(light.apply(levels), np.clip(each, 0, 255).astype(np.uint8))
