"""`pain3d train`."""

import argparse
import json
from pathlib import Path

HELP = "fine-tune ViTPain on a dataset"
EXAMPLE = "pain3d train ./pain3d --out ./vitpain-tiny"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", help="dataset directory, or OWNER/NAME on the Hub")
    parser.add_argument("--out", type=Path, required=True, help="model directory to write")
    parser.add_argument("--config", default="tiny", help="tiny (default), large, or the path of a configuration")
    parser.add_argument(
        "--backbone", help="pretrained backbone, Hub name or directory; large has the paper's by default"
    )
    parser.add_argument("--input", choices=("image", "heatmap"), default="image", help="heatmap trains a teacher")
    parser.add_argument("--teacher", help="model directory trained with --input heatmap, to distil from")
    parser.add_argument("--au-head", choices=("query", "cls"), default="query", help="cls is the paper's baseline")
    parser.add_argument("--epochs", type=int, help="default: the recipe's, 50 from scratch, 100 with a backbone")
    parser.add_argument("--batch-size", type=int, help="default: the recipe's, 16 from scratch, 32 with a backbone")
    parser.add_argument("--lr", type=float, help="of the heads; the backbone's keeps its ratio to it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-steps", type=int, help="stop after so many steps")
    parser.add_argument(
        "--workers", type=int, default=0, help="loader processes; with 0 (default) frames are decoded once and kept"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the same run")
    parser.add_argument("--json", action="store_true", help="print the record of the run as JSON")


def run(args: argparse.Namespace) -> int:
    import datasets
    from transformers.utils import logging

    from ..runs import RunOptions, train

    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    names = (
        "data",
        "config",
        "backbone",
        "input",
        "teacher",
        "au_head",
        "epochs",
        "batch_size",
        "lr",
        "seed",
        "max_steps",
    )
    options = RunOptions(**{name: getattr(args, name) for name in names})
    record = train(options, args.out, resume=args.resume, workers=args.workers)
    if args.json:
        print(json.dumps(record, indent=1))
    else:
        best = record["best"]
        print(
            f"{args.out}: {record['parameters']:,} parameters, {record['steps']} steps in {record['seconds']:.0f} s; "
            f"best epoch {best['epoch']}, PSPI MAE on validation {best['validation_pspi_mae']:.3f}"
        )
    return 0
