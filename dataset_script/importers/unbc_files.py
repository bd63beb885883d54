"""Which files of a copy of UNBC-McMaster belong to which frame.

A file is known by subject, sequence and name, the last three parts of its path. Copies differ: folders lie within
themselves (`Images/Images`, `<sequence>/<sequence>`), `aligned` ones hold faces cut out of the pictures, and names are
in letters of any case.
"""

import filecmp
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..features import RATINGS
from .files import PICTURES, walk
from .report import ImportReport

Key = tuple[str, str, str]
"""Subject, sequence, frame."""

_LABELS = ("FACS", "PSPI")
_SUBJECT = re.compile(r"[0-9]{3}-[a-z]{2}[0-9]{3}", re.IGNORECASE)
_ALIGNED = re.compile(r"((?P<name>.+)[ _-])?aligned([ _-].*)?", re.IGNORECASE)
"""A folder of aligned faces; `name` is what it would be called without them."""


@dataclass(frozen=True)
class UnbcFiles:
    """Paths of the files of each frame.

    Attributes:
        pictures: one for each frame.
        aligned: whether the pictures are aligned faces, which the landmarks do not fit.
        facs, pspi, aam: labels, where the copy has them.
        ratings: of each of `RATINGS` that the copy has, the file of (subject, sequence).
    """

    pictures: dict[Key, str]
    aligned: bool
    facs: dict[Key, str]
    pspi: dict[Key, str]
    aam: dict[Key, str]
    ratings: dict[str, dict[tuple[str, str], str]]


def is_unbc(root: Path) -> bool:
    """Whether `root` holds pictures and labels as the archive does."""
    return bool(_picture_folders(root)) and (
        _child(root, "Frame_Labels") is not None or any(_child(root, name) for name in _LABELS)
    )


def find_files(root: Path, report: ImportReport) -> UnbcFiles:
    """The files below `root`; what is absent, doubled or no part of the layout stands in the report."""
    pictures, aligned = _pictures(root, report)
    labels = _inner(root, "Frame_Labels") or root
    facs, pspi = (_labels(root, _child(labels, name), name, "_facs", report) for name in _LABELS)
    aam = _labels(root, _child(root, "AAM_landmarks"), "AAM_landmarks", "_aam", report)
    return UnbcFiles(pictures, aligned, facs, pspi, aam, _ratings(root, report))


def _pictures(root: Path, report: ImportReport) -> tuple[dict[Key, str], bool]:
    """The picture of each frame, and whether they are aligned: these are used only where there are no others."""
    whole: dict[Key, list[str]] = {}
    aligned: dict[Key, list[str]] = {}
    for folder in _picture_folders(root):
        for key, paths in _index(root, folder, PICTURES, "", report).items():
            for path in paths:
                parts = Path(path).relative_to(root).parts[:-1]
                (aligned if any(map(_ALIGNED.fullmatch, parts)) else whole).setdefault(key, []).append(path)
    if aligned and whole:
        report.notes.append(f"{len(aligned):,} aligned pictures are passed over: the others are used")
    elif aligned:
        report.notes.append("the pictures are aligned faces, which the landmarks do not fit")
    return _first_of_each(whole or aligned, report), not whole


def _picture_folders(root: Path) -> list[Path]:
    images = _child(root, "Images")
    aligned = [path for path in sorted(root.iterdir()) if _ALIGNED.fullmatch(path.name) and path.is_dir()]
    return [*([images] if images else []), *aligned]


def _labels(root: Path, folder: Path | None, name: str, ending: str, report: ImportReport) -> dict[Key, str]:
    """The files of one kind of label; empty, and a note, where there is no folder of them."""
    if folder is None:
        above = "Frame_Labels/" if name in _LABELS else ""
        report.notes.append(f"this copy has no {above}{name}")
        return {}
    return _first_of_each(_index(root, folder, (".txt",), ending, report), report)


def _ratings(root: Path, report: ImportReport) -> dict[str, dict[tuple[str, str], str]]:
    above, found = _inner(root, "Sequence_Labels"), {}
    for rating in RATINGS:
        folder = above and _child(above, rating)
        if folder is None:
            report.notes.append(f"this copy has no Sequence_Labels/{rating}")
            continue
        entries = (entry for entry in walk(folder) if entry.name.lower().endswith(".txt"))
        found[rating] = {(Path(entry.path).parent.name, Path(entry.name).stem): entry.path for entry in entries}
    return found


def _index(
    root: Path, folder: Path, suffixes: tuple[str, ...], ending: str, report: ImportReport
) -> dict[Key, list[str]]:
    """Files below `folder` whose names end so: (subject, sequence, frame) -> paths."""
    title = folder.relative_to(root).as_posix()
    found: dict[Key, list[str]] = {}
    other = doubled = 0
    for entry in walk(folder):
        *above, file = entry.path[len(str(folder)) + 1 :].split(os.sep)
        stem, suffix = os.path.splitext(file)
        place = _subject_and_sequence(_without_repeats(_unaligned(above)))
        if suffix.lower() not in suffixes or not stem.lower().endswith(ending) or place is None:
            other += 1
            continue
        frame = stem[: len(stem) - len(ending)].removesuffix("_aligned")
        found.setdefault((*place, frame), []).append(entry.path)
        doubled += len(_unaligned(above)) > 2
    if doubled:
        report.notes.append(f"{title} holds a folder within itself; {doubled:,} files were found there")
    if other:
        report.notes.append(f"{title} holds {other:,} files that are not part of the layout")
    return found


def _first_of_each(found: dict[Key, list[str]], report: ImportReport) -> dict[Key, str]:
    """The first path of each frame; the others are named in the report."""
    for key, (used, *others) in found.items():
        for path in others:
            same = "the same" if filecmp.cmp(used, path, shallow=False) else "another"
            report.leave_out("/".join(key), "found twice", f"{path} is left out; {used} is used, of {same} content")
    return {key: paths[0] for key, paths in found.items()}


def _subject_and_sequence(folders: list[str]) -> tuple[str, str] | None:
    """The last folder named as a subject and the one in it, else the last two; None where there are not two."""
    subjects = [place for place, name in enumerate(folders[:-1]) if _SUBJECT.fullmatch(name)]
    first = subjects[-1] if subjects else len(folders) - 2
    return (folders[first], folders[first + 1]) if first >= 0 else None


def _unaligned(folders: list[str]) -> list[str]:
    """Names of folders without those that only say that faces are aligned."""
    matches = [(name, _ALIGNED.fullmatch(name)) for name in folders]
    return [name if match is None else match["name"] for name, match in matches if match is None or match["name"]]


def _without_repeats(names: list[str]) -> list[str]:
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def _child(folder: Path, name: str) -> Path | None:
    """The folder of this name in `folder`, in letters of any case."""
    if (exact := folder / name).is_dir():
        return exact
    return next(
        (path for path in sorted(folder.iterdir()) if path.name.lower() == name.lower() and path.is_dir()), None
    )


def _inner(folder: Path, name: str) -> Path | None:
    """The folder of this name, or the innermost one that lies within one of the same name."""
    found = _child(folder, name)
    while found is not None and (deeper := _child(found, name)) is not None:
        found = deeper
    return found
