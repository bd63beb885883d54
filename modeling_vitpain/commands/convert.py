"""The half of `pain3d convert` that makes models; `dataset_script.commands.convert` has its arguments."""

import argparse
import json
from dataclasses import asdict


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
