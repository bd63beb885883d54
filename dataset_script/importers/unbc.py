"""UNBC-McMaster Shoulder Pain Expression Archive as its owners distribute it (Lucey et al. 2011).

    Images/<subject>/<sequence>/<frame>.png
    Frame_Labels/FACS/<subject>/<sequence>/<frame>_facs.txt     empty: no unit is active
    Frame_Labels/PSPI/<subject>/<sequence>/<frame>_facs.txt     one number
    AAM_landmarks/<subject>/<sequence>/<frame>_aam.txt          66 rows x y; some copies lack them
    Sequence_Labels/<rating>/<subject>/<sequence>.txt           one number; some copies lack them

Some copies have a folder twice (`Images/Images`), so a file is known by the last three parts of its path.
"""

import os
from pathlib import Path

from ..features import RATINGS
from .boxes import box_of_landmarks
from .files import PICTURES, read_label, walk
from .frame import SourceFrame
from .labels import parse_facs, parse_landmarks, parse_single, whole_pspi
from .report import ImportReport, Unusable

LICENCE = "UNBC-McMaster agreement"
NUM_SUBJECTS = 25
CODED_EXTRA_AUS = ("AU12", "AU20", "AU25", "AU26")
"""Beside the six of PSPI, these were coded throughout; the others are unknown where they have no row."""
BLACK = frozenset(f"095-tv095/tv095t2aeunaff/tv095t2aeunaff{k:03d}" for k in range(1, 8))
"""Frames known to be black in the archive. They are left out by name where the pictures are not decoded."""

Key = tuple[str, str, str]
"""Subject, sequence, frame."""


class Unbc:
    """The archive at `root`, which holds `Images` and `Frame_Labels`."""

    layout = "UNBC-McMaster"
    folds = None

    def __init__(self, root: Path, pictures_checked: bool = False) -> None:
        self.root = root
        self.pictures_checked = pictures_checked
        self.num_pictures = 0

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        pictures = self._index(report, self.root / "Images", PICTURES, "")
        self.num_pictures = len(pictures)
        labels = _inner(self.root / "Frame_Labels")
        facs = self._index(report, labels / "FACS", (".txt",), "_facs")
        pspi = self._index(report, labels / "PSPI", (".txt",), "_facs")
        aam = self._index(report, self.root / "AAM_landmarks", (".txt",), "_aam")
        ratings = self._ratings(report, {key[:2] for key in pictures})
        frames = []
        for key, path in pictures.items():
            name = "/".join(key)
            try:
                frames.append(self._frame(report, key, path, facs, pspi, aam, ratings))
            except Unusable as problem:
                report.leave_out(name, problem.kind, str(problem))
        for kind, labels in (("FACS", facs), ("PSPI", pspi), ("AAM", aam)):
            for key in labels.keys() - pictures.keys():
                report.leave_out("/".join(key), "no picture", f"there is a label ({kind}) but no picture")
        report.left_out.sort(key=lambda problem: (problem.what, problem.reason))
        if (subjects := len({key[0] for key in pictures})) != NUM_SUBJECTS:
            report.notes.append(f"{subjects} subjects; the whole archive has {NUM_SUBJECTS}")
        return frames

    def path(self, frame: SourceFrame) -> str:
        return frame.where

    def read(self, frame: SourceFrame) -> bytes:
        return Path(frame.where).read_bytes()

    def _frame(self, report: ImportReport, key: Key, path: str, facs, pspi, aam, ratings) -> SourceFrame:
        name = "/".join(key)
        if name in BLACK and not self.pictures_checked:
            raise Unusable("black", "known to be black in the archive")
        if not os.stat(path).st_size:
            raise Unusable("unreadable picture", "the file is empty")
        if key not in facs:
            raise Unusable("no FACS file", "a missing file is not the same as an empty one, which means no unit")
        au, extra = parse_facs(read_label(facs[key]))
        given = None
        if key in pspi:
            given = parse_single(read_label(pspi[key]))
        else:
            report.lacks(name, "no PSPI file", "PSPI was computed from its action units")
        points = self._landmarks(report, key, aam)
        level = whole_pspi(au, given)
        return SourceFrame(
            frame_id=name,
            subject_id=key[0],
            sequence_id=key[1],
            where=path,
            au=au,
            pspi=level,
            expression_id=int(level > 0),
            extra_au={**dict.fromkeys(CODED_EXTRA_AUS, 0.0), **extra},
            sequence_ratings=ratings.get(key[:2]),
            aam_landmarks=points,
            face_box=None if points is None else box_of_landmarks(points),
            licence=LICENCE,
        )

    def _landmarks(self, report: ImportReport, key: Key, aam: dict[Key, str]):
        """(66, 2), or None and a line in the report, unless the copy has no landmarks at all."""
        if not aam:
            return None
        name = "/".join(key)
        if key not in aam:
            report.lacks(name, "no landmarks", "there is no AAM file, so no face box")
            return None
        try:
            return parse_landmarks(read_label(aam[key]))
        except Unusable as problem:
            report.lacks(name, "bad landmarks", f"{problem}, so no face box")
            return None

    def _ratings(
        self, report: ImportReport, sequences: set[tuple[str, str]]
    ) -> dict[tuple[str, str], dict[str, float]]:
        found: dict[tuple[str, str], dict[str, float]] = {}
        for rating in RATINGS:
            folder = _inner(self.root / "Sequence_Labels") / rating
            if not folder.is_dir():
                report.notes.append(f"this copy has no Sequence_Labels/{rating}")
                continue
            files = {
                (Path(e.path).parent.name, Path(e.name).stem): e.path for e in walk(folder) if e.name.endswith(".txt")
            }
            for sequence in sorted(sequences):
                name = "/".join(sequence)
                if sequence not in files:
                    report.lacks(name, "no sequence label", f"the sequence has no {rating}")
                    continue
                try:
                    found.setdefault(sequence, {})[rating] = parse_single(read_label(files[sequence]))
                except Unusable as problem:
                    report.lacks(name, "bad sequence label", f"{rating}: {problem}")
        return found

    def _index(self, report: ImportReport, folder: Path, suffixes: tuple[str, ...], ending: str) -> dict[Key, str]:
        """Files below `folder`: (subject, sequence, frame) -> path."""
        title = folder.relative_to(self.root).as_posix()
        if not folder.is_dir():
            report.notes.append(f"this copy has no {title}")
            return {}
        found: dict[Key, str] = {}
        other = doubled = 0
        for entry in walk(folder):
            *above, subject, sequence, file = ["", "", *entry.path[len(str(folder)) + 1 :].split(os.sep)]
            stem, suffix = os.path.splitext(file)
            if suffix.lower() not in suffixes or not stem.endswith(ending) or not subject:
                other += 1
                continue
            key = (subject, sequence, stem.removesuffix(ending))
            if key in found:
                report.leave_out("/".join(key), "found twice", f"{entry.path} is left out; {found[key]} is used")
                continue
            found[key] = entry.path
            doubled += len(above) > 2  # the two empty ones are for files that lie too high up
        if doubled:
            report.notes.append(f"{title} holds a folder within itself; {doubled:,} files were found there")
        if other:
            report.notes.append(f"{title} holds {other:,} files that are not part of the layout")
        return found


def _inner(folder: Path) -> Path:
    """The folder, or the one of the same name within it."""
    return inner if (inner := folder / folder.name).is_dir() else folder
