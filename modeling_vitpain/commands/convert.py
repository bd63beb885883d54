"""`pain3d convert`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from dataset_script.errors import InvalidInput

HELP = "turn the authors' checkpoint into a model directory"
EXAMPLE = "pain3d convert vitpain.ckpt vitpain-authors/"

CHECKPOINT_SUFFIXES = (".ckpt", ".pt", ".pth")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nSOURCE is the checkpoint of the authors' ViTPain. Nothing that lies in it is executed; LoRA is merged; what is"
        "\nmissing or extra is named. The weights stay under the DINOv3 License."
    )
    parser.add_argument("source", type=Path, metavar="SOURCE", help=f"a {', '.join(CHECKPOINT_SUFFIXES)} file")
    parser.add_argument("out", type=Path, metavar="OUT", help="directory to write; must not exist")
    parser.add_argument("--lora-alpha", type=float, help="scale of LoRA (default: 16, the release's)")
    parser.add_argument("--attention-heads", type=int, help="of the backbone (default: its width / 64, as DINOv3 has)")
    parser.add_argument("--json", action="store_true", help="print the record of the conversion as JSON")


def run(args: argparse.Namespace) -> int:
    if not args.source.exists():
        raise InvalidInput(f"source is {args.source}, which does not exist")
    if not args.source.is_file() or args.source.suffix.lower() not in CHECKPOINT_SUFFIXES:
        raise InvalidInput(f"source is {args.source}; allowed is a checkpoint, {', '.join(CHECKPOINT_SUFFIXES)}")

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
