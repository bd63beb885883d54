"""Runs the pieces of a study, each in a process of its own, and knows which are done.

A row is done when its record is there; data, shift sets and a teacher are made again where rows that are left need them
and the folder lacks them. A damaged record is named, and its piece run again. One that fails is named, the
others go on, and the next run tries it again. Several of these processes can work in one folder: each takes the next
piece that no other one runs. Where such a process is killed alone, the piece that it started goes on, and is waited
for. Frozen features are deleted when no piece that is left needs them.
"""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import locked, reporting_write_errors

from .cost import expected_seconds
from .pieces import SETS, Piece, features_name, pieces
from .record_files import check, read_record
from .rows import MAIN
from .work import Study

Start = Callable[[Piece], int]
"""Runs a piece to its end and gives an exit status."""
SECONDS_TO_WAIT = 10.0
"""Before another process, which runs what the next pieces need, is looked at again."""


def left(wanted: list[Piece], study: Study) -> list[Piece]:
    """The rows without a record, and what these need and the folder lacks, in their order."""
    open_ = {piece.name for piece in wanted if piece.row is not None and not study.record(piece.name).is_file()}
    for piece in reversed(wanted):  # what is needed comes before what needs it
        if piece.name in open_:
            open_ |= {other.name for other in wanted if other.name in needs(piece) and not study.has(other)}
    return [piece for piece in wanted if piece.name in open_]


def is_left(piece: Piece, study: Study) -> bool:
    """Whether a piece has no record, or the folder lacks what it made: then it is run where others need it."""
    return not (study.record(piece.name).is_file() and study.has(piece))


def run_pieces(wanted: list[Piece], study: Study, start: Start) -> list[str]:
    """Runs what is left of `wanted`; returns the names of those that failed or whose needs failed.

    What other processes run is waited for, and run here if it fails there. Raises WorkFailed where what tells done from
    left cannot be written.
    """
    delete_damaged(pieces(study.scale), study)
    todo, failed, waited_for = left(wanted, study), [], None
    _say(f"{len(wanted) - len(todo)} of {len(wanted)} pieces are done; {_hours(_left(todo, study))} expected")
    while todo := [piece for piece in left(wanted, study) if piece.name not in failed]:
        if lost := [piece for piece in todo if {*needs(piece)} & {*failed}]:
            _say(f"{lost[0].name} is left out: what it needs failed")
            failed.append(lost[0].name)
            continue
        with _taken(todo, study) as piece:
            if piece is None:
                names = [each.name for each in running(study)]
                if names != waited_for:
                    _say(f"waiting for {', '.join(names)}, which other processes run")
                waited_for = names
                time.sleep(SECONDS_TO_WAIT)
                continue
            _say(f"{piece.name}; {len(todo)} pieces and {_hours(_left(todo, study))} of a core to the end")
            started = time.monotonic()
            status = start(piece)
            if status or is_left(piece, study):
                _say(f"{piece.name} failed with status {status}")
                failed.append(piece.name)
            else:
                _say(f"{piece.name}: {_hours(time.monotonic() - started)}")
        delete_features(wanted, study)
    return failed


def run_program(command: Sequence[str]) -> int:
    """Runs a program to its end, for a piece that this process holds, and gives its exit status.

    The program and those that it starts with `close_fds=False` hold the piece, too: killed, this process leaves them
    behind, and what they write would be written by the next process at the same time.
    """
    return subprocess.run(command, close_fds=False, check=False).returncode


def delete_damaged(known: list[Piece], study: Study) -> None:
    """Deletes the records that are damaged or whose predictions are, and says which: these pieces are run again."""
    for path in (study.record(piece.name) for piece in known):
        if not path.is_file():
            continue
        study.lock(path.stem).mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(InvalidInput), locked(study.lock(path.stem)):  # it is just being run, and written
            try:
                check(path)
            except WorkFailed as error:
                _say(f"{error}: it is deleted")
                with reporting_write_errors(path):
                    path.unlink()


def needs(piece: Piece) -> list[str]:
    """Names of the pieces that a piece needs; the shift sets are not drawn where others are given."""
    if piece.row is None:
        return []
    teacher = [] if piece.row.teacher is None else [f"{piece.row.teacher}-0"]
    return [*dict.fromkeys((f"data-{MAIN}", f"data-{piece.row.data}")), SETS, *teacher]


def running(study: Study) -> list[Piece]:
    """The pieces that some process runs now, this one too."""
    return [piece for piece in pieces(study.scale) if _is_locked(piece, study)]


def delete_features(wanted: list[Piece], study: Study) -> None:
    """Deletes the frozen features that no piece that is left of `wanted` is trained on, nor one that is running."""
    kept = {study.features(piece.row) for piece in (*left(wanted, study), *running(study)) if piece.row is not None}
    folder = study.folder / "features"
    for path in folder.iterdir() if folder.is_dir() else ():
        if path not in kept:
            shutil.rmtree(path)


def pace(known: list[Piece], study: Study) -> float:
    """Seconds that finished pieces took over those that were expected; 1 before any is finished."""
    took = expected = 0.0
    for piece in known:
        path = study.record(piece.name)
        with contextlib.suppress(FileNotFoundError, WorkFailed):  # a damaged one is deleted at the next start
            took += read_record(path)["seconds"]
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


@contextlib.contextmanager
def _taken(todo: list[Piece], study: Study) -> Iterator[Piece | None]:
    """The next piece of `todo`, held for this process alone; None: others run all that could be run now.

    Pieces that would wait for what another process computes come last.
    """
    names, others = {piece.name for piece in todo}, running(study)
    ready = [piece for piece in todo if not names & {*needs(piece)}]
    with contextlib.ExitStack() as stack:
        for piece in sorted(ready, key=lambda piece: _waits(piece, others, study)):
            study.lock(piece.name).mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(InvalidInput):  # another process holds it
                stack.enter_context(locked(study.lock(piece.name), inherited=True))
                if is_left(piece, study):  # or it has just finished it
                    break
                stack.close()
        else:
            piece = None
        yield piece


def _waits(piece: Piece, others: list[Piece], study: Study) -> bool:
    """Whether one of `others` computes what a piece also takes, and no finished one has computed."""
    for what in _computed_once(piece):
        same = [each for each in pieces(study.scale) if what in _computed_once(each)]
        if any(each in others for each in same) and len(left(same, study)) == len(same):
            return True
    return False


def _computed_once(piece: Piece) -> set[tuple[str, str]]:
    """What the first piece that takes it computes for all: frozen features, and the outputs of a teacher."""
    if piece.row is None:
        return set()
    found = {("features", features_name(piece.row)), ("outputs", piece.row.teacher)}
    return {(what, name) for what, name in found if name is not None}


def _is_locked(piece: Piece, study: Study) -> bool:
    path = study.lock(piece.name)
    if not path.is_dir():
        return False
    try:
        with locked(path):
            return False
    except InvalidInput:
        return True


def _left(todo: list[Piece], study: Study) -> float:
    return sum(expected_seconds(piece, study.scale) for piece in todo) * pace(pieces(study.scale), study)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _say(line: str) -> None:
    print(f"[{time.strftime('%H:%M')}] {line}", file=sys.stderr, flush=True)
