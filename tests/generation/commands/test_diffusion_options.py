"""Options of diffusion models on a command line."""

import argparse

import pytest

from dataset_script.errors import InvalidInput
from generation.commands.diffusion_options import add_diffusion_arguments, chosen_models
from generation.diffusion.models import KANDINSKY, Models


def chosen(*words, defaults=None):
    parser = argparse.ArgumentParser()
    add_diffusion_arguments(parser)
    return chosen_models(parser.parse_args(words), defaults)


def test_nothing_given_is_nothing_or_the_defaults():
    assert chosen() is None
    assert chosen(defaults=KANDINSKY) == KANDINSKY


def test_every_option_has_its_place():
    words = "--diffusion-model a --controlnet b --prior-model c --inpaint-model d --diffusion-device cuda:1"
    wanted = Models("a", "b", "c", "d", device="cuda:1", offload="model", slicing=True, tiling=True)
    assert chosen(*words.split(), "--offload", "model", "--attention-slicing", "--vae-tiling") == wanted


def test_defaults_are_changed_one_by_one():
    models = chosen("--prior-model", "mine", "--offload", "sequential", defaults=KANDINSKY)
    assert (models.prior, models.offload, models.diffusion) == ("mine", "sequential", KANDINSKY.diffusion)


def test_bad_options_are_named():
    with pytest.raises(InvalidInput, match=r"^--controlnet is b; allowed only beside --diffusion-model"):
        chosen("--controlnet", "b")
    with pytest.raises(InvalidInput, match=r"^offload is 'disk'; allowed is none, model, sequential"):
        chosen("--diffusion-model", "a", "--offload", "disk")
