"""The user's files that a head is made from. Their content decides the bytes of a dataset, their paths do not (contract C3)."""

import argparse
import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_script.errors import InvalidInput

from .spec import HEADS, HEADS_FROM_FILES

MESH_SUFFIXES = (".obj", ".ply", ".stl", ".glb")
WHAT = {
    "ict": "the ICT-FaceKit pack (.npz)",
    "flame": "the FLAME model (.npz or .pkl)",
    "mesh": f"a mesh ({', '.join(MESH_SUFFIXES)})",
}


@dataclass(frozen=True)
class HeadFiles:
    """A head's file, and the file of its 68 landmarks where the user has one."""

    file: Path
    landmarks: Path | None = None

    def digest(self) -> str:
        """sha256 (hex) of the file's bytes; with landmarks, of both files' sha256 in a row.

        Raises:
            InvalidInput: a file is missing.
        """
        digests = [_sha256(path) for path in (self.file, self.landmarks) if path is not None]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def maker_factory(self) -> Any:
        """A picklable `pipeline.FrameMaker` of this head."""
        from .pipeline import FrameMaker

        return functools.partial(FrameMaker, files=self)


def add_head_arguments(parser: argparse.ArgumentParser) -> None:
    """The options by which a command learns where the files of a head are."""
    parser.add_argument("--head-file", metavar="FILE", help=f"the file that the head is made from: {'; '.join(WHAT.values())}")  # fmt: skip
    parser.add_argument("--head-landmarks", metavar="FILE", help="its 68 landmarks (.json or .txt), vertex numbers from 0 or points, in iBUG order")  # fmt: skip


def given_files(args: argparse.Namespace) -> HeadFiles | None:
    """The files named on the command line. Raises InvalidInput for landmarks without a head's file."""
    if args.head_file is None:
        if args.head_landmarks is not None:
            raise InvalidInput(f"--head-landmarks is {args.head_landmarks}; allowed only beside a head's own file")
        return None
    return HeadFiles(Path(args.head_file), None if args.head_landmarks is None else Path(args.head_landmarks))


def chosen_head(args: argparse.Namespace) -> tuple[str, HeadFiles | None]:
    """What `--head`, `--head-file` and `--head-landmarks` say: `--head face.obj` is a mesh.

    Raises:
        InvalidInput: a head that needs a file has none, or the other way round.
    """
    name = args.head
    if Path(name).suffix.lower() in MESH_SUFFIXES:
        if args.head_file is not None:
            raise InvalidInput(f"--head-file is {args.head_file}; --head {name} names the file already")
        args.head_file, name = name, "mesh"
    files = given_files(args)
    if name in HEADS_FROM_FILES and files is None:
        raise InvalidInput(f"--head {name} needs --head-file FILE, {WHAT[name]}")
    if name in HEADS and name not in HEADS_FROM_FILES and files is not None:
        raise InvalidInput(f"--head-file is {args.head_file}; --head {name} needs none")
    return name, files


def files_for(spec_head: str, files: HeadFiles | None) -> HeadFiles | None:
    """`files`, if the head of a spec needs some. Raises InvalidInput where it needs them and there are none."""
    if spec_head not in HEADS_FROM_FILES:
        return None
    if files is None:
        raise InvalidInput(f"the dataset's head is {spec_head!r}: --head-file FILE must name {WHAT[spec_head]}")
    return files


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidInput(f"head file {path} cannot be read: {error.strerror}") from None
