"""Parametric heads. A new one is one file and one line in HEADS, or in FROM_FILES where the user brings a file."""

import functools
from collections.abc import Callable

from dataset_script.errors import InvalidInput

from ..head_files import HeadFiles, files_for
from ..spec import Spec
from .base import EYE, SKIN, TEETH, TONGUE, Head, HeadShape, Topology
from .makehuman import load as _makehuman


def _ict(files: HeadFiles) -> Head:
    from .ict import load  # here and below: wrapping needs the extra `neural`

    return load(files.file)


def _flame(files: HeadFiles) -> Head:
    from .flame import load

    return load(files.file, files.landmarks)


def _mesh(files: HeadFiles) -> Head:
    from .own import load

    return load(files.file, files.landmarks)


HEADS = {"makehuman": _makehuman}
"""Name in the spec -> function that loads the head. Each has a topology of its own, which rigs and looks are made for."""

FROM_FILES: dict[str, Callable[[HeadFiles], Head]] = {"ict": _ict, "flame": _flame, "mesh": _mesh}
"""Name in the spec -> function that makes the head from the user's files, on the topology of one of HEADS."""


def open_head(spec: Spec, files: HeadFiles | None = None) -> Head:
    """The head of a specification.

    Raises:
        InvalidInput: the head needs files and there are none, or they are not those of the specification, or unfit.
    """
    files = files_for(spec.head, files)
    if files is None:
        return HEADS[spec.head]()
    if (found := files.digest()) != spec.head_file:
        raise InvalidInput(
            f"head_file is {spec.head_file} in the spec; {files.file}"
            f"{' with its landmarks' if files.landmarks else ''} has {found}: it is another head"
        )
    return _made(spec.head, files, spec.head_file)


@functools.lru_cache(maxsize=2)
def _made(name: str, files: HeadFiles, digest: str) -> Head:
    """Wrapping takes seconds: the same content is wrapped once a process."""
    return FROM_FILES[name](files)


__all__ = ["EYE", "FROM_FILES", "HEADS", "SKIN", "TEETH", "TONGUE", "Head", "HeadShape", "Topology", "open_head"]
