"""An evaluation as JSON and as Markdown tables. The tables also stand in the model card."""

from collections.abc import Sequence
from pathlib import Path

from dataset_script.facs import AU_DESCRIPTIONS
from dataset_script.storage import write_atomically

from ..markdown import number, p_value, sample_size, span, table, to_json, with_span
from ..paper import latex
from ..paper import tables as paper_tables

METRICS = {
    "macro_auroc": "macro AUROC, 17 classes (0-16) ↑",
    "macro_auroc_16": "macro AUROC, 16 classes (0-15) ↑",
    "accuracy": "accuracy ↑",
    "accuracy_within_1": "accuracy within ±1 ↑",
    "accuracy_within_2": "accuracy within ±2 ↑",
    "mae": "MAE ↓",
    "mse": "MSE ↓",
    "pcc": "PCC ↑",
    "icc_3_1": "ICC(3,1) ↑",
    "icc_2_1": "ICC(2,1) ↑",
    "qwk": "quadratic weighted kappa ↑",
}
CALIBRATION_METRICS = {
    "ece": "calibration error (ECE) ↓",
    "brier": "Brier score ↓",
    "interval_coverage": "90 % interval holds the truth",
    "interval_width": "its width in PSPI levels ↓",
}
TRIVIAL_ROWS = {
    "majority": "the training frames' commonest PSPI for everyone",
    "prior": "a PSPI drawn with the training frequencies (expected score)",
    "mean": "the training frames' mean PSPI for everyone",
}


def write_report(metrics: dict, directory: str | Path) -> tuple[Path, Path]:
    """Writes `metrics.json` (full precision) and `metrics.md` into `directory`; returns their paths. Raises WorkFailed."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    paths = directory / "metrics.json", directory / "metrics.md"
    for path, text in zip(paths, (to_json(metrics), to_markdown(metrics)), strict=True):
        write_atomically(path, text.encode())
    return paths


def write_tables(tables: Sequence[paper_tables.Table], directory: str | Path) -> list[Path]:
    """Writes the paper's tables with our rows: `tables.md`, `.json` and `.tex` into `directory`; returns their paths.

    `tables` come from `paper_tables.tables_of_split` or `tables_of_folds`. Raises WorkFailed.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    texts = {
        "tables.md": paper_tables.to_markdown(tables),
        "tables.json": to_json(paper_tables.to_dict(tables)),
        "tables.tex": latex.to_latex(tables),
    }
    for name, text in texts.items():
        write_atomically(directory / name, text.encode())
    return [directory / name for name in texts]


def to_markdown(metrics: dict) -> str:
    """The whole report of what `evaluation.commands.evaluate` computed."""
    context = metrics["context"]
    return f"""# {context["model"]} on {context["data"]}, {context["split"]} split

{describe(metrics)}

## PSPI

{pspi_table(metrics)}

## Pain detection

{detection_table(metrics)}

## Calibration

{calibration_table(metrics)}

Error and Brier score: of the class probabilities as the model gives them. Interval: as the model gives it,
{interval_words(metrics)}. Prior: the training frequencies; uniform: all classes alike.

## Action units

{au_table(metrics)}

## By group

{group_table(metrics)}
{comparison_section(metrics)}"""


def describe(metrics: dict) -> str:
    """What the numbers stand on: sizes, intervals, thresholds, trivial rows."""
    context = metrics["context"]
    absent = metrics["classes_absent"]
    rows = "; ".join(f"{name}: {text}" for name, text in TRIVIAL_ROWS.items())
    resampled = f"Intervals: identities resampled {context['resamples']:,} times (seed {context['seed']}). "
    return (
        f"{sample_size(context)}, input `{context['input']}`. "
        + (resampled if context["identities"] > 1 else "No intervals: one identity says nothing about others. ")
        + f"Decision thresholds: the best F1 on the {context['calibration_split']} split. "
        f"Macro AUROC is over {17 - len(absent)} classes"
        + (f" (PSPI {', '.join(map(str, absent))} not among these frames)" if absent else "")
        + f". Trivial rows: {rows}."
    )


def pspi_table(metrics: dict) -> str:
    """The PSPI metrics: the model with its intervals, then the trivial rows."""
    body = []
    for name, label in METRICS.items():
        entry = metrics["pspi"][name]
        trivial = [number(metrics["trivial"][row][name]) for row in TRIVIAL_ROWS]
        body.append([label, number(entry["value"]), span(entry, 90), span(entry, 95), *trivial])
    return table(["", "model", "90 % interval", "95 % interval", *TRIVIAL_ROWS], body)


