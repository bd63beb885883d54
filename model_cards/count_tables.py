"""What the rows of a dataset count up to: people, frames, PSPI, action units, what covers faces; by split and group."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute

from dataset_script.facs import AU_NAMES, PSPI_CLASSES
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS
from evaluation.markdown import table

ATTRIBUTES = {"age_group": AGE_GROUPS, "ethnicity": ETHNICITIES, "gender": GENDERS}
COUNTED = ("identity_id", *ATTRIBUTES, "pspi", "au", "occluders")
"""Columns that the tables read."""
LEVELS = ("0", "≤ 1", "≤ 2", "≤ 3", "≤ 4", "≤ 5")
"""Intensities of a unit: none, then above the former level and up to this one."""
CLEAR_PAIN = 3


def split_table(columns: Mapping[str, pa.Table], people: str) -> str:
    """People and frames of each split; `people`: what they are called."""
    body = [
        [name, f"{len(pa.compute.unique(part['identity_id'])):,}", f"{len(part):,}"] for name, part in columns.items()
    ]
    return table(["split", people, "frames"], body)


def num_people(columns: Mapping[str, pa.Table]) -> int:
    """People of all splits."""
    return sum(len(pa.compute.unique(part["identity_id"])) for part in columns.values())


def demographics_table(columns: Mapping[str, pa.Table]) -> str:
    """People of each age group, ethnicity and gender, by split."""
    body = []
    for attribute, names in ATTRIBUTES.items():
        counts = np.stack([_people(part, attribute, len(names)) for part in columns.values()])
        for k, name in enumerate(names):
            cells = [*(f"{count:,}" for count in counts[:, k]), f"{counts[:, k].sum():,}"]
            body.append([_label(attribute, name), *cells])
    return table(["", *columns, "all"], body)


def histogram_table(columns: Mapping[str, pa.Table]) -> str:
    """Frames by PSPI and split."""
    counts = np.stack([np.bincount(part["pspi"].to_numpy(), minlength=PSPI_CLASSES) for part in columns.values()])
    body = [[str(k), *(f"{c:,}" for c in counts[:, k]), f"{counts[:, k].sum():,}"] for k in range(PSPI_CLASSES)]
    return table(["PSPI", *columns, "all"], body)


def unit_levels(columns: Mapping[str, pa.Table]) -> np.ndarray:
    """Frames of all splits by action unit and level of `LEVELS`, (6, 6)."""
    flat = [part["au"].combine_chunks().flatten().to_numpy(zero_copy_only=False) for part in columns.values()]
    levels = np.ceil(np.concatenate(flat).reshape(-1, len(AU_NAMES))).astype(np.int64)
    return np.stack([np.bincount(levels[:, k], minlength=len(LEVELS)) for k in range(len(AU_NAMES))])


def unit_table(columns: Mapping[str, pa.Table]) -> str:
    """Frames by action unit and intensity, and the share in which the unit is there."""
    body = []
    for name, counts in zip(AU_NAMES, unit_levels(columns), strict=True):
        beyond = counts.cumsum() == counts.sum()  # AU43 is 0 or 1
        cells = [f"{n:,}" if n or k == 0 or not beyond[k - 1] else "–" for k, n in enumerate(counts)]
        body.append([name, *cells, _percent(counts[1:].sum(), counts.sum())])
    return table(["unit", *LEVELS, "present"], body)


def balance_table(columns: Mapping[str, pa.Table]) -> str:
    """For each group its share of the people, its frames, and how strong the pain is that they show."""
    rows, people = _whole(columns), num_people(columns)
    pspi = rows["pspi"].to_numpy()
    body = []
    for attribute, names in ATTRIBUTES.items():
        members = sum(_people(part, attribute, len(names)) for part in columns.values())
        values = rows[attribute].to_numpy()
        for k, name in enumerate(names):
            own = pspi[values == k]
            strength = [f"{own.mean():.2f}", _percent((own >= CLEAR_PAIN).sum(), len(own))] if len(own) else ["–", "–"]
            body.append([_label(attribute, name), _percent(members[k], people), f"{len(own):,}", *strength])
    return table(["group", "of the people", "frames", "mean PSPI", f"PSPI ≥ {CLEAR_PAIN}"], body)


def cells_sentence(columns: Mapping[str, pa.Table]) -> str:
    """How evenly the combinations of age group, ethnicity and gender are filled."""
    counts: Counter[tuple] = Counter()
    for part in columns.values():
        _, first = np.unique(part["identity_id"].to_numpy(), return_index=True)
        counts.update(zip(*(part[name].to_numpy()[first].tolist() for name in ATTRIBUTES), strict=True))
    possible = len(AGE_GROUPS) * len(ETHNICITIES) * len(GENDERS)
    return (
        f"Of the {possible} combinations of age group, ethnicity and gender {len(counts)} have people; the largest has "
        f"{max(counts.values()):,}, the smallest of them {min(counts.values()):,}."
    )


def covered_sentence(columns: Mapping[str, pa.Table]) -> str:
    """In how many frames something covers a part of the face, and what."""
    frames = sum(map(len, columns.values()))
    if any("occluders" not in part.column_names for part in columns.values()):
        return "The rows do not tell what covers faces."
    things = [thing for part in columns.values() for thing in part["occluders"].to_pylist()]
    counts = Counter(name for found in things if found for name in set(found))
    if not counts:
        return "Nothing covers any face: no glasses, no dressings, no tubes."
    most = ", ".join(f"{name} {_percent(count, frames)}" for name, count in sorted(counts.items()))
    return f"Something covers a part of the face in {_percent(sum(map(bool, things)), frames)} of the frames: {most}."


def _whole(columns: Mapping[str, pa.Table]) -> pa.Table:
    parts = [part.select([*ATTRIBUTES, "pspi"]) for part in columns.values()]
    return pa.concat_tables(parts, promote_options="default")


def _people(part: pa.Table, attribute: str, classes: int) -> np.ndarray:
    """People of each class, `(classes,)`; classes that only another version knows are left out."""
    _, first = np.unique(part["identity_id"].to_numpy(), return_index=True)
    return np.bincount(part[attribute].to_numpy()[first], minlength=classes)[:classes]


def _label(attribute: str, name: str) -> str:
    return f"{attribute.replace('_', ' ')}: {name.replace('_', ' ')}"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %"
