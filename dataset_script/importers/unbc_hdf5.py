"""UNBC-McMaster as the authors of 3DPain keep it: three HDF5 files.

    frames_*.hdf5        `image` (F, H, W, 3), (F, 3, H, W), (F, H, W, 1), (F, 1, H, W) or (F, H, W), 0 to 255 or floats
                         from 0 to 1; `index` (F,)
    annotations_*.hdf5   `subject_name` (N,), `index` (N,) into the frames, `label_AU_{4,6,7,9,10,43}` (N,) or (N, k),
                         `label_pspi` (N,); all units or PSPI may be absent
    *CVFolds*.hdf5       `fold-{0..4}/{train,validation}_subjects`, the numbers in the subjects' names

Annotation and frame belong together by `index`; their positions in the files may differ. A unit that is NaN is absent;
where it has several columns the greatest counts; AU43 counts as 1 when it is above 0. `hdf5_names` finds other names.
"""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..errors import InvalidInput, WorkFailed
from .frame import SourceFrame
from .hdf5_links import reading, values_of, whole_data
from .hdf5_names import ALLOWED, LABELS, PATTERNS, files_like, find_data_set, find_file, missing
from .hdf5_pictures import Hdf5Pictures
from .labels import checked_aus, whole, whole_pspi
from .report import ImportReport, Unusable
from .subjects import chosen_spelling, differing_in_case, spelling_note
from .unbc import LICENCE


def is_unbc_hdf5(root: Path, chosen: Mapping[str, str]) -> bool:
    """Whether `root` holds frames and annotations, by the names of the files or as the user says."""
    return all(name in chosen or files_like(root, name) for name in ("frames", "annotations"))


