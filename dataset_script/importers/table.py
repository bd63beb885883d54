"""A folder of pictures and a CSV file that names them.

Columns: `path` (as seen from the CSV file's folder) and `subject`; then `au4, au6, au7, au9, au10, au43`, or `pspi`, or
both, which must agree. Optional: `sequence`, `view` (a number), `x0, y0, x1, y1` (the face box in pixels; all four or
none), `split` (train, validation, test), `licence`.
"""

import csv
import os
from pathlib import Path

from ..errors import InvalidInput, WorkFailed
from ..facs import AU_NAMES
from ..vocabulary import SPLITS
from .files import PICTURES
from .frame import SourceFrame
from .labels import checked_aus, checked_box, number, whole, whole_pspi
from .report import ImportReport, Unusable

_UNITS = [name.lower() for name in AU_NAMES]
_BOX = ["x0", "y0", "x1", "y1"]
_REQUIRED = ["path", "subject"]
_ALLOWED = [*_REQUIRED, *_UNITS, "pspi", *_BOX, "sequence", "view", "split", "licence"]
_MAX_VIEW = 127


class Table:
    """The pictures that `table`, a CSV file, names."""

    layout = "folder with a CSV file"
    folds = None

    def __init__(self, table: Path) -> None:
        self.table = table
        self.num_pictures = 0

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        frames: list[SourceFrame] = []
        seen: set[str] = set()
        try:
            with open(self.table, newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file, strict=True)
                columns = self._check_columns(reader.fieldnames or [])
                for row in reader:
                    name = f"line {reader.line_num}"
                    try:
                        if None in row or None in row.values():
                            raise Unusable("bad row", "it has more or fewer fields than the header")
                        name = row["path"] or name
                        if name in seen:
                            raise Unusable("found twice", f"line {reader.line_num} names it again")
                        seen.add(name)
                        frames.append(self._frame(row, columns))
                    except Unusable as problem:
                        report.leave_out(name, problem.kind, str(problem))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise WorkFailed(f"{self.table} cannot be read as CSV: {error}") from None
        self.num_pictures = len(seen)
        if "au4" not in columns:
            report.notes.append("there are no action units: `au` is null, and only what needs PSPI alone can use it")
        return frames

    def path(self, frame: SourceFrame) -> str:
        return frame.where

    def read(self, frame: SourceFrame) -> bytes:
        return Path(frame.where).read_bytes()

    def _check_columns(self, columns: list[str]) -> set[str]:
        if unknown := sorted({*columns} - {*_ALLOWED}):
            raise InvalidInput(f"{self.table} has the columns {', '.join(unknown)}; allowed are {', '.join(_ALLOWED)}")
        if len({*columns}) < len(columns):
            raise InvalidInput(f"{self.table} has a column twice: {', '.join(columns)}")
        units = [name for name in _UNITS if name in columns]
        missing = [name for name in _REQUIRED if name not in columns]
        missing += [name for name in _UNITS if name not in columns] if units or "pspi" not in columns else []
        missing += [name for name in _BOX if name not in columns] if {*_BOX} & {*columns} else []
        if missing:
            raise InvalidInput(
                f"{self.table} lacks the columns {', '.join(missing)}; with all six units, `pspi` may be absent"
            )
        return {*columns}

    def _frame(self, row: dict[str, str], columns: set[str]) -> SourceFrame:
        for name in _REQUIRED:
            if not row[name]:
                raise Unusable("bad row", f"its {name} is empty")
        path = os.path.abspath(self.table.parent / row["path"])
        if os.path.splitext(path)[1].lower() not in PICTURES:
            raise Unusable("bad row", f"its path must end in {', '.join(PICTURES)}")
        try:
            size = os.stat(path).st_size
        except OSError:
            raise Unusable("no picture", f"{path} is not there") from None
        if not size:
            raise Unusable("unreadable picture", "the file is empty")
        given = number(row["pspi"]) if "pspi" in columns else None
        au = None
        if "au4" in columns:
            au = checked_aus({name: number(row[name.lower()]) for name in AU_NAMES})
        level = whole("pspi", given) if au is None else whole_pspi(au, given)
        box = None
        if "x0" in columns and any(row[name] for name in _BOX):
            box = checked_box(*(number(row[name]) for name in _BOX))
        view = number(row["view"]) if row.get("view") else 0
        if not (view == int(view) and 0 <= view <= _MAX_VIEW):
            raise Unusable("bad number", f"view is {view:g}; allowed are whole numbers, 0 to {_MAX_VIEW}")
        if "split" in columns and row["split"] not in SPLITS:
            raise Unusable("bad row", f"split is {row['split']!r}; allowed are {', '.join(SPLITS)}")
        return SourceFrame(
            frame_id=row["path"],
            subject_id=row["subject"],
            where=path,
            pspi=level,
            au=au,
            expression_id=int(level > 0),
            view_id=int(view),
            sequence_id=row.get("sequence") or None,
            face_box=box,
            split=row.get("split"),
            licence=row.get("licence") or None,
        )
