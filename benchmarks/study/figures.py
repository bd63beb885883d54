"""Figures of the page, from the records alone; a figure whose rows were not run is not drawn."""

from pathlib import Path

from evaluation.plotting import BLUE, GREY, ORANGE, canvas, require_matplotlib, save
from evaluation.results import Estimate

from .measures import MEASURES, estimates
from .records import RowRecords, read_rows
from .rows import GROUPS
from .scale import Scale
from .work import Study

_SHOWN = ("macro_auroc_16", "mae")


def draw(study: Study, folder: Path, stem: str = "study") -> dict[str, str]:
    """Key of a group -> name of its figure in `folder`. Raises InvalidInput without matplotlib, and WorkFailed."""
    require_matplotlib()
    found, names = read_rows(study), {}
    for group in GROUPS:
        known = [found[key] for key in group.rows if found[key].records]
        if len(known) < 2:
            continue
        path = folder / f"{stem}-{group.key}.png"
        if group.key == "curve":
            _curve(known, study.scale, path)
        else:
            _bars(known, path)
        names[group.key] = path.name
    return names


def _curve(known: list[RowRecords], scale: Scale, path: Path) -> None:
    points = [(row.row.people or scale.people, estimates(*row.values)) for row in known]
    points.sort(key=lambda point: point[0])
    figure = canvas(7, 2.8)
    for axes, name in zip(figure.subplots(1, len(_SHOWN)), _SHOWN, strict=True):
        people = [count for count, _ in points]
        each = [scores[name] for _, scores in points]
        axes.errorbar(people, [e["value"] for e in each], yerr=_reach(each), marker="o", color=BLUE, capsize=3)
        axes.set(xscale="log", xlabel=f"people of {scale.pictures} frames each", ylabel=MEASURES[name].rstrip(" ↓"))
        axes.set_xticks(people, [f"{count:,}" for count in people], minor=False)
        axes.minorticks_off()
    save(figure, path)


def _bars(known: list[RowRecords], path: Path) -> None:
    figure = canvas(8, 0.8 + 0.34 * len(known))
    for axes, name in zip(figure.subplots(1, len(_SHOWN), sharey=True), _SHOWN, strict=True):
        each = [estimates(*row.values)[name] for row in known]
        places, low, high = range(len(known)), *_reach(each)
        colours = [ORANGE if k == 0 else BLUE for k in places]
        axes.errorbar([e["value"] for e in each], places, xerr=(low, high), fmt="none", ecolor=GREY, capsize=3)
        axes.scatter([e["value"] for e in each], places, color=colours, zorder=3)
        axes.set(xlabel=MEASURES[name].rstrip(" ↓"))
        axes.set_yticks(list(places), [row.row.words.replace("`", "") for row in known])
        axes.set_ylim(len(known) - 0.5, -0.5)
    save(figure, path)


def _reach(each: list[Estimate]) -> tuple[list[float], list[float]]:
    """How far the intervals reach below and above the values; nothing without an interval."""
    bounds = [e["interval_95"] or [e["value"], e["value"]] for e in each]
    low = [max(0.0, e["value"] - b[0]) for e, b in zip(each, bounds, strict=True)]
    return low, [max(0.0, b[1] - e["value"]) for e, b in zip(each, bounds, strict=True)]
