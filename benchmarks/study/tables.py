"""docs/study.md, from the records alone: what was not run is said to be so."""

from collections.abc import Callable

import numpy as np

from benchmarks.shift.measures import MEASURES as SHIFT_MEASURES
from dataset_script.facs import AU_NAMES
from evaluation.markdown import number, p_value, span, table, with_span
from evaluation.statistics.groups import PEOPLE, members
from model_cards.shift_file import MODEL

from .measures import MEASURES, differences, estimates, of_part, unit_areas, values_of
from .records import RowRecords, read_rows
from .rows import GROUPS, LEFT_OUT, Group
from .work import Study

PAPER = {
    "teacher": (0.96, 0.67, 0.96, 0.99),
    "baseline": (0.81, 0.24, 0.60, 0.79),
    "query": (0.82, 0.24, 0.61, 0.81),
    "distilled": (0.85, 0.25, 0.63, 0.83),
}
"""The paper's Table 2: macro AUROC of 16 classes, exact, within 1, within 2."""
NOT_RUN = "not run yet"
YAWS = ((0, 10), (10, 25), (25, 40), (40, 90))
"""Degrees to either side, of the table by view."""
_COMPARED = ("macro_auroc_16", "accuracy_within_1", "mae", "auroc_units")
_SHIFT = {name: SHIFT_MEASURES[name] for name in ("macro_auroc_16", "kept", "auroc_units", "mae", "smiles")}
_SMALL = 3
"""Fewest people of a group in the table of gaps."""


def page(study: Study, figures: dict[str, str]) -> str:
    """The page. `figures`: key of a group -> file beside it."""
    found = read_rows(study)
    parts = ["# The study", _head(study, found)]
    for group in GROUPS:
        parts += [f"## {group.title}", *([group.note] if group.note else []), *_group(group, found)]
        if group.key in figures:
            parts.append(f"![{group.title}]({figures[group.key]})")
    parts += ["## Views", "By the yaw of the head, to either side.", _views(found)]
    parts += ["## Units", _units(found)]
    parts += ["## Groups of people", _gaps(found)]
    parts += ["## Attention against the true heat", _attention(found)]
    parts += ["## Simple things on the shifts", _simple(found)]
    parts += ["## Left out", table(["", "why"], [[what, why] for what, why in LEFT_OUT.items()], numbers=False)]
    return "\n\n".join(parts) + "\n"


def _head(study: Study, found: dict[str, RowRecords]) -> str:
    scale = study.scale
    records = [record for row in found.values() for record in row.records]
    wanted = sum(row.wanted for row in found.values())
    lines = [
        "Written by `make study` from the records of its pieces; `python -m benchmarks.study --page` writes it again, "
        "and `--help` says how it is run and tried. Rows that were not run say so. All faces are rendered: nobody here "
        "is a patient.",
        f"**{len(records)} of {wanted} runs have been made.**",
    ]
    if scale.is_trial:
        lines.append(
            f"**This is a trial of the program, not the study**: {scale.people} people of {scale.size} px, "
            f"{scale.steps} steps, at most {scale.seeds} seeds, the first {scale.layers} layers of a backbone that "
            f"sees {scale.pixels} px. Its numbers say nothing about the questions."
        )
    lines.append(
        f"Main data: {scale.people:,} people of {scale.size} px, 33 frames and nine of other expressions each, split "
        f"by person. Rows of all people, and those of the curve over people, train on {scale.pictures} frames of each. "
        f"All rows are scored on at most {scale.test_frames:,} frames of the same test people. Heads on a "
        f"frozen backbone learn for {scale.steps:,} steps of 64 frames whatever their data, from {scale.copies} copies "
        "of each training frame, varied in other ways, and are scored from tokens that it computed once "
        "for all rows. Where layers of the backbone learn, it is for "
        f"{scale.tuned_steps:,} steps. Intervals: 95 %, {scale.resamples:,} resamples of people and of seeds; "
        "differences are paired by person and seed. On the shifts ([shift.md](shift.md)): mean over the seeds, and "
        "their range."
    )
    if records:
        made = sorted({f"{record['commit']}; {record['hardware']}" for record in records})
        hours = sum(record["seconds"] for record in records) / 3600
        lines.append(f"{hours:.1f} hours of runs. Made by: {'. '.join(made)}.")
    return "\n\n".join(lines)


