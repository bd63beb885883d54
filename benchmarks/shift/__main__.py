"""How a model does on faces that shift from its training frames, beside simpler things.

    python -m benchmarks.shift make SETS [NAME ...] [--ict ict_facekit.npz] [--size 256]
    python -m benchmarks.shift MODEL --sets SETS --training DATA [--backbone DIR] [--photographs DIR] [--json]

`make` draws the sets; `cycles` needs the Python of docs/cycles.md, `ict` the pack of docs/heads.md. The second command
scores MODEL, a directory, and the other rows on them, and prints tables with 95 % intervals over people. What a row
gives on a set is kept in SETS/stored, so that a second run takes seconds. docs/shift.md says what each number is.
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataset_script.errors import InvalidInput, WorkFailed

from .sets import SETS, chosen

STORED = "stored"
ROWS = ("mean", "hog", "frozen", "mediapipe")


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    making = arguments[:1] == ["make"]
    try:
        return _make(arguments[1:]) if making else _measure(arguments)
    except (InvalidInput, WorkFailed) as error:
        print(f"benchmarks.shift: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) else 1


def _make(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shift make", description="Draws the sets.")
    parser.add_argument("sets", type=Path, metavar="SETS", help="directory for them; what is finished there is kept")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (all): {', '.join(SETS)}")
    parser.add_argument("--ict", type=Path, metavar="FILE", help="the ICT-FaceKit pack, for the set ict")
    parser.add_argument("--size", type=int, default=256, help="width and height of the pictures (%(default)s)")
    args = parser.parse_args(arguments)
    sets = chosen(args.names)
    if args.ict is None and (needing := [name for name, each in sets.items() if each.needs_ict]):
        raise InvalidInput(f"the set {needing[0]} needs --ict FILE, the ICT-FaceKit pack; or name the other sets")
    from generation.heads.files import HeadFiles

    from .making import make_set

    for name, each in sorted(sets.items(), key=lambda item: item[0] == "cycles"):  # the slow one last
        ict = HeadFiles(args.ict) if each.needs_ict else None
        made, seconds = make_set(args.sets / name, name, each, args.size, ict)
        pace = f", {seconds / made:.2f} s a frame" if made else ""
        print(f"{name}: {made} frames drawn{pace} ({each.what})")
    return 0


def _measure(arguments: list[str]) -> int:
    args = _parser().parse_args(arguments)
    for name in ("training_frames", "workers"):
        if getattr(args, name) < 1:
            raise InvalidInput(f"--{name.replace('_', '-')} is {getattr(args, name)}; allowed is 1 and more")
    import datasets
    from transformers.utils import logging

    datasets.disable_progress_bars()
    logging.disable_progress_bar()
    from benchmarks.results import commit, hardware
    from evaluation.markdown import write_texts
    from model_cards.shift_file import SHIFT, parse_shifts, shift_text
    from model_cards.training_words import without_folders

    from .run import measure_all
    from .tables import to_markdown

    command = "python -m benchmarks.shift " + shlex.join(map(without_folders, arguments))  # the file is published
    text = shift_text({"command": command, "commit": commit(), "hardware": hardware(), **measure_all(args)})
    tables = to_markdown(parse_shifts(text.encode(), SHIFT))  # of the numbers as they are in the file
    print(text if args.json else tables, end="")
    if args.out is not None:
        write_texts(args.out, {SHIFT: text, "shift.md": tables})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", help="directory of a saved ViTPain")
    parser.add_argument("--sets", type=Path, required=True, metavar="SETS", help="what `make` drew")
    parser.add_argument("--training", type=Path, required=True, metavar="DATA", help="what simple rows are fitted to")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="sets, ruined ones too; home is always among them")
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=ROWS, help="beside the model (all)")
    parser.add_argument("--backbone", type=Path, metavar="DIR", help="for ridge on its features, which nobody tuned")
    parser.add_argument("--layers", type=int, metavar="L", help="of the backbone (as many as the model has)")
    parser.add_argument(
        "--training-frames", type=int, default=4000, metavar="N", help="most frames that simple rows see (%(default)s)"
    )
    parser.add_argument("--photographs", type=Path, metavar="DIR", help="a folder of photographs of faces")
    parser.add_argument(
        "--features", type=Path, metavar="DIR", help="run a frozen backbone once, in bfloat16, and keep its tokens here"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="processes of judges (%(default)s)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write shift.json and shift.md here")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    return parser


if __name__ == "__main__":
    sys.exit(main())
