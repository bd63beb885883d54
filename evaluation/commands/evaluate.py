"""`pain3d evaluate`: scores a model on a dataset, beside trivial baselines; or trains and scores the folds of a protocol."""

import argparse
import sys
from pathlib import Path

from dataset_script.errors import InvalidInput

HELP = "Score a model on one split of a dataset; writes metrics.json and metrics.md and prints the tables."
EXAMPLE = """pain3d evaluate vitpain-tiny --data pain3d
  pain3d evaluate --protocol subject-5fold unbc --start vitpain --epochs 10 --out unbc-folds"""

_OWN = ("data", "input", "seed", "batch_size")
"""Fields of `RunOptions` that `evaluate` has arguments of its own for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from pain3d_cli import command_module

    parser.description += (
        "\nWith --protocol: trains a model a fold on some people of DATA and scores it on others; writes"
        "\ncross_validation.json and .md. Run again, it goes on where it stopped."
    )
    parser.add_argument(
        "target", metavar="MODEL|DATA", help="a saved ViTPain, directory or Hub name; of a protocol, data"
    )
    parser.add_argument("--data", metavar="DIR", help="a dataset directory made by `pain3d generate` or `convert`")
    parser.add_argument("--split", help="train, validation or test (test)")
    parser.add_argument("--input", default="image", choices=("image", "heatmap"), help="what the model sees (image)")
    parser.add_argument("--out", metavar="DIR", help="where the results go (the model's directory)")
    parser.add_argument("--resamples", type=int, default=10_000, help="bootstrap resamples of identities (10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap, and of training (0)")
    parser.add_argument("--batch-size", type=int, help="frames at a time (32; in training the preset's)")
    parser.add_argument(
        "--against",
        metavar="MODEL",
        help="another model, or the --out of another run of a protocol: the difference, with intervals and p-values",
    )
    parser.add_argument("--fairness", action="store_true", help="also fairness.json and .md: every group, with gaps")
    parser.add_argument("--plots", action="store_true", help="also fairness.png; needs --fairness and matplotlib")
    parser.add_argument("--tables", action="store_true", help="also tables.md, .json and .tex: beside the paper's")
    parser.add_argument("--figures", action="store_true", help="also ROC, confusion, … as PNG; needs matplotlib")
    parser.add_argument("--json", action="store_true", help="print the JSON instead of the tables")
    protocol = parser.add_argument_group("protocol; what follows is for it alone, as in `pain3d train`")
    protocol.add_argument(
        "--protocol",
        metavar="NAME",
        help="subject-5fold (or any number), loso, own-folds (of an import), own-split, identity-split, or FILE.json",
    )
    protocol.add_argument(
        "--validation", type=int, metavar="N", help="people who select in each fold (a fold's; loso 5)"
    )
    protocol.add_argument("--split-seed", type=int, metavar="S", help="shuffles the people (folds of the sorted names)")
    protocol.add_argument("--keep-models", action="store_true", help="keep the weights of every fold")
    command_module("modeling_vitpain.commands.train").add_training_arguments(parser)


def run(args: argparse.Namespace) -> int:
    for name in ("resamples", "batch_size"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise InvalidInput(f"--{name.replace('_', '-')} is {value}; it must be at least 1")
    if args.seed < 0:
        raise InvalidInput(f"--seed is {args.seed}; it must be at least 0")
    if args.plots and not args.fairness:
        raise InvalidInput("--plots draws what --fairness finds: give both")
    if args.plots or args.figures:
        from ..fairness.report import require_matplotlib

        require_matplotlib()
    if args.protocol is None:
        return _score_model(args)
    for name in ("data", "split"):
        if getattr(args, name) is not None:
            raise InvalidInput(
                f"--{name} is given with --protocol, which takes DATA alone and tests everybody it names"
            )
    if args.out is None:
        raise InvalidInput("--protocol needs --out DIR for the folds and the results")

    import datasets
    from transformers.utils import logging

    from .protocol import run_protocol

    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    return run_protocol(args)


def _score_model(args: argparse.Namespace) -> int:
    """Without a protocol: the scores of a model that exists."""
    if args.data is None:
        raise InvalidInput("--data DIR is missing: what the model is scored on")
    if args.out is None and not Path(args.target).is_dir():
        raise InvalidInput(f"{args.target} is not a directory: name one with --out for the results")
    _refuse_training_options(args)
    args.split, args.batch_size = args.split or "test", args.batch_size or 32

    import numpy as np

    from ..fairness.gaps import fairness
    from ..fairness.report import write_fairness
    from ..markdown import to_json
    from ..provenance import versions, weight_hashes
    from ..split.labels import read_columns, read_training_labels, spec_hash
    from ..split.report import to_markdown, write_report
    from ..split.scores import evaluate_predictions
    from ..statistics.comparison import compare
    from ..statistics.measures import check_predictions

    training = read_training_labels(args.data)  # before the slow part: fails at once on a bad --data
    # Thresholds are never calibrated on the frames that are scored.
    calibration_split = "train" if args.split == "validation" else "validation"
    for split in (args.split, calibration_split):
        read_columns(args.data, split, ["frame_id"])

    from transformers.utils import logging

    from modeling_vitpain.prediction.splits import predict_dataset

    logging.disable_progress_bar()  # of loading the weights; predicting has its own
    how = {"input": args.input, "batch_size": args.batch_size}
    calibration = predict_dataset(args.target, args.data, calibration_split, **how)
    predictions = predict_dataset(args.target, args.data, args.split, **how)
    metrics = {
        "context": {
            "model": Path(args.target).name,
            "data": Path(args.data).resolve().name,
            "split": args.split,
            "input": args.input,
            "frames": len(predictions["labels"]),
            "identities": len(np.unique(predictions["identity_id"])),
            "calibration_split": calibration_split,
            "training_frames": len(training.pspi),
            "spec_hash": spec_hash(args.data),
            "weights": weight_hashes(args.target),
            "interval_temperature": float(predictions["interval_temperature"][0]),
            "resamples": args.resamples,
            "seed": args.seed,
            "versions": versions(),
        },
        **evaluate_predictions(predictions, calibration, training, args.resamples, args.seed),
    }
    if args.against is not None:
        other = predict_dataset(args.against, args.data, args.split, **how)
        check_predictions(other)
        metrics["comparison"] = {
            "model": Path(args.against).name,
            "weights": weight_hashes(args.against),
            "metrics": compare(predictions, other, resamples=args.resamples, seed=args.seed),
        }
    paths = write_report(metrics, args.out or args.target)
    if args.fairness:
        found = fairness(predictions, calibration, args.resamples, args.seed)
        found = {"context": metrics["context"], **found}
        paths = [*paths, *write_fairness(found, args.out or args.target, args.plots)]
    print(to_json(metrics) if args.json else to_markdown(metrics), end="")
    if args.tables:
        from ..paper.tables import tables_of_split
        from ..split.report import write_tables

        paths = [*paths, *write_tables(tables_of_split(metrics), paths[0].parent)]
    if args.figures:
        from ..paper.figures import write_figures

        paths = [*paths, *write_figures(predictions, paths[0].parent)]
    print("wrote " + " and ".join(map(str, paths)), file=sys.stderr)
    return 0


def _refuse_training_options(args: argparse.Namespace) -> None:
    from dataclasses import fields

    from modeling_vitpain.training.options import RunOptions

    given = [f.name for f in fields(RunOptions) if f.name not in _OWN and getattr(args, f.name) != f.default]
    given += [name for name in ("validation", "split_seed", "keep_models", "workers") if getattr(args, name)]
    if given:
        raise InvalidInput(f"--{given[0].replace('_', '-')} is given without --protocol, which alone trains")
