"""What a model card says of faces that shift from the training frames: the numbers of `shift.json`."""

from typing import Any

from dataset_script.errors import InvalidInput
from evaluation.markdown import table, with_span

SHIFT = "shift.json"
"""What `python -m benchmarks.shift MODEL … --out MODEL` writes beside a model."""
MEASURES = {
    "mae": "MAE of PSPI (95 %), lower is better",
    "auroc_units": "Mean AUROC of the six units (95 %)",
}


def check_shift(found: dict[str, Any], name: str, weights: dict[str, str]) -> None:
    """Raises InvalidInput where the file is of another model: by name, and by its weights where it tells them."""
    if found.get("model") != name or found.get("weights", weights) != weights:
        raise InvalidInput(
            f"{SHIFT} is of the model {found.get('model')!r}, or of other weights than {name}'s: make it again with "
            "benchmarks.shift, or remove it"
        )


def shift_section(found: dict[str, Any]) -> str:
    """The section: what each set is, and every row on every set."""
    parts = [f"`{found['command']}`, commit {found['commit']}; {found['hardware']}. {found['held_out']}"]
    parts.append("\n".join(f"- `{name}`: {words}" for name, words in found["sets"].items()))
    for measure, title in MEASURES.items():
        names = [name for name, rows in found["measured"].items() if any(measure in row for row in rows.values())]
        if not names:
            continue
        rows = dict.fromkeys(row for measured in found["measured"].values() for row in measured)
        body = [[row, *(_cell(found["measured"][name].get(row, {}), measure) for name in names)] for row in rows]
        parts += [f"{title}:", table(["", *names], body)]
    return "\n\n".join(parts)


def _cell(row: dict[str, Any], measure: str) -> str:
    return with_span(row[measure]) if measure in row else "–"
