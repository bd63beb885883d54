"""`pain3d generate OUT`."""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec

from ..catalogue import check, open_head
from ..photoreal.painting import FOLDER, Painting, settings_of
from ..run.share import Share
from .diffusion_options import add_diffusion_arguments, given_painting
from .head_options import add_head_arguments, chosen_head
from .spec_options import add_spec_arguments, spec_values

if TYPE_CHECKING:
    from ..run.generate import Summary
    from ..run.job import Executor

HELP = "Make a dataset, or finish one that was interrupted: the result is the same, byte for byte."
EXAMPLE = "pain3d generate pain3d --identities 24 --size 256"
EXECUTORS = ("local", "ray")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "out",
        metavar="OUT",
        help="dataset directory: new, empty, or holding a part of this dataset; or a URL, as s3://BUCKET/PREFIX",
    )
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
        "--shard",
        metavar="I/N",
        help="make only the I-th of N shares, in OUT/share-I-of-N; `pain3d merge OUT --out DIR` joins them",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="W",
        help=f"processes ({os.cpu_count() or 1}, or 1 a device that paints; with ray the processors of the cluster); "
        "does not change the result",
    )
    parser.add_argument(
        "--executor",
        choices=EXECUTORS,
        default="local",
        help="who works: processes on this machine, or a Ray cluster that runs, whose nodes all see OUT (local)",
    )
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of the cluster (the one that runs on this machine)")


def run(args: argparse.Namespace) -> int:
    share = None if args.shard is None else Share.parse(args.shard)
    head, files = chosen_head(args)
    values = spec_values(args) | {"head": head, "head_file": files.digest() if files else None}
    spec = Spec(**values)
    folder = Path(args.out) / FOLDER if share is None else Path(args.out) / share.folder / FOLDER
    painting = given_painting(args, spec.look, folder)
    if painting is not None:
        spec = replace(spec, diffusion_models=painting.models.digest(settings_of(spec).dtype))
    elif args.portraits_only:
        raise InvalidInput(f"--portraits-only is given; allowed only with a look that is painted, not {spec.look!r}")
    check(spec)
    executor = _executor(args, painting)
    if files:
        print(open_head(spec, files).about)  # an unfit head is refused before there is a directory
    from dataset_script.progress import Progress

    from ..pipeline import maker_with
    from ..run.generate import generate
    from ..run.job import Part

    with Progress("people" if args.portraits_only else "frames") as progress:
        summary = generate(
            args.out,
            spec,
            executor,
            maker_factory=maker_with(files, painting),
            progress=progress,
            part=Part(args.portraits_only, share),
        )
    print(_done(args, spec, summary))
    return 0


def _executor(args: argparse.Namespace, painting: Painting | None) -> "Executor":
    """Who works. Where no number is asked for, models count: they are large, so that each device paints for one."""
    if args.executor == "ray":
        from ..run.on_ray import Ray

        return Ray(args.ray_address, args.workers)
    if args.ray_address is not None:
        raise InvalidInput(f"--ray-address is {args.ray_address}; allowed only with --executor ray")
    from ..run.local import Local

    workers = (os.cpu_count() or 1) if painting is None else max(1, len(painting.devices))
    return Local(workers if args.workers is None else args.workers)


def _done(args: argparse.Namespace, spec: Spec, summary: "Summary") -> str:
    """What was made, and what to do next."""
    if args.portraits_only:
        return f"{summary.place}: what models paint is painted; the same command without --portraits-only goes on"
    made = f"{summary.frames:,} frames in {summary.place} ({summary.made:,} made now)."
    if args.shard is not None:
        return f"{made} When all shares are there: pain3d merge {args.out} --out DIR"
    if "://" in args.out:
        return f"{made} To read them: docs/scale.md"
    return f"{made} To load them:\n\n{_loading(summary.place, spec)}"


def _loading(directory: str, spec: Spec) -> str:
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
