"""Scores as flat rows of CSV or JSON, written one by one, and read again from a file that was cut off anywhere."""

import codecs
import csv
import io
import json
from collections.abc import Sequence
from typing import Protocol, Self

from dataset_script.names import written_path, written_remark
from dataset_script.strict_json import parse_json

from ..configuration_vitpain import ViTPainConfig
from .image_scores import ImageScores

ScoreRow = dict[str, float | int | str | None]
"""A row of the output, column -> value, None where there is none: see `pain3d predict --help`."""

FIRST_COLUMNS = ("path", "frame", "time_s", "pspi", "pspi_low", "pspi_high")
_BOX = ("x0", "y0", "x1", "y1")
_ANGLES = ("yaw", "pitch", "roll")
LAST_COLUMNS = ("face", "faces", *_BOX, *_ANGLES, "warning", "error")


def score_columns(config: ViTPainConfig) -> tuple[str, ...]:
    """The columns of a model's scores: those that every model has, and between them what it says of a face."""
    units, ends = config.au_names, ("low", "high")
    intervals = [f"{name}_{end}" for name in units for end in ends] if config.au_spread else []
    pain = ["pain_probability"] if config.expression_head else []
    return (*FIRST_COLUMNS, *units, *intervals, *pain, *LAST_COLUMNS)


def score_row(score: ImageScores, columns: Sequence[str]) -> ScoreRow:
    """One flat row. Four decimals: the rest of a float32 depends on the size of the batch."""
    intervals = {
        f"{name}_{end}": value
        for name, ends in (score.au_interval or {}).items()
        for end, value in zip(("low", "high"), ends, strict=True)
    }
    numbers = {"time_s": score.time_s, "pspi": score.pspi, **(score.au or {}), **intervals}
    numbers["pain_probability"] = score.pain_probability
    values = {
        "path": written_path(score.path),
        "frame": score.frame,
        "pspi_low": score.pspi_low,
        "pspi_high": score.pspi_high,
        **{name: None if value is None else round(value, 4) for name, value in numbers.items()},
        "face": score.face,
        "faces": score.faces,
        **{name: round(value, 1) for name, value in zip(_BOX, score.box or (), strict=False)},
        **{name: None if (angle := getattr(score, name)) is None else round(angle, 1) for name in _ANGLES},
        "warning": None if score.warning is None else written_remark(score.warning),
        "error": None if score.error is None else written_remark(score.error),
    }
    return {name: values.get(name) for name in columns}


_OTHER_COLUMNS = "its columns are those of another model, or of another version of Pain3D"


class RowFormat(Protocol):
    """How rows become a file. A file is `head`, each row with whether it is the first, `foot`."""

    head: bytes
    foot: bytes

    def with_columns(self, columns: Sequence[str]) -> Self:
        """The same format of rows that have other columns."""

    def row(self, row: ScoreRow, first: bool) -> bytes:
        """One row."""

    def read(self, content: bytes) -> list[ScoreRow]:
        """The whole rows of a file that ends anywhere. Raises ValueError where it is no such file."""


_START = b"path,frame,"


class CsvRows:
    """CSV in UTF-8, `\\n` after each row."""

    foot = b""

    def __init__(self, columns: Sequence[str] = FIRST_COLUMNS):
        self._columns = columns
        self.head = _csv_line(columns)

    def with_columns(self, columns: Sequence[str]) -> Self:
        """See `RowFormat`."""
        return type(self)(columns)

    def row(self, row: ScoreRow, first: bool) -> bytes:
        """See `RowFormat`."""
        return _csv_line([row[name] for name in self._columns])

    def read(self, content: bytes) -> list[ScoreRow]:
        """See `RowFormat`. All values are text, None where empty: they are written again as they were."""
        if not content.startswith(self.head):
            is_head = content.startswith(_START) and content.find(b"\n") in (-1, len(content) - 1)
            if is_head or _START.startswith(content):
                return []
            first = content.split(b"\n", 1)[0] + b"\n"
            changed = _changed(first)
            plain = first.removeprefix(codecs.BOM_UTF8).replace(b"\r", b"").replace(b";", b",").replace(b"\t", b",")
            if changed and plain == self.head:
                raise ValueError(f"it was saved by another program, which {' and '.join(changed)}")
            raise ValueError(
                _OTHER_COLUMNS if content.startswith(_START) else "it does not begin with columns of scores"
            )
        rest = content[len(self.head) :]
        end = rest.rfind(b"\n") + 1
        while rest.count(b'"', 0, end) % 2:  # the line ends inside a quoted value
            end = rest.rfind(b"\n", 0, end - 1) + 1
        table = csv.reader(io.StringIO(rest[:end].decode(), newline=""), strict=True)
        try:
            return [
                {name: value or None for name, value in zip(self._columns, values, strict=True)} for values in table
            ]
        except csv.Error as error:
            raise ValueError(str(error)) from None


def may_be_scores(content: bytes) -> bool:
    """Whether a file holds rows of any model or version, perhaps as another program saved them, or what begins so."""
    head = b"".join(content[:4096].split()).strip(b"[]")
    starts = ",".join(FIRST_COLUMNS).encode(), b'{"path":'
    if any(start.startswith(head) for start in starts) or (head.startswith(starts[1]) and b"}" not in head):
        return True  # cut off within its first row
    return b"path" in head and b"pspi" in head


def _changed(first: bytes) -> list[str]:
    """What editors and spreadsheets do to the first line when they save a table."""
    did = {
        "put a byte order mark before its first column": first.startswith(codecs.BOM_UTF8),
        "changed its line ends": first.endswith(b"\r\n"),
        "wrote semicolons between its columns": b";" in first,
        "wrote tabs between its columns": b"\t" in first,
    }
    return [what for what, done in did.items() if done]


def _csv_line(values: Sequence[object]) -> bytes:
    # The writer quotes the signs of its own line end: with both of them, a "\r" in a name cannot break the row.
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(values)
    return buffer.getvalue().removesuffix("\r\n").encode() + b"\n"


class JsonRows:
    """A JSON array of objects, one value a line."""

    head, foot = b"[", b"\n]\n"
    _END = b"\n }"

    def __init__(self, columns: Sequence[str] = FIRST_COLUMNS):
        self._columns = tuple(columns)

    def with_columns(self, columns: Sequence[str]) -> Self:
        """See `RowFormat`."""
        return type(self)(columns)

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
        rows = parse_json(content[: end + len(self._END)] + b"]", nan=True)
        if not all(isinstance(row, dict) and tuple(row)[: len(FIRST_COLUMNS)] == FIRST_COLUMNS for row in rows):
            raise ValueError("it is no JSON array of scores")
        if not all(tuple(row) == self._columns for row in rows):
            raise ValueError(_OTHER_COLUMNS)
        return rows
