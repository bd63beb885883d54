"""Tables of any encoding, separator and decimal sign."""

import csv
import gzip
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.errors import InvalidInput
from dataset_script.table_files import are_shares, read_table

NAMES = st.text(st.characters(codec="cp1252", categories=("L", "N")), min_size=1, max_size=8)
CELLS = st.text(st.characters(codec="cp1252", exclude_characters="\r\n\0", exclude_categories=("Cc",)), max_size=12)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("tables") / "a.csv"


@given(
    st.lists(NAMES, min_size=2, max_size=5, unique=True),
    st.data(),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    st.booleans(),
)
def test_what_was_written_is_read(path, names, data, separator, newline, encoding, index):
    names = [f"c{name}" for name in names]
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=4))
    rows = [["x", *row[1:]] for row in rows]  # a row without any text is passed over
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["", *names] if index else names)
    writer.writerows([k, *row] if index else row for k, row in enumerate(rows))
    path.write_bytes(buffer.getvalue().encode(encoding))
    table = read_table(path)
    assert table.columns == names
    assert [[row.values[name].strip() for name in names] for row in table.rows] == [
        [cell.strip() for cell in row] for row in rows
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused_in_one_line(path, content):
    path.write_bytes(content)
    try:
        table = read_table(path)
    except InvalidInput as error:
        assert str(path) in str(error)
    else:
        assert all(row.values.keys() == {*table.columns} for row in table.rows)


@pytest.mark.parametrize("rows", [3, 20_000])
def test_a_quote_that_is_not_closed_is_named_by_the_line_where_it_opens(path, rows):
    lines = [*(f"a{k},b{k}" for k in range(rows)), 'c,"d', *(f"a{k},b{k}" for k in range(rows))]
    path.write_text("\n".join(["x,y", *lines]))
    with pytest.raises(InvalidInput, match=rf'a\.csv, line {rows + 2}: a quote \("\) opens there and is not closed'):
        read_table(path)


def test_a_wrong_quote_is_named_by_its_line_and_that_where_its_row_begins(path):
    path.write_text('x,y\na,b\nc,"d\ne,f\n"g,h\n')
    with pytest.raises(InvalidInput, match=r"line 5, in the row that begins in line 3: ',' expected after"):
        read_table(path)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,5", 12.5),
        ("-0,25", -0.25),
        (",5", 0.5),
        ("1,23456", 1.23456),
        ("12.5", 12.5),
        (" 7 ", 7),
        ("1e1", 10),
        ("", math.nan),
        ("NaN", math.nan),
        ("n/a", math.nan),
    ],
)
def test_a_number_whose_meaning_is_certain(path, separator, text, value):
    path.write_text(f"a{separator}b\n")
    assert read_table(path).number(text) == pytest.approx(value, nan_ok=True)


def test_three_digits_after_a_comma_are_thousands_or_not(path):
    path.write_text("a;b\n")
    assert read_table(path).number("1,500") == 1.5
    path.write_text("a,b\n")
    for text in ("1,500", "1,2,3", "1.234,5", "x", "1_0"):
        with pytest.raises(ValueError, match=text):
            read_table(path).number(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,,b\n1,2,3\n", "column 2 has no name, and line 2 has '2' in it; name it or delete it"),
        ("a,b,a\n", "has the column 'a' twice"),
        (",a,b\n0,1,2\n", None),
        ("Unnamed: 0.1,Unnamed: 0,a,b\n0,0,1,2\n", None),
        ("a,b,,\n1,2,,\n", None),
        ("sep=,\na,b\n1,2\n", None),
        ("\n \na,b\n1,2\n", None),
    ],
)
def test_columns_without_a_name(path, content, message):
    path.write_text(content)
    if message is None:
        table = read_table(path)
        assert table.columns == ["a", "b"] and [row.values for row in table.rows] == [{"a": "1", "b": "2"}]
        assert [row.surplus for row in table.rows] == [0]
    else:
        with pytest.raises(InvalidInput, match=message):
            read_table(path)