def _group(group: Group, found: dict[str, RowRecords]) -> list[str]:
    parts = [_scores(group, found), _differences(group, found)]
    for measure, words in _SHIFT.items():
        if text := _shifts(group, found, measure):
            parts += [f"On the shifts, {words}:", text]
    return [part for part in parts if part]


def _scores(group: Group, found: dict[str, RowRecords]) -> str:
    body = []
    for key in group.rows:
        row = found[key]
        cells = [NOT_RUN, *[""] * len(MEASURES)]
        if row.records:
            scores = estimates(*row.values)
            cells = [_seeds(row), *(with_span(scores[name]) for name in MEASURES)]
        body.append([row.row.words, *cells])
        if group.key == "table2" and key in PAPER:
            area, *accuracies = (f"{value:.2f}" for value in PAPER[key])
            body.append(["… in the paper", "", area, "", *accuracies, "", ""])
    return table(["", "seeds", *MEASURES.values()], body, texts=2)


def _differences(group: Group, found: dict[str, RowRecords]) -> str:
    """The differences of which both rows were run; empty without any."""
    body = []
    for key, other in group.compared:
        if not found[key].records or not found[other].records:
            continue
        (first, bootstrap), (second, _) = found[key].values, found[other].values
        each = differences(first, second, bootstrap)
        cells = [
            f"{number(each[m]['difference'])} ({span(each[m]['difference_95'])}), p {p_value(each[m]['p'])}"
            for m in _COMPARED
        ]
        body.append([f"{found[key].row.words} − {found[other].row.words}", *cells])
    return table(["difference", *(MEASURES[name] for name in _COMPARED)], body) if body else ""


def _shifts(group: Group, found: dict[str, RowRecords], measure: str) -> str:
    """A column a set, a line for each row and way to score it; empty where there are not two to be compared."""
    lines: dict[str, dict[str, list[float]]] = {}
    for key in group.rows:
        for record in found[key].records:
            for name, scored in (record.get("shift") or {"measured": {}})["measured"].items():
                for way, scores in scored.items():
                    value = scores.get(measure, {}).get("value")
                    if way.startswith(MODEL) and value is not None:
                        line = lines.setdefault(found[key].row.words + way.removeprefix(MODEL), {})
                        line.setdefault(name, []).append(value)
    names = list(dict.fromkeys(name for line in lines.values() for name in line))
    body = [[words, *(_range(line.get(name, [])) for name in names)] for words, line in lines.items()]
    return table(["", *names], body) if len(body) > 1 else ""


def _views(found: dict[str, RowRecords]) -> str:
    def part(low: int, high: int) -> Callable[[dict], np.ndarray]:
        return lambda predictions: (low <= np.abs(predictions["yaw"])) & (np.abs(predictions["yaw"]) < high)

    parts = {f"{low} to {high}°": part(low, high) for low, high in YAWS}
    return _parts(found, ("query", "neutral", "part", "preset"), parts)


def _gaps(found: dict[str, RowRecords]) -> str:
    """The best and the worst group of people of rows that were trained on other people."""
    body = []
    for key in ("part", "paper"):
        row = found[key]
        for attribute, names in PEOPLE.items() if row.records else ():
            worst = {}
            for group, mask in members(row.predictions[0][attribute], names).items():
                if len(np.unique(row.predictions[0]["identity_id"][mask])) >= _SMALL:
                    worst[group] = of_part(row.predictions, mask, row.resamples)["mae"]
            ordered = sorted(worst, key=lambda name: worst[name]["value"])
            if len(ordered) > 1:
                ends = [f"{name}: {with_span(worst[name])}" for name in (ordered[0], ordered[-1])]
                gap = worst[ordered[-1]]["value"] - worst[ordered[0]]["value"]
                body.append([row.row.words, attribute.replace("_", " "), *ends, number(gap)])
    if not body:
        return f"MAE of PSPI: {NOT_RUN}, or with too few test people in each group."
    return table(["trained on", "by", "lowest MAE", "highest MAE", "gap"], body, texts=4)