def detection_table(metrics: dict) -> str:
    """Pain at PSPI >= 1, 2, 3, with the F1 of calling everything pain and of a coin."""
    body = []
    for name, entry in metrics["detection"].items():
        model = entry["model"]
        body.append(
            [
                name.replace(">=", " ≥ ").replace("pspi", "PSPI"),
                number(entry["prevalence"]),
                with_span(model["auroc"]),
                with_span(model["f1"]),
                number(model["precision"]["value"]),
                number(model["recall"]["value"]),
                number(entry["decision_threshold"]),
                number(entry["all_pain"]["f1"]),
                number(entry["coin"]["f1"]),
            ]
        )
    head = "pain|share|AUROC (95 %)|F1 (95 %)|precision|recall|decided at P ≥|F1 all pain|F1 coin"
    return table(head.split("|"), body)


def calibration_table(metrics: dict) -> str:
    """Whether the probabilities can be believed, beside two distributions that look at no picture."""
    rows = metrics["calibration"]
    body = [
        [label, with_span(rows["model"][name]), *(number(rows[row][name]) for row in ("prior", "uniform"))]
        for name, label in CALIBRATION_METRICS.items()
    ]
    return table(["", "model (95 %)", "prior", "uniform"], body)


def interval_words(metrics: dict) -> str:
    """What the model's interval is of."""
    temperature = metrics["context"].get("interval_temperature", 1.0)
    if temperature == 1:
        return "of these probabilities (its `interval_temperature` is 1)"
    return f"of the logits over its `interval_temperature` of {temperature:.3f}, set on validation people in training"


def au_table(metrics: dict) -> str:
    """Every action unit, with the MAE of the training mean and the F1 of calling it present everywhere."""
    if not metrics["au"]:
        return "Not scored: the data give PSPI alone."
    body = [
        [
            f"{name} {AU_DESCRIPTIONS[name]}",
            with_span(entry["mae"]),
            number(entry["mae_of_mean"]),
            with_span(entry["pcc"]),
            number(entry["icc_3_1"]["value"]),
            with_span(entry["auroc"]),
            number(entry["f1"]["value"]),
            number(entry["f1_all_present"]),
        ]
        for name, entry in metrics["au"].items()
    ]
    head = "|MAE (95 %)|MAE of the mean|PCC (95 %)|ICC(3,1)|AUROC at ≥ 1 (95 %)|F1 at ≥ 1|F1 all present"
    return table(head.split("|"), body)


def group_table(metrics: dict) -> str:
    """Every group of every attribute, with its size."""
    body = []
    for attribute, groups in metrics["groups"].items():
        for name, entry in groups.items():
            body.append(
                [
                    f"{attribute.removesuffix('_id').replace('_', ' ')}: {name.replace('_', ' ')}",
                    f"{entry['frames']:,}",
                    f"{entry['identities']:,}",
                    number(entry["macro_auroc"]["value"]),
                    number(entry["accuracy_within_1"]["value"]),
                    with_span(entry["mae"]),
                    number(entry["pcc"]["value"]),
                    with_span(entry["auroc_pspi_3"]),
                ]
            )
    head = "group|frames|identities|macro AUROC|within ±1|MAE (95 %)|PCC|AUROC at PSPI ≥ 3 (95 %)"
    return table(head.split("|"), body)


def comparison_section(metrics: dict) -> str:
    """The paired difference to another model, a heading with its table; empty where there was none."""
    if "comparison" not in metrics:
        return ""
    other = metrics["comparison"]
    labels = METRICS | {f"auroc_pspi_{t}": f"AUROC at PSPI ≥ {t} ↑" for t in (1, 2, 3)}
    body = [
        [
            labels[name],
            *(number(entry[key]) for key in ("first", "second", "difference")),
            span(entry, 95),
            p_value(entry["p_bootstrap"]),
            p_value(entry["p_permutation"]),
        ]
        for name, entry in other["metrics"].items()
    ]
    head = f"|{metrics['context']['model']}|{other['model']}|difference|95 % interval|p (bootstrap)|p (swaps)"
    return f"""
## Against {other["model"]}

{table(head.split("|"), body)}

On the same frames. Interval and first p: identities resampled, the same for both models. Second p: the two models'
predictions of a person swapped or not, person by person. No correction for the number of metrics.
"""
