"""`pain3d export`."""

import argparse
import json
from pathlib import Path
from typing import Any

from dataset_script.errors import InvalidInput

HELP = "a model as ONNX, or with half the bytes, checked against the original"
EXAMPLE = """pain3d export ./vitpain-tiny --out vitpain-tiny.onnx
  pain3d export ./vitpain --out ./vitpain-float16 --float16"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nInputs: pixel_values (batch, 3, H, W); with neutral references also reference_pixel_values"
        "\n(batch, references, 3, H, W) and reference_mask (batch, references). Outputs: logits, pspi, au,"
        "\nand of a model with binary heads binary_logits. Without a learned fallback, frames without a reference"
        "\nscore NaN."
        "\nSize, mean and std of the pictures and the names of the action units are in the file's metadata."
        "\nWith --float16 a model directory is written in place of ONNX: weights in float16 that load as float32,"
        "\nimage processor, remote code, card and record of the training. Scores are not copied: evaluate it anew."
    )
    parser.add_argument("model", help="model directory, OWNER/NAME on the Hub, or vitpain-small")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="NAME.onnx|DIR", help="file to write; with --float16 a directory"
    )
    parser.add_argument("--float16", action="store_true", help="a model directory with weights in float16, not ONNX")
    parser.add_argument("--max-file", type=float, metavar="MB", help="with --float16: of a file of weights (18)")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def run(args: argparse.Namespace) -> int:
    if args.max_file is not None and not args.float16:
        raise InvalidInput("max-file was given without --float16; allowed is beside it")
    from transformers.utils import logging

    logging.disable_progress_bar()
    facts, text = _export_half_precision(args) if args.float16 else _export_onnx(args)
    print(json.dumps(facts, indent=1) if args.json else text)
    return 0


def _export_onnx(args: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """What was written, as JSON values and as a line."""
    from ..conversion.onnx import export_onnx
    from ..prediction.load import load_model

    report = export_onnx(*load_model(args.model), args.out)
    names = {"inputs": report.inputs, "outputs": report.outputs}
    facts = {"path": str(report.path), "bytes": report.bytes, **names}
    difference = max(report.largest_difference.values())
    text = (
        f"{report.path}: {report.bytes / 1e6:.1f} MB, takes {', '.join(report.inputs)}; "
        f"differs from the model by {difference:.1e} at most"
    )
    return {**facts, "largest_difference": report.largest_difference}, text


def _export_half_precision(args: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """What was written, as JSON values and as a line."""
    from ..conversion.half_precision import LARGEST_FILE, save_half_precision
    from ..prediction.load import load_model, located

    largest = LARGEST_FILE if args.max_file is None else round(args.max_file * 1e6)
    report = save_half_precision(*load_model(args.model), Path(located(args.model)), args.out, largest)
    size = sum(report.files.values()) / 1e6
    text = (
        f"{report.path}: {size:.1f} MB of weights in {len(report.files)} file(s); "
        f"a weight differs by {report.largest_rounding:.1e} at most"
    )
    return {"path": str(report.path), "files": report.files, "largest_rounding": report.largest_rounding}, text
