"""Standard output and error that never end in a traceback: terminals of any encoding, closed pipes, full disks.

A program that is started without standard output fails where it prints a result; nothing is lost without a word.
"""

import codecs
import contextlib
import errno
import io
import os
import re
import select
import sys
from collections.abc import Iterator
from typing import TextIO

from .errors import WorkFailed
from .names import INVISIBLE

CLOSED_PIPE = 141
"""Exit code where the reader of a pipe ended first, as the shell reports it of other programs: 128 + SIGPIPE."""

_PLAIN = str.maketrans(
    {"…": "...", "–": "-", "—": "-", "−": "-", "×": "x", "±": "+-", "’": "'", "“": '"', "”": '"', "≥": ">=", "→": "->"}
)
"""Signs of our own texts, for encodings without them."""


def _for_people(error: UnicodeError) -> tuple[str, int]:
    """Signs of our own texts in ASCII, all others as `_as_bytes`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(ord(sign)) or _as_bytes(sign) for sign in lacking), error.end


def _for_programs(error: UnicodeError) -> tuple[str, int]:
    """All signs as `_as_bytes`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_as_bytes, error.object[error.start : error.end])), error.end


def _as_bytes(sign: str) -> str:
    r"""Its bytes, `\xNN` each, as `written_name` writes bytes; those of a file name that is no UTF-8 as they are."""
    if "\udc80" <= sign <= "\udcff":
        return rf"\x{ord(sign) - 0xDC00:02x}"
    return "".join(rf"\x{byte:02x}" for byte in sign.encode("utf-8", "surrogatepass"))


_failed: list[TextIO] = []
"""Standard output, where it could not be written."""

_UNSEEN = re.compile(rf"[\x00-\x1f\x7f-\x9f{INVISIBLE}]")

codecs.register_error("pain3d-people", _for_people)
codecs.register_error("pain3d-programs", _for_programs)


def one_line(text: object) -> str:
    """Text in which line ends, control characters and what cannot be seen, as in file names, are written as escapes."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def print_rows(text: str) -> None:
    r"""Prints what programs read, at once: each sign that the encoding lacks as its bytes in UTF-8, `\xNN` each.

    `names.read_name` finds every file again, which it could not do with dashes made plain as in messages.
    """
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "pain3d-programs").decode(encoding), end="", flush=True)


class _NoOutput(io.TextIOBase):
    """Standard output where there is none: it cannot be written, and remembers that somebody tried."""

    tried = False

    def write(self, text: str) -> int:
        self.tried = True
        raise OSError(errno.EBADF, "it is closed")


@contextlib.contextmanager
def robust_streams() -> Iterator[None]:
    """Makes standard output and error write what an encoding lacks as an escape; writes all there is at the end.

    Raises:
        BrokenPipeError: the reader of one of them ended. Both are then silent, and so is the end of the program.
        WorkFailed: standard output cannot be written: onto a full disk, or it is closed.
    """
    _fill_in()
    for stream in _streams():
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="pain3d-people")
    try:
        with _watched(sys.stdout):
            yield
    except OSError as error:
        if not output_failed():
            raise
        _silence()
        if isinstance(error, BrokenPipeError):
            raise
        raise WorkFailed(f"cannot write standard output: {error.strerror}") from error


@contextlib.contextmanager
def _watched(stream: TextIO) -> Iterator[None]:
    """Remembers whether `stream` could not be written: what is too long for its buffer is lost without a trace in it.

    Writes all there is at the end.
    """
    _failed.clear()
    write = stream.write

    def watched(text: str) -> int:
        try:
            return write(text)
        except OSError:
            _failed.append(stream)
            raise

    if not isinstance(stream, _NoOutput):
        stream.write = watched
    try:
        yield
    finally:
        if not isinstance(stream, _NoOutput):
            stream.write = write
        stream.flush()


def output_failed() -> bool:
    """Whether standard output or error takes nothing any more: its reader ended, or the disk below it is full."""
    if _failed or (isinstance(sys.stdout, _NoOutput) and sys.stdout.tried):
        return True
    return any(_is_closed(stream) or _is_stuck(stream) for stream in _streams())


def _fill_in() -> None:
    """Puts something in place of a standard output or error that was closed before the program began.

    Else what is printed goes nowhere without a word, messages go to standard output where there is no standard error,
    and the next file that is opened takes the number 1 or 2, which libraries write to.
    """
    if sys.stdout is not None and sys.stderr is not None:
        return
    for number in (1, 2):
        try:
            os.fstat(number)
        except OSError:
            _send_nowhere(number)
    if sys.stdout is None:
        sys.stdout = _NoOutput()
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8")


def _streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if not isinstance(stream, _NoOutput)]


def _is_closed(stream: TextIO) -> bool:
    watched = select.poll()
    try:
        watched.register(stream.fileno(), 0)
    except (OSError, ValueError):  # it has no descriptor, as in a test, or no open one
        return False
    return any(state & (select.POLLERR | select.POLLNVAL) for _, state in watched.poll(0))


def _is_stuck(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError:
        return True
    return False


def _silence() -> None:
    """Lets what is still held back go nowhere: else Python complains about it when it ends."""
    for stream in _streams():
        if _is_closed(stream) or _is_stuck(stream):
            _send_nowhere(stream.fileno())


def _send_nowhere(number: int) -> None:
    """Makes a descriptor, open or not, one of the null device."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
