"""What a parser is to the fuzz run: whole inputs, how they are read, and what it may say of a damaged one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.importers.report import Unusable


@dataclass(frozen=True)
class Parser:
    """A reader of bytes that others made.

    Attributes:
        name: of the parser.
        reads: what it reads, for people.
        write: writes whole inputs into an empty folder, each a file or a folder of its own there.
        read: reads the input at a path; what it raises is looked at.
        share: of the inputs of a run, relative to other parsers.
        damaged: patterns of the files of an input that are damaged; default all.
        allowed: what it may raise, by its docstring. Where it raises nothing, it reports a row that holds an error.
    """

    name: str
    reads: str
    write: Callable[[Path], None]
    read: Callable[[Path], object]
    share: float = 1.0
    damaged: tuple[str, ...] = ("*",)
    allowed: tuple[type[Exception], ...] = (InvalidInput, WorkFailed, Unusable)

    def may_raise(self, error: BaseException) -> bool:
        """Whether it is one of `allowed` itself: ValueError is not, although InvalidInput is one."""
        return isinstance(error, self.allowed)
