"""Options of diffusion models on a command line."""

import argparse
from pathlib import Path

import pytest

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from generation.commands.diffusion_options import (
    add_diffusion_arguments,
    chosen_models,
    given_painting,
    given_pictures,
)
from generation.diffusion.models import KANDINSKY, Models
from generation.photoreal.painting import Painting


def arguments(*words):
    parser = argparse.ArgumentParser()
    add_diffusion_arguments(parser)
    return parser.parse_args(words)


def chosen(*words, defaults=None):
    return chosen_models(arguments(*words), defaults)


def test_nothing_given_is_nothing_or_the_defaults():
    assert chosen() is None
    assert chosen(defaults=KANDINSKY) == KANDINSKY


def test_every_option_has_its_place():
    words = "--diffusion-model a --controlnet b --prior-model c --inpaint-model d"
    wanted = Models("a", "b", "c", "d", offload="model", slicing=True, tiling=True)
    assert chosen(*words.split(), "--offload", "model", "--attention-slicing", "--vae-tiling") == wanted


def test_defaults_are_changed_one_by_one():
    models = chosen("--prior-model", "mine", "--offload", "sequential", defaults=KANDINSKY)
    assert (models.prior, models.offload, models.diffusion) == ("mine", "sequential", KANDINSKY.diffusion)


def test_bad_options_are_named():
    with pytest.raises(InvalidInput, match=r"^--controlnet is b; allowed only beside --diffusion-model"):
        chosen("--controlnet", "b")
    with pytest.raises(InvalidInput, match=r"^offload is 'disk'; allowed is none, model, sequential"):
        chosen("--diffusion-model", "a", "--offload", "disk")


def test_a_look_has_its_models_its_folder_and_the_devices_of_its_workers():
    given = given_painting(arguments("--diffusion-device", "cuda:0,cuda:1"), "kandinsky", Path("there"))
    assert given == Painting(KANDINSKY, Path("there"), ("cuda:0", "cuda:1"))
    given = given_painting(arguments("--diffusion-model", "a", "--controlnet", "b"), "diffusion", None)
    assert given == Painting(Models("a", "b"))
    assert given_painting(arguments(), "procedural", None) is None


@pytest.mark.parametrize(
    ("look", "words", "line"),
    [
        ("procedural", "--diffusion-model a", "--diffusion-model is a; allowed only with a look that is painted"),
        ("procedural", "--diffusion-device cpu", "--diffusion-device is cpu; allowed only with a look that is painted"),
        ("procedural", "--vae-tiling", "--vae-tiling is True; allowed only with a look that is painted"),
        ("diffusion", "", "--look diffusion needs --diffusion-model"),
        ("diffusion", "--controlnet b", "--controlnet is b; allowed only beside --diffusion-model"),
        ("kandinsky", "--diffusion-device cpu,tpu", "device is 'tpu'; allowed is cuda, cuda:NUMBER, mps or cpu"),
    ],
)
def test_options_that_do_not_fit_the_look_are_refused(look, words, line):
    with pytest.raises(InvalidInput, match=f"^{line}"):
        given_painting(arguments(*words.split()), look, None)


def test_a_frame_needs_models_only_where_its_directory_does_not_hold_all_that_was_painted(tmp_path):
    one_an_identity = Spec(look="kandinsky", diffusion_models="0" * 64)
    folder = tmp_path / "portraits"
    assert given_pictures(arguments(), one_an_identity, str(tmp_path)) == Painting(None, folder, read_only=True)
    one_a_frame = Spec(look="kandinsky", diffusion_models="0" * 64, background="frame")
    assert given_pictures(arguments(), one_a_frame, str(tmp_path)) == Painting(KANDINSKY, folder, read_only=True)
    alone = given_pictures(arguments(), one_an_identity, str(tmp_path / "spec.json"))
    assert alone == Painting(KANDINSKY, None, read_only=True)
    assert given_pictures(arguments(), Spec(), str(tmp_path)) is None
