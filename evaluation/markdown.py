"""Numbers, intervals and tables as Markdown, and results as JSON."""

import json
from collections.abc import Iterable


def to_json(metrics: dict | list) -> str:
    """JSON text; a value that is not defined is null, never NaN."""
    return json.dumps(metrics, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def sample_size(context: dict) -> str:
    """How many frames and identities the numbers stand on."""
    one = context["identities"] == 1
    return f"{context['frames']:,} frames of {context['identities']:,} {'identity' if one else 'identities'}"


def table(head: list[str], body: Iterable[list[str]], numbers: bool = True) -> str:
    """A Markdown table; with `numbers`, every column but the first is aligned right."""
    rule = ["---", *["---:" if numbers else "---"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body))


def number(value: float | None) -> str:
    """Three decimals; a dash for None."""
    return "–" if value is None else f"{round(value, 3) + 0.0:.3f}"  # + 0.0: no "-0.000"


def p_value(value: float | None) -> str:
    """Three decimals, and never 0."""
    return "< 0.001" if value is not None and value < 0.001 else number(value)


def span(entry: dict, level: int) -> str:
    """The interval of a score; a dash where there is none."""
    bounds = entry[f"interval_{level}"]
    return "–" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def with_span(entry: dict) -> str:
    """The value of a score, and its 95 % interval in brackets."""
    return number(entry["value"]) + ("" if entry["interval_95"] is None else f" ({span(entry, 95)})")
