"""Scores as flat rows of CSV or JSON, written one by one, and read again from a file that was cut off anywhere."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Protocol, TypedDict

from dataset_script.names import written_name, written_text

from .image_scores import ImageScores


class ScoreRow(TypedDict):
    """A row of the output: see `pain3d predict --help`. None where there is no value."""

    path: str
    frame: int | None
    time_s: float | None
    pspi: float | None
    pspi_low: int | None
    pspi_high: int | None
    AU4: float | None
    AU6: float | None
    AU7: float | None
    AU9: float | None
    AU10: float | None
    AU43: float | None
    face: int | None
    faces: int | None
    yaw: float | None
    pitch: float | None
    roll: float | None
    warning: str | None
    error: str | None


COLUMNS = tuple(ScoreRow.__annotations__)


def score_row(score: ImageScores, au_names: Sequence[str]) -> ScoreRow:
    """One flat row. Four decimals: the rest of a float32 depends on the size of the batch."""
    au = score.au or {}
    return {
        "path": written_name(score.path),
        "frame": score.frame,
        "time_s": None if score.time_s is None else round(score.time_s, 4),
        "pspi": None if score.pspi is None else round(score.pspi, 4),
        "pspi_low": score.pspi_low,
        "pspi_high": score.pspi_high,
        **{name: None if name not in au else round(au[name], 4) for name in au_names},
        "face": score.face,
        "faces": score.faces,
        **{
            name: None if (angle := getattr(score, name)) is None else round(angle, 1)
            for name in ("yaw", "pitch", "roll")
        },
        "warning": score.warning,
        "error": None if score.error is None else written_text(score.error),
    }


class RowFormat(Protocol):
    """How rows become a file. A file is `head`, each row with whether it is the first, `foot`."""

    head: bytes
    foot: bytes

    def row(self, row: ScoreRow, first: bool) -> bytes:
        """One row."""

    def read(self, content: bytes) -> list[ScoreRow]:
        """The whole rows of a file that ends anywhere. Raises ValueError where it is no such file."""


class CsvRows:
    """CSV in UTF-8, `\\n` after each row."""

    foot = b""

    def __init__(self):
        self.head = _csv_line(COLUMNS)

    def row(self, row: ScoreRow, first: bool) -> bytes:
        """See `RowFormat`."""
        return _csv_line([row[name] for name in COLUMNS])

    def read(self, content: bytes) -> list[ScoreRow]:
        """See `RowFormat`. All values are text, None where empty: they are written again as they were."""
        if not content.startswith(self.head):
            if self.head.startswith(content):
                return []
            if content.replace(b"\r\n", b"\n").startswith(self.head):
                raise ValueError("it was saved by another program, which changed its line ends")
            raise ValueError("it does not begin with the columns of scores")
        rest = content[len(self.head) :]
        end = rest.rfind(b"\n") + 1
        while rest.count(b'"', 0, end) % 2:  # the line ends inside a quoted value
            end = rest.rfind(b"\n", 0, end - 1) + 1
        table = csv.reader(io.StringIO(rest[:end].decode(), newline=""), strict=True)
        try:
            return [{name: value or None for name, value in zip(COLUMNS, values, strict=True)} for values in table]
        except csv.Error as error:
            raise ValueError(str(error)) from None


def _csv_line(values: Sequence[object]) -> bytes:
    # The writer quotes the signs of its own line end: with both of them, a "\r" in a name cannot break the row.
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(values)
    return buffer.getvalue().removesuffix("\r\n").encode() + b"\n"


class JsonRows:
    """A JSON array of objects, one value a line."""

    head, foot = b"[", b"\n]\n"
    _END = b"\n }"

    def row(self, row: ScoreRow, first: bool) -> bytes:
        """See `RowFormat`."""
        text = json.dumps([row], indent=1).removeprefix("[").removesuffix("\n]")
        return (text if first else f",{text}").encode()

    def read(self, content: bytes) -> list[ScoreRow]:
        """See `RowFormat`."""
        end = content.rfind(self._END)
        if end < 0:
            if content[:1] in (b"", self.head):
                return []
            raise ValueError("it is no JSON array of scores")
        rows = json.loads(content[: end + len(self._END)] + b"]")
        if not all(isinstance(row, dict) and tuple(row) == COLUMNS for row in rows):
            raise ValueError("it is no JSON array of scores")
        return rows
