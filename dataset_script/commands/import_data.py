"""`pain3d import SOURCE OUT`."""

import argparse
import json
import sys
from pathlib import Path

HELP = "Turn a data set that others published, or your own pictures, into a dataset directory."
EXAMPLE = "pain3d import UNBC-McMaster/ unbc --check-images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += """

SOURCE is UNBC-McMaster in its original layout (Images/, Frame_Labels/, ...) or in HDF5; 3DPain as its authors
published it, as a folder (meshes_inpainted/, annotations/) or as tar shards; BioVid, part A (samples.csv, video/),
whose labels are stimulus levels; or a CSV file with the columns path, subject, au4, au6, au7, au9, au10, au43 or pspi,
and optionally x0, y0, x1, y1, sequence, view, split, licence. It may lie one or two folders below SOURCE. Boxes and
landmarks are checked against the size of their pictures.
A frame with a problem is left out; OUT/report.json names each one with the reason."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a data set: a directory or a file")
    parser.add_argument("out", type=Path, metavar="OUT", help="directory to write")
    parser.add_argument(
        "--copy", action="store_true", help="put the pictures into OUT (default: refer to them by path)"
    )
    parser.add_argument(
        "--check-images", action="store_true", help="decode each picture; leave out black and damaged ones"
    )
    parser.add_argument("--strict", action="store_true", help="any problem: list them, write nothing, exit 1")
    parser.add_argument(
        "--split-csv", type=Path, metavar="FILE", help="split file of 3DPain (default: the one in SOURCE)"
    )
    parser.add_argument(
        "--clip-frames", type=int, metavar="N", help="frames used of each clip of BioVid, at equal distances (14)"
    )
    parser.add_argument(
        "--clip-pictures",
        metavar="SET",
        help="which pictures of BioVid's clips, where there are several sets: a folder",
    )
    parser.add_argument(
        "--hdf5",
        type=_named,
        action="append",
        default=[],
        metavar="NAME=WHICH",
        help="file of HDF5 (frames, annotations, folds) or data set in it (image, index, subject_name, label_pspi, "
        "label_AU_4, ...) to use, where the names do not tell; as often as needed",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def _named(text: str) -> tuple[str, str]:
    name, equals, which = text.partition("=")
    if not (name and equals and which):
        raise argparse.ArgumentTypeError(f"hdf5 is {text!r}; allowed is NAME=WHICH, such as image=faces/crops")
    return name, which


def run(args: argparse.Namespace) -> int:
    from ..errors import InvalidInput
    from ..importers.files import CHECKPOINTS

    if not args.source.exists():
        raise InvalidInput(f"source is {args.source}, which does not exist")
    if args.source.suffix.lower() in CHECKPOINTS and args.source.is_file():
        raise InvalidInput(f"source is {args.source}, a checkpoint: `pain3d convert {args.source} {args.out}` reads it")
    return _import(args)


def _import(args: argparse.Namespace) -> int:
    from ..importers.importing import ProblemsFound, import_dataset
    from ..importers.layouts import LayoutOptions
    from ..progress import Progress

    options = LayoutOptions(args.split_csv, args.clip_frames, args.clip_pictures, dict(args.hdf5))
    try:
        with Progress("frames") as progress:
            report = import_dataset(args.source, args.out, args.copy, args.check_images, args.strict, options, progress)
    except ProblemsFound as error:
        print(json.dumps(error.report.to_dict(), indent=1) if args.json else error.report.to_text())
        print(f"pain3d: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(report.to_dict(), indent=1))
    else:
        end = "report.json names every problem" if report.left_out or report.incomplete else "no problem found"
        print(f"{report.to_text()}\n{args.out}: {end}")
    return 0
