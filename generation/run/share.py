"""Sharing one dataset among machines that know nothing of each other, as the tasks of a SLURM array are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from dataset_script.errors import InvalidInput

T = TypeVar("T")

_FOLDER = re.compile(r"share-([1-9][0-9]*)-of-([1-9][0-9]*)")


@dataclass(frozen=True)
class Share:
    """Part `number` of `count`: every count-th shard of the plan, beginning with the number-th."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Share":
        """The share that `--shard` names: "3/8" is the third of eight.

        Raises:
            InvalidInput: it is none.
        """
        match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text, re.ASCII)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise InvalidInput(f"shard is {text!r}; allowed: I/N with I from 1 to N, as 1/8 to 8/8")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_folder(cls, name: str) -> "Share | None":
        """The share whose `folder` has this name; None where it is no such name."""
        match = _FOLDER.fullmatch(name)
        return None if match is None else cls(int(match[1]), int(match[2]))

    @property
    def folder(self) -> str:
        """The folder that it is made in: each share has its own, so that no two tasks write in one."""
        return f"share-{self.number}-of-{self.count}"

    def of(self, everything: Sequence[T]) -> list[T]:
        """What belongs to it; nothing where there are fewer than `number`."""
        return list(everything[self.number - 1 :: self.count])

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
