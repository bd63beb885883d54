"""`pain3d explain`: whether a model looks where the face moved, and whether its PSPI depends on that."""

import argparse
from pathlib import Path

from dataset_script.lazy import import_alone

HELP = "Check a model's AU attention against the true heat of each unit, and by taking patches away."
EXAMPLE = "pain3d explain vitpain-tiny --data pain3d --out explained"
_AT_LEAST = {
    "frames": 1,
    "training_frames": 1,
    "removal_frames": 1,
    "steps": 2,
    "resamples": 1,
    "batch_size": 1,
    "seed": 0,
}

scoring_options = import_alone("evaluation.commands.scoring_options")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="a saved ViTPain with AU queries: directory, Hub name or vitpain-small"
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="DIR",
        help="a dataset directory; made with --geometry, each unit has its own true heat",
    )
    parser.add_argument("--out", metavar="DIR", help="where the files go (the model's directory)")
    parser.add_argument("--split", default="test", help="train, validation or test (test)")
    parser.add_argument("--input", default="image", choices=("image", "heatmap"), help="what the model sees (image)")
    parser.add_argument("--frames", type=int, help="at most this many frames, at equal distances (all)")
    parser.add_argument(
        "--gradients",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also the gradients of each unit: six backward passes (yes)",
    )
    parser.add_argument("--training-frames", type=int, default=2_000, help="training frames for the mean heat (2000)")
    parser.add_argument(
        "--removal-frames", type=int, default=300, help="frames from which patches are taken away (300)"
    )
    parser.add_argument("--steps", type=int, default=8, help="parts in which patches are taken away (8)")
    parser.add_argument("--resamples", type=int, default=10_000, help="bootstrap resamples of identities (10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap and the random order (0)")
    parser.add_argument("--batch-size", type=int, default=32, help="frames at a time (32)")
    parser.add_argument("--figures", action="store_true", help="also figures as PNG; needs matplotlib")
    parser.add_argument("--json", action="store_true", help="print the JSON instead of the tables")


def run(args: argparse.Namespace) -> int:
    scoring_options.check_at_least(args, _AT_LEAST)
    scoring_options.check_out(args)
    if args.figures:
        from ..plotting import require_matplotlib

        require_matplotlib()  # before the slow part

    from dataclasses import fields

    import datasets
    from transformers.utils import logging

    from ..explanations.report import to_markdown
    from ..explanations.run import Settings, explain
    from ..markdown import write_report

    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    settings = Settings(**{field.name: getattr(args, field.name) for field in fields(Settings)})
    found, maps = explain(args.model, args.data, settings)
    out, text = Path(args.out or args.model), to_markdown(found)
    paths = write_report(out, "explanations", found, text)
    if args.figures:
        from ..explanations.figures import write_figures

        paths += write_figures(found, maps, out)
    scoring_options.print_report(found if args.json else None, text, paths)
    return 0
