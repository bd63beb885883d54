"""Which pictures of BioVid's clips are used where a copy holds several sets of them, such as whole frames and faces.

A set is a folder, without the folders of subjects and samples in it. Where that folder holds frames twice, what its
files are called tells them apart: `faces/*.jpg` and `faces/aligned_*.jpg`.
"""

import os
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidInput
from .report import ImportReport


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """A picture of a clip.

    Attributes:
        sample: the clip.
        path: the file.
        folder: relative to the archive, without subject and sample; "." for the archive itself.
        number: of the frame: the last number in the file's name, but for the sample's; 0 where there is none.
        stem: name of the file without its suffix.
    """

    sample: str
    path: str
    folder: str
    number: int
    stem: str

    @property
    def pattern(self) -> str:
        """What the file is called, with * for each number and without the sample."""
        own_name = self.stem.removeprefix(self.sample)
        return re.sub(r"[0-9]+", "*", own_name) + os.path.splitext(self.path)[1]


def clip_picture(sample: str, path: str, folder: str) -> ClipPicture:
    """The picture at `path`; the other arguments as the attributes."""
    stem = os.path.splitext(os.path.basename(path))[0]
    numbers = re.findall(r"[0-9]+", stem.removeprefix(sample))
    return ClipPicture(sample, path, folder, int(numbers[-1]) if numbers else 0, stem)


def chosen_pictures(
    found: Iterable[ClipPicture], wanted: str | None, root: Path, report: ImportReport
) -> dict[str, list[ClipPicture]]:
    """Sample -> its pictures of one set, in the order of time.

    Args:
        found: all pictures of the archive at `root`.
        wanted: the set; None where each clip has pictures of one set alone.
        report: is told which sets are used and which are not.

    Raises:
        InvalidInput: a clip has pictures of several sets, and none was named; or there is no set of that name.
    """
    sets = _sets(list(found))
    clips = {name: {picture.sample for picture in pictures} for name, pictures in sets.items()}
    if wanted is not None:
        sets = _named(sets, wanted, report)
    elif doubled := [sample for sample, count in Counter(s for of in clips.values() for s in of).items() if count > 1]:
        first = min(doubled)
        names = [name for name in clips if first in clips[name]]
        raise InvalidInput(
            f"source is {root}, which holds {len(names)} sets of pictures of {first} ({len(doubled):,} such clips in "
            f"all): {', '.join(names)}; name one, such as --clip-pictures {shlex.quote(names[0])}"
        )
    elif len(sets) > 1:
        counts = ", ".join(f"{name} ({len(of):,} clips)" for name, of in clips.items())
        report.notes.append(f"pictures are of {len(sets)} sets: {counts}; --clip-pictures takes one alone")
    chosen = defaultdict(list)
    for picture in (picture for pictures in sets.values() for picture in pictures):
        chosen[picture.sample].append(picture)
    return {
        sample: sorted(pictures, key=lambda one: (one.number, one.stem, one.path))
        for sample, pictures in chosen.items()
    }


def _named(sets: dict[str, list[ClipPicture]], wanted: str, report: ImportReport) -> dict[str, list[ClipPicture]]:
    if wanted.rstrip("/") not in sets:
        raise InvalidInput(f"clip-pictures is {wanted!r}; allowed are the sets {', '.join(sets) or '(there is none)'}")
    used = wanted.rstrip("/")
    others = ", ".join(f"{name} ({len(pictures):,} pictures)" for name, pictures in sets.items() if name != used)
    if others:
        report.notes.append(f"the set of pictures that is used is {used}; passed over: {others}")
    return {used: sets[used]}


def _sets(found: list[ClipPicture]) -> dict[str, list[ClipPicture]]:
    """Name -> its pictures; the names in order."""
    frames = Counter((picture.folder, picture.sample, picture.number) for picture in found)
    doubled = {folder for (folder, _, _), count in frames.items() if count > 1}
    sets = defaultdict(list)
    for picture in found:
        name = picture.folder
        if name in doubled:
            name = picture.pattern if name == "." else f"{name}/{picture.pattern}"
        sets[name].append(picture)
    return dict(sorted(sets.items()))
