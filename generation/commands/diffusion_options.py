"""The options by which a command learns which diffusion models to paint with, and how to hold them in memory."""

import argparse
from dataclasses import replace

from dataset_script.errors import InvalidInput

from ..diffusion.models import OFFLOADS, Models

_FIELDS = {  # of Models, by the option's name in the arguments
    "diffusion_model": "diffusion",
    "controlnet": "controlnet",
    "prior_model": "prior",
    "inpaint_model": "inpaint",
    "diffusion_device": "device",
    "offload": "offload",
    "attention_slicing": "slicing",
    "vae_tiling": "tiling",
}


def add_diffusion_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of models that paint. A model is a folder or OWNER/NAME[@REVISION] on the Hub."""
    group = parser.add_argument_group("diffusion models", "folders, or OWNER/NAME[@REVISION] on the Hub")
    group.add_argument(
        "--diffusion-model",
        metavar="MODEL",
        help="pipeline that paints under a depth map, or base model of --controlnet",
    )
    group.add_argument("--controlnet", metavar="MODEL", help="depth ControlNet for --diffusion-model")
    group.add_argument("--prior-model", metavar="MODEL", help="prior, where models are led by image embeddings")
    group.add_argument(
        "--inpaint-model", metavar="MODEL", help="model that fills masks (the base model of --controlnet)"
    )
    group.add_argument(
        "--diffusion-device", metavar="DEVICE", help="cuda, cuda:N, mps or cpu (the first of them that is there)"
    )
    group.add_argument("--offload", metavar="HOW", help=f"what leaves GPU memory: {', '.join(OFFLOADS)} (none)")
    group.add_argument("--attention-slicing", action="store_true", default=None, help="less memory, a little slower")
    group.add_argument(
        "--vae-tiling", action="store_true", default=None, help="decode in tiles: less memory for large pictures"
    )


def chosen_models(args: argparse.Namespace, defaults: Models | None = None) -> Models | None:
    """`defaults` with what the command line gives in their place; None where there is neither.

    Raises:
        InvalidInput: without defaults, other options are given and no --diffusion-model; or an option's value is not
            allowed.
    """
    given = {field: getattr(args, name) for name, field in _FIELDS.items() if getattr(args, name) is not None}
    if defaults is not None:
        return replace(defaults, **given)
    if given and "diffusion" not in given:
        name = next(name for name, field in _FIELDS.items() if field in given)
        option = f"--{name.replace('_', '-')}"
        raise InvalidInput(f"{option} is {getattr(args, name)}; allowed only beside --diffusion-model")
    return Models(**given) if given else None
