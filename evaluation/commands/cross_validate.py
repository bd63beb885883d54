"""`pain3d cross-validate`: trains a model on every fold of a protocol, and tests it on people it has not seen."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dataset_script.errors import InvalidInput
from dataset_script.lazy import import_alone

if TYPE_CHECKING:
    from ..protocols.results import CrossValidation
    from ..protocols.scores import FoldPredictions

HELP = """Train a model on some people of a dataset and test it on others, fold by fold, as a protocol says; writes
cross_validation.json and .md and prints the tables. Run again, it goes on where it stopped."""
EXAMPLE = """pain3d cross-validate unbc --protocol subject-5fold --out unbc-5 --start vitpain --epochs 10
  pain3d cross-validate pain3d --protocol loso --out loso --config tiny --epochs 5"""
PROTOCOLS = "subject-5fold (or any number), loso, own-folds (of an import), own-split, identity-split, or FILE.json"

scoring_options = import_alone("evaluation.commands.scoring_options")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a dataset directory")
    parser.add_argument("--protocol", required=True, metavar="NAME", help=PROTOCOLS)
    parser.add_argument("--out", required=True, metavar="DIR", help="where the folds and the results go")
    parser.add_argument(
        "--validation", type=int, metavar="N", help="people who choose the checkpoint (as many as are tested; loso 5)"
    )
    parser.add_argument("--split-seed", type=int, metavar="S", help="shuffles the people (folds of the sorted names)")
    parser.add_argument("--batch-size", type=int, help="frames at a time in training (the preset's)")
    parser.add_argument("--keep-models", action="store_true", help="keep the weights of every fold")
    parser.add_argument(
        "--against", metavar="DIR", help="the --out of another run: the difference, with intervals and p-values"
    )
    parser.add_argument("--input", default="image", choices=("image", "heatmap"), help="what the model sees (image)")
    parser.add_argument("--seed", type=int, default=0, help="of training and of the bootstrap (0)")
    scoring_options.add_scoring_arguments(parser)
    import_alone("modeling_vitpain.commands.train").add_training_arguments(parser)


def run(args: argparse.Namespace) -> int:
    scoring_options.check_scoring_arguments(args)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InvalidInput(f"WORLD_SIZE is {os.environ['WORLD_SIZE']}; a protocol is run by one process")

    from dataclasses import fields

    import datasets
    from transformers.utils import logging

    from dataset_script.storage import locked
    from modeling_vitpain.training.options import RunOptions

    from ..protocols.report import to_markdown
    from ..protocols.run import Settings, cross_validate, plan_protocol

    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    options, settings = (
        kind(**{field.name: getattr(args, field.name) for field in fields(kind)}) for kind in (RunOptions, Settings)
    )
    plan = plan_protocol(options, settings)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        result, folds = cross_validate(plan, out, tell=lambda line: print(line, file=sys.stderr, flush=True))
        text = to_markdown(result)
        paths = _write(args, result, folds, text)
    scoring_options.print_report(result if args.json else None, text, paths)
    return 0


def _write(
    args: argparse.Namespace, result: "CrossValidation", folds: "list[FoldPredictions]", text: str
) -> list[Path]:
    """The reports that were asked for; returns their paths."""
    from ..markdown import write_report
    from ..protocols.scores import pooled

    out = Path(args.out)
    paths = write_report(out, "cross_validation", result, text)
    if args.fairness:
        from ..fairness.gaps import by_group
        from ..fairness.report import write_fairness

        title = {name: result["context"][name] for name in ("model", "data", "protocol")}
        found = by_group(pooled(folds)[0], args.resamples, args.seed)
        thresholds = {"decision_thresholds": result["decision_thresholds"]}
        paths += write_fairness({"context": title, **thresholds, **found}, out, args.plots)
    if args.tables:
        from ..paper.report import write_tables
        from ..paper.tables import tables_of_folds

        paths += write_tables(tables_of_folds(result), out)
    if args.figures:
        from ..paper.figures import write_figures  # needs matplotlib

        paths += write_figures(pooled(folds)[0], out)
    return paths
