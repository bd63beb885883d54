"""`pain3d convert CHECKPOINT OUT`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from dataset_script.errors import InvalidInput

HELP = "the authors' checkpoint as a ViTPain model directory"
EXAMPLE = "pain3d convert vitpain.ckpt vitpain-authors"

CHECKPOINTS = (".ckpt", ".pt", ".pth")
_DATA = (".csv", ".h5", ".hdf5", ".tar")


class _OptionOfImport(argparse.Action):
    """Refuses an option of `pain3d import`, which was a part of this command."""

    def __call__(self, parser, namespace, values, option_string=None):
        raise InvalidInput(f"{option_string} is an option for data, not for checkpoints: pain3d import")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nNothing that lies in the checkpoint is executed; LoRA is merged; what is missing or extra is named."
        "\nThe weights stay under the DINOv3 License."
    )
    parser.add_argument("source", type=Path, metavar="CHECKPOINT", help=f"a {', '.join(CHECKPOINTS)} file")
    parser.add_argument("out", type=Path, metavar="OUT", help="model directory to write")
    parser.add_argument("--lora-alpha", type=float, help="scale of LoRA (default: 16, the release's)")
    parser.add_argument("--attention-heads", type=int, help="of the backbone (default: its width / 64, as DINOv3 has)")
    parser.add_argument("--json", action="store_true", help="print what was converted as JSON")
    for option in ("--copy", "--check-images", "--strict", "--split-csv"):
        parser.add_argument(option, nargs="?", action=_OptionOfImport, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    if not args.source.exists():
        raise InvalidInput(f"source is {args.source}, which does not exist")
    if args.source.is_dir() or args.source.suffix.lower() in _DATA:
        raise InvalidInput(f"source is {args.source}, which is data and no checkpoint: pain3d import")
    if args.source.suffix.lower() not in CHECKPOINTS:
        raise InvalidInput(f"source is {args.source}; allowed are {', '.join(CHECKPOINTS)} files")
    return convert_checkpoint(args)


def convert_checkpoint(args: argparse.Namespace) -> int:
    """`args.source`, a checkpoint of the authors' ViTPain, becomes the model directory `args.out`."""
    from transformers.utils import logging

    from ..conversion.authors import convert_authors_checkpoint

    logging.disable_progress_bar()
    record = convert_authors_checkpoint(args.source, args.out, args.lora_alpha, args.attention_heads)
    if args.json:
        print(json.dumps(asdict(record), indent=1))
    else:
        print(f"{args.out}: {record.parameters:,} parameters, LoRA of {record.lora_layers} layers merged")
        print(*record.notes, record.licence, sep="\n")
    return 0
