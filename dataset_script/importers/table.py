"""A folder of pictures and a CSV file that names them.

Columns: `path` (as seen from the CSV file's folder) and `subject`; then `au4, au6, au7, au9, au10, au43`, or `pspi`, or
both, which must agree. Optional: `sequence`, `view` (a number), `x0, y0, x1, y1` (the face box: pixels of the upright
picture, or shares of it, as `are_shares` tells for the whole file; empty or NaN for no face), `split` (train,
validation, test), `licence`.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from ..errors import InvalidInput
from ..facs import AU_NAMES, PSPI_MAX
from ..names import meant_name
from ..table_files import Row, TableFile, are_shares, is_missing, read_table
from ..terminal import one_line
from .boxes import Box, check_in_picture, checked_box, picture_size
from .files import PICTURES
from .frame import SourceFrame
from .labels import SPLITS_ALLOWED, checked_aus, split_named, whole, whole_pspi
from .report import ImportReport, Unusable
from .subjects import differing_in_spelling

_UNITS = [name.lower() for name in AU_NAMES]
_BOX = ["x0", "y0", "x1", "y1"]
_REQUIRED = ["path", "subject"]
_ALLOWED = [*_REQUIRED, *_UNITS, "pspi", *_BOX, "sequence", "view", "split", "licence"]
_MAX_VIEW = 127
_UNIT = re.compile(r"au[ _]?0*([1-9][0-9]?)")


@dataclass(frozen=True)
class _Labels:
    """One row: the text of its cells by the name of the column, and its numbers."""

    table: TableFile
    row: Row
    names: Mapping[str, str]

    def text(self, column: str) -> str:
        """Empty where the column is absent, or its value is missing as `is_missing` tells."""
        text = self.row.values.get(self.names.get(column))
        return "" if is_missing(text) else text.strip()

    def absent(self, column: str) -> str:
        """How a value that is missing is written."""
        text = (self.row.values.get(self.names.get(column)) or "").strip()
        return f"{text}, which is read as missing" if text else "empty"

    def number(self, column: str) -> float:
        """NaN for an empty cell. Raises Unusable."""
        try:
            value = self.table.number(self.row.values.get(self.names.get(column)))
        except ValueError:
            value = math.inf
        if math.isinf(value):
            allowed = "0 or 1" if column == "au43" else "a finite number"
            raise Unusable("bad number", f"{column} is {self.text(column)[:40]!r}; allowed is {allowed}")
        return value


class Table:
    """The pictures that `path`, a CSV file, names."""

    layout = "folder with a CSV file"
    folds = None

    def __init__(self, path: Path) -> None:
        self.table = read_table(path, _REQUIRED)
        self.names = _names_of_columns(self.table)
        self.num_pictures = 0
        self._folder = path.parent
        self._shares = False

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        rows = [_Labels(self.table, row, self.names) for row in self.table.rows]
        splits = self._splits(rows)
        self._shares = self._boxes_are_shares(rows)
        report.notes += self.table.notes
        if self._shares:
            report.notes.append(f"{self.table.path.name} holds boxes from 0 to 1, read as shares of the picture")
        frames: list[SourceFrame] = []
        seen: dict[str, tuple[int, SourceFrame | None]] = {}
        repeated = 0
        for labels, split in zip(rows, splits, strict=True):
            line = labels.row.line
            name = one_line(labels.text("path")) or f"a row of {self.table.path.name}"
            with report.frame(name, where=f"line {line}: "):
                path = self._picture(labels)
                earlier = seen.setdefault(path, (line, None))
                frame = self._frame(report, labels, path, split)
                if earlier[0] == line:
                    seen[path] = (line, frame)
                    frames.append(frame)
                elif difference := _difference(earlier[1], frame):
                    raise Unusable("found twice", f"line {earlier[0]} has the same picture {difference}; delete one")
                else:
                    repeated += 1
        self.num_pictures = len(seen)
        report.notes += [
            f"{' and '.join(names)} are different subjects; write one person's name in one way"
            for names in differing_in_spelling(frame.subject_id for frame in frames)
        ]
        if repeated:
            report.notes.append(f"{repeated:,} rows repeat an earlier one and were read once")
        if "au4" not in self.names:
            report.notes.append("there are no action units: `au` is null, and only what needs PSPI alone can use it")
        return frames

    def path(self, frame: SourceFrame) -> str:
        return frame.where

    def file(self, frame: SourceFrame) -> str:
        return frame.where

    def read(self, frame: SourceFrame) -> bytes:
        return Path(frame.where).read_bytes()

    def _splits(self, rows: list[_Labels]) -> list[str | None]:
        """The split of each row; all None where there is none. Raises InvalidInput on a word that is no split."""
        if not any(labels.text("split") for labels in rows):
            return [None] * len(rows)
        splits = [split_named(labels.text("split")) for labels in rows]
        if None in splits:
            wrong = rows[splits.index(None)]
            where = f"{self.table.path}, line {wrong.row.line}"
            raise InvalidInput(f"{where}: split is {wrong.text('split')!r}; allowed are {SPLITS_ALLOWED}")
        return splits

    def _boxes_are_shares(self, rows: list[_Labels]) -> bool:
        boxes = []
        for labels in rows:
            try:
                boxes.append([value for name in _BOX if not math.isnan(value := labels.number(name))])
            except Unusable:
                continue  # the row itself will be left out for it
        return are_shares(boxes)

    def _picture(self, labels: _Labels) -> str:
        """The absolute path of the row's picture. Raises Unusable."""
        if labels.row.surplus:
            cure = "" if self.table.decimal_comma else "; decimal commas need semicolons between the columns"
            raise Unusable("bad row", f"it has {labels.row.surplus} more fields than the header{cure}")
        if None in labels.row.values.values():
            raise Unusable("bad row", "it has fewer fields than the header")
        for name in _REQUIRED:
            if not labels.text(name):
                raise Unusable("bad row", f"its {name} is {labels.absent(name)}")
        return os.path.abspath(self._folder / _as_here(labels.text("path"), self._folder))

    def _frame(self, report: ImportReport, labels: _Labels, path: str, split: str | None) -> SourceFrame:
        if os.path.splitext(path)[1].lower() not in PICTURES:
            shown = one_line(labels.text("path"))
            raise Unusable("bad row", f"its path is {shown}; it must end in {', '.join(PICTURES)}")
        try:
            size = os.stat(path).st_size
        except OSError:
            raise Unusable("no picture", f"{one_line(path)} is not there") from None
        if not size:
            raise Unusable("unreadable picture", "the file is empty")
        au = _units(labels)
        level = _pspi(report, labels, au)
        view = labels.number("view")
        if not (math.isnan(view) or (0 <= view <= _MAX_VIEW and view == int(view))):
            raise Unusable("bad number", f"view is {view:g}; allowed are whole numbers, 0 to {_MAX_VIEW}")
        return SourceFrame(
            frame_id=_as_here(labels.text("path"), self._folder),
            subject_id=labels.text("subject"),
            where=path,
            pspi=level,
            au=au,
            expression_id=int(level > 0),
            view_id=0 if math.isnan(view) else int(view),
            sequence_id=labels.text("sequence") or None,
            face_box=self._face_box(labels, path),
            split=split,
            licence=labels.text("licence") or None,
        )

    def _face_box(self, labels: _Labels, path: str) -> Box | None:
        """In pixels; None where the row names no face. Raises Unusable."""
        values = [labels.number(name) for name in _BOX]
        if all(map(math.isnan, values)):
            return None
        if any(map(math.isnan, values)):
            shown = ", ".join(f"{name} {labels.text(name) or 'empty'}" for name in _BOX)
            raise Unusable("bad number", f"its box is {shown}; allowed are four numbers, or four empty fields for none")
        box, size = checked_box(*values), picture_size(path)
        if self._shares:
            box = tuple(value * side for value, side in zip(box, (*size, *size), strict=True))
        try:
            check_in_picture("box", box, size)
        except Unusable as problem:
            raise Unusable(problem.kind, f"{problem}; correct it, or leave it empty") from None
        return box


