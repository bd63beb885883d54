"""The measures as Markdown."""

from dataset_script.facs import AU_NAMES
from evaluation.markdown import number, table, with_span
from evaluation.results import Estimate
from model_cards.shift_file import PhotographScores, Shifts, set_words

from .measures import MEASURES, unit_key

Measured = dict[str, dict[str, dict[str, Estimate]]]
"""Set -> row -> measure -> estimate."""

_NOTHING: Estimate = {"value": None, "interval_95": None}
_OF_PSPI = ("mae", "macro_auroc", "macro_auroc_16", "accuracy_within_1", "auroc_pspi_3", "r_pspi", "found")


def to_markdown(found: Shifts) -> str:
    """How it was measured, and all tables."""
    measured = found["measured"]
    parts = [
        f"`{found['command']}`",
        f"Commit {found['commit']}; {found['hardware']}. {found['held_out']}",
        "## Overview: mean AUROC of the six units",
        overview(measured, "auroc_units"),
        f"## Overview: {MEASURES['kept']}",
        overview(measured, "kept"),
    ]
    if any("smiles" in row for rows in measured.values() for row in rows.values()):
        parts += [f"## Overview: {MEASURES['smiles']}", overview(measured, "smiles")]
    for name, rows in measured.items():
        parts += [f"## {name}: {set_words(found['sets'][name])}", pspi_table(rows), unit_table(rows)]
        if worse := below(rows):
            parts.append(f"The model's AUROC is below that of {'; '.join(worse)}.")
    if "photographs" in found:
        parts += ["## Photographs", photograph_table(found["photographs"])]
    return "\n\n".join(parts) + "\n"


def overview(measured: Measured, measure: str) -> str:
    """A measure of every row on every set that has it."""
    names = [name for name, rows in measured.items() if any(measure in row for row in rows.values())]
    rows = dict.fromkeys(row for found in measured.values() for row in found)
    body = [[row, *(with_span(measured[name].get(row, {}).get(measure, _NOTHING)) for name in names)] for row in rows]
    return table(["", *names], [line for line in body if set(line[1:]) != {"–"}])


def pspi_table(rows: dict[str, dict[str, Estimate]]) -> str:
    """The measures of PSPI of a set."""
    body = [[name, *(with_span(row.get(measure, _NOTHING)) for measure in _OF_PSPI)] for name, row in rows.items()]
    return table(["", *(MEASURES[measure] for measure in _OF_PSPI)], body)


def unit_table(rows: dict[str, dict[str, Estimate]]) -> str:
    """AUROC of presence, and r of intensity, of each unit of a set."""
    body = [[name, *(_of_unit(row, unit) for unit in AU_NAMES)] for name, row in rows.items()]
    return table(["AUROC (95 %), r", *AU_NAMES], body)


def below(rows: dict[str, dict[str, Estimate]]) -> list[str]:
    """In which units the first row, the model, has a lower AUROC than HOG + ridge or MediaPipe: a line for each."""
    model, *others = rows
    found = []
    for other in others:
        worse = [unit for unit in AU_NAMES if _area(rows[other], unit) > _area(rows[model], unit)]
        if worse and other.startswith(("HOG", "MediaPipe")):
            found.append(f"{other} in {', '.join(worse)}")
    return found


def photograph_table(found: PhotographScores) -> str:
    """How a row's scores of photographs agree with MediaPipe's."""
    names = dict.fromkeys(name for row in found["agreement"].values() for name in row)
    body = [[row, *(with_span(each[name]) for name in names)] for row, each in found["agreement"].items()]
    head = (
        f"{found['photographs']} photographs with a face, of which MediaPipe finds {found['seen']}; rank correlations."
    )
    return f"{head}\n\n{table(['', *names], body)}"


def _of_unit(row: dict[str, Estimate], unit: str) -> str:
    return f"{with_span(row[unit_key('auroc', unit)])}, {number(row[unit_key('r', unit)]['value'])}"


def _area(row: dict[str, Estimate], unit: str) -> float:
    value = row[unit_key("auroc", unit)]["value"]
    return -1.0 if value is None else value
