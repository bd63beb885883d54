"""`pain3d convert SOURCE OUT`."""

import argparse
import json
import sys
from pathlib import Path

HELP = "Turn what others published into what Pain3D reads: a data set into a dataset directory, or the authors' checkpoint into a model."
EXAMPLE = "pain3d convert UNBC-McMaster/ unbc --check-images\n  pain3d convert vitpain.ckpt vitpain-authors"

CHECKPOINTS = (".ckpt", ".pt", ".pth")

_DATA_OPTIONS = ("copy", "check_images", "strict", "split_csv")
_MODEL_OPTIONS = ("lora_alpha", "attention_heads")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nData: UNBC-McMaster in its original layout (Images/, Frame_Labels/, ...) or in HDF5; 3DPain as its authors"
        "\npublished it, as a folder (meshes_inpainted/, annotations/) or as tar shards; or a CSV file with the columns path,"
        "\nsubject, au4, au6, au7, au9, au10, au43 or pspi, and optionally x0, y0, x1, y1, sequence, view, split, licence."
        "\nA frame with a problem is left out; OUT/report.json names each one with the reason."
        "\n\nCheckpoint: nothing that lies in it is executed; LoRA is merged; what is missing or extra is named. The weights"
        "\nstay under the DINOv3 License."
    )
    parser.add_argument("source", type=Path, metavar="SOURCE", help=f"a data set, or a {', '.join(CHECKPOINTS)} file")
    parser.add_argument("out", type=Path, metavar="OUT", help="directory to write")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    data = parser.add_argument_group("data")
    data.add_argument("--copy", action="store_true", help="put the pictures into OUT (default: refer to them by path)")
    data.add_argument(
        "--check-images", action="store_true", help="decode each picture; leave out black and damaged ones"
    )
    data.add_argument("--strict", action="store_true", help="any problem: list them, write nothing, exit 1")
    data.add_argument(
        "--split-csv", type=Path, metavar="FILE", help="split file of 3DPain (default: the one in SOURCE)"
    )
    model = parser.add_argument_group("checkpoint")
    model.add_argument("--lora-alpha", type=float, help="scale of LoRA (default: 16, the release's)")
    model.add_argument("--attention-heads", type=int, help="of the backbone (default: its width / 64, as DINOv3 has)")


def run(args: argparse.Namespace) -> int:
    from ..errors import InvalidInput

    if not args.source.exists():
        raise InvalidInput(f"source is {args.source}, which does not exist")
    is_checkpoint = args.source.is_file() and args.source.suffix.lower() in CHECKPOINTS
    for name in _DATA_OPTIONS if is_checkpoint else _MODEL_OPTIONS:
        if getattr(args, name) not in (None, False):
            kind = "a checkpoint" if is_checkpoint else "no checkpoint"
            raise InvalidInput(f"--{name.replace('_', '-')} does not go with {args.source}, which is {kind}")
    if is_checkpoint:
        from modeling_vitpain.commands.convert import convert_checkpoint  # reached only when it is called for

        return convert_checkpoint(args)
    return _import(args)


def _import(args: argparse.Namespace) -> int:
    from ..importers.importing import ProblemsFound, import_dataset
    from ..progress import Progress

    try:
        with Progress("frames") as progress:
            report = import_dataset(
                args.source, args.out, args.copy, args.check_images, args.strict, args.split_csv, progress
            )
    except ProblemsFound as error:
        print(json.dumps(error.report.to_dict(), indent=1) if args.json else error.report.to_text())
        print(f"pain3d: {error}", file=sys.stderr)
        return 1
    print(
        json.dumps(report.to_dict(), indent=1)
        if args.json
        else f"{report.to_text()}\n{args.out}: report.json names every problem"
    )
    return 0
