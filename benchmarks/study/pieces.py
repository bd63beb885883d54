"""Every run of the study as a named piece: data and shift sets to draw, and a row with a seed to train."""

from collections.abc import Iterable
from dataclasses import dataclass

from dataset_script.errors import InvalidInput

from .rows import GENERATED, GROUPS, MAIN, Group, Row, rows
from .scale import Scale

SETS = "shift-sets"
DRAWN = (SETS, *(f"data-{name}" for name in GENERATED))
"""Names of the pieces that draw what others need."""


@dataclass(frozen=True)
class Piece:
    """One thing to run: data to draw, shift sets to draw, or a row with a seed."""

    name: str
    kind: str
    """ "data", "sets" or "train"."""
    data: str | None = None
    row: Row | None = None
    seed: int = 0


def pieces(scale: Scale, only: Iterable[str] | None = None, with_sets: bool = True) -> list[Piece]:
    """The pieces of some groups, or of all, in an order in which each has what it needs.

    Raises InvalidInput where there is no such group.
    """
    wanted = _groups(only)
    known = rows(scale)
    needed: dict[str, Row] = {}
    for key in (key for group in wanted for key in group.rows):
        row = known[key]
        if row.teacher is not None:
            needed.setdefault(row.teacher, known[row.teacher])
        needed.setdefault(key, row)
    data = [name for name in GENERATED if name == MAIN or any(row.data == name for row in needed.values())]
    drawn = [Piece(f"data-{name}", "data", data=name) for name in data]
    sets = [Piece(SETS, "sets")] if with_sets else []
    trained = [
        Piece(f"{row.key}-{seed}", "train", row.data, row, seed)
        for row in needed.values()
        for seed in seeds(row, scale)
    ]
    # rows of the same features one after the other, so that these can be deleted; a teacher stays before its students
    order = [*dict.fromkeys(features_name(row) for row in needed.values())]
    trained.sort(key=lambda piece: order.index(features_name(piece.row)))
    return drawn + sets + trained


def seeds(row: Row, scale: Scale) -> range:
    """Of a row: two where layers of the backbone learn or frames attend to references, which takes longest."""
    return range(min(scale.seeds, 2) if row.tuned or row.attends else scale.seeds)


def features_name(row: Row) -> str | None:
    """Folder of the frozen features that a row is trained on; None: its backbone learns."""
    if not row.frozen:
        return None
    people = "all" if row.people is None else row.people
    shown = "-without-others" if row.options.get("without_others") else ""
    if "pictures" in row.options:
        shown += f"-{row.options['pictures']}"
    seen = row.options.get("input", "image")
    return f"{row.data}-{people}-{seen}-{row.options.get('augmentation', 'strong')}{shown}"


def _groups(only: Iterable[str] | None) -> list[Group]:
    if only is None:
        return list(GROUPS)
    known = {group.key: group for group in GROUPS}
    for name in only:
        if name not in known:
            raise InvalidInput(f"--only names {name!r}; allowed: {', '.join(known)}")
    return [known[name] for name in only]
