"""The figures of an evaluation: ROC, confusion, reliability, AUROC of each class, Bland-Altman. Needs matplotlib.

Shaded and barred: 95 % over identities. `figures.json` holds the numbers that are drawn.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset_script.facs import PSPI_CLASSES, PSPI_MAX
from dataset_script.storage import write_atomically

from ..markdown import pain_words, sample_size
from ..plotting import BLUE, GREEN, GREY, ORANGE, canvas, require_matplotlib, save
from ..results import Interval
from ..statistics.measures import Predictions
from .figure_data import FigureData, figure_data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = {"pspi>=1": (BLUE, "-", "o"), "pspi>=2": (GREEN, "--", "s"), "pspi>=3": (ORANGE, "-.", "^")}


def write_figures(predictions: Predictions, directory: str | Path, seed: int = 0) -> list[Path]:
    """Writes `roc.png`, `confusion.png`, `reliability.png`, `per_class_auroc.png`, `bland_altman.png` and
    `figures.json` into `directory`; returns their paths.

    Raises:
        InvalidInput: matplotlib is not installed.
        WorkFailed: as `figure_data`, or a file cannot be written.
    """
    require_matplotlib()
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    data = figure_data(predictions, seed=seed)
    paths = [save(draw(data), directory / f"{name}.png") for name, draw in DRAWINGS.items()]
    paths.append(directory / "figures.json")
    write_atomically(paths[-1], (json.dumps(data, allow_nan=False) + "\n").encode())
    return paths


def draw_roc(data: FigureData) -> "Figure":
    """One panel for each PSPI threshold: the curve with its band."""
    figure = canvas(10, 3.9)
    for axes, (name, curve) in zip(figure.subplots(1, len(data["roc"]), sharey=True), data["roc"].items(), strict=True):
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        colour = STYLES[name][0]
        area = "not defined: all frames alike"
        if curve is not None:
            x, y = ([0, *curve[key]] for key in ("false_positives", "true_positives"))
            axes.plot(x, y, color=colour, linewidth=2)
            if curve["low"]:
                axes.fill_between(x[1:], curve["low"], curve["high"], color=colour, alpha=0.2, linewidth=0)
            area = _with_interval(curve["auroc"], curve["auroc_interval_95"])
        axes.text(0.97, 0.05, f"AUROC\n{area}", ha="right", va="bottom", fontsize=10)
        axes.set(xlabel="share of other frames called pain", xlim=(0, 1), ylim=(0, 1.01), aspect="equal")
        _finish(axes, f"pain is {pain_words(name)}")
    figure.axes[0].set_ylabel("share of pain frames called pain")
    figure.suptitle(
        f"ROC, {sample_size(data)}; dotted: chance; shaded: 95 % over people", x=0.01, ha="left", fontsize=11
    )
    return figure


def draw_confusion(data: FigureData) -> "Figure":
    """Rows are the true PSPI, coloured by share of the row, with counts."""
    counts = np.array(data["confusion"])
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    figure = canvas(7.6, 6.3)
    axes = figure.subplots()
    top = max(shares.max(), 0.01)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=top)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            ink = "white" if shares[row, column] > 0.6 * top else "black"
            axes.text(column, row, f"{count:,}", ha="center", va="center", fontsize=7.5, color=ink)
    classes = np.arange(PSPI_CLASSES)
    axes.set_xticks(classes)
    axes.set_yticks(classes, [f"{c}  (n={n:,})" for c, n in zip(classes, totals[:, 0], strict=True)])
    axes.set(xlabel="likeliest PSPI", ylabel="true PSPI (frames)")
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02, label="share of the row")
    bar.outline.set_visible(False)
    axes.set_title(f"Confusion, {sample_size(data)}: counts", loc="left", fontsize=11)
    axes.spines[:].set_visible(False)
    return figure


def draw_reliability(data: FigureData) -> "Figure":
    """Predicted probability against observed share: of the likeliest class, and of pain at each threshold."""
    figure = canvas(9.2, 5.2)
    panels = figure.subplots(2, 2, sharex=True, height_ratios=(4, 1))
    kinds = {"class": (BLUE, "-", "o")}, STYLES
    titles = "The likeliest PSPI is right", "Pain"
    labels = "predicted probability of the likeliest PSPI", "predicted probability of pain"
    for (axes, below), styles, title, label in zip(panels.T, kinds, titles, labels, strict=True):
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        for shift, (name, (colour, dashes, marker)) in enumerate(styles.items()):
            bins = data["reliability"][name]
            x, y = ([row[key] for row in bins] for key in ("predicted", "observed"))
            axes.plot(
                x, y, color=colour, linestyle=dashes, marker=marker, markersize=5, linewidth=1.5, label=pain_words(name)
            )
            for row in bins:
                if row["interval_95"]:
                    axes.plot([row["predicted"]] * 2, row["interval_95"], color=colour, linewidth=1, alpha=0.6)
            width = 0.08 / len(styles)
            places = [0.1 * np.floor(min(row["predicted"], 0.999) * 10) + 0.01 + width * (shift + 0.5) for row in bins]
            below.bar(places, [row["frames"] for row in bins], width, color=colour)
        axes.set(xlim=(0, 1), ylim=(0, 1.01), ylabel="observed share")
        below.set(xlabel=label, ylabel="frames")
        _finish(axes, title)
        below.spines[["top", "right"]].set_visible(False)
    panels[0, 1].legend(frameon=False, loc="upper left")
    figure.suptitle(f"Reliability, {sample_size(data)}; dotted: perfect calibration", x=0.01, ha="left", fontsize=11)
    return figure


def draw_per_class(data: FigureData) -> "Figure":
    """AUROC of each PSPI against all others, with the frames it has."""
    figure = canvas(8, 4.4)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    areas = data["per_class_auroc"]
    axes.axhline(0.5, color=GREY, linewidth=1, linestyle=":")
    _beside(axes, 0.5, "chance", GREY)
    for c, entry in areas.items():
        if entry["interval_95"]:
            axes.plot([c, c], entry["interval_95"], color=BLUE, linewidth=2, alpha=0.6)
        axes.plot(c, entry["value"], "o", color=BLUE, markersize=6)
    if areas:
        macro = np.mean([entry["value"] for entry in areas.values()])
        axes.axhline(macro, color=ORANGE, linewidth=1, linestyle="--")
        _beside(axes, macro, f"macro {macro:.3f}", ORANGE)
    lowest = min(
        [entry["interval_95"][0] if entry["interval_95"] else entry["value"] for entry in areas.values()] + [0.5]
    )
    axes.set(ylim=(max(0, lowest - 0.03), 1.01), xlim=(-0.6, PSPI_CLASSES - 0.4), ylabel="AUROC against the others")
    below.bar(areas.keys(), [entry["frames"] for entry in areas.values()], 0.6, color=BLUE)
    below.set(xlabel="PSPI", ylabel="frames")
    below.set_xticks(range(PSPI_CLASSES))
    below.spines[["top", "right"]].set_visible(False)
    _finish(axes, f"Each PSPI against all others, {sample_size(data)}")
    return figure


def draw_bland_altman(data: FigureData) -> "Figure":
    """Frames, people, bias, and limits of agreement with their intervals."""
    found = data["bland_altman"]
    figure = canvas(7.4, 5.2)
    axes = figure.subplots()
    axes.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
    axes.plot(
        *np.transpose(found["frames"]), ".", color=BLUE, alpha=0.35, markersize=6, markeredgewidth=0, label="frame"
    )
    axes.plot(*np.transpose(found["people"]), "D", color="black", markersize=4.5, label="mean of a person")
    names = {"high": "upper limit", "bias": "bias", "low": "lower limit"}
    for name, label in names.items():
        entry = found[name]
        if entry["value"] is None:
            continue
        if entry["interval_95"]:
            axes.axhspan(*entry["interval_95"], color=ORANGE, alpha=0.15, linewidth=0)
        axes.axhline(entry["value"], color=ORANGE, linewidth=1.5, linestyle="-" if name == "bias" else "--")
        axes.annotate(
            f"{label} {_with_interval(entry['value'], entry['interval_95'], '+.2f')}",
            (1.0, entry["value"]),
            (-4, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=9,
            color="#8C3D00",
        )
    axes.set(xlim=(-0.3, PSPI_MAX + 0.3), xlabel="mean of predicted and true PSPI", ylabel="predicted minus true PSPI")
    axes.margins(y=0.08)
    figure.legend(*axes.get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=2)
    _finish(axes, f"Bland-Altman, {sample_size(data)}; 95 % limits of agreement")
    return figure


DRAWINGS: dict[str, Callable[[FigureData], "Figure"]] = {
    "roc": draw_roc,
    "confusion": draw_confusion,
    "reliability": draw_reliability,
    "per_class_auroc": draw_per_class,
    "bland_altman": draw_bland_altman,
}
"""File name -> what draws it, from `figure_data`."""


def _finish(axes: "Axes", title: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontsize=11)


def _beside(axes: "Axes", height: float, text: str, colour: str) -> None:
    """Writes `text` at the right end of a horizontal line."""
    axes.annotate(text, (1.01, height), xycoords=("axes fraction", "data"), va="center", color=colour, fontsize=9)


def _with_interval(value: float, interval: Interval | None, form: str = ".3f") -> str:
    text = f"{value:{form}}" + (f" ({interval[0]:{form}} to {interval[1]:{form}})" if interval else "")
    return text.replace("-", "−")  # a minus, as on the axes
