"""The numbers of `populations.py` as tables for people to read."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_type_hints

from dataset_script.vocabulary import ETHNICITIES, GENDERS

from .accessories import OWN, WARD
from .distributions import Ancestry, HairColour, IrisColour, Lines, Meaning, Stated
from .populations import (
    AGE_RANGES,
    BY_ETHNICITY,
    BY_GENDER,
    COMPANIONS,
    COMPANIONS_SOURCE,
    HAIR_STYLES,
    Ageing,
    Ethnicity,
    Everyone,
    Gender,
)

PARTS_IN_ROWS = (Ancestry, HairColour, IrisColour, Lines)
"""Records that are shown as a row for each of their fields."""


class Table(NamedTuple):
    """A title, the names of the columns, and rows of as many cells."""

    title: str
    header: list[str]
    rows: list[list[str]]


def population_tables() -> list[Table]:
    """Who looks how, and where each number comes from.

    By ethnicity, by gender, hair styles, by age, what is alike in all groups, the action units that accompany pain, and
    what is worn on the head.
    The last column is the source; a value that takes several rows has it in the first of them.
    """
    years = ", ".join(f"{group} {low}-{high}" for group, (low, high) in AGE_RANGES.items())
    ageing, everyone = _stated(Ageing), _stated(Everyone)
    return [
        _by_group("By ethnicity", Ethnicity, {name: BY_ETHNICITY[name] for name in ETHNICITIES}),
        _by_group("By gender", Gender, {name: BY_GENDER[name] for name in GENDERS}),
        Table("Hair styles, relative frequency", ["style", *HAIR_STYLES, "source"], _hair_style_rows()),
        Table(
            f"By age in years ({years})",
            ["what", "changes from", "by", "source"],
            [[what, str(of.years), *cells] for of in ageing for what, *cells in _rows(of, [of.value])],
        ),
        Table(
            "Alike in all groups",
            ["what", "value", "source"],
            [row for of in everyone for row in _rows(of, [of.value])],
        ),
        Table(
            "Units that accompany pain",
            ["unit", "share at PSPI 16", "highest intensity", "source"],
            [
                [name, f"{unit.probability:g}", str(unit.highest), "" if k else COMPANIONS_SOURCE]
                for k, (name, unit) in enumerate(COMPANIONS.items())
            ],
        ),
        Table(
            "What people have and wear on the head, shares, alike in all ethnicities",
            [
                "what",
                "young men",
                "young women",
                "elderly men",
                "elderly women",
                "worn",
                "worn in clinical scenes",
                "source",
            ],
            [
                [name.replace("_", " "), *(f"{share:g}" for share in (*own.young, *own.elderly, *own[2:4])), own.source]
                for name, own in OWN.items()
            ],
        ),
        Table(
            "What a ward puts on a head: share of the occasions in clinical scenes",
            ["what", "share", "source"],
            [[name.replace("_", " "), f"{ward.share:g}", ward.source] for name, ward in WARD.items()],
        ),
    ]


def _by_group(title: str, record: type, groups: Mapping[str, Any]) -> Table:
    """A row for each value of a record, a column for each group."""
    rows = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        (meaning,) = hint.__metadata__
        rows += _rows(meaning, [getattr(group, name) for group in groups.values()])
    return Table(title, ["what", *(name.replace("_", " ") for name in groups), "source"], rows)


def _rows(of: Meaning | Stated, values: list[Any]) -> list[list[str]]:
    """What it is, a cell for each of `values`, and the source; a row for each part where parts have names."""
    first = values[0]
    if isinstance(first, PARTS_IN_ROWS):
        parts = {name: [getattr(value, name) for value in values] for name in first._fields}
    elif isinstance(first, Mapping):
        parts = {name: [value.get(name, 0.0) for value in values] for name in _in_order(values)}
    else:
        return [[of.what, *map(_cell, values), of.source]]
    return [
        [of.what.format(name.replace("_", " ")), *map(_cell, part), "" if k else of.source]
        for k, (name, part) in enumerate(parts.items())
    ]


def _cell(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _in_order(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    """All keys, each once, in the order in which they come first."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _hair_style_rows() -> list[list[str]]:
    rows = []
    for k, style in enumerate(_in_order(HAIR_STYLES.values())):
        shares = (f"{chances.get(style, 0):g}" for chances in HAIR_STYLES.values())
        rows.append([style.replace("_", " "), *shares, "" if k else "by eye"])
    return rows


def _stated(holder: type) -> list[Stated]:
    return [value for value in vars(holder).values() if isinstance(value, Stated)]
