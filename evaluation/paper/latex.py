r"""The tables as LaTeX: `\usepackage{booktabs}`, then `\input{tables.tex}`."""

from collections.abc import Sequence
from itertools import groupby

from .tables import Cell, Row, Table

KINDS = {"paper": "As the paper has it", "trivial": "Without a look at the picture", "ours": "This run"}
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "≥": r"$\geq$",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "“": "``",
    "”": "''",
    "–": "--",
}


def to_latex(tables: Sequence[Table]) -> str:
    """The tables, each a `table*`."""
    return "\n\n".join(map(_table, tables)) + "\n"


def escape(text: str) -> str:
    """`text` with the characters escaped that LaTeX does not print as they are."""
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _table(table: Table) -> str:
    width = 2 + len(table.columns)
    lines = [
        r"\begin{table*}",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape(table.title)}. {escape(table.note)}}}",
        rf"\label{{tab:pain3d-{table.number}}}",
        rf"\begin{{tabular}}{{ll{'r' * len(table.columns)}}}",
        r"\toprule",
        _line(["", "on", *map(escape, table.columns)]),
    ]
    order = list(KINDS)
    for kind, rows in groupby(sorted(table.rows, key=lambda row: order.index(row.kind)), key=lambda row: row.kind):
        lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\emph{{{KINDS[kind]}}}}} \\"]
        lines += [_row(row) for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table*}"])


def _row(row: Row) -> str:
    return _line([escape(row.name), escape(row.data), *map(_cell, row.cells)])


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "--"
    value, *bounds = cell.texts()
    return rf"{value} \scriptsize[{', '.join(bounds)}]" if bounds else value
