"""Runs the pieces of a study one after the other, each in a process of its own, and knows which are done.

A piece is done when its record is there. One that fails is named, the others go on, and the next run tries it again.
Frozen features are deleted when no piece that is left needs them.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable

from .cost import expected_seconds
from .pieces import MAIN, SETS, Piece, pieces
from .work import Study

Start = Callable[[Piece], int]
"""Runs a piece to its end and gives an exit status."""


def left(wanted: list[Piece], study: Study) -> list[Piece]:
    """The pieces without a record, in their order."""
    return [piece for piece in wanted if not study.record(piece.name).is_file()]


def run_pieces(wanted: list[Piece], study: Study, start: Start) -> list[str]:
    """Runs what is left of `wanted`; returns the names of those that failed or whose needs failed."""
    todo, failed = left(wanted, study), []
    _say(f"{len(wanted) - len(todo)} of {len(wanted)} pieces are done; {_hours(_left(todo, study))} expected")
    for k, piece in enumerate(todo):
        if missing := [name for name in needs(piece) if name in failed]:
            _say(f"{piece.name} is left out: {missing[0]} failed")
            failed.append(piece.name)
            continue
        _say(f"{k + 1} of {len(todo)}: {piece.name}; {_hours(_left(todo[k:], study))} to the end")
        started = time.monotonic()
        status = start(piece)
        if status or not study.record(piece.name).is_file():
            _say(f"{piece.name} failed with status {status}")
            failed.append(piece.name)
        else:
            _say(f"{piece.name}: {_hours(time.monotonic() - started)}")
        delete_features(todo[k + 1 :] + [p for p in todo[: k + 1] if p.name in failed], study)
    return failed


def needs(piece: Piece) -> list[str]:
    """Names of the pieces that a piece needs; the shift sets are not drawn where others are given."""
    if piece.row is None:
        return []
    teacher = [] if piece.row.teacher is None else [f"{piece.row.teacher}-0"]
    return [*dict.fromkeys((f"data-{MAIN}", f"data-{piece.row.data}")), SETS, *teacher]


def delete_features(todo: list[Piece], study: Study) -> None:
    """Deletes the frozen features that no piece of `todo` is trained on."""
    kept = {study.features(piece.row) for piece in todo if piece.row is not None}
    folder = study.folder / "features"
    for path in folder.iterdir() if folder.is_dir() else ():
        if path not in kept:
            shutil.rmtree(path)


def pace(known: list[Piece], study: Study) -> float:
    """Seconds that finished pieces took over those that were expected; 1 before any is finished."""
    took = expected = 0.0
    for piece in known:
        path = study.record(piece.name)
        if path.is_file():
            took += json.loads(path.read_text(encoding="utf-8"))["seconds"]
            expected += expected_seconds(piece, study.scale)
    return took / expected if expected else 1.0


def listing(wanted: list[Piece], study: Study) -> str:
    """A line for each piece: done or its expected hours."""
    open_ = {piece.name for piece in left(wanted, study)}
    lines = [
        f"{piece.name:32} {'done' if piece.name not in open_ else _hours(expected_seconds(piece, study.scale))}"
        for piece in wanted
    ]
    return "\n".join(lines)


def _left(todo: list[Piece], study: Study) -> float:
    return sum(expected_seconds(piece, study.scale) for piece in todo) * pace(pieces(study.scale), study)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _say(line: str) -> None:
    print(f"[{time.strftime('%H:%M')}] {line}", file=sys.stderr, flush=True)
