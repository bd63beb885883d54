"""How models of real faces, which never saw the renderer, read the faces of a dataset.

    sh benchmarks/judges/make_venv.sh                     # once: the judges live in an environment of their own
    python -m benchmarks.judges DATASET [--out JSON] [--markdown]
    python -m benchmarks.judges --dose [--rig neural] [--people 24] [--out JSON] [--markdown]

MediaPipe's FaceLandmarker gives scores of facial movement, from 0 to 1. Its proxy PSPI is
5 (browDown + eyeSquint + mouthUpperUp) + eyeBlink, left and right averaged, less that of the same person's neutral
frame of the same view. SFace says how alike two faces are. docs/judges.md says what each number is.

A dataset is best 48 people: `pain3d generate DATASET --identities 48 --preset balanced --size 320`. `--dose` needs no
dataset: it renders people from the front, neutral and with each unit alone, and prints the mean change of each score.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataset_script.errors import InvalidInput, WorkFailed
from evaluation.markdown import to_json

from .client import Judges
from .tables import dose_table, measures_table


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", metavar="DATASET", help="directory of `pain3d generate`")
    parser.add_argument("--dose", action="store_true", help="the response to each action unit alone")
    parser.add_argument("--rig", default="blendshapes", metavar="NAME", help="of --dose (%(default)s)")
    parser.add_argument("--people", type=int, default=24, metavar="N", help="of --dose (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, metavar="W", help="processes of judges (%(default)s)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the numbers here, too")
    parser.add_argument("--markdown", action="store_true", help="print tables as Markdown")
    args = parser.parse_args(arguments)
    if (args.dataset is None) != args.dose:
        parser.error("give either DATASET or --dose")
    for name in ("people", "workers"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} is {getattr(args, name)}; allowed is 1 and more")
    try:
        result, text = _dose(args) if args.dose else _dataset(args)
    except (InvalidInput, WorkFailed) as error:
        print(f"benchmarks.judges: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) else 1
    print(text)
    if args.out is not None:
        args.out.write_text(to_json(result), encoding="utf-8")
    return 0


def _dataset(args: argparse.Namespace) -> tuple[dict, str]:
    judges = Judges(args.workers)  # first: where they are missing, nothing else need be read
    from .dataset import read_dataset
    from .measures import measure

    result = measure(read_dataset(args.dataset, judges))
    return result, measures_table(result, args.markdown)


def _dose(args: argparse.Namespace) -> tuple[dict, str]:
    judges = Judges(args.workers)
    from .dose import responses

    result = responses(judges, args.rig, args.people)
    return result, dose_table(result, args.markdown)


if __name__ == "__main__":
    sys.exit(main())
