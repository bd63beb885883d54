"""`pain3d generate OUT`."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec

from ..catalogue import check, open_head
from ..photoreal.painting import FOLDER, Painting, settings_of
from .diffusion_options import add_diffusion_arguments, given_painting
from .head_options import add_head_arguments, chosen_head
from .spec_options import add_spec_arguments, spec_values

HELP = "Make a dataset, or finish one that was interrupted: the result is the same, byte for byte."
EXAMPLE = "pain3d generate pain3d --identities 24 --size 256"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT", help="dataset directory: new, empty, or holding a part of this dataset")
    add_spec_arguments(parser)
    add_head_arguments(parser)
    add_diffusion_arguments(parser)
    parser.add_argument(
        "--portraits-only",
        action="store_true",
        help="of a look that diffusion models paint: paint portraits and backgrounds, and stop; "
        "the same command without it goes on, and needs no GPU",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="W",
        help=f"processes ({os.cpu_count() or 1}, or 1 a device that paints); does not change the result",
    )


def run(args: argparse.Namespace) -> int:
    head, files = chosen_head(args)
    values = spec_values(args) | {"head": head, "head_file": files.digest() if files else None}
    spec = Spec(**values)
    painting = given_painting(args, spec.look, Path(args.out) / FOLDER)
    if painting is not None:
        spec = replace(spec, diffusion_models=painting.models.digest(settings_of(spec).dtype))
    elif args.portraits_only:
        raise InvalidInput(f"--portraits-only is given; allowed only with a look that is painted, not {spec.look!r}")
    check(spec)
    if files:
        print(open_head(spec, files).about)  # an unfit head is refused before there is a directory
    from dataset_script.progress import Progress

    from ..pipeline import maker_with
    from ..run.generate import generate

    with Progress("people" if args.portraits_only else "frames") as progress:
        summary = generate(
            args.out,
            spec,
            workers=_workers(painting) if args.workers is None else args.workers,
            maker_factory=maker_with(files, painting),
            progress=progress,
            portraits_only=args.portraits_only,
        )
    if args.portraits_only:
        print(f"{args.out}: {spec.identities:,} people are painted; the same command without --portraits-only goes on")
        return 0
    print(f"{summary.frames:,} frames in {args.out} ({summary.made:,} made now). To load them:\n")
    print(_loading(summary.directory, spec))
    return 0


def _workers(painting: Painting | None) -> int:
    """Processes where none are asked for: models are large, so that each device paints for one."""
    return (os.cpu_count() or 1) if painting is None else max(1, len(painting.devices))


def _loading(directory: Path, spec: Spec) -> str:
    """A few lines of Python."""
    return "\n".join(
        (
            "  from datasets import load_dataset",
            f'  frames = load_dataset("{directory}")',
            f'  pairs = load_dataset("{directory}", "pairs")  # each face that moves, with its neutral frame',
            *(
                [f'  references = load_dataset("{directory}", "references")  # at rest on other days']
                if spec.references
                else []
            ),
        )
    )
