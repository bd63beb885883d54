"""The options that `pain3d evaluate` and `pain3d cross-validate` share, and how both report."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_script.errors import InvalidInput


def add_scoring_arguments(parser: argparse.ArgumentParser) -> None:
    """How predictions are scored, and what is written and printed."""
    group = parser.add_argument_group("scores and reports")
    group.add_argument("--resamples", type=int, default=10_000, help="bootstrap resamples of identities (10000)")
    group.add_argument("--fairness", action="store_true", help="also fairness.json and .md: every group, with gaps")
    group.add_argument("--plots", action="store_true", help="also fairness.png; needs --fairness and matplotlib")
    group.add_argument("--tables", action="store_true", help="also tables.md, .json and .tex: beside the paper's")
    group.add_argument("--figures", action="store_true", help="also ROC, confusion, … as PNG; needs matplotlib")
    group.add_argument("--json", action="store_true", help="print the JSON instead of the tables")


def check_scoring_arguments(args: argparse.Namespace) -> None:
    """Raises InvalidInput on values out of range, and where matplotlib is needed and missing."""
    check_at_least(args, {"resamples": 1, "batch_size": 1, "seed": 0})
    if args.plots and not args.fairness:
        raise InvalidInput("--plots draws what --fairness finds: give both")
    if args.plots or args.figures:
        from ..plotting import require_matplotlib

        require_matplotlib()  # before the slow part


def check_out(args: argparse.Namespace) -> None:
    """Raises where results would go to the model's directory, and there is none: InvalidInput, WorkFailed."""
    if args.out is None and not Path(args.model).is_dir():
        from modeling_vitpain.prediction.load import located

        located(args.model)  # a model that does not exist is told before a missing --out
        raise InvalidInput(f"{args.model} is not a directory: name one with --out for the results")


def check_at_least(args: argparse.Namespace, lowest: Mapping[str, int]) -> None:
    """Raises InvalidInput where an option is given that is below its entry in `lowest`."""
    for name, bound in lowest.items():
        value = getattr(args, name)
        if value is not None and value < bound:
            raise InvalidInput(f"--{name.replace('_', '-')} is {value}; it must be at least {bound}")


def print_report(result: Mapping[str, Any] | None, text: str, paths: Sequence[Path]) -> None:
    """Prints `result` as JSON, or, where it is None, `text`; and on standard error, what was written."""
    from ..markdown import to_json

    print(text if result is None else to_json(result), end="")
    print("wrote " + " and ".join(map(str, paths)), file=sys.stderr)
