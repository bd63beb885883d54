"""The options by which a command learns which head to use and where its files are."""

import argparse
from pathlib import Path

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec

from ..catalogue import HEADS
from ..geometry.mesh_formats import MESH_SUFFIXES
from ..heads.files import HeadFiles


def add_head_arguments(parser: argparse.ArgumentParser) -> None:
    """The options by which a command learns where the files of a head are."""
    files = "; ".join(entry.file for entry in HEADS.values() if entry.file)
    parser.add_argument("--head-file", metavar="FILE", help=f"the file that the head is made from: {files}")
    parser.add_argument(
        "--head-landmarks",
        metavar="FILE",
        help="its 68 landmarks (.json or .txt), vertex numbers from 0 or points, in iBUG order",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="mend a few bad triangles of the mesh: doubled, turned round, without area, at edges of more than two",
    )


def given_files(args: argparse.Namespace) -> HeadFiles | None:
    """The files named on the command line. Raises InvalidInput for landmarks or repair without a head's file."""
    if args.head_file is None:
        if args.head_landmarks is not None:
            raise InvalidInput(f"--head-landmarks is {args.head_landmarks}; allowed only beside a head's own file")
        if args.repair:
            raise InvalidInput("--repair is given; allowed only beside a head's own file")
        return None
    landmarks = None if args.head_landmarks is None else Path(args.head_landmarks)
    return HeadFiles(Path(args.head_file), landmarks, args.repair)


def chosen_head(args: argparse.Namespace) -> tuple[str, HeadFiles | None]:
    """What `--head`, `--head-file` and `--head-landmarks` say: `--head face.obj` is a mesh.

    Raises:
        InvalidInput: a head that needs a file has none, or the other way round.
    """
    name = args.head or Spec().head
    if Path(name).suffix.lower() in MESH_SUFFIXES:
        if args.head_file is not None:
            raise InvalidInput(f"--head-file is {args.head_file}; --head {name} names the file already")
        args.head_file, name = name, "mesh"
    elif Path(name).suffix:  # no head of the catalogue has one
        raise InvalidInput(f"--head is {name}; a mesh must end in {', '.join(MESH_SUFFIXES)}: export it as one of them")
    files = given_files(args)
    if name in HEADS and HEADS[name].file is not None and files is None:
        raise InvalidInput(f"--head {name} needs --head-file FILE, {HEADS[name].file}")
    if name in HEADS and HEADS[name].file is None and files is not None:
        raise InvalidInput(f"--head-file is {args.head_file}; --head {name} needs none")
    return name, files