def _names_of_columns(table: TableFile) -> dict[str, str]:
    """Name that this module knows -> name in the file. Raises InvalidInput when one is unknown, missing or twice."""
    names: dict[str, str] = {}
    for column in table.columns:
        unit = _UNIT.fullmatch(column.lower())
        name = f"au{unit[1]}" if unit else column.lower()
        if name in names:
            raise InvalidInput(f"{table.path} has a column twice: {names[name]} and {column}")
        names[name] = column
    if unknown := [column for name, column in names.items() if name not in _ALLOWED]:
        raise InvalidInput(f"{table.path} has the columns {', '.join(unknown)}; allowed are {', '.join(_ALLOWED)}")
    units = [name for name in _UNITS if name in names]
    missing = [name for name in _REQUIRED if name not in names]
    missing_units = [name for name in _UNITS if name not in names] if units or "pspi" not in names else []
    missing += missing_units
    missing += [name for name in _BOX if name not in names] if {*_BOX} & names.keys() else []
    if missing:
        cure = "; with all six units `pspi` may be absent, and with `pspi` all units" if missing_units else ""
        if missing_units and "pspi" in names:
            cure = f"; to import PSPI alone, delete {', '.join(names[name] for name in units)}"
        raise InvalidInput(f"{table.path} lacks the columns {', '.join(missing)}{cure}")
    return names


