"""Which files of a copy of UNBC-McMaster belong to which frame.

A file is known by subject, sequence and name, the last three parts of its path. Copies differ: folders lie within
themselves (`Images/Images`, `<sequence>/<sequence>`), `aligned` ones hold faces cut out of the pictures, and names are
in letters of any case: `042-LL042` and `042-ll042` are one subject.
"""

import filecmp
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..features import RATINGS
from .files import PICTURES, walk
from .report import ImportReport
from .subjects import chosen_spelling, spelling_note

Key = tuple[str, str, str]
"""Subject, sequence, frame."""
Sequence = tuple[str, str]
"""Subject, sequence."""

_LABELS = ("FACS", "PSPI")
_LOSSLESS = (".png", ".bmp", ".tif", ".tiff")
_SUBJECT = re.compile(r"[0-9]{3}-[a-z]{2}[0-9]{3}", re.IGNORECASE)
_ALIGNED = re.compile(r"((?P<name>.+)[ _-])?aligned([ _-].*)?", re.IGNORECASE)
"""A folder of aligned faces; `name` is what it would be called without them."""
_ALIGNED_FILE = re.compile(r"_aligned$", re.IGNORECASE)


@dataclass(frozen=True)
class UnbcFiles:
    """Paths of the files of each frame. A subject, sequence or frame has one spelling in all of them.

    Attributes:
        pictures: one for each frame.
        aligned: sequences whose pictures are aligned faces, which the landmarks do not fit.
        facs, pspi, aam: labels, where the copy has them.
        ratings: of each of `RATINGS` that the copy has, the file of (subject, sequence).
    """

    pictures: dict[Key, str]
    aligned: frozenset[Sequence]
    facs: dict[Key, str]
    pspi: dict[Key, str]
    aam: dict[Key, str]
    ratings: dict[str, dict[Sequence, str]]


_Found = dict[tuple[str, ...], list[str]]
"""Key of a frame or sequence, as its files spell it -> paths."""


def is_unbc(root: Path) -> bool:
    """Whether `root` holds pictures and labels as the archive does."""
    return bool(_picture_folders(root)) and any(_children(root, name) for name in ("Frame_Labels", *_LABELS))


def find_files(root: Path, report: ImportReport) -> UnbcFiles:
    """The files below `root`; what is absent, doubled or no part of the layout stands in the report."""
    whole, aligned = _pictures(root, report)
    labels = _innermost(root, "Frame_Labels") or [root]
    facs, pspi = (_labels(root, labels, name, "_facs", report) for name in _LABELS)
    aam = _labels(root, [root], "AAM_landmarks", "_aam", report)
    ratings = _ratings(root, report)
    spelling = _Spellings([whole, aligned, facs, pspi, aam, *ratings.values()])
    report.notes += spelling.notes
    whole, aligned, facs, pspi, aam = map(spelling.merged, (whole, aligned, facs, pspi, aam))
    pictures, from_aligned = _with_aligned(whole, aligned, report)
    return UnbcFiles(
        _first_of_each(pictures, report),
        from_aligned,
        *(_first_of_each(found, report) for found in (facs, pspi, aam)),
        {rating: _first_of_each(spelling.merged(found), report) for rating, found in ratings.items()},
    )


class _Spellings:
    """The one spelling of subjects, sequences and frames whose names differ in nothing but case.

    Else one person would count as two, in two splits, and a label would not find its picture.

    Attributes:
        notes: a line for each subject and each kind of other name that is spelled in several ways.
    """

    def __init__(self, found: Iterable[_Found]) -> None:
        spellings: dict[tuple[str, ...], set[str]] = {}
        for key in (key for paths in found for key in paths):
            for length, name in enumerate(key, start=1):
                spellings.setdefault(_folded(key[:length]), set()).add(name)
        self._chosen = {place: chosen_spelling(names) for place, names in spellings.items()}
        several = {place: names for place, names in sorted(spellings.items()) if len(names) > 1}
        self.notes = [spelling_note(names) for place, names in several.items() if len(place) == 1]
        for length, kind in ((2, "sequences"), (3, "frames")):
            if places := [place for place in several if len(place) == length]:
                first = " and ".join(sorted(several[places[0]]))
                self.notes.append(f"{len(places):,} {kind} are spelled in several ways ({first}): they are read as one")

    def merged(self, found: _Found) -> _Found:
        """The same paths under the chosen spellings."""
        merged: _Found = {}
        for key, paths in found.items():
            folded = _folded(key)
            name = tuple(self._chosen[folded[:length]] for length in range(1, len(key) + 1))
            merged.setdefault(name, []).extend(paths)
        return merged


def _folded(key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in key)


