"""`pain3d evaluate`: scores a model on a dataset, beside trivial baselines."""

import argparse
import sys
from pathlib import Path

from dataset_script.errors import InvalidInput

HELP = "Score a model on one split of a dataset; writes metrics.json and metrics.md and prints the tables."
EXAMPLE = "pain3d evaluate vitpain-tiny --data pain3d"
PACKAGES = ("pain3d", "numpy", "torch", "transformers", "datasets")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a saved ViTPain: directory or Hub name")
    parser.add_argument("--data", required=True, metavar="DIR", help="a dataset directory made by `pain3d generate`")
    parser.add_argument("--split", default="test", help="train, validation or test (test)")
    parser.add_argument("--input", default="image", choices=("image", "heatmap"), help="what the model sees (image)")
    parser.add_argument("--out", metavar="DIR", help="where the two files go (the model's directory)")
    parser.add_argument("--resamples", type=int, default=10_000, help="bootstrap resamples of identities (10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (0)")
    parser.add_argument("--batch-size", type=int, default=32, help="frames at a time (32)")
    parser.add_argument("--against", metavar="MODEL", help="another model: the difference, with intervals and p-values")
    parser.add_argument("--fairness", action="store_true", help="also fairness.json and .md: every group, with gaps")
    parser.add_argument("--plots", action="store_true", help="also fairness.png; needs --fairness and matplotlib")
    parser.add_argument("--tables", action="store_true", help="also tables.md, .json and .tex: beside the paper's")
    parser.add_argument("--figures", action="store_true", help="also ROC, confusion, … as PNG; needs matplotlib")
    parser.add_argument("--json", action="store_true", help="print the JSON instead of the tables")


def run(args: argparse.Namespace) -> int:
    for name in ("resamples", "batch_size"):
        if getattr(args, name) < 1:
            raise InvalidInput(f"--{name.replace('_', '-')} is {getattr(args, name)}; it must be at least 1")
    if args.seed < 0:
        raise InvalidInput(f"--seed is {args.seed}; it must be at least 0")
    if args.out is None and not Path(args.model).is_dir():
        raise InvalidInput(f"{args.model} is not a directory: name one with --out for the results")

    if args.plots and not args.fairness:
        raise InvalidInput("--plots draws what --fairness finds: give both")

    import numpy as np

    from evaluation.comparison import compare
    from evaluation.fairness import fairness
    from evaluation.fairness_report import require_matplotlib, write_fairness
    from evaluation.labels import read_columns, spec_hash
    from evaluation.measures import check_predictions
    from evaluation.report import to_json, to_markdown, write_report
    from evaluation.scores import TrainingLabels, evaluate_predictions
    from evaluation.weights import weight_hashes

    if args.plots:
        require_matplotlib()
    columns = read_columns(args.data, "train", ["pspi", "au"])  # before the slow part: fails at once on a bad --data
    training = TrainingLabels(columns["pspi"].to_numpy(), np.array(columns["au"].to_pylist()))
    # Thresholds are never calibrated on the frames that are scored.
    calibration_split = "train" if args.split == "validation" else "validation"
    for split in (args.split, calibration_split):
        read_columns(args.data, split, ["frame_id"])

    from transformers.utils import logging

    from modeling_vitpain.inference import predict_dataset

    logging.disable_progress_bar()  # of loading the weights; predicting has its own
    how = {"input": args.input, "batch_size": args.batch_size}
    calibration = predict_dataset(args.model, args.data, calibration_split, **how)
    predictions = predict_dataset(args.model, args.data, args.split, **how)
    metrics = {
        "context": {
            "model": Path(args.model).name,
            "data": Path(args.data).resolve().name,
            "split": args.split,
            "input": args.input,
            "frames": len(predictions["labels"]),
            "identities": len(np.unique(predictions["identity_id"])),
            "calibration_split": calibration_split,
            "training_frames": len(training.pspi),
            "spec_hash": spec_hash(args.data),
            "weights": weight_hashes(args.model),
            "resamples": args.resamples,
            "seed": args.seed,
            "versions": _versions(),
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
    paths = write_report(metrics, args.out or args.model)
    if args.fairness:
        found = fairness(predictions, calibration, args.resamples, args.seed)
        found = {"context": metrics["context"], **found}
        paths = [*paths, *write_fairness(found, args.out or args.model, args.plots)]
    print(to_json(metrics) if args.json else to_markdown(metrics), end="")
    if args.tables:
        from evaluation.paper_tables import tables_of_split
        from evaluation.report import write_tables

        paths = [*paths, *write_tables(tables_of_split(metrics), paths[0].parent)]
    if args.figures:
        from evaluation.figures import write_figures

        paths = [*paths, *write_figures(predictions, paths[0].parent)]
    print("wrote " + " and ".join(map(str, paths)), file=sys.stderr)
    return 0


def _versions() -> dict[str, str]:
    from importlib.metadata import version
    from platform import python_version

    return {"python": python_version(), **{name: version(name) for name in PACKAGES}}
