"""`pain3d card`: writes the README.md of a dataset or a model."""

import argparse
from pathlib import Path

HELP = "Write the README.md of a dataset or a model directory, with its own numbers."
EXAMPLE = "pain3d card vitpain-tiny --metrics vitpain-tiny/metrics.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "directory", metavar="DIR", type=Path, help="a dataset, generated or imported, or a model (config.json)"
    )
    parser.add_argument("--metrics", type=Path, metavar="FILE", help="a model's scores (metrics.json in DIR, if there)")
    parser.add_argument(
        "--plots", action="store_true", help="also draw the labels of a generated dataset; needs matplotlib"
    )


def run(args: argparse.Namespace) -> int:
    from ..write import write_card

    path = write_card(args.directory, args.metrics, args.plots)
    print(f"wrote {path}")
    return 0
