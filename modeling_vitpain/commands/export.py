"""`pain3d export`."""

import argparse
import json
from pathlib import Path

HELP = "a model as ONNX, checked against the original"
EXAMPLE = "pain3d export ./vitpain-tiny --out vitpain-tiny.onnx"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nInputs: pixel_values (batch, 3, H, W); with neutral references also reference_pixel_values"
        "\n(batch, references, 3, H, W) and reference_mask (batch, references). Outputs: logits, pspi, au,"
        "\nand of a model with binary heads binary_logits. Without a learned fallback, frames without a reference"
        "\nscore NaN."
        "\nSize, mean and std of the pictures and the names of the action units are in the file's metadata."
    )
    parser.add_argument("model", help="model directory, or OWNER/NAME on the Hub")
    parser.add_argument("--out", type=Path, required=True, metavar="NAME.onnx", help="file to write")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def run(args: argparse.Namespace) -> int:
    from transformers.utils import logging

    from ..conversion.onnx import export_onnx
    from ..prediction.load import load_model

    logging.disable_progress_bar()
    report = export_onnx(*load_model(args.model), args.out)
    if args.json:
        names = {"inputs": report.inputs, "outputs": report.outputs}
        facts = {"path": str(report.path), "bytes": report.bytes, **names}
        print(json.dumps({**facts, "largest_difference": report.largest_difference}, indent=1))
    else:
        difference = max(report.largest_difference.values())
        print(
            f"{report.path}: {report.bytes / 1e6:.1f} MB, takes {', '.join(report.inputs)}; "
            f"differs from the model by {difference:.1e} at most"
        )
    return 0