def _units(labels: _Labels) -> tuple[float, ...] | None:
    """(6,) in C1 order; None where the row gives PSPI alone. Raises Unusable."""
    values = {name: labels.number(name.lower()) for name in AU_NAMES}
    absent = [name.lower() for name, value in values.items() if math.isnan(value)]
    if len(absent) == len(AU_NAMES) and labels.text("pspi"):
        return None
    if absent:
        raise Unusable("bad number", f"{', '.join(absent)} is empty; allowed are numbers, 0 for a unit that is absent")
    return checked_aus(values)


def _pspi(report: ImportReport, labels: _Labels, au: tuple[float, ...] | None) -> int:
    """PSPI of the row, which must be that of its units. Raises Unusable."""
    given = labels.number("pspi")
    if math.isnan(given) and au is None:
        raise Unusable("bad number", f"pspi is {labels.text('pspi')!r}; allowed are whole numbers, 0 to {PSPI_MAX}")
    if math.isnan(given) and "pspi" in labels.names:
        where = f"line {labels.row.line}: "
        report.lacks(labels.text("path"), "no PSPI", f"{where}pspi is empty and was computed from its action units")
    if au is None:
        return whole("pspi", given)
    return whole_pspi(au, None if math.isnan(given) else given)


def _as_here(path: str, folder: Path) -> str:
    """A path written or copied on Windows as it is here."""
    if "\\" in path and not os.path.exists(folder / path):
        path = path.replace("\\", "/")
    return meant_name(path, folder, suffix_as_there=True)


def _difference(earlier: SourceFrame | None, later: SourceFrame) -> str:
    """What an earlier row of the same picture has, where it is not what the later one has; empty where all is equal.

    `earlier` is None where it could not be used.
    """
    if earlier is None:
        return "with labels that cannot be used"
    follows = ("frame_id", "expression_id")  # from the path, however it is written, and from PSPI
    names = [field.name for field in fields(SourceFrame) if field.name not in follows]
    differ = [name for name in names if getattr(earlier, name) != getattr(later, name)]
    shown = ", ".join(f"{name} {getattr(earlier, name)} (here {getattr(later, name)})" for name in differ)
    return shown and f"with {shown}"