def _parts(found: dict[str, RowRecords], keys: tuple[str, ...], parts: dict[str, Callable]) -> str:
    shown = ("macro_auroc_16", "accuracy_within_1", "mae", "auroc_units")
    body = []
    for key in keys:
        row = found[key]
        if not row.records:
            body.append([row.row.words, NOT_RUN, *[""] * (1 + len(shown))])
            continue
        for words, part in parts.items():
            mask = part(row.predictions[0])
            if mask.any():
                scores = of_part(row.predictions, mask, row.resamples)
                body.append([row.row.words, words, f"{mask.sum():,}", *(with_span(scores[name]) for name in shown)])
    return table(["", "", "frames", *(MEASURES[name] for name in shown)], body, texts=2)


def _units(found: dict[str, RowRecords]) -> str:
    body = []
    for key in ("baseline", "query", "neutral", "part", "preset"):
        row, cells = found[key], [NOT_RUN, *[""] * (len(AU_NAMES) - 1)]
        if row.records:
            scores = estimates(*values_of(row.predictions, unit_areas, row.resamples))
            cells = [with_span(scores[name]) for name in AU_NAMES]
        body.append([row.row.words, *cells])
    return table(["AUROC of presence", *AU_NAMES], body)


def _attention(found: dict[str, RowRecords]) -> str:
    body = []
    for key in ("part", "attention-0.1", "attention-1"):
        explained = [record["explained"]["agreement"] for record in found[key].records if record.get("explained")]
        explained = [each["mean"] for each in explained if each]
        words = found[key].row.words
        if not explained:
            body.append([words, "", NOT_RUN, "", ""])
            continue
        for way in explained[0]["energy"]:
            cells = [_range([each[m][way]["value"] for each in explained]) for m in ("energy", "pointing", "iou")]
            body.append([words, way.replace("_", " "), *cells])
    note = (
        "By `pain3d explain`, mean over units and seeds, with the range of the seeds; what each number and map is "
        "stands in [explanations.md](explanations.md). Attention explains something only above `training heat` and "
        "`centre`."
    )
    return f"{note}\n\n{table(['', 'map', 'energy', 'pointing', 'IoU'], body, texts=2)}"


def _simple(found: dict[str, RowRecords]) -> str:
    """What simple rows score on the shift sets beside the models, of the row with the most of them."""
    parts = []
    for key in ("query", "neutral"):
        shift = next((record["shift"] for record in found[key].records if record.get("shift")), None)
        if shift is None:
            continue
        names = list(shift["measured"])
        ways = dict.fromkeys(way for scored in shift["measured"].values() for way in scored)
        body = [
            [way, *(with_span(shift["measured"][n].get(way, {}).get("auroc_units", _NOTHING)) for n in names)]
            for way in ways
        ]
        parts += [f"Beside “{found[key].row.words}”, seed 0, mean AUROC of the six units:", table(["", *names], body)]
    return "\n\n".join(parts) or f"{NOT_RUN[0].upper()}{NOT_RUN[1:]}."


_NOTHING = {"value": None, "interval_95": None}


def _seeds(row: RowRecords) -> str:
    return f"{len(row.records)}" if len(row.records) == row.wanted else f"{len(row.records)} of {row.wanted}"


def _range(values: list[float]) -> str:
    """The mean, and the range where there are several."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    ends = f" ({number(min(known))} to {number(max(known))})" if len(known) > 1 else ""
    return number(float(np.mean(known))) + ends