def _pictures(root: Path, report: ImportReport) -> tuple[_Found, _Found]:
    """Whole pictures and aligned ones."""
    whole: _Found = {}
    aligned: _Found = {}
    for folder in _picture_folders(root):
        for key, paths in _index(root, folder, PICTURES, "", report).items():
            for path in paths:
                parts = Path(path).relative_to(root).parts[:-1]
                (aligned if any(map(_ALIGNED.fullmatch, parts)) else whole).setdefault(key, []).append(path)
    return whole, aligned


def _with_aligned(whole: _Found, aligned: _Found, report: ImportReport) -> tuple[_Found, frozenset[Sequence]]:
    """Whole pictures, and aligned ones of sequences that have no others, which are named too; lossless files first."""
    have_whole = {key[:2] for key in whole}
    used = {key: paths for key, paths in aligned.items() if key[:2] not in have_whole}
    if passed_over := len(aligned) - len(used):
        report.notes.append(f"{passed_over:,} aligned pictures are passed over: their sequences have others")
    if used and whole:
        report.notes.append(
            f"{len(used):,} pictures are aligned faces, which the landmarks do not fit: their sequences have no others"
        )
    elif used:
        report.notes.append("the pictures are aligned faces, which the landmarks do not fit")
    both = {key: sorted(paths, key=_is_lossy) for key, paths in (whole | used).items()}
    return both, frozenset(key[:2] for key in used)


def _is_lossy(picture: str) -> bool:
    return os.path.splitext(picture)[1].lower() not in _LOSSLESS


def _picture_folders(root: Path) -> list[Path]:
    aligned = [path for path in sorted(root.iterdir()) if _ALIGNED.fullmatch(path.name) and path.is_dir()]
    return [*_children(root, "Images"), *aligned]


def _labels(root: Path, above: list[Path], name: str, ending: str, report: ImportReport) -> _Found:
    """The files of one kind of label; empty, and a note, where there is no folder of them."""
    folders = [folder for place in above for folder in _children(place, name)]
    if not folders:
        missing = f"Frame_Labels/{name}" if name in _LABELS else name
        report.notes.append(f"this copy has no {missing}")
    found: _Found = {}
    for folder in folders:
        for key, paths in _index(root, folder, (".txt",), ending, report).items():
            found.setdefault(key, []).extend(paths)
    return found


def _ratings(root: Path, report: ImportReport) -> dict[str, _Found]:
    above, found = _innermost(root, "Sequence_Labels"), {}
    for rating in RATINGS:
        folders = [folder for place in above for folder in _children(place, rating)]
        if not folders:
            report.notes.append(f"this copy has no Sequence_Labels/{rating}")
            continue
        found[rating] = {}
        for entry in (entry for folder in folders for entry in walk(folder)):
            if entry.name.lower().endswith(".txt"):
                key = Path(entry.path).parent.name, Path(entry.name).stem
                found[rating].setdefault(key, []).append(entry.path)
    return found


def _index(root: Path, folder: Path, suffixes: tuple[str, ...], ending: str, report: ImportReport) -> _Found:
    """Files below `folder` whose names end so: (subject, sequence, frame) -> paths."""
    title = folder.relative_to(root).as_posix()
    found: _Found = {}
    other = doubled = 0
    for entry in walk(folder):
        *above, file = entry.path[len(str(folder)) + 1 :].split(os.sep)
        stem, suffix = os.path.splitext(file)
        place = _subject_and_sequence(_without_repeats(_unaligned(above)))
        if suffix.lower() not in suffixes or not stem.lower().endswith(ending) or place is None:
            other += 1
            continue
        frame = _ALIGNED_FILE.sub("", stem[: len(stem) - len(ending)])
        found.setdefault((*place, frame), []).append(entry.path)
        doubled += len(_unaligned(above)) > 2
    if doubled:
        report.notes.append(f"{title} holds a folder within itself; {doubled:,} files were found there")
    if other:
        report.notes.append(f"{title} holds {other:,} files that are not part of the layout")
    return found


def _first_of_each(found: _Found, report: ImportReport) -> dict[tuple[str, ...], str]:
    """The first path of each key; the others are named in the report."""
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
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1].lower() != name.lower()]


def _children(folder: Path, name: str) -> list[Path]:
    """The folders of this name in `folder`, in letters of any case: first the one that is spelled so."""
    alike = [path for path in folder.iterdir() if path.name.lower() == name.lower() and path.is_dir()]
    return sorted(alike, key=lambda path: (path.name != name, path.name))


def _innermost(folder: Path, name: str) -> list[Path]:
    """The folders of this name; in place of one that holds another of the same name, that one."""
    return [inner for child in _children(folder, name) for inner in _innermost(child, name) or [child]]