@pytest.mark.parametrize(
    ("boxes", "shares"),
    [
        ([(0.2, 0.1, 0.8, 0.9)], True),
        ([(0.2, 0.1, 0.8, 0.9), (-0.1, 0.5, 0.3, 1.02)], True),
        ([(0.2, 0.1, 0.8, 0.9), (10, 20, 30, 40)], False),
        ([(0, 0, 1, 1), ()], True),
        ([(0, 0, 0, 0)], False),
        ([(0, 0, 3, 3)], False),
        ([()], False),
        ([], False),
    ],
)
def test_boxes_in_shares(boxes, shares):
    assert are_shares(boxes) == shares


def test_codes_that_were_kept_from_a_spreadsheet_are_read_as_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('path,subject\na.png,"=""042"""\nb.png,="042"\nc.png,=042\n')
    assert [row.values["subject"] for row in read_table(path).rows] == ["042", "042", "=042"]


def test_spaces_between_columns_are_refused_with_what_is_allowed(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text('"path" "x0" "y0"\n"1" "a.png" 3 4\n')
    with pytest.raises(InvalidInput, match="has spaces between its columns; allowed are commas, semicolons, tabs"):
        read_table(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04\x14\0", "a spreadsheet (.xlsx, .ods) or another ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old spreadsheet (.xls)"),
        (gzip.compress(b"x,y\n1,2\n", mtime=0), "compressed with gzip"),  # workers must agree on the test's name
        (b"PAR1\x15\0", "a Parquet file"),
        (b"\r\n<!DOCTYPE html>\n<html>", "an HTML or XML page"),
        ("<table><tr><td>x</td></tr></table>".encode("utf-16"), "an HTML or XML page"),
        (b'<?xml version="1.0"?><Workbook>', "an HTML or XML page"),
    ],
)
def test_other_kinds_of_tables_are_named(path, content, what):
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        read_table(path)
    assert str(refused.value) == f"{path} is not CSV but {what}; save it as CSV"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_comments_on_top_are_passed_over_and_lines_keep_their_numbers(path, newline):
    path.write_bytes(newline.join(["# boxes, of clinic A", "#", "x,y", "1,2", "#3,4", ""]).encode())
    table = read_table(path)
    assert table.columns == ["x", "y"] and [row.line for row in table.rows] == [4, 5]
    assert table.rows[1].values == {"x": "#3", "y": "4"}
    assert table.notes == ["a.csv begins with 2 line(s) of comments, from #, which were passed over"]


@pytest.mark.parametrize(
    "above", ["Ward 3\n\n", "Ward 3;;;;\nmade 3.2.2026;by a, b, c\n", "title\n# note\n", "a,b\n" * 20]
)
@pytest.mark.parametrize("separator", ",;\t")
def test_lines_above_the_names_of_the_columns_are_named(path, above, separator):
    path.write_text(above + separator.join(['"Path"', "Subject", "pspi"]) + "\n" + separator.join(["a.png", "s", "3"]))
    line = above.count("\n") + 1
    with pytest.raises(InvalidInput) as refused:
        read_table(path, ["path", "subject"])
    assert str(refused.value) == f"{path}: the names of the columns stand in line {line}; delete the lines above"


@pytest.mark.parametrize("above", ["", "\n\n", "# Ward 3, path, subject\n", "sep=;\n"])
def test_a_header_on_top_is_none_below_other_lines(path, above):
    path.write_text(above + "path;subject\npath;subject\na.png;s\n")
    assert read_table(path, ["path", "subject"]).columns == ["path", "subject"]


def test_the_end_mark_of_dos_is_no_row(path):
    path.write_bytes(b"path,x\r\na.png,1\r\n\x1a")
    assert [row.values for row in read_table(path).rows] == [{"path": "a.png", "x": "1"}]
