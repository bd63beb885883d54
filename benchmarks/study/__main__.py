"""Runs the study and writes docs/study.md: `make study`.

    python -m benchmarks.study [--out study] [--only GROUP ...] [--sets SETS] [--ict ict_facekit.npz]
    python -m benchmarks.study --list         every piece with its expected hours on one core
    python -m benchmarks.study --page         docs/study.md and its figures again, from the records alone
    python -m benchmarks.study --out trial --people 12 --size 64 --steps 20 --seeds 1

It runs piece after piece on one core and can be stopped at any time: the same command goes on. Started once more for
each core that is free, it shares the work: each process takes the next piece that no other one runs. What it makes lies
in the folder --out: data, models, and a JSON record for each piece. Sizes and budgets belong to the folder; a study of
other than the default ones is a trial, and its records and page are written into the folder, too. Records of the rows
of the study itself are kept in benchmarks/study/records: with them it goes on in another checkout, where only what the
rows that are left need is made again, and the test pictures must be the same.

The whole study needs 25 GB of disk: 7 GB of data, up to 6 GB of frozen features at a time for each process, which are
deleted when no piece needs them, 3 GB of features of test frames, and models.
"""

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataset_script.claim import check_record
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import write_atomically
from evaluation.markdown import to_json

from .cost import expected_seconds
from .pieces import Piece, pieces
from .rows import GROUPS
from .run import left, listing, run_pieces, run_program
from .scale import Scale
from .work import CHECKOUT, Study, do, settings_of

RECORDS = Path(__file__).parent / "records"
"""Of the rows of the study that is no trial."""


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    args = _parser().parse_args(arguments)
    try:
        return _run(args, arguments)
    except (InvalidInput, WorkFailed) as error:
        print(f"benchmarks.study: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) else 1


def _run(args: argparse.Namespace, arguments: list[str]) -> int:
    scale = Scale(**{each.name: getattr(args, each.name) for each in fields(Scale)})
    folder = args.out.resolve()
    sets = None if args.without_shift else (folder / "sets" if args.sets is None else args.sets.resolve())
    records = args.records or (None if scale.is_trial else RECORDS)
    study = Study(folder, scale, sets, args.ict and args.ict.resolve(), args.mediapipe, records and records.resolve())
    chosen = pieces(scale, args.only, with_sets=sets is not None and args.sets is None)
    if args.list:
        print(_list(chosen, study))
        return 0
    _claim(study)
    if args.piece is not None:
        return _do(args.piece, chosen, study)
    failed = [] if args.page else run_pieces(chosen, study, lambda piece: _start(piece, arguments))
    write_page(study, folder if scale.is_trial else CHECKOUT / "docs")
    if failed:
        print(f"{len(failed)} pieces failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _do(name: str, chosen: list[Piece], study: Study) -> int:
    named = [piece for piece in chosen if piece.name == name]
    if not named:
        raise InvalidInput(f"--piece is {name!r}; allowed is what --list prints")
    import datasets
    from transformers.utils import logging

    datasets.disable_progress_bars()
    logging.disable_progress_bar()
    do(named[0], study)
    return 0


def write_page(study: Study, folder: Path) -> None:
    """study.md and its figures in `folder`."""
    from .figures import draw
    from .tables import page

    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "study.md", page(study, draw(study, folder)).encode())


def _start(piece: Piece, arguments: list[str]) -> int:
    return run_program([sys.executable, "-m", "benchmarks.study", *arguments, "--piece", piece.name])


def _claim(study: Study) -> None:
    for folder in dict.fromkeys((study.folder, study.records)):
        stored = folder / "study.json"
        if not check_record(stored, settings_of(study), "study"):
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(stored, to_json(settings_of(study)).encode())


def _list(chosen: list[Piece], study: Study) -> str:
    lines = [listing(chosen, study), ""]
    counted: set[str] = set()
    for group in GROUPS:
        names = [piece for piece in pieces(study.scale, [group.key], with_sets=study.sets is not None)]
        new = [piece for piece in left(names, study) if piece.name not in counted]
        counted |= {piece.name for piece in new}
        hours = sum(expected_seconds(piece, study.scale) for piece in new) / 3600
        lines.append(f"{group.key:14} {hours:6.1f} h in {len(new)} pieces that no group above has")
    open_ = left(chosen, study)
    tuned = [piece for piece in open_ if piece.row is not None and piece.row.tuned]
    whole, of_tuned = (sum(expected_seconds(piece, study.scale) for piece in some) / 3600 for some in (open_, tuned))
    lines.append(f"{'left':14} {whole:6.1f} h, {of_tuned:.1f} of them where layers of the backbone learn")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=Path("study"), metavar="DIR", help="folder of the study (%(default)s)"
    )
    parser.add_argument(
        "--records", type=Path, metavar="DIR", help="of rows (benchmarks/study/records; those of a trial in --out)"
    )
    parser.add_argument("--only", nargs="+", metavar="GROUP", help=f"of {', '.join(group.key for group in GROUPS)}")
    parser.add_argument("--list", action="store_true", help="list the pieces and their expected hours, run none")
    parser.add_argument("--page", action="store_true", help="write the page from the records, run nothing")
    parser.add_argument("--sets", type=Path, metavar="DIR", help="shift sets that are drawn (they are drawn in --out)")
    parser.add_argument(
        "--ict", type=Path, metavar="FILE", help="the ICT-FaceKit pack, for the shift set of its people"
    )
    parser.add_argument("--without-shift", action="store_true", help="score nothing on shift sets")
    parser.add_argument("--mediapipe", action="store_true", help="MediaPipe's scores on the shift sets, docs/judges.md")
    parser.add_argument("--piece", metavar="NAME", help="run this piece alone, in this process")
    scale = parser.add_argument_group("scale", "other than these: a trial, and the page says so")
    for each in fields(Scale):
        name, kind = f"--{each.name.replace('_', '-')}", type(each.default)
        scale.add_argument(name, type=kind, default=each.default, metavar="X", help="(%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
