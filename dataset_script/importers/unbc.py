"""UNBC-McMaster Shoulder Pain Expression Archive as its owners distribute it (Lucey et al. 2011).

    Images/<subject>/<sequence>/<frame>.png
    Frame_Labels/FACS/<subject>/<sequence>/<frame>_facs.txt     empty: no unit is active
    Frame_Labels/PSPI/<subject>/<sequence>/<frame>_facs.txt     one number
    AAM_landmarks/<subject>/<sequence>/<frame>_aam.txt          66 rows x y; some copies lack them
    Sequence_Labels/<rating>/<subject>/<sequence>.txt           one number; some copies lack them

A copy may lack AU files and have PSPI alone. `unbc_files` tells which forms of these folders are found.
"""

import filecmp
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .boxes import box_of_landmarks, landmarks_in_picture, picture_size
from .files import read_label
from .frame import SourceFrame
from .labels import parse_facs, parse_landmarks, parse_single, whole, whole_pspi
from .report import ImportReport, Unusable
from .unbc_files import Key, UnbcFiles, find_files

LICENCE = "UNBC-McMaster agreement"
NUM_SUBJECTS = 25
CODED_EXTRA_AUS = ("AU12", "AU20", "AU25", "AU26")
"""Beside the six of PSPI, these were coded throughout; the others are unknown where they have no row."""
BLACK = frozenset(f"095-tv095/tv095t2aeunaff/tv095t2aeunaff{k:03d}" for k in range(1, 8))
"""Frames known to be black in the archive. They are left out by name where the pictures are not decoded."""


class Unbc:
    """The archive at `root`, which holds the pictures and `Frame_Labels`."""

    layout = "UNBC-McMaster"
    folds = None

    def __init__(self, root: Path, pictures_checked: bool = False) -> None:
        self.root = root
        self.pictures_checked = pictures_checked
        self.num_pictures = 0
        self._num_shares = 0

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        files = find_files(self.root, report)
        self.num_pictures = len(files.pictures)
        if files.pspi and not files.facs:
            report.notes.append("there are no FACS files: `au` is null, and only what needs PSPI alone can use it")
        copied = _of_other_subjects(files.pictures)
        ratings = _read_ratings(files, {key[:2] for key in files.pictures if key not in copied}, report)
        frames = []
        for key, path in files.pictures.items():
            with report.frame("/".join(key)):
                if key in copied:
                    raise Unusable("found twice", f"it is the picture of {'/'.join(copied[key])}, another subject")
                frames.append(self._frame(report, key, path, files, ratings.get(key[:2])))
        labels = {"FACS": files.facs, "PSPI": files.pspi, "AAM": files.aam}
        for key in set().union(*labels.values()) - files.pictures.keys():
            kinds = ", ".join(kind for kind, found in labels.items() if key in found)
            report.leave_out("/".join(key), "no picture", f"there is a label ({kinds}) but no picture")
        report.left_out.sort(key=lambda problem: (problem.what, problem.reason))
        if self._num_shares:
            report.notes.append(
                f"{self._num_shares:,} frames have landmarks from 0 to 1, read as shares of the picture"
            )
        if (subjects := len({key[0] for key in files.pictures})) != NUM_SUBJECTS:
            report.notes.append(f"{subjects} subjects; the whole archive has {NUM_SUBJECTS}")
        return frames

    def path(self, frame: SourceFrame) -> str:
        return frame.where

    def file(self, frame: SourceFrame) -> str:
        return frame.where

    def read(self, frame: SourceFrame) -> bytes:
        return Path(frame.where).read_bytes()

    def _frame(
        self, report: ImportReport, key: Key, path: str, files: UnbcFiles, ratings: dict[str, float] | None
    ) -> SourceFrame:
        name = "/".join(key)
        if name.lower() in BLACK and not self.pictures_checked:
            raise Unusable("black", "known to be black in the archive")
        if not os.stat(path).st_size:
            raise Unusable("unreadable picture", "the file is empty")
        au, extra, level = _units_and_pspi(report, key, files)
        points = self._landmarks(report, key, path, files)
        return SourceFrame(
            frame_id=name,
            subject_id=key[0],
            sequence_id=key[1],
            where=path,
            au=au,
            pspi=level,
            expression_id=int(level > 0),
            extra_au=extra,
            sequence_ratings=ratings,
            aam_landmarks=points,
            face_box=None if points is None else box_of_landmarks(points),
            licence=LICENCE,
        )

    def _landmarks(self, report: ImportReport, key: Key, path: str, files: UnbcFiles) -> np.ndarray | None:
        """(66, 2) in pixels, or None and a line in the report, unless the copy has none that fit its pictures."""
        if not files.aam or key[:2] in files.aligned:
            return None
        name = "/".join(key)
        if key not in files.aam:
            report.lacks(name, "no landmarks", "there is no AAM file, so no face box")
            return None
        size = picture_size(path)
        try:
            points, shares = landmarks_in_picture(parse_landmarks(read_label(files.aam[key])), size)
        except Unusable as problem:
            report.lacks(name, "bad landmarks", f"{problem}, so no face box")
            return None
        self._num_shares += shares
        return points


def _units_and_pspi(
    report: ImportReport, key: Key, files: UnbcFiles
) -> tuple[tuple[float, ...] | None, dict[str, float] | None, int]:
    """The six units, the other units, and PSPI. In a copy that has PSPI alone, no unit is known. Raises Unusable."""
    if not files.facs:
        if key not in files.pspi:
            raise Unusable("no PSPI file", "this copy has no FACS files either")
        return None, None, whole("PSPI", parse_single(read_label(files.pspi[key])))
    if key not in files.facs:
        raise Unusable("no FACS file", "a missing file is not the same as an empty one, which means no unit")
    au, extra = parse_facs(read_label(files.facs[key]))
    given = parse_single(read_label(files.pspi[key])) if key in files.pspi else None
    if given is None:
        report.lacks("/".join(key), "no PSPI file", "PSPI was computed from its action units")
    return au, {**dict.fromkeys(CODED_EXTRA_AUS, 0.0), **extra}, whole_pspi(au, given)


def _read_ratings(
    files: UnbcFiles, sequences: set[tuple[str, str]], report: ImportReport
) -> dict[tuple[str, str], dict[str, float]]:
    """(subject, sequence) -> rating -> number."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for rating, paths in files.ratings.items():
        for sequence in sorted(sequences):
            name = "/".join(sequence)
            if sequence not in paths:
                report.lacks(name, "no sequence label", f"the sequence has no {rating}")
                continue
            try:
                found.setdefault(sequence, {})[rating] = parse_single(read_label(paths[sequence]))
            except Unusable as problem:
                report.lacks(name, "bad sequence label", f"{rating}: {problem}")
    return found


def _of_other_subjects(pictures: Mapping[Key, str]) -> dict[Key, Key]:
    """Pictures that lie a second time under another subject, which would put a person into two splits.

    Sequences begin with the code of their subject ("ll042t1aaaff" is of "042-ll042"): the picture that fits is kept,
    else the first.
    """
    same_name: dict[tuple[str, str], list[Key]] = {}
    for key in pictures:
        same_name.setdefault((key[1].lower(), key[2].lower()), []).append(key)
    copied = {}
    for keys in same_name.values():
        kept, *others = sorted(keys, key=lambda key: not _is_of(*key[:2]))
        copied |= {key: kept for key in others if filecmp.cmp(pictures[key], pictures[kept], shallow=False)}
    return copied


def _is_of(subject: str, sequence: str) -> bool:
    return sequence.lower().startswith(subject.lower().rpartition("-")[2])
