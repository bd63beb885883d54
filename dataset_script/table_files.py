"""Tables as people's programs write them: CSV of any usual encoding, separator and decimal sign, to rows of text."""

import csv
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .errors import InvalidInput

_SEPARATORS = ",;\t|"
_INDEX = re.compile(r"(unnamed: \d+(\.\d+)*|index|level_\d+)?", re.IGNORECASE)
"""What pandas calls a column of row numbers: nothing when it writes it, a name when it has read it back."""
_EXCEL_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""A first line by which spreadsheets are told the separator."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,(\d{1,2}|\d{4,})")
"""What can be no thousands: three digits after the comma could be."""
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""How people keep spreadsheets from reading 042 as 42."""
_NOT_CLOSED = ("unexpected end of data", "field larger than field limit")
"""What `csv` says where the file, or more text than any field has, follows an opening quote."""
_SHARES = (-1.0, 2.0)
_MOST_ON_TOP = 60
"""Lines in which the header is looked for: exports have a title, a date, and settings, above it."""
_OTHER_KINDS = {
    b"PK\x03\x04": "a spreadsheet (.xlsx, .ods) or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls)",
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\0": "compressed with xz",
    b"7z\xbc\xaf": "a 7z archive",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"SQLite format": "a database",
}
"""What people give as tables, by the first bytes, which are those of no text table."""
_MISSING = ("", ".", "nan", "na", "n/a", "none", "null", "#n/a", "#na", "<na>")
"""What SAS, SPSS, Stata, R, pandas, databases and spreadsheets write for a missing value, in small letters."""
_HTML = re.compile(r"\s*<(!doctype|html|head|body|table|meta|\?xml)\b", re.IGNORECASE)
"""Pages that websites send in place of a file, and tables of old web programs named .csv or .xls."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        line: of the file, from 1; where the row ends.
        values: the text of each column, None where the row is too short.
        surplus: fields beyond the last column, up to the last one that is not empty.
    """

    line: int
    values: dict[str, str | None]
    surplus: int = 0


@dataclass(frozen=True)
class TableFile:
    """A table.

    Attributes:
        path: the file.
        columns: names as the file has them, without spaces around. Leading columns of row numbers, as pandas writes
            them, and empty columns without a name are left out.
        rows: of the file, those without any text left out.
        decimal_comma: whether numbers may be written 12,5 or 12,500: the columns are separated by something else.
        notes: one line for what was read other than as UTF-8 with commas.
    """

    path: Path
    columns: list[str]
    rows: list[Row]
    decimal_comma: bool = False
    notes: list[str] = field(default_factory=list)

    def number(self, text: str | None) -> float:
        """A number of a cell; NaN for an empty one. Raises ValueError that names the text."""
        if is_missing(text):
            return float("nan")
        text = text.strip()
        if _DECIMAL_COMMA.fullmatch(text) or (self.decimal_comma and text.count(",") == 1 and "." not in text):
            text = text.replace(",", ".")
        return plain_number(text)


def is_missing(text: str | None) -> bool:
    """Whether a cell holds nothing, or a word for that: NA, NaN, None, NULL, #N/A, a dot."""
    return (text or "").strip().lower() in _MISSING


def plain_number(text: str) -> float:
    """A number as people write it. Raises ValueError, also for 1_0, which Python reads as 10."""
    if "_" in text:
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def are_shares(boxes: Iterable[Iterable[float]]) -> bool:
    """Whether boxes (x0, y0, x1, y1) are shares of their pictures.

    So they are where no number of any of them is beyond -1 to 2: faces in pixels are larger, and boxes in shares may
    reach a little beyond the picture. False where there are none, or nothing but zeros.
    """
    numbers = [number for box in boxes for number in box]
    return any(numbers) and all(_SHARES[0] <= number <= _SHARES[1] for number in numbers)


