"""Which licences of frames allow to publish them, and what their publisher must state first.

Frames carry their licence, and the specification names the parts that made them; both are read. What Pain3D cannot
know, such as under which licence a head file was given, the publisher states in the card: the mapping `rights` of its
YAML. A licence that is not listed here is refused.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from dataset_script.directory import DatasetDirectory
from generation.catalogue import CATALOGUE, HEADS, LOOKS, OTHER

from .card import Card

FREE = frozenset(
    {
        *("apache-2.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-sa-4.0", "cc0-1.0"),
        *("cdla-permissive-2.0", "mit", "odc-by", "pddl"),
    }
)
"""Licences that allow to pass pictures on, as the Hub writes them."""

STATEMENTS = {
    "head": "the name and licence of the head model or mesh, which must allow to publish pictures made with it",
    "consent": "that every person shown agreed in writing to this publication, and the ethics approval if one is due; "
    "or that the head is no real person's",
    "models": "the names and licences of the diffusion models, which must allow to publish pictures made with them",
    "data": "the names and licences of the training data, which must allow to publish a model trained on them",
}
"""Key of `rights` in a card's YAML -> what it must say."""

NEEDED: dict[str, tuple[str, ...]] = {
    HEADS["flame"].frames_licence: ("head",),
    HEADS["mesh"].frames_licence: ("head", "consent"),
    LOOKS["diffusion"].frames_licence: ("models",),
}
"""Licence of frames of a part of the generator -> what must be stated."""

FORBIDDEN: dict[str, str] = {
    LOOKS["hunyuan"].frames_licence: "the Tencent Hunyuan 3D 2.1 Community License forbids to show its outputs in the "
    "EU, the UK and South Korea, and to improve other AI models with them; a Hub repository does both"
}
"""Licence of frames of a part of the generator -> why they may not be published, whatever is stated."""

_NON_COMMERCIAL = re.compile(r"non[- ]?commercial|research[- ]only|\bNC\b|-NC-", re.IGNORECASE)
_TOO_SHORT = 8


def dataset_licence_problems(found: DatasetDirectory, rows: Collection[str | None] | None, card: Card) -> list[str]:
    """Why the licences of a dataset do not allow to publish it; nothing where they do.

    Args:
        found: the dataset.
        rows: the distinct values of the column `licence`; None where the rows cannot be trusted.
        card: its card.
    """
    problems = ["no row states a licence"] if rows is not None and not rows else []
    rows, needed = rows or (), ["consent"] if found.is_imported else []
    for licence in dict.fromkeys([*rows, *_licences_of_parts(found.spec)]):
        wrong, keys = _judged(licence)
        problems += wrong
        needed += keys
    problems += stated_problems(card, needed)
    free = {licence.lower() for licence in rows if licence and licence.lower() in FREE}
    if not problems and not needed and card.licence and len(free) == 1 and card.licence.lower() not in free:
        problems.append(f"README.md: its `license` is {card.licence}, that of the rows {free.pop()}")
    return problems


def training_licence_problems(licences: Collection[str | None], card: Card) -> list[str]:
    """Why a model trained on frames of these licences may not be published; nothing where it may."""
    problems: list[str] = []
    stated = False
    for licence in licences:
        if why := _forbidden(licence):
            problems.append(f"its training data: {why}")
        elif licence is None or licence.lower() not in FREE:
            stated = True
    return problems + (stated_problems(card, ["data"]) if stated else [])


def stated_problems(card: Card, keys: Sequence[str]) -> list[str]:
    """Which of these keys the `rights` of a card lack, or where they say that it may not be published."""
    problems = []
    for key in dict.fromkeys(keys):
        text = card.rights.get(key, "")
        if len(text) < _TOO_SHORT:
            problems.append(f"README.md: its YAML must state under `rights: {key}:` {STATEMENTS[key]}")
        elif key == "head" and _NON_COMMERCIAL.search(text):
            problems.append(f"README.md: `rights: {key}` is {text!r}: such a licence forbids to publish the pictures")
    return problems


def _licences_of_parts(spec: Mapping | None) -> list[str]:
    """What the parts that the specification names ask of pictures; of unknown names nothing."""
    entries = [CATALOGUE[field].get((spec or {}).get(field)) for field in CATALOGUE]
    return [entry.frames_licence for entry in entries if entry is not None]


def _judged(licence: str | None) -> tuple[list[str], tuple[str, ...]]:
    """What is wrong with a licence of frames, and which statements it needs."""
    if why := _forbidden(licence):
        return [why], ()
    if licence is None:
        return ["rows without a licence: nobody may publish what nobody licensed"], ()
    if licence.lower() in FREE:
        return [], ()
    rest, keys = licence.removeprefix(OTHER), []
    for term, needed in NEEDED.items():
        if term.removeprefix(OTHER) in rest:
            rest = rest.replace(term.removeprefix(OTHER), "")
            keys += needed
    if rest.strip("; "):
        return [f"the licence of the rows is {licence!r}, which does not allow to publish them"], ()
    return [], tuple(keys)


def _forbidden(licence: str | None) -> str | None:
    """Why frames of a licence may never be published; None where that depends."""
    for term, why in FORBIDDEN.items():
        if licence is not None and term.removeprefix(OTHER) in licence:
            return why
    return None
