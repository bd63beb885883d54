"""Scores by group as JSON, Markdown and a figure."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..markdown import number, p_value, pain_words, span, table, with_span, write_report
from ..plotting import canvas, require_matplotlib, save
from ..results import Score
from ..split.results import EvaluationContext
from .results import Fairness, FairnessScores, Gap, ProtocolTitle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = {
    "mae": "MAE (95 %)",
    "bias": "bias (95 %)",
    "macro_auroc": "macro AUROC",
    "accuracy_within_1": "within ±1",
    "icc_3_1": "ICC(3,1)",
    "auroc_pspi_3": "AUROC at ≥ 3 (95 %)",
    "f1_pspi_3": "F1 at ≥ 3",
    "recall_pspi_3": "recall at ≥ 3",
    "ece": "ECE",
}
"""Metrics of the Markdown tables; the JSON has all. Those with "(95 %)" are given with their interval."""

PANELS = {"mae": "MAE, PSPI levels", "bias": "bias, PSPI levels", "auroc_pspi_3": "AUROC at PSPI ≥ 3"}
FIGURE_ATTRIBUTES = ("age_group", "ethnicity", "gender", "view", "pspi_band")


def write_fairness(found: Fairness, directory: str | Path, plot: bool = False) -> list[Path]:
    """Writes `fairness.json`, `fairness.md` and, with `plot`, `fairness.png`; returns their paths.

    Raises:
        InvalidInput: `plot` without matplotlib.
        WorkFailed: the directory cannot be written.
    """
    if plot:
        require_matplotlib()
    paths = write_report(directory, "fairness", found, to_markdown(found))
    return [*paths, draw(found, Path(directory) / "fairness.png")] if plot else paths


def to_markdown(found: Fairness) -> str:
    """The whole report, `fairness.md`."""
    context = found.get("context")
    title = f" of {context['model']} on {context['data']}, {_part(context)}" if context else ""
    parts = [f"# By group{title}", _method(found), *_unknown(found)]
    for attribute, entry in found["attributes"].items():
        parts += [f"## {_title(attribute)}", _group_table(entry["groups"], found["overall"])]
        parts.append(_gap_table(entry["gaps"]) or _no_gap(found))
    return "\n\n".join(parts) + "\n"


def draw(found: Fairness, path: Path) -> Path:
    """Draws every group's value and 95 % interval, and everyone's as a band, one panel a metric; returns `path`."""
    rows = []  # attribute, group, its scores; from top to bottom
    for attribute in FIGURE_ATTRIBUTES:
        groups = found["attributes"].get(attribute, {"groups": {}})["groups"]
        rows += [(attribute, name, entry) for name, entry in groups.items()]
    heights, places = 0.0, []
    for k, (attribute, *_) in enumerate(rows):
        heights += 1.0 if k == 0 or rows[k - 1][0] == attribute else 1.8  # a gap between attributes
        places.append(-heights)
    figure = canvas(10, 1.2 + 0.24 * heights)
    panels = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (metric, label) in zip(panels, PANELS.items(), strict=True):
        _panel(axes, metric, rows, places, found["overall"][metric])
        axes.set_xlabel(label)
    panels[0].set_yticks(places, [f"{_words(name)} ({entry['identities']:,})" for _, name, entry in rows])
    figure.suptitle("By group (identities): value and 95 % interval; shaded: everyone", fontsize=11)
    return save(figure, path)


def _panel(
    axes: "Axes", metric: str, rows: list[tuple[str, str, FairnessScores]], places: list[float], overall: Score
) -> None:
    if overall["interval_95"]:
        axes.axvspan(*overall["interval_95"], color="0.9", zorder=0)
    if overall["value"] is not None:
        axes.axvline(overall["value"], color="0.6", linewidth=1, zorder=1)
    colours = {name: f"C{k}" for k, name in enumerate(FIGURE_ATTRIBUTES)}
    for (attribute, _, entry), place in zip(rows, places, strict=True):
        scores = entry[metric]
        if scores["value"] is None:
            continue
        if scores["interval_95"]:
            axes.plot(scores["interval_95"], [place, place], color=colours[attribute], linewidth=2)
        axes.plot(scores["value"], place, "o", color=colours[attribute], markersize=5)
    if metric == "bias":
        axes.axvline(0, color="0.3", linewidth=0.8, linestyle=":")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _method(found: Fairness) -> str:
    tested = sum(
        entry["p_permutation"] is not None
        for attribute in found["attributes"].values()
        for name, entry in attribute["gaps"].items()
        if name in COLUMNS
    )
    return (
        f"{_thresholds(found['decision_thresholds'])} Bias is predicted minus true PSPI. Intervals: identities "
        f"resampled. A gap is how much worse the worst group is than the best, among groups of at least "
        f"{found['min_identities']} identities; p is the share of {found['permutations']:,} random groupings of the "
        f"people, in groups of these sizes, with a gap as large. {tested} gaps are tested here: "
        "about one in twenty is below 0.05 by chance."
    )


def _part(context: EvaluationContext | ProtocolTitle) -> str:
    return context["protocol"] if "protocol" in context else f"{context['split']} split"


def _thresholds(thresholds: dict) -> str:
    """A sentence on the decision thresholds, by pain key, or fold -> by pain key."""
    if any(isinstance(value, dict) for value in thresholds.values()):
        return "Each fold's model has its own decision thresholds, one for everyone whom it tests."
    words = ", ".join(f"{number(v)} at {pain_words(name)}" for name, v in thresholds.items())
    return f"One decision threshold for everyone ({words})."


def _unknown(found: Fairness) -> list[str]:
    """A paragraph on the attributes that are not known of everyone; none where all are."""
    words = []
    for name, sizes in found["unknown"].items():
        where = "a group of their own" if name in found["attributes"] else "no table"
        words.append(f"{_words(name)} of {sizes['identities']:,} people ({sizes['frames']:,} frames; {where})")
    return [f"Not known from the data: {'; '.join(words)}."] if words else []


def _group_table(groups: dict[str, FairnessScores], overall: FairnessScores) -> str:
    body = []
    for name, entry in {"everyone": overall, **groups}.items():
        sizes = [f"{entry['frames']:,}", f"{entry['identities']:,}", number(entry["pain"])]
        body.append([_words(name), *sizes, *_cells(entry)])
    return table(["", "frames", "identities", "share ≥ 3", *COLUMNS.values()], body)


def _cells(scores: FairnessScores) -> list[str]:
    return [
        with_span(scores[name]) if label.endswith("(95 %)") else number(scores[name]["value"])
        for name, label in COLUMNS.items()
    ]


def _gap_table(gaps: dict[str, Gap]) -> str:
    """Empty where no gap is defined."""
    body = [
        [
            COLUMNS[name].removesuffix(" (95 %)"),
            _words(entry["worst"]),
            _words(entry["best"]),
            number(entry["gap"]),
            span(entry["interval_95"]),
            p_value(entry["p_permutation"]),
        ]
        for name, entry in gaps.items()
        if name in COLUMNS
    ]
    return table(["gap in", "worst", "best", "gap", "95 % interval", "p"], body) if body else ""


def _no_gap(found: Fairness) -> str:
    return f"No gap: fewer than two groups here have {found['min_identities']} identities."


def _title(attribute: str) -> str:
    words = _words(attribute)
    return words[0].upper() + words[1:]


def _words(name: str) -> str:
    return name.replace("_", " ").replace(" x ", " × ").replace("pspi", "PSPI")