class UnbcHdf5:
    """The three files in the folder `root`; the one with the folds may be absent.

    Args:
        chosen: which file is "frames", "annotations" or "folds", and which data set is "image", "index",
            "subject_name", "label_pspi" or "label_AU_4", where that is not clear by the names.
    """

    layout = "UNBC-McMaster in HDF5"

    def __init__(self, root: Path, chosen: Mapping[str, str]) -> None:
        import h5py

        if unknown := sorted(chosen.keys() - {*ALLOWED}):
            raise InvalidInput(f"hdf5 is {unknown[0]}={chosen[unknown[0]]}; allowed are {', '.join(ALLOWED)}")
        self.root = root
        self.num_pictures = 0
        self.folds: list[tuple[list[str], list[str]]] | None = None
        self._chosen = chosen
        self._notes: list[str] = []
        paths = {name: find_file(root, name, chosen) for name in PATTERNS}
        self._files = {}
        for name, path in paths.items():
            try:
                self._files[name] = None if path is None else h5py.File(path, "r")
            except OSError as error:
                raise WorkFailed(f"{path} is not a readable HDF5 file: {str(error).splitlines()[0]}") from None
        self._images = Hdf5Pictures(self._data_set("frames", "image"))

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        self.num_pictures = len(self._images)
        places = self._places()
        subjects = self._subjects()
        indices = self._indices("annotations", len(subjects))
        units = self._units(len(subjects))
        given = self._given_pspi(len(subjects), units)
        self._images.scan()
        frames, seen = [], set()
        for row, (subject, index) in enumerate(zip(subjects, indices, strict=True)):
            name = f"{subject}/{index:06d}"
            try:
                if index not in places:
                    raise Unusable("no picture", f"there is an annotation but no frame of index {index}")
                if index in seen:
                    raise Unusable("found twice", f"index {index} has more than one annotation")
                seen.add(index)
                if places[index] in self._images.unusable:
                    raise Unusable("unreadable picture", self._images.unusable[places[index]])
                au = None if units is None else checked_aus({n: float(values[row]) for n, values in units.items()})
                level = None if given is None else whole("PSPI", float(given[row]))
                level = level if au is None else whole_pspi(au, level)
            except Unusable as problem:
                report.leave_out(name, problem.kind, str(problem))
                continue
            frames.append(SourceFrame(name, subject, places[index], level, au, int(level > 0), licence=LICENCE))
        for index in sorted(places.keys() - {*indices}):
            report.leave_out(f"frame {index}", "no annotation", "there is a frame but no annotation")
        self.folds = self._read_folds(report, {*subjects})
        report.notes += dict.fromkeys([*self._images.notes, *self._notes])
        return frames

    def path(self, frame: SourceFrame) -> None:
        return None

    def file(self, frame: SourceFrame) -> str:
        return self._files["frames"].filename

    def read(self, frame: SourceFrame) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self._images[frame.where]).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def _subjects(self) -> list[str]:
        """The subject of each annotation; one person in letters of different case is one subject."""
        stored = self._data_set("annotations", "subject_name")
        if stored.ndim > 1 and 1 not in stored.shape:
            names = self._columns_of_letters(stored)
        else:
            stored_names = np.ravel(self._column("annotations", "subject_name")).tolist()
            names = [_text(name, stored.file) for name in stored_names]
        alike = differing_in_case(names)
        self._notes += map(spelling_note, alike)
        chosen = {name: chosen_spelling(group) for group in alike for name in group}
        return [chosen.get(name, name) for name in names]

    def _columns_of_letters(self, stored: Any) -> list[str]:
        """The names in a character matrix of MATLAB, as HDF5 holds it: uint16 (length, N), padded with spaces."""
        rows = self._data_set("annotations", "index").size
        if stored.dtype != np.uint16 or stored.ndim != 2 or stored.shape[1] != rows:
            raise WorkFailed(
                f"{stored.file.filename}: subject_name is {stored.dtype} {stored.shape}; allowed is text, ({rows},), "
                f"or a character matrix of MATLAB, uint16 (length, {rows})"
            )
        self._notes.append(f"subject_name was read as a character matrix of MATLAB, uint16 {stored.shape}")
        return ["".join(map(chr, letters)).strip(" \0") for letters in values_of(stored).T.tolist()]

    def _places(self) -> dict[int, int]:
        """Index of a frame -> its position in the file."""
        indices = self._indices("frames", len(self._images))
        places = {index: place for place, index in enumerate(indices)}
        if len(places) < len(indices):
            raise WorkFailed(f"{self._files['frames'].filename}: two frames have the same index")
        return places

    def _units(self, count: int) -> dict[str, np.ndarray] | None:
        """The values (count,) of each of the six units; None where the file has none of them."""
        file = self._files["annotations"]
        found = {name: find_data_set(file, label, self._chosen, self._notes) for name, label in LABELS.items()}
        if all(values is None for values in found.values()):
            self._notes.append("there are no action units: `au` is null, and only what needs PSPI alone can use it")
            return None
        raw = {name: self._column("annotations", label, count, wide=True) for name, label in LABELS.items()}
        raw = {name: self._numbers(LABELS[name], values).reshape(count, -1) for name, values in raw.items()}
        absent = {name: int(np.isnan(values).all(axis=1).sum()) for name, values in raw.items()}
        if any(absent.values()):
            listed = ", ".join(f"{name} {n:,}" for name, n in absent.items() if n)
            self._notes.append(f"NaN was read as 0, a unit that is absent: {listed} rows")
        units = {name: np.where(np.isnan(v), -np.inf, v).max(axis=1) for name, v in raw.items()}
        units = {name: np.where(np.isneginf(values), 0.0, values) for name, values in units.items()}
        units["AU43"] = (units["AU43"] > 0).astype(float)
        return units

    def _given_pspi(self, count: int, units: dict[str, np.ndarray] | None) -> np.ndarray | None:
        """PSPI (count,); None where only the units are there."""
        if find_data_set(self._files["annotations"], "label_pspi", self._chosen, []) is not None:
            return self._numbers("label_pspi", self._column("annotations", "label_pspi", count))
        if units is None:
            raise missing(self._files["annotations"], "label_pspi")
        self._notes.append("there is no label_pspi: PSPI was computed from the action units")
        return None

    def _indices(self, file: str, count: int) -> list[int]:
        values = self._numbers("index", self._column(file, "index", count))
        if not (np.isfinite(values).all() and (values == np.floor(values)).all()):
            raise WorkFailed(f"{self._files[file].filename}: index holds numbers that are not whole")
        return values.astype(int).tolist()

    def _data_set(self, file: str, name: str) -> Any:
        """A data set of one of the files. Raises WorkFailed when it is missing."""
        found = find_data_set(self._files[file], name, self._chosen, self._notes)
        if found is None:
            raise missing(self._files[file], name)
        return found

    def _column(self, file: str, name: str, count: int | None = None, wide: bool = False) -> np.ndarray:
        """The values (count,) of a data set, or with `wide` also (count, k). Raises WorkFailed on any other shape."""
        values = values_of(self._data_set(file, name))
        rows = values.size if count is None else count
        if values.size == rows:
            return np.reshape(values, rows)  # (N, 1), or (1, N) of MATLAB
        shape = f"{name} has {len(values) if values.ndim else 1} rows, of the shape {values.shape}"
        if not (wide and values.ndim == 2 and len(values) == count):
            raise WorkFailed(f"{self._files[file].filename}: {shape}; it must have {count}")
        return values

    def _numbers(self, name: str, values: np.ndarray) -> np.ndarray:
        try:
            return values.astype(float)
        except (TypeError, ValueError):
            raise WorkFailed(f"{self.root}: {name} is of type {values.dtype}; allowed are numbers") from None

    def _read_folds(self, report: ImportReport, subjects: set[str]) -> list[tuple[list[str], list[str]]] | None:
        file = self._files["folds"]
        if file is None:
            report.notes.append("there is no file of folds")
            return None
        named = {_number(name): name for name in sorted(subjects)}
        folds = []
        with reading(file.filename):
            groups = {key: file[key] for key in sorted(file) if re.fullmatch(r"fold-[0-9]+", key)}
        for key, group in groups.items():
            sides = []
            for side in ("train_subjects", "validation_subjects"):
                with reading(file.filename):
                    stored = whole_data(group[side]) if side in group else None
                if stored is None:
                    raise WorkFailed(f"{file.filename}: {key} has no {side}")
                numbers = [_number(_text(value, file)) for value in np.ravel(values_of(stored)).tolist()]
                if unknown := sorted({*numbers} - named.keys()):
                    report.notes.append(f"{key} names {len(unknown)} {side} without a frame: {unknown}")
                sides.append(sorted(named[n] for n in numbers if n in named))
            folds.append((sides[0], sides[1]))
        return folds


def _text(value: Any, file: Any) -> str:
    """A name as it is stored: text padded as MATLAB and Fortran do, or a reference to letters, a MATLAB cell."""
    import h5py

    if isinstance(value, h5py.Reference):
        with reading(file.filename):
            letters = np.ravel(values_of(file[value]) if value else [])
        value = "".join(map(chr, letters)) if letters.dtype == np.uint16 else str(letters[0] if len(letters) else "")
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            value = value.decode("latin-1")
    return str(value).strip(" \t\n\r\0")


def _number(name: str) -> int:
    match = re.match(r"[0-9]+", name)
    if match is None:
        raise WorkFailed(f"subject {name!r} does not begin with a number")
    return int(match[0])
