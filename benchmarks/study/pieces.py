"""Every run of the study as a named piece, and the groups of rows that the page compares.

A row is one way to train; each of its seeds is a piece. Rows stand in several groups and are trained once. All start
from the preset `small`: heads on frozen features, equal numbers of steps, without a reference unless they say so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dataset_script.errors import InvalidInput

from .scale import Scale

MAIN = "study"
"""The main data, whose test people score every row."""
SETS = "shift-sets"
CURVE = (24, 60)
"""People of the learning curve, beside those of `Scale.part` and all."""
GENERATED = {
    MAIN: ("--seed", "31", "--preset", "balanced"),
    "clinical": ("--seed", "32", "--preset", "balanced", "--scene", "clinical"),
    "mixed": ("--seed", "33", "--preset", "balanced", "--scene", "mixed"),
    "neural": ("--seed", "34", "--preset", "balanced", "--rig", "neural"),
    "paper": ("--seed", "35", "--preset", "paper"),
}
"""Data -> options of `pain3d generate` beside those of all. Seeds from 9,000 on are those of the shift sets."""
OF_ALL_DATA = ("--others", "3", "--references", "2", "--geometry")
PICTURES = 42
"""Of a person: 33, and three of each of three expressions without pain."""
LEFT_OUT = {
    "Pictures a person": "a run trains on all frames of a person; `pain3d train` has no option to take fewer",
    "Wrinkles on and off": "`pain3d generate` has no option for them",
    "Hair on and off": "`pain3d generate` has no option for it",
    "Accessories on and off": "`pain3d generate` has none; clinical and mixed scenes bring theirs with them",
    "LoRA": "the preset `small` has `tune` 0, with which LoRA is refused",
}
"""What the generator or the training has no option for -> why."""


@dataclass(frozen=True)
class Row:
    """One way to train.

    Attributes:
        key: in file names.
        words: in tables.
        data: a key of GENERATED.
        people: how many train, select and are left for tests; None: all.
        options: of `RunOptions`, over those of all rows.
        teacher: key of the row whose first seed is distilled.
        tuned: layers of a pretrained backbone learn: fewer steps, and two seeds.
        explained: its attention is compared with the true heat.
        simple: simpler things are scored on the shift sets beside it.
    """

    key: str
    words: str
    data: str = MAIN
    people: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    teacher: str | None = None
    tuned: bool = False
    explained: bool = False
    simple: bool = False

    @property
    def frozen(self) -> bool:
        return not self.tuned and self.options.get("preset", "small") == "small"


@dataclass(frozen=True)
class Group:
    """Rows that are compared with each other.

    Attributes:
        key: for `--only`.
        title: on the page.
        rows: their keys.
        note: below the title.
        pairs: (row, row that it is compared with); nothing: all with the first.
    """

    key: str
    title: str
    rows: tuple[str, ...]
    note: str = ""
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def compared(self) -> tuple[tuple[str, str], ...]:
        """(row, row that it is compared with)."""
        return self.pairs or tuple((key, self.rows[0]) for key in self.rows[1:])


@dataclass(frozen=True)
class Piece:
    """One thing to run: data to draw, shift sets to draw, or a row with a seed."""

    name: str
    kind: str
    """ "data", "sets" or "train"."""
    data: str | None = None
    row: Row | None = None
    seed: int = 0


GROUPS = (
    Group(
        "table2",
        "Table 2",
        ("teacher", "baseline", "query", "distilled", "neutral"),
        "The backbone is frozen, so that of the distillation's terms only those on the outputs act here; "
        "with layers that learn they all do, see the terms of distillation.",
        pairs=(("query", "baseline"), ("distilled", "query"), ("neutral", "query"), ("teacher", "distilled")),
    ),
    Group("curve", "People", ("query", *(f"people-{n}" for n in CURVE), "part"), "Equal numbers of steps for all."),
    Group(
        "augmentation",
        "Augmentation",
        ("part", "aug-none", "aug-light", "aug-appearance", "aug-geometry"),
        "The first row has the augmentation `strong`.",
    ),
    Group(
        "data",
        "What the training pictures show",
        ("part", "without-others", "clinical", "mixed", "neural", "paper"),
        "All are scored on test people of the main data: studios, rig `blendshapes`, balanced, with other expressions.",
    ),
    Group(
        "start",
        "How the backbone starts and what of it learns",
        ("part", "scratch", "tuned", "tuned-all"),
        "Where layers learn there are fewer steps, which take several times as long.",
    ),
    Group(
        "distillation",
        "Terms of the distillation",
        ("tuned", "distilled-all", "distilled-pspi", "distilled-au", "distilled-feature"),
        "The last layers learn, and the teacher's did.",
    ),
    Group("attention", "A loss on where the AU queries look", ("part", "attention-0.1", "attention-1")),
)


def rows(scale: Scale) -> dict[str, Row]:
    """Key -> row, of all groups; the people of a row are no more than the scale has."""
    part = {"people": scale.part}
    last = max(1, scale.layers // 3)
    tuned = {**part, "tuned": True}
    no_terms = {f"distillation_{term}": 0.0 for term in ("pspi", "au", "feature")}
    found = [
        Row("teacher", "heatmap teacher", options={"input": "heatmap"}),
        Row("baseline", "baseline: AUs from the class token", options={"au_head": "cls"}),
        Row("query", "+ AU query", explained=True, simple=True),
        Row("distilled", "+ AU query + distillation", teacher="teacher"),
        Row("neutral", "+ AU query + neutral reference", options={"reference": "neutral"}, simple=True),
        *(Row(f"people-{n}", f"{n} people", people=min(n, scale.people)) for n in CURVE),
        Row("part", f"{scale.part} people, as the preset `small` without a reference", explained=True, **part),
        *(
            Row(f"aug-{name}", f"augmentation {name}", options={"augmentation": name}, **part)
            for name in ("none", "light", "appearance", "geometry")
        ),
        Row("without-others", "without other expressions", options={"without_others": True}, **part),
        Row("clinical", "clinical scenes alone", data="clinical"),
        Row("mixed", "half clinical scenes", data="mixed"),
        Row("neural", "rig `neural`", data="neural"),
        Row("paper", "people of the paper's Table 1", data="paper"),
        Row("scratch", "tiny, from random weights", options={"preset": "scratch", "config": "tiny"}, **part),
        Row("tuned", f"last {last} layers learn", options={"tune": last}, **tuned),
        Row("tuned-all", "all layers learn, heads first", options={"tune": scale.layers, "freeze_epochs": 1}, **tuned),
        Row("teacher-tuned", "heatmap teacher", options={"input": "heatmap", "tune": last}, **tuned),
        Row("distilled-all", "all terms", options={"tune": last}, teacher="teacher-tuned", **tuned),
        *(
            Row(
                f"distilled-{term}",
                f"the term {term} alone",
                options={"tune": last, **{k: v for k, v in no_terms.items() if not k.endswith(term)}},
                teacher="teacher-tuned",
                **tuned,
            )
            for term in ("pspi", "au", "feature")
        ),
        *(
            Row(f"attention-{w:g}", f"weight {w:g}", options={"attention_weight": w}, explained=True, **part)
            for w in (0.1, 1.0)
        ),
    ]
    return {row.key: row for row in found}


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
    """Of a row: two where layers of the backbone learn, which takes hours."""
    return range(min(scale.seeds, 2) if row.tuned else scale.seeds)


def features_name(row: Row) -> str | None:
    """Folder of the frozen features that a row is trained on; None: its backbone learns."""
    if not row.frozen:
        return None
    people = "all" if row.people is None else row.people
    shown = "-without-others" if row.options.get("without_others") else ""
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
