"""The options by which a command learns which diffusion models to paint with, and how to hold them in memory."""

import argparse
import os
import shlex
from dataclasses import replace
from pathlib import Path

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec

from ..catalogue import LOOKS
from ..diffusion.models import OFFLOADS, Models
from ..photoreal.painting import FOLDER, Painting, background_of
from ..photoreal.program import SECONDS, Program

PROGRAM_VARIABLE = "PAIN3D_HUNYUAN"
_FIELDS = {  # of Models, by the option's name in the arguments
    "diffusion_model": "diffusion",
    "controlnet": "controlnet",
    "prior_model": "prior",
    "inpaint_model": "inpaint",
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
        "--diffusion-device",
        metavar="DEVICE",
        help="cuda, cuda:N, mps or cpu (the first that is there); several, with commas, are shared by the workers",
    )
    group.add_argument("--offload", metavar="HOW", help=f"what leaves GPU memory: {', '.join(OFFLOADS)} (none)")
    group.add_argument("--attention-slicing", action="store_true", default=None, help="less memory, a little slower")
    group.add_argument(
        "--vae-tiling", action="store_true", default=None, help="decode in tiles: less memory for large pictures"
    )
    group.add_argument(
        "--hunyuan",
        metavar="COMMAND",
        help="of look hunyuan: program that paints; MESH.glb PORTRAIT.png PAINTED.glb are put behind it "
        f"(${PROGRAM_VARIABLE})",
    )
    group.add_argument(
        "--hunyuan-seconds", type=float, metavar="S", help=f"after these the program counts as hung ({SECONDS:g})"
    )
    group.add_argument("--accept-licence", action="store_true", help="you accept the terms that a look prints")


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


def given_painting(args: argparse.Namespace, look: str, folder: Path | None) -> Painting | None:
    """The models and the program of a look, and the folder of its pictures; None for a look that is not painted.

    Prints the terms of a look that has some.

    Raises:
        InvalidInput: models or a program are named for a look that has none, or none for one that needs them, or its
            terms are not accepted.
    """
    entry = LOOKS.get(look)
    _accept(args, look)
    program = _chosen_program(args, look)
    if entry is None or not entry.painted:
        for name in _given(args):
            value, option = getattr(args, name), f"--{name.replace('_', '-')}"
            raise InvalidInput(f"{option} is {value}; allowed only with a look that is painted, not {look!r}")
        return None
    models = chosen_models(args, entry.models() if entry.models else None)
    if models is None:
        raise InvalidInput(f"--look {look} needs --diffusion-model")
    devices = tuple(filter(None, (args.diffusion_device or "").split(",")))
    for device in devices:
        replace(models, device=device)  # refuses what is no device
    return Painting(models, folder, devices, program)


def _accept(args: argparse.Namespace, look: str) -> None:
    """Prints the terms of a look. Raises InvalidInput where they are not accepted, or there are none to accept."""
    entry = LOOKS.get(look)
    if entry is None or not entry.terms:
        if args.accept_licence:
            having = ", ".join(name for name, entry in LOOKS.items() if entry.terms)
            raise InvalidInput(f"--accept-licence is given; allowed only with a look that has terms: {having}")
        return
    print(f"{entry.terms}\n", flush=True)
    if not args.accept_licence:
        raise InvalidInput(f"--look {look} needs --accept-licence: read the terms above, and their whole text")


def _chosen_program(args: argparse.Namespace, look: str) -> Program | None:
    """The program of a look that needs one: --hunyuan, else $PAIN3D_HUNYUAN."""
    entry = LOOKS.get(look)
    if entry is None or entry.program is None:
        for name in ("hunyuan", "hunyuan_seconds"):
            if (value := getattr(args, name)) is not None:
                option = f"--{name.replace('_', '-')}"
                raise InvalidInput(f"{option} is {value}; allowed only with a look that a program paints")
        return None
    source, command = "--hunyuan", args.hunyuan
    if command is None:
        source, command = PROGRAM_VARIABLE, os.environ.get(PROGRAM_VARIABLE)
    if not command:
        raise InvalidInput(f"--look {look} needs --hunyuan COMMAND, or {PROGRAM_VARIABLE}: {entry.program}")
    try:
        words = tuple(shlex.split(command))
        return Program(words, SECONDS if args.hunyuan_seconds is None else args.hunyuan_seconds)
    except ValueError as error:  # InvalidInput is one; the other is a quotation mark that is not closed
        raise InvalidInput(f"{source} is {command!r}: {error}") from None


def given_pictures(args: argparse.Namespace, spec: Spec, source: str) -> Painting | None:
    """The painted pictures of a dataset directory `source`, which stay as they are, and models where some are named or
    needed: for a specification alone, or one that paints every frame. None for a look that is not painted.

    Raises InvalidInput as `given_painting`.
    """
    folder = Path(source) / FOLDER if Path(source).is_dir() else None
    entry = LOOKS.get(spec.look)
    if entry and entry.painted and folder and background_of(spec) != "frame" and not (_given(args) or args.hunyuan):
        return Painting(None, folder, read_only=True)
    painting = given_painting(args, spec.look, folder)
    return painting and replace(painting, read_only=True)


def _given(args: argparse.Namespace) -> list[str]:
    """The options of models that were given, as their names in the arguments."""
    return [name for name in (*_FIELDS, "diffusion_device") if getattr(args, name) is not None]
