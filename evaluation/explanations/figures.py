"""The figures of `pain3d explain`: where units move, where their queries look, agreement, removal. Needs matplotlib."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset_script.facs import AU_DESCRIPTIONS, AU_NAMES

from ..plotting import BLUE, GREEN, GREY, ORANGE, PURPLE, canvas, require_matplotlib, save
from .agreement import ROWS
from .removal import MODES, ORDERS
from .report import LABELS, ORDER_WORDS, ROW_WORDS
from .results import Explanations, RowScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .run import MeanMaps

_ROWS = {
    "attention": (BLUE, "o"),
    "gradient": ("black", "P"),
    "other_units": (GREEN, "s"),
    "training_heat": (ORANGE, "D"),
    "centre": (PURPLE, "^"),
    "random": (GREY, "x"),
}
_ORDERS = {
    "attention": (BLUE, "-"),
    "gradient": (GREEN, "--"),
    "heat": (ORANGE, "-."),
    "centre": (PURPLE, (0, (1, 1))),
    "random": (GREY, "-"),
}
_PANELS = ("energy", "pointing", "iou")
_TOP = 10.0
"""The maps' scale ends at this multiple of an even map."""


def write_figures(found: Explanations, maps: "MeanMaps | None", directory: str | Path) -> list[Path]:
    """Writes `attention_maps.png` and `agreement.png` (where there is heat), and `removal.png`; returns their paths.

    Args:
        found, maps: what `run.explain` returns.
        directory: where the files go.

    Raises:
        InvalidInput: matplotlib is not installed.
        WorkFailed: a file cannot be written.
    """
    require_matplotlib()
    drawn = {}
    if maps is not None and found["agreement"] is not None:
        drawn |= {"attention_maps": draw_maps(maps, found), "agreement": draw_agreement(found)}
    if found["removal"] is not None:
        drawn["removal"] = draw_removal(found)
    place = Path(directory)
    return [save(figure, place / f"{name}.png", name == "attention_maps") for name, figure in drawn.items()]


def draw_maps(maps: "MeanMaps", found: Explanations) -> "Figure":
    """Mean heat over mean attention of each unit, as multiples of an even map, over the mean picture."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    kinds = {
        "heat": "where it moves",
        "attention": "where its query looks",
        "gradient": "what its prediction\ndepends on",
    }
    kinds = {kind: label for kind, label in kinds.items() if getattr(maps, kind) is not None}
    figure = canvas(11, 0.5 + 1.8 * len(kinds))
    panels = figure.subplots(len(kinds), len(AU_NAMES))
    height, width = maps.picture.shape
    for row, (kind, label) in enumerate(kinds.items()):
        for axes, name, map_ in zip(panels[row], AU_NAMES, getattr(maps, kind), strict=True):
            axes.imshow(maps.picture, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
            multiple = map_ * map_.size
            strength = np.clip(multiple / _TOP, 0, 1)
            axes.imshow(
                multiple,
                cmap="inferno",
                vmin=0,
                vmax=_TOP,
                alpha=0.85 * np.sqrt(strength),
                extent=(0, width, height, 0),
                interpolation="nearest",
            )
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            if row == 0:
                axes.set_title(f"{name}\n{AU_DESCRIPTIONS[name]}", fontsize=10)
        panels[row, 0].set_ylabel(label, fontsize=10)
    scale = ScalarMappable(Normalize(0, _TOP), "inferno")
    bar = figure.colorbar(scale, ax=panels, shrink=0.8, pad=0.01, label="multiple of an even map", extend="max")
    bar.outline.set_visible(False)
    view = "frontal frames" if maps.frontal else "frames"
    _title(figure, f"Mean over the {view} that show the unit, {found['context']['identities']} people")
    return figure


def draw_agreement(found: Explanations) -> "Figure":
    """Each score of each unit: attention beside the other rows."""
    agreement = found["agreement"]
    entries = {"mean": agreement["mean"], **agreement["units"]}
    figure = canvas(10, 0.8 + 0.62 * len(entries))
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    for axes, metric in zip(panels, _PANELS, strict=True):
        for place, entry in enumerate(entries.values()):
            for shift, row in enumerate(row for row in ROWS if row in entry[metric]):
                _dot(
                    axes,
                    entry[metric][row],
                    -place - 0.14 * (shift - 2.5),
                    *_ROWS[row],
                    ROW_WORDS[row] if not place else None,
                )
        axes.set_xlabel(LABELS[metric])
        axes.axhline(-0.5, color="0.8", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(left=-0.03 * axes.get_xlim()[1])
    panels[0].set_yticks(range(0, -len(entries), -1), ["mean over units", *list(entries)[1:]])
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, frameon=False, loc="outside lower center", ncols=3, fontsize=9, handletextpad=0.2)
    _title(figure, f"Attention against true heat, {found['context']['identities']} people; bars: 95 % over people")
    return figure


def draw_removal(found: Explanations) -> "Figure":
    """The prediction as patches are taken away or put back, in each order; bands of attention and random order."""
    removal = found["removal"]
    figure = canvas(8.6, 6.8)
    panels = figure.subplots(len(MODES), len(removal), sharex=True, sharey="row", squeeze=False)
    actions = {"deletion": "patches taken away", "insertion": "patches put back"}
    for (row, column), axes in np.ndenumerate(panels):
        mode, (fill, orders) = MODES[row], list(removal.items())[column]
        for name in (name for name in ORDERS if name in orders):
            entry, (colour, dashes) = orders[name][mode], _ORDERS[name]
            places = np.linspace(0, 1, len(entry["curve"]))
            values = np.array(entry["curve"], dtype=float)
            thick = 2.2 if name == "attention" else 1.5
            axes.plot(places, values, color=colour, linestyle=dashes, linewidth=thick, label=ORDER_WORDS[name])
            if name in ("attention", "random") and entry["curve_95"]:
                axes.fill_between(places, *np.transpose(entry["curve_95"]), color=colour, alpha=0.15, linewidth=0)
        axes.set_title(
            f"{mode}, filled with {'a blur' if fill == 'blur' else 'the mean colour'}", loc="left", fontsize=10
        )
        axes.set_xlabel(f"share of {actions[mode]}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set(xlim=(0, 1))
    for axes in panels[:, 0]:
        axes.set_ylabel("share of the prediction left" if axes is panels[0, 0] else "share of the prediction restored")
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(),
        frameon=False,
        loc="outside lower center",
        ncols=len(ORDERS),
        fontsize=9,
    )
    context = found["context"]
    sizes = f"{context['removal_frames']} frames of {context['removal_identities']} people"
    _title(figure, f"Predicted PSPI without patches, {sizes}")
    return figure


def _title(figure: "Figure", text: str) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)


def _dot(axes: "Axes", entry: RowScore, height: float, colour: str, marker: str, label: str | None) -> None:
    if entry["interval_95"]:
        axes.plot(entry["interval_95"], [height, height], color=colour, linewidth=1.5, alpha=0.6)
    if entry["value"] is not None:
        axes.plot(entry["value"], height, marker, color=colour, markersize=5, label=label)
