"""What an import found: how much, what was left out and why, what is incomplete."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_EXAMPLES = 3


class Unusable(ValueError):
    """A frame cannot be used: `kind` for counting, the text for people."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Problem:
    """`what`: a frame or a file; `kind`: a few words, the same for all of the kind; `reason`: the particulars."""

    what: str
    kind: str
    reason: str


@dataclass
class ImportReport:
    """Attributes:
    left_out: frames that are not in the data, and labels without a picture.
    incomplete: frames that are in the data without something that others have.
    notes: facts of the source as a whole. They are no problem.
    found: pictures of the source.
    """

    layout: str
    source: str
    left_out: list[Problem] = field(default_factory=list)
    incomplete: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: int = 0
    portable: bool = True
    pictures_checked: bool = False
    subjects: int = 0
    splits: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def problems(self) -> int:
        return len(self.left_out) + len(self.incomplete)

    @property
    def written(self) -> int:
        return sum(counts["frames"] for counts in self.splits.values())

    def leave_out(self, what: str, kind: str, reason: str) -> None:
        self.left_out.append(Problem(what, kind, reason))

    def lacks(self, what: str, kind: str, reason: str) -> None:
        self.incomplete.append(Problem(what, kind, reason))

    @contextmanager
    def frame(self, name: str, where: str = "") -> Iterator[None]:
        """Reads one frame. Where it is `Unusable`, it is left out, and not listed for what it lacks too.

        Args:
            where: what the reason begins with.
        """
        before = len(self.incomplete)
        try:
            yield
        except Unusable as problem:
            del self.incomplete[before:]
            self.leave_out(name, problem.kind, f"{where}{problem}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values. Every problem is listed; nothing differs between two runs over the same source."""
        return {
            "layout": self.layout,
            "source": self.source,
            "frames": {"found": self.found, "written": self.written},
            "subjects": self.subjects,
            "splits": self.splits,
            "portable": self.portable,
            "pictures_checked": self.pictures_checked,
            "notes": self.notes,
            "counts": {
                "left_out": dict(sorted(Counter(problem.kind for problem in self.left_out).items())),
                "incomplete": dict(sorted(Counter(problem.kind for problem in self.incomplete).items())),
            },
            "left_out": [vars(problem) for problem in self.left_out],
            "incomplete": [vars(problem) for problem in self.incomplete],
        }

    def to_text(self) -> str:
        """A summary: each kind of problem with its count and the first few examples."""
        lines = [f"{self.layout}: {self.found:,} pictures found, {self.written:,} frames of {self.subjects:,} subjects"]
        lines += [f"  {name}: {n['frames']:,} frames, {n['subjects']:,} subjects" for name, n in self.splits.items()]
        for title, problems in (("left out", self.left_out), ("incomplete", self.incomplete)):
            lines += [line for kind in _kinds(problems) for line in _of_kind(title, kind, problems)]
        lines += [f"note: {note}" for note in self.notes]
        if not self.pictures_checked:
            lines.append("note: no picture was decoded; --check-images finds black and damaged ones")
        if not self.portable:
            lines.append("note: the data refers to the pictures where they lie and is not portable; --copy embeds them")
        return "\n".join(lines)


def _kinds(problems: list[Problem]) -> list[str]:
    return sorted({problem.kind for problem in problems})


def _of_kind(title: str, kind: str, problems: list[Problem]) -> list[str]:
    members = [problem for problem in problems if problem.kind == kind]
    lines = [f"{title}, {kind}: {len(members):,}"]
    lines += [f"  {problem.what}: {problem.reason}" for problem in members[:_EXAMPLES]]
    return lines + ([f"  and {len(members) - _EXAMPLES:,} more"] if len(members) > _EXAMPLES else [])
