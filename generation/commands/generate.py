"""`pain3d generate OUT`."""

import argparse
import os
from pathlib import Path

from ..head_files import add_head_arguments, chosen_head
from ..spec import HEADS, LOOKS, PRESETS, PSPI_SAMPLINGS, RENDERERS, RIGS, Spec

HELP = "Make a dataset, or finish one that was interrupted: the result is the same, byte for byte."
EXAMPLE = "pain3d generate pain3d --identities 24 --size 256"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = Spec()
    parser.add_argument("out", metavar="OUT", help="dataset directory: new, empty, or holding a part of this dataset")
    parser.add_argument("--identities", type=int, default=default.identities, metavar="N", help="people, 33 frames each (%(default)s)")  # fmt: skip
    parser.add_argument("--preset", default=default.preset, help=f"demographics: {_one_of(PRESETS)} (%(default)s)")
    parser.add_argument("--size", type=int, default=default.size, metavar="PIXELS", help="width and height (%(default)s)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=default.seed, help="another seed, other people (%(default)s)")
    parser.add_argument("--head", default=default.head, help=f"{_one_of(HEADS)}, or a mesh file")
    add_head_arguments(parser)
    parser.add_argument("--rig", default=default.rig, help=_one_of(RIGS))
    parser.add_argument("--look", default=default.look, help=_one_of(LOOKS))
    parser.add_argument("--renderer", default=default.renderer, help=_one_of(RENDERERS))
    parser.add_argument("--pspi", default=default.pspi, help=f"distribution of PSPI 1-16: {_one_of(PSPI_SAMPLINGS)}")
    parser.add_argument(
        "--geometry", action="store_true", help="also depth, segments, heatmaps per AU, mesh parameters"
    )
    parser.add_argument(
        "--head-motion", type=float, default=default.head_motion, metavar="X",
        help="motion of the head between neutral and pain, relative to the usual few degrees; 0: pairs align (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--jpeg-quality", type=int, default=default.jpeg_quality, metavar="Q", help="1-100 (%(default)s)")  # fmt: skip
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="W", help="processes (%(default)s); does not change the result")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    head, files = chosen_head(args)
    spec = Spec(
        preset=args.preset,
        identities=args.identities,
        size=args.size,
        seed=args.seed,
        head=head,
        head_file=files.digest() if files else None,
        rig=args.rig,
        look=args.look,
        renderer=args.renderer,
        pspi=args.pspi,
        geometry=args.geometry,
        jpeg_quality=args.jpeg_quality,
        head_motion=args.head_motion,
    )
    if files:
        from ..heads import open_head

        print(open_head(spec, files).about)  # an unfit head is refused before there is a directory
    from dataset_script.progress import Progress

    from ..run import generate

    with Progress("frames") as progress:
        summary = generate(
            args.out,
            spec,
            workers=args.workers,
            maker_factory=files.maker_factory() if files else None,
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


def _one_of(choices: tuple[str, ...]) -> str:
    return " or ".join(choices)
