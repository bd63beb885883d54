"""`pain3d generate OUT`."""

import argparse
import os
from pathlib import Path

from dataset_script.spec import Spec

from ..catalogue import check, open_head
from .head_options import add_head_arguments, chosen_head
from .spec_options import add_spec_arguments, spec_values

HELP = "Make a dataset, or finish one that was interrupted: the result is the same, byte for byte."
EXAMPLE = "pain3d generate pain3d --identities 24 --size 256"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT", help="dataset directory: new, empty, or holding a part of this dataset")
    add_spec_arguments(parser)
    add_head_arguments(parser)
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="W",
        help="processes (%(default)s); does not change the result",
    )


def run(args: argparse.Namespace) -> int:
    head, files = chosen_head(args)
    values = spec_values(args) | {"head": head, "head_file": files.digest() if files else None}
    spec = Spec(**values)
    check(spec)
    if files:
        print(open_head(spec, files).about)  # an unfit head is refused before there is a directory
    from dataset_script.progress import Progress

    from ..pipeline import maker_with
    from ..run.generate import generate

    with Progress("frames") as progress:
        summary = generate(
            args.out,
            spec,
            workers=args.workers,
            maker_factory=maker_with(files),
            progress=progress,
        )
    print(f"{summary.frames:,} frames in {args.out} ({summary.made:,} made now). To load them:\n")
    print(_loading(summary.directory))
    return 0


def _loading(directory: Path) -> str:
    """Three lines of Python."""
    return "\n".join(
        (
            "  from datasets import load_dataset",
            f'  frames = load_dataset("{directory}")',
            f'  pairs = load_dataset("{directory}", "pairs")  # each pain frame with its neutral frame',
        )
    )
