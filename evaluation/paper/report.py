"""The paper's tables with our rows, as Markdown, JSON and LaTeX."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..markdown import table, to_json, write_texts
from .latex import to_latex
from .tables import Cell, Table

_WHOSE = {"paper": "the paper", "trivial": "trivial", "ours": "**this run**"}


def write_tables(tables: Sequence[Table], directory: str | Path) -> list[Path]:
    """Writes `tables.md`, `.json` and `.tex` into `directory`; returns their paths. Raises WorkFailed.

    `tables` come from `tables.tables_of_split` or `tables_of_folds`.
    """
    as_json = to_json([asdict(each) for each in tables])
    texts = {"tables.md": to_markdown(tables), "tables.json": as_json, "tables.tex": to_latex(tables)}
    return write_texts(directory, texts)


def to_markdown(tables: Sequence[Table]) -> str:
    """The tables, with a heading each."""
    return "\n\n".join(map(_section, tables)) + "\n"


def _section(paper_table: Table) -> str:
    head = ["", "of", "on", *paper_table.columns]
    body = [[row.name, _WHOSE[row.kind], row.data, *map(_cell, row.cells)] for row in paper_table.rows]
    title = f"# Table {paper_table.number} of the paper, and this run: {paper_table.title}"
    return f"{title}\n\n{table(head, body, texts=3)}\n\n{paper_table.note}"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    value, *bounds = cell.texts()
    return f"{value} ({' to '.join(bounds)})" if bounds else value
