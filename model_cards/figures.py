"""The pictures of a dataset card: how much pain, which units, who."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dataset_script.facs import AU_NAMES, PSPI_CLASSES
from evaluation.plotting import BLUE, GREY, canvas, require_matplotlib, save

from .count_tables import ATTRIBUTES, LEVELS, unit_levels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "figures"


def draw_figures(columns: Mapping[str, pa.Table], directory: Path) -> str:
    """Draws them into `directory`/figures and returns the Markdown that shows them. Raises InvalidInput without
    matplotlib."""
    require_matplotlib()
    (directory / FOLDER).mkdir(exist_ok=True)
    labels = save(_labels(columns), directory / FOLDER / "labels.png")
    people = save(_people(columns), directory / FOLDER / "people.png")
    return (
        f"![Frames by PSPI, and by intensity of each action unit]({FOLDER}/{labels.name})\n\n"
        f"![People by age, group and gender]({FOLDER}/{people.name})\n\n"
    )


def _labels(columns: Mapping[str, pa.Table]) -> "Figure":
    figure = canvas(9, 3)
    left, right = figure.subplots(1, 2)
    pspi = np.concatenate([part["pspi"].to_numpy() for part in columns.values()])
    left.bar(range(PSPI_CLASSES), np.bincount(pspi, minlength=PSPI_CLASSES), color=BLUE)
    left.set(xlabel="PSPI", ylabel="frames", xticks=range(0, PSPI_CLASSES, 2))
    shares = unit_levels(columns) / len(pspi)
    below = np.zeros(len(AU_NAMES))
    for level in range(1, len(LEVELS)):
        right.bar(AU_NAMES, shares[:, level], bottom=below, color=BLUE, alpha=0.15 + 0.17 * level, label=str(level))
        below += shares[:, level]
    right.set(ylabel="share of frames")
    right.legend(title="intensity", fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _people(columns: Mapping[str, pa.Table]) -> "Figure":
    figure = canvas(9, 3)
    left, right = figure.subplots(1, 2)
    firsts = [(part, np.unique(part["identity_id"].to_numpy(), return_index=True)[1]) for part in columns.values()]
    ages = np.concatenate([part["age"].to_numpy()[first] for part, first in firsts])
    left.hist(ages, bins=range(15, 95, 5), color=BLUE)
    left.set(xlabel="age in years", ylabel="people")
    women, men = (
        [
            sum(
                int(((part["ethnicity"].to_numpy()[first] == k) & (part["gender"].to_numpy()[first] == gender)).sum())
                for part, first in firsts
            )
            for k in range(len(ATTRIBUTES["ethnicity"]))
        ]
        for gender in (ATTRIBUTES["gender"].index("woman"), ATTRIBUTES["gender"].index("man"))
    )
    names = [name.replace("_", " ") for name in ATTRIBUTES["ethnicity"]]
    right.barh(names, women, color=BLUE, label="women")
    right.barh(names, men, left=women, color=GREY, label="men")
    right.set(xlabel="people")
    right.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return figure
