"""The kinds of distributions and records that describe groups of people, with names for their parameters."""

from typing import Any, NamedTuple

import numpy as np


class Meaning(NamedTuple):
    """What a value of a group is, in which unit, and where it comes from."""

    what: str
    source: str = "by eye"


class Stated(NamedTuple):
    """A value with what it is, in which unit, and where it comes from; a change of ageing with its `years`."""

    value: Any
    what: str
    source: str = "by eye"
    years: "YearsOfChange | None" = None


class Normal(NamedTuple):
    """Normal distribution; `spread` is its standard deviation."""

    mean: float
    spread: float

    def __str__(self) -> str:
        return f"{self.mean:g} ± {self.spread:g}"


class Range(NamedTuple):
    """Uniform distribution."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


class Receding(NamedTuple):
    """Gamma distribution of millimetres whose scale is `mm_a_year` for each year after `start`, of `least` at least."""

    shape: float
    mm_a_year: float
    start: float
    least: float

    def draw(self, age: float, rng: np.random.Generator) -> float:
        """Millimetres at an age in years."""
        return rng.gamma(self.shape, self.mm_a_year * max(age - self.start, self.least))

    def __str__(self) -> str:
        return f"gamma of shape {self.shape:g}, scale {self.mm_a_year:g} a year from {self.start:g} on"


class HalfNormal(NamedTuple):
    """Normal distribution of millimetres around 0, cut off below 0: half of the people have none, at any age."""

    spread: float

    def draw(self, age: float, rng: np.random.Generator) -> float:
        """Millimetres at an age in years."""
        return max(0.0, rng.normal(0, self.spread))

    def __str__(self) -> str:
        return f"0 ± {self.spread:g}, and 0 where that is below 0"


class YearsOfChange(NamedTuple):
    """The years in which something changes: from `start` on by the same amount each year, which makes the whole change
    after `years` and at most `most` times that."""

    start: float
    years: float
    most: float = 1.0

    def share(self, age: float) -> float:
        """How much of the change has happened at an age in years, 0 to `most`; 1 after `years`."""
        return float(np.clip((age - self.start) / self.years, 0, self.most))

    def __str__(self) -> str:
        return f"{self.start:g} to {self.start + self.most * self.years:g}"


class Beard(NamedTuple):
    """Facial hair of men.

    Attributes:
        stubble: parameters of the beta distribution of the density (0-1) of shaven stubble.
        bearded: share of those who grow a beard instead.
        density, lengths: of a beard, 0-1 and mm; each of the lengths as often.
    """

    stubble: tuple[float, float]
    bearded: float
    density: Range
    lengths: tuple[Range, ...]

    def __str__(self) -> str:
        lengths = ", ".join(f"{length} mm" for length in self.lengths)
        return f"{self.bearded:.0%} bearded ({lengths}), else stubble, beta{self.stubble}"


class Companion(NamedTuple):
    """An action unit that joins some pain expressions.

    Attributes:
        probability: at PSPI 16; it falls linearly to a third of that towards PSPI 0.
        highest: intensities are the whole numbers from 1 to this one, each as often.
    """

    probability: float
    highest: int


class Ancestry(NamedTuple):
    """A weight for each of MakeHuman's three ancestry shapes; they sum to 1."""

    african: float
    asian: float
    caucasian: float


class HairColour(NamedTuple):
    """Share of people with each colour of hair, before any greys."""

    black: float
    dark_brown: float
    brown: float
    light_brown: float
    blond: float
    red: float


class IrisColour(NamedTuple):
    """Share of people with each colour of the iris."""

    dark_brown: float
    brown: float
    hazel: float
    green: float
    grey: float
    blue: float


class Lines(NamedTuple):
    """A value for each family of wrinkles, see `appearance.wrinkles`."""

    glabella: float
    forehead: float
    crows_feet: float
    lower_lid: float
    nose_root: float
    nasolabial: float
