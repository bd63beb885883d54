"""UNBC-McMaster as the authors of 3DPain keep it: three HDF5 files.

    frames_*.hdf5        `image` (F, H, W, 3) or (F, H, W) uint8; `index` (F,)
    annotations_*.hdf5   `subject_name` (N,), `index` (N,) into the frames, `label_AU_{4,6,7,9,10,43}` (N,) or (N, k),
                         `label_pspi` (N,)
    *CVFolds*.hdf5       `fold-{0..4}/{train,validation}_subjects`, the numbers in the subjects' names

Annotation and frame belong together by `index`; their positions in the files may differ. A unit that is NaN is absent;
where it has several columns the greatest counts; AU43 counts as 1 when it is above 0.
"""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..errors import InvalidInput, WorkFailed
from ..facs import AU_NAMES
from .files import only
from .frame import SourceFrame
from .labels import checked_aus, whole, whole_pspi
from .report import ImportReport, Unusable
from .unbc import LICENCE

PATTERNS = {"frames": "frames*.h*5", "annotations": "annotations*.h*5", "folds": "*CVFolds*.h*5"}


class UnbcHdf5:
    """The three files in the folder `root`; the one with the folds may be absent."""

    layout = "UNBC-McMaster in HDF5"

    def __init__(self, root: Path) -> None:
        import h5py

        self.root = root
        self.num_pictures = 0
        self.folds: list[tuple[list[str], list[str]]] | None = None
        paths = {name: only(root, pattern) for name, pattern in PATTERNS.items()}
        if paths["frames"] is None or paths["annotations"] is None:
            wanted = ", ".join(PATTERNS.values())
            raise InvalidInput(f"source is {root}; it must hold one file of each: {wanted}")
        self._files = {}
        for name, path in paths.items():
            try:
                self._files[name] = None if path is None else h5py.File(path, "r")
            except OSError as error:
                raise WorkFailed(f"{path} is not a readable HDF5 file: {str(error).splitlines()[0]}") from None
        self._images = self._column("frames", "image", None)
        if self._images.dtype != np.uint8 or self._images.ndim not in (3, 4):
            raise WorkFailed(
                f"image has the shape {self._images.shape} and type {self._images.dtype}; allowed is uint8 (F, H, W) "
                "or (F, H, W, 3)"
            )

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        self.num_pictures = len(self._images)
        places = self._places()
        subjects = [_text(name) for name in self._column("annotations", "subject_name")[:]]
        count = len(subjects)
        indices = self._column("annotations", "index", count)[:].astype(int).tolist()
        columns = {name: self._column("annotations", f"label_AU_{name[2:]}", count) for name in AU_NAMES}
        raw = {name: column[:].astype(float).reshape(count, -1) for name, column in columns.items()}
        has_pspi = "label_pspi" in self._files["annotations"]
        given = self._column("annotations", "label_pspi", count)[:].astype(float) if has_pspi else None
        if given is None:
            report.notes.append("there is no label_pspi: PSPI was computed from the action units")
        absent = {name: int(np.isnan(values).all(axis=1).sum()) for name, values in raw.items()}
        if any(absent.values()):
            listed = ", ".join(f"{name} {n:,}" for name, n in absent.items() if n)
            report.notes.append(f"NaN was read as 0, a unit that is absent: {listed} rows")
        units = {name: np.where(np.isnan(v), -np.inf, v).max(axis=1) for name, v in raw.items()}
        units = {name: np.where(np.isneginf(values), 0.0, values) for name, values in units.items()}
        units["AU43"] = (units["AU43"] > 0).astype(float)
        frames, seen = [], set()
        for row, (subject, index) in enumerate(zip(subjects, indices, strict=True)):
            name = f"{subject}/{index:06d}"
            try:
                if index not in places:
                    raise Unusable("no picture", f"there is an annotation but no frame of index {index}")
                if index in seen:
                    raise Unusable("found twice", f"index {index} has more than one annotation")
                seen.add(index)
                au = checked_aus({unit: float(values[row]) for unit, values in units.items()})
                level = whole_pspi(au, None if given is None else whole("PSPI", float(given[row])))
            except Unusable as problem:
                report.leave_out(name, problem.kind, str(problem))
                continue
            frames.append(SourceFrame(name, subject, places[index], level, au, int(level > 0), licence=LICENCE))
        for index in sorted(places.keys() - {*indices}):
            report.leave_out(f"frame {index}", "no annotation", "there is a frame but no annotation")
        self.folds = self._read_folds(report, {*subjects})
        return frames

    def path(self, frame: SourceFrame) -> None:
        return None

    def read(self, frame: SourceFrame) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self._images[frame.where]).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def _places(self) -> dict[int, int]:
        """Index of a frame -> its position in the file."""
        indices = self._column("frames", "index", len(self._images))[:].astype(int).tolist()
        places = {index: place for place, index in enumerate(indices)}
        if len(places) < len(indices):
            raise WorkFailed(f"{self._files['frames'].filename}: two frames have the same index")
        return places

    def _column(self, file: str, name: str, count: int | None = None) -> Any:
        """A data set of one of the files. Raises WorkFailed when it is missing or not `count` long."""
        opened = self._files[file]
        if name not in opened:
            raise WorkFailed(f"{opened.filename} has no {name}")
        if count is not None and len(opened[name]) != count:
            raise WorkFailed(f"{opened.filename}: {name} has {len(opened[name])} rows; it must have {count}")
        return opened[name]

    def _read_folds(self, report: ImportReport, subjects: set[str]) -> list[tuple[list[str], list[str]]] | None:
        file = self._files["folds"]
        if file is None:
            report.notes.append(f"there is no {PATTERNS['folds']}")
            return None
        named = {_number(name): name for name in sorted(subjects)}
        folds = []
        for key in sorted(key for key in file if re.fullmatch(r"fold-[0-9]+", key)):
            sides = []
            for side in ("train_subjects", "validation_subjects"):
                if side not in file[key]:
                    raise WorkFailed(f"{file.filename}: {key} has no {side}")
                numbers = [_number(_text(value)) for value in file[key][side][:]]
                if unknown := sorted({*numbers} - named.keys()):
                    report.notes.append(f"{key} names {len(unknown)} {side} without a frame: {unknown}")
                sides.append(sorted(named[n] for n in numbers if n in named))
            folds.append((sides[0], sides[1]))
        return folds


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _number(name: str) -> int:
    match = re.match(r"[0-9]+", name)
    if match is None:
        raise WorkFailed(f"subject {name!r} does not begin with a number")
    return int(match[0])
