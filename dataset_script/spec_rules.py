"""What a field of the specification may hold, and how it is asked for on a command line. One rule a field."""

import re
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    allowed: tuple[str, ...]

    def check(self, name: str, value: Any) -> str:
        """The value. Raises InvalidInput, as every rule does, with the field, the value and what is allowed."""
        if value not in self.allowed:
            raise InvalidInput(f"{name} is {value!r}; allowed: {', '.join(self.allowed)}")
        return value


@dataclass(frozen=True)
class Name:
    """The name of a part of the generator. Which there are, only its catalogue knows: another version has others."""

    def check(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise InvalidInput(f"{name} is {value!r}; allowed: lower-case letters, digits and _, as in makehuman")
        return value


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`; `even`: only even ones."""

    low: int
    high: int
    even: bool = False

    def check(self, name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise InvalidInput(f"{name} is {value!r}; allowed: an integer from {self.low} to {self.high}")
        if self.even and value % 2:
            raise InvalidInput(f"{name} is {value}; allowed: an even number")
        return value


@dataclass(frozen=True)
class Real:
    """A number from `low` to `high`; 8 and 8.0 are one value, hence one hash. `above`: `low` itself is not allowed."""

    low: float
    high: float
    above: bool = False

    def check(self, name: str, value: Any) -> float:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high
        if not fits or (self.above and value == self.low):
            range_ = f"above {self.low:g}, up to {self.high:g}" if self.above else f"{self.low:g} to {self.high:g}"
            raise InvalidInput(f"{name} is {value!r}; allowed: {range_}")
        return float(value)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise InvalidInput(f"{name} is {value!r}; allowed: true or false")
        return value


@dataclass(frozen=True)
class Digest:
    """The sha256 of a file in hexadecimal, or None."""

    def check(self, name: str, value: Any) -> str | None:
        if value is not None and (not isinstance(value, str) or not _SHA256.fullmatch(value)):
            raise InvalidInput(f"{name} is {value!r}; allowed: a sha256, 64 hexadecimal digits, or null")
        return value


Rule = Choice | Name | Whole | Real | Flag | Digest
