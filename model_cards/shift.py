"""What a model card says of faces that shift from the training frames: the numbers of `shift.json`."""

from collections.abc import Iterator
from typing import Any

from huggingface_hub import EvalResult

from dataset_script.errors import InvalidInput
from evaluation.markdown import table, with_span

from .results import METRIC_NAMES, METRIC_TYPES, pain_result
from .shift_file import MODEL, SHIFT, Shifts, set_words

MEASURES = {
    "mae": "MAE of PSPI (95 %), lower is better",
    "auroc_units": "Mean AUROC of the six units (95 %)",
}
INDEXED = ("macro_auroc", "mae")
"""Measures of the model's rows that stand in the model-index."""
DATASET = "pain3d-shift"
"""What the model-index calls the sets together; each is a configuration of it."""


def check_shift(found: Shifts, weights: dict[str, str]) -> None:
    """Raises InvalidInput where the file is of other weights than these (file name -> SHA-256)."""
    if found["weights"] != weights:
        raise InvalidInput(
            f"{SHIFT} is of other weights, of the model {found['model']!r}: make it again with benchmarks.shift, or "
            "remove it"
        )


def shift_results(found: Shifts) -> Iterator[EvalResult]:
    """The model-index: `INDEXED` of the model's rows on each set; what is not defined has no entry."""
    for name, rows in found["measured"].items():
        each = found["sets"][name]
        made_from = {key: each[key] for key in ("spec_hash", "made_of") if key in each}
        for row in rows:
            if row.split(", ")[0] != MODEL:
                continue
            for measure in INDEXED:
                if (value := rows[row].get(measure, {}).get("value")) is not None:
                    yield pain_result(
                        METRIC_TYPES[measure],
                        METRIC_NAMES[measure] + row.removeprefix(MODEL),
                        value,
                        dataset_type=DATASET,
                        dataset_name=f"{name}: {each['what']} ({each['frames']} frames)",
                        dataset_config=name,
                        dataset_split="test",
                        dataset_args={"set": name, **made_from, "commit": found["commit"]},
                    )


def shift_section(found: Shifts) -> str:
    """The section: what each set is, and every row on every set."""
    parts = [f"`{found['command']}`, commit {found['commit']}; {found['hardware']}. {found['held_out']}"]
    parts.append("\n".join(f"- `{name}`: {set_words(each)}" for name, each in found["sets"].items()))
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
