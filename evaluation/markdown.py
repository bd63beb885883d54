"""Numbers, intervals and tables as Markdown, results as JSON, and both as the files of a report."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_script.storage import write_atomically

from .results import Estimate, Interval, Sizes


def write_report(directory: str | Path, name: str, result: Mapping[str, Any], text: str) -> list[Path]:
    """Writes `result` as `NAME.json` (full precision) and `text` as `NAME.md`; returns the paths. Raises WorkFailed."""
    return write_texts(directory, {f"{name}.json": to_json(result), f"{name}.md": text})


def write_texts(directory: str | Path, texts: Mapping[str, str]) -> list[Path]:
    """Writes file name -> text into `directory`, which is made if need be; returns their paths. Raises WorkFailed."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_atomically(directory / name, text.encode())
    return [directory / name for name in texts]


def to_json(result: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON text; a value that is not defined is null, never NaN."""
    return json.dumps(result, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def sample_size(sizes: Sizes) -> str:
    """How many frames, and of how many identities."""
    one = sizes["identities"] == 1
    return f"{sizes['frames']:,} frames of {sizes['identities']:,} {'identity' if one else 'identities'}"


def table(head: list[str], body: Iterable[list[str]], numbers: bool = True, texts: int = 1) -> str:
    """A Markdown table; with `numbers`, every column but the first `texts` is aligned right."""
    rule = ["---" if k < texts or not numbers else "---:" for k in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body))


def number(value: float | None) -> str:
    """Three decimals; a dash for None."""
    return "–" if value is None else f"{round(value, 3) + 0.0:.3f}"  # + 0.0: no "-0.000"


def p_value(value: float | None) -> str:
    """Three decimals, and never 0."""
    return "< 0.001" if value is not None and value < 0.001 else number(value)


def span(bounds: Interval | None) -> str:
    """An interval; a dash for None."""
    return "–" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def with_span(estimate: Estimate) -> str:
    """A value, and its 95 % interval in brackets."""
    return value_and_span(estimate["value"], estimate["interval_95"])


def value_and_span(value: float | None, bounds: Interval | None) -> str:
    """A value, and an interval in brackets where there is one."""
    return number(value) + ("" if bounds is None else f" ({span(bounds)})")


def pain_words(key: str) -> str:
    """A pain key such as "pspi>=3" as it is printed: "PSPI ≥ 3"."""
    return key.replace("pspi>=", "PSPI ≥ ")
