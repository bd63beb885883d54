"""The numbers of the judges as text: aligned columns, or Markdown."""

from evaluation.markdown import table
from evaluation.results import Estimate

from .measures import MEASURES


def measures_table(result: dict[str, dict], markdown: bool) -> str:
    """What `measure` found: the measures of all people with what they are, then each group with its intervals."""
    everyone = result["all"]
    head = f"{everyone['people']} people, {everyone['frames']:,} frames; 95 % intervals over people"
    low, high = everyone["other people range"] or (None, None)
    first = [[name, with_interval(everyone[name]), what] for name, what in MEASURES.items()]
    first.append(["other people, least and most alike", f"{short(low)} and {short(high)}", "of these pairs"])
    names = list(MEASURES)
    groups = [
        [name, str(found["people"]), *(with_interval(found[measure]) for measure in names)]
        for name, found in result.items()
    ]
    parts = [(["measure", "value", "what it is"], first), (["group", "people", *names], groups)]
    return "\n\n".join([head, *(_text(header, rows, markdown) for header, rows in parts)])


def dose_table(result: dict[str, dict], markdown: bool) -> str:
    """What `responses` found: a row an expression, a column a score."""
    names = list(next(iter(result.values())))[1:]
    rows = [
        [name, str(found["people"]), *(short(found[n], signed=True) for n in names)] for name, found in result.items()
    ]
    return _text(["expression", "people", *names], rows, markdown)


def short(value: float | None, signed: bool = False) -> str:
    """Two decimals without the zero before the point; a dash for None and NaN."""
    if value is None or value != value:
        return "–"
    text = f"{round(value, 2) + 0.0:{'+' if signed else ''}.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def with_interval(estimate: Estimate) -> str:
    """A value and its interval: three decimals where it is a share near 1."""
    interval = estimate["interval_95"]
    text = f"{estimate['value']:.3f}" if _near_one(estimate["value"]) else short(estimate["value"])
    return f"{text} ({short(interval[0])} to {short(interval[1])})" if interval else text


def _near_one(value: float | None) -> bool:
    return value is not None and 0.95 <= value <= 1


def _text(head: list[str], rows: list[list[str]], markdown: bool) -> str:
    if markdown:
        return table(head, rows)
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )
