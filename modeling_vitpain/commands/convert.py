"""`pain3d convert CKPT OUT`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from dataset_script.importers.files import CHECKPOINTS

HELP = "Turn the authors' checkpoint of ViTPain into a model directory."
EXAMPLE = "pain3d convert vitpain.ckpt vitpain-authors"

_OF_IMPORT = ("copy", "check_images", "strict", "split_csv", "clip_frames", "clip_pictures", "hdf5")
"""Options of `pain3d import`: whoever gives them here is told so in one line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += """

Nothing that lies in the checkpoint is executed; LoRA is merged; what is missing or extra is named. The weights stay
under the DINOv3 License."""
    parser.add_argument("source", type=Path, metavar="CKPT", help=f"a {', '.join(CHECKPOINTS)} file")
    parser.add_argument("out", type=Path, metavar="OUT", help="model directory to write")
    parser.add_argument("--lora-alpha", type=float, help="scale of LoRA (default: 16, the release's)")
    parser.add_argument("--attention-heads", type=int, help="of the backbone (default: its width / 64, as DINOv3 has)")
    parser.add_argument("--json", action="store_true", help="print the record as JSON")
    for name in _OF_IMPORT:
        takes = {} if name in ("split_csv", "clip_frames", "clip_pictures", "hdf5") else {"action": "store_true"}
        parser.add_argument(f"--{name.replace('_', '-')}", help=argparse.SUPPRESS, **takes)


def run(args: argparse.Namespace) -> int:
    from dataset_script.errors import InvalidInput

    call = f"`pain3d import {args.source} {args.out}` reads data"
    if given := [name for name in _OF_IMPORT if getattr(args, name)]:
        raise InvalidInput(f"--{given[0].replace('_', '-')} is not for checkpoints; {call}")
    if args.source.is_dir() or args.source.suffix.lower() not in CHECKPOINTS:
        raise InvalidInput(f"source is {args.source}; allowed: a {', '.join(CHECKPOINTS)} file; {call}")
    if not args.source.is_file():
        raise InvalidInput(f"source is {args.source}, which does not exist")
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
