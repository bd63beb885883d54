"""Standard output and error that never end in a traceback: terminals of any encoding, closed pipes, full disks."""

import codecs
import contextlib
import os
import re
import select
import sys
from collections.abc import Iterator
from typing import TextIO

from .errors import WorkFailed

CLOSED_PIPE = 141
"""Exit code where the reader of a pipe ended first, as the shell reports it of other programs: 128 + SIGPIPE."""

_PLAIN = str.maketrans(
    {"…": "...", "–": "-", "—": "-", "−": "-", "×": "x", "±": "+-", "’": "'", "“": '"', "”": '"', "≥": ">=", "→": "->"}
)
"""Signs of our own texts, for encodings without them."""


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_escape, error.object[error.start : error.end])), error.end


def _escape(sign: str) -> str:
    if "\udc80" <= sign <= "\udcff":  # a byte of a file name that is no UTF-8
        return rf"\x{ord(sign) - 0xDC00:02x}"
    return sign.translate(_PLAIN) if ord(sign) in _PLAIN else sign.encode("ascii", "backslashreplace").decode()


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

codecs.register_error("pain3d", _escaped)


def one_line(text: object) -> str:
    """Text in which line ends and other control characters, as file names may hold them, are written as escapes."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


@contextlib.contextmanager
def robust_streams() -> Iterator[None]:
    """Makes standard output and error write what an encoding lacks as an escape; writes all there is at the end.

    Raises:
        BrokenPipeError: the reader of one of them ended. Both are then silent, and so is the end of the program.
        WorkFailed: standard output cannot be written, for example onto a full disk.
    """
    for stream in _streams():
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="pain3d")
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        if not output_failed():
            raise
        _silence()
        if isinstance(error, BrokenPipeError):
            raise
        raise WorkFailed(f"cannot write standard output: {error.strerror}") from error


def output_failed() -> bool:
    """Whether standard output or error takes nothing any more: its reader ended, or the disk below it is full."""
    return any(_is_closed_pipe(stream) or _is_stuck(stream) for stream in _streams())


def _streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _is_closed_pipe(stream: TextIO) -> bool:
    watched = select.poll()
    try:
        watched.register(stream.fileno(), 0)
    except (OSError, ValueError):  # it has no descriptor, as in a test, or no open one
        return False
    return any(state & select.POLLERR for _, state in watched.poll(0))


def _is_stuck(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError:
        return True
    return False


def _silence() -> None:
    """Lets what is still held back go nowhere: else Python complains about it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in _streams():
        if _is_closed_pipe(stream) or _is_stuck(stream):
            os.dup2(nowhere, stream.fileno())
