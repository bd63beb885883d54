"""The rows of the study, each one way to train, and the groups of them that the page compares.

Each seed of a row is a piece (`pieces.py`). Rows stand in several groups and are trained once. All start from the
preset `small`: heads on frozen features, equal numbers of steps, without a reference unless they say so. Those of Table
2 have the paper's heads, the others the preset's; the group `heads` goes from the ones to the others.
"""

from dataclasses import dataclass, field
from typing import Any

from .scale import Scale

MAIN = "study"
"""The main data, whose test people score every row."""
CURVE = (24, 60)
"""People of the learning curve, beside those of `Scale.part` and all."""
FEW = 5
"""Fewest pictures a person of the curve over pictures."""
GENERATED = {
    MAIN: ("--seed", "31", "--preset", "balanced"),
    "clinical": ("--seed", "32", "--preset", "balanced", "--scene", "clinical"),
    "mixed": ("--seed", "33", "--preset", "balanced", "--scene", "mixed"),
    "neural": ("--seed", "34", "--preset", "balanced", "--rig", "neural"),
    "paper": ("--seed", "35", "--preset", "paper"),
}
"""Data -> options of `pain3d generate` beside those of all. Seeds from 9,000 on are those of the shift sets."""
OF_ALL_DATA = ("--others", "3", "--references", "2", "--geometry")
PAPER_HEADS = {
    "pooling": "cls",
    "au_error": "intensity",
    "au_output": "shared",
    "au_queries": 1,
    "pspi_reads": "face",
}
"""What the preset's heads have in another way, as the paper has it."""
PRESET_HEADS = {
    "pooling": "cls+mean",
    "au_error": "scale",
    "au_output": "own",
    "au_queries": 8,
    "pspi_reads": "face+units",
}
"""The same as the preset has it, in the order in which the group `heads` adds it."""
ADDED = {
    "pooling": "+ the face is the class token and the mean of the patches",
    "au_error": "+ AU errors in shares of each unit's scale",
    "au_output": "+ an output layer for each unit",
    "au_queries": "+ eight queries a unit",
}
"""Each but the last of PRESET_HEADS, in words."""
PICTURES = 42
"""Of a person: 33, and three of each of three expressions without pain."""
LEFT_OUT = {
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
    def attends(self) -> bool:
        """Whether frames attend to references, which takes ten times as long as other heads."""
        return self.options.get("reference_fusion") == "attention"

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


_HEADS = ("heads-paper", *(f"heads-{name}" for name in ADDED), "part")
_HEADS += ("reference-attention", "reference-difference", "preset")
GROUPS = (
    Group(
        "table2",
        "Table 2",
        ("teacher", "baseline", "query", "distilled", "neutral"),
        "The heads are the paper's: the PSPI branch reads the class token, one query a unit, one output layer for all "
        "units, and a neutral reference by attention. Beside these they have what the preset `small` has: narrow "
        "layers, companions, deviations and the expression head. The backbone is frozen, so that of the distillation's "
        "terms only those on the outputs act here; with layers that learn they all do, see the terms of distillation.",
        pairs=(("query", "baseline"), ("distilled", "query"), ("neutral", "query"), ("teacher", "distilled")),
    ),
    Group(
        "heads",
        "From the paper's heads to the preset's",
        _HEADS,
        "Each row has one change more than the row above it, and all have the same people to train on. What the "
        "preset's heads without a reference add is that the PSPI branch reads the features of the units, too.",
        pairs=(*zip(_HEADS[1:], _HEADS[:-1], strict=True), ("preset", "heads-paper")),
    ),
    Group(
        "curve",
        "People",
        ("all", *(f"people-{n}" for n in CURVE), "people-part"),
        "Equal numbers of pictures of each person, and of steps.",
    ),
    Group(
        "pictures",
        "Pictures a person",
        ("part", "people-part", "few-pictures"),
        "Equal numbers of people and of steps; the first row has all pictures.",
    ),
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
    fewer = {"pictures": scale.pictures}
    last = max(1, scale.layers // 3)
    tuned = {**part, "tuned": True}
    reference = {"reference": "neutral"}
    of_any_view = {**reference, "same_view_share": 0.0}
    by_attention = {**of_any_view, "reference_fusion": "attention"}
    tiny = {"preset": "scratch", "config": "tiny"}
    no_terms = {f"distillation_{term}": 0.0 for term in ("pspi", "au", "feature")}
    paper = {**PAPER_HEADS, **fewer}
    found = [
        Row("teacher", "heatmap teacher", options={**paper, "input": "heatmap"}),
        Row("baseline", "baseline: AUs from the class token", options={**paper, "au_head": "cls"}),
        Row("query", "+ AU query", options=paper, explained=True, simple=True),
        Row("distilled", "+ AU query + distillation", options=paper, teacher="teacher"),
        Row("neutral", "+ AU query + neutral reference", options={**paper, **by_attention}, simple=True),
        *_between_heads(part),
        Row("reference-attention", "+ neutral reference, by attention", options=by_attention, **part),
        Row("reference-difference", "differences from the reference in its place", options=of_any_view, **part),
        Row("preset", "the preset `small`: most references are of the frame's own view", options=reference, **part),
        Row("all", f"{scale.people:,} people", options=fewer),
        *(Row(f"people-{n}", f"{n} people", people=min(n, scale.people), options=fewer) for n in CURVE),
        Row("people-part", f"{scale.part} people, {scale.pictures} pictures of each", options=fewer, **part),
        Row("few-pictures", f"{scale.part} people, {FEW} pictures of each", options={"pictures": FEW}, **part),
        Row("part", f"{scale.part} people, the preset's heads without a reference", explained=True, **part),
        *(
            Row(f"aug-{name}", f"augmentation {name}", options={"augmentation": name}, **part)
            for name in ("none", "light", "appearance", "geometry")
        ),
        Row("without-others", "without other expressions", options={"without_others": True}, **part),
        Row("clinical", "clinical scenes alone", data="clinical"),
        Row("mixed", "half clinical scenes", data="mixed"),
        Row("neural", "rig `neural`", data="neural"),
        Row("paper", "people of the paper's Table 1", data="paper"),
        Row("scratch", "tiny, from random weights", options={**PRESET_HEADS, **tiny}, **part),
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


def _between_heads(part: dict[str, Any]) -> list[Row]:
    """From the paper's heads on, what the preset changes, one after the other; the last change gives the row `part`."""
    found, options = [Row("heads-paper", "the paper's heads", options=PAPER_HEADS, **part)], PAPER_HEADS
    for name, words in ADDED.items():
        options = {**options, name: PRESET_HEADS[name]}
        found.append(Row(f"heads-{name}", words, options=options, **part))
    return found