def read_table(path: Path, needed: Collection[str] = ()) -> TableFile:
    """The rows of a CSV file.

    UTF-8 with or without byte order mark, UTF-16, else Windows-1252; separated by commas, semicolons, tabs or bars,
    whichever the header has most of. Lines on top that begin with # are passed over.

    Args:
        needed: names of columns, in small letters, by which the header is known where other lines stand above it.

    Raises:
        InvalidInput: it does not exist, is no table but a spreadsheet, an archive or a page, has a column twice, has
            spaces between its columns, or lines above the header.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} is not there or is no CSV file: {error.strerror}") from None
    for beginning, what in _OTHER_KINDS.items():
        if content.startswith(beginning):
            raise InvalidInput(f"{path} is not CSV but {what}; save it as CSV")
    text, encoding = _decoded(path, content)
    text = text.rstrip("\x1a")  # with which DOS ended a file
    if _HTML.match(text):
        raise InvalidInput(f"{path} is not CSV but an HTML or XML page; save it as CSV")
    text, comments = _without_comments(text)
    notes = [f"{path.name} was read as {encoding}"] if encoding not in ("utf-8", "utf-8-sig") else []
    if comments:
        notes.append(f"{path.name} begins with {comments} line(s) of comments, from #, which were passed over")
    told = _EXCEL_SEPARATOR.match(text)
    _check_top(path, text, told[1] if told else "", needed)
    header = next((line for line in text[told.end() if told else 0 :].splitlines() if line.strip()), "")
    separator = told[1] if told else max(_SEPARATORS, key=header.count)
    if not told and separator not in header and len(header.split()) > 1:
        raise InvalidInput(f"{path} has spaces between its columns; allowed are commas, semicolons, tabs or bars")
    read = _cells(path, text, separator)[1 if told else 0 :]
    read = [(line, cells) for line, cells in read if any(cell.strip() for cell in cells)]
    names = [name.strip() for name in read.pop(0)[1]] if read else []
    kept = _kept_columns(path, names, read)
    rows = [
        Row(line, {names[k]: cells[k] if k < len(cells) else None for k in kept}, _surplus(cells, len(names)))
        for line, cells in read
    ]
    return TableFile(path, [names[k] for k in kept], rows, separator != ",", notes)


def _check_top(path: Path, text: str, told: str, needed: Collection[str]) -> None:
    """Raises InvalidInput where the names of the columns, of which all of `needed` are, stand below other lines.

    `told`: the separator of columns, where the file names it.
    """
    lines = [(k, line) for k, line in enumerate(text.splitlines()[:_MOST_ON_TOP], 1) if line.strip()]
    for place, (k, line) in enumerate(lines[1:] if told else lines):
        cells = ({cell.strip(' "').lower() for cell in line.split(separator)} for separator in told or _SEPARATORS)
        if needed and any({*needed} <= names for names in cells):
            if place:
                raise InvalidInput(f"{path}: the names of the columns stand in line {k}; delete the lines above")
            return


def _without_comments(text: str) -> tuple[str, int]:
    """A text whose first lines, if they begin with #, are empty, and how many these are."""
    lines = text.splitlines(keepends=True)
    count = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return ("\n" * count + "".join(lines[count:]), count) if count else (text, 0)


def _cells(path: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Every row and the line where it ends. Raises InvalidInput where a quote is wrong."""
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator, strict=True, skipinitialspace=True)
    read: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            read.append((reader.line_num, [_AS_TEXT.sub(r"\1", cell) if cell[:1] == "=" else cell for cell in cells]))
    except csv.Error as error:
        first = read[-1][0] + 1 if read else 1
        if str(error).startswith(_NOT_CLOSED):
            raise InvalidInput(f'{path}, line {first}: a quote (") opens there and is not closed') from None
        begun = f", in the row that begins in line {first}" if first < reader.line_num else ""
        raise InvalidInput(f"{path}, line {reader.line_num}{begun}: {error}; allowed are CSV files") from None
    return read


def _surplus(cells: list[str], columns: int) -> int:
    return max([0, *(place + 1 - columns for place, cell in enumerate(cells) if cell.strip())])


def _kept_columns(path: Path, names: list[str], rows: list[tuple[int, list[str]]]) -> list[int]:
    """Places of the columns that hold something. Raises InvalidInput where two are alike or one has no name."""
    first = 0
    while first < len(names) - 1 and _INDEX.fullmatch(names[first]):
        first += 1
    kept = []
    for place in range(first, len(names)):
        name = names[place]
        if not name:
            filled = next((row for row in rows if len(row[1]) > place and row[1][place].strip()), None)
            if filled is not None:
                raise InvalidInput(
                    f"{path}: column {place + 1} has no name, and line {filled[0]} has {filled[1][place]!r} in it; "
                    "name it or delete it"
                )
        elif name in names[first:place]:
            raise InvalidInput(f"{path} has the column {name!r} twice; allowed is once")
        else:
            kept.append(place)
    return kept


def _decoded(path: Path, content: bytes) -> tuple[str, str]:
    """The text of a file, and in which encoding it is written."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        order = ["utf-16"]
    elif len(content) > 3 and content[1:2] == b"\0" and content[3:4] == b"\0":
        order = ["utf-16-le"]
    elif len(content) > 3 and content[:1] == b"\0" and content[2:3] == b"\0":
        order = ["utf-16-be"]
    else:
        order = ["utf-8-sig"] if b"\0" in content else ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in order:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise InvalidInput(f"{path} is not there or is no CSV file: it holds bytes that are no text")
