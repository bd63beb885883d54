"""`pain3d evaluate`: scores a model on one split of a dataset, beside trivial predictors."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dataset_script.errors import InvalidInput
from dataset_script.lazy import import_alone

if TYPE_CHECKING:
    from ..split.run import Evaluated

HELP = "Score a model on one split of a dataset; writes metrics.json and metrics.md and prints the tables."
EXAMPLE = "pain3d evaluate vitpain-tiny --data pain3d"

scoring_options = import_alone("evaluation.commands.scoring_options")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a saved ViTPain: directory or Hub name")
    parser.add_argument("--data", required=True, metavar="DIR", help="a dataset directory")
    parser.add_argument("--split", default="test", help="train, validation or test (test)")
    parser.add_argument("--input", default="image", choices=("image", "heatmap"), help="what the model sees (image)")
    parser.add_argument("--out", metavar="DIR", help="where the results go (the model's directory)")
    parser.add_argument("--against", metavar="MODEL", help="another model: the difference, with intervals and p-values")
    parser.add_argument("--batch-size", type=int, default=32, help="frames at a time (32)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (0)")
    scoring_options.add_scoring_arguments(parser)
    parser.add_argument("--protocol", nargs="?", action=_MovedToCrossValidate, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    scoring_options.check_scoring_arguments(args)
    if args.out is None and not Path(args.model).is_dir():
        raise InvalidInput(f"{args.model} is not a directory: name one with --out for the results")

    from dataclasses import fields

    from ..split.report import to_markdown
    from ..split.run import Settings, evaluate_model

    settings = Settings(**{field.name: getattr(args, field.name) for field in fields(Settings)})
    evaluated = evaluate_model(args.model, args.data, settings)
    text = to_markdown(evaluated.result)
    paths = _write(args, evaluated, text)
    scoring_options.print_report(evaluated.result if args.json else None, text, paths)
    return 0


def _write(args: argparse.Namespace, evaluated: "Evaluated", text: str) -> list[Path]:
    """The reports that were asked for; returns their paths."""
    from ..markdown import write_report

    result, out = evaluated.result, Path(args.out or args.model)
    paths = write_report(out, "metrics", result, text)
    if args.fairness:
        from ..fairness.gaps import fairness
        from ..fairness.report import write_fairness

        found = fairness(evaluated.predictions, evaluated.calibration, args.resamples, args.seed)
        paths += write_fairness({"context": result["context"], **found}, out, args.plots)
    if args.tables:
        from ..paper.report import write_tables
        from ..paper.tables import tables_of_split

        paths += write_tables(tables_of_split(result), out)
    if args.figures:
        from ..paper.figures import write_figures  # needs matplotlib

        paths += write_figures(evaluated.predictions, out)
    return paths


class _MovedToCrossValidate(argparse.Action):
    """Answers `pain3d evaluate --protocol`, the old spelling, whatever else is given."""

    def __call__(self, *_: object) -> None:
        raise InvalidInput("evaluate scores a model; to run a protocol: pain3d cross-validate DATA --protocol NAME")
