"""Label files of UNBC-McMaster and plain numbers, read strictly: what is not exactly right is `Unusable`."""

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ..errors import InvalidInput
from ..facs import AU_NAMES, EXTRA_AU_NAMES, PSPI_MAX, check_aus, check_extra_aus, pspi
from ..features import NUM_AAM_LANDMARKS
from ..table_files import plain_number
from .report import Unusable

_FACS_COLUMNS = 4
_AU43 = AU_NAMES.index("AU43")
_SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev", "development"),
    "test": ("test", "testing"),
}
SPLITS_ALLOWED = "train, validation (or val, valid, dev) and test"


def number(text: str) -> float:
    """A finite number. Raises Unusable."""
    try:
        value = plain_number(text)
    except ValueError:
        raise Unusable("bad number", f"{text[:40]!r} is not a number") from None
    if not math.isfinite(value):
        raise Unusable("bad number", f"{text[:40]!r} is not finite")
    return value


def split_named(text: str) -> str | None:
    """The split that a word means, in capitals or not: "Val" is "validation". None for any other word."""
    word = text.strip().lower()
    return next((split for split, names in _SPLIT_NAMES.items() if word in names), None)


def parse_facs(text: str) -> tuple[tuple[float, ...], dict[str, float]]:
    """A FACS file: a row `AU intensity x y` for each active unit; an empty file means that none is.

    A row of AU43 counts as 1 whatever its intensity. Rows of units that PSPI does not count are kept.

    Returns:
        (6,) in C1 order, and the intensities (0-5) of those of `EXTRA_AU_NAMES` that have a row.
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if len(words) != _FACS_COLUMNS:
            raise Unusable("bad number", f"a FACS row has {len(words)} columns; it must have {_FACS_COLUMNS}")
        unit, intensity, *_ = map(number, words)
        name = f"AU{unit:g}"
        if name not in (*AU_NAMES, *EXTRA_AU_NAMES):
            raise Unusable("unknown AU", f"a FACS row is of {name}")
        value = 1.0 if name == "AU43" else intensity
        if found.setdefault(name, value) != value:
            raise Unusable("contradiction", f"{name} is {found[name]:g} and {value:g}")
    return checked_aus(found), checked_extra_aus({n: found[n] for n in EXTRA_AU_NAMES if n in found})


def checked_aus(found: Mapping[str, float]) -> tuple[float, ...]:
    """(6,) in C1 order, absent ones 0. Raises Unusable when one is out of range."""
    return _checked(tuple(found.get(name, 0.0) for name in AU_NAMES))


@lru_cache(maxsize=1 << 16)  # frames share their intensities: a table look-up in place of NumPy on six numbers
def _checked(values: tuple[float, ...]) -> tuple[float, ...]:
    try:
        au = tuple(check_aus(values).tolist())
    except InvalidInput as error:
        raise Unusable("AU out of range", str(error)) from None
    if (closed := au[_AU43]) not in (0, 1):
        raise Unusable("AU out of range", f"AU43 is {closed:g}; a label of it is 0 or 1")
    return au


def checked_extra_aus(found: dict[str, float]) -> dict[str, float]:
    """`found` as it is. Raises Unusable when one is out of range (0-5)."""
    try:
        check_extra_aus(found)
    except InvalidInput as error:
        raise Unusable("AU out of range", str(error)) from None
    return found


def whole_pspi(au: tuple[float, ...], given: float | None = None) -> int:
    """PSPI of the units (6,), which must be a whole number and what the source says, if it says anything."""
    value = _pspi(au)
    if given is not None and given != value:
        raise Unusable("PSPI disagrees", f"PSPI is {given:g}; its action units give {value:g}")
    return whole("PSPI", value)


@lru_cache(maxsize=1 << 16)
def _pspi(au: tuple[float, ...]) -> float:
    return float(pspi(au))


def whole(name: str, value: float) -> int:
    """A PSPI: a whole number, 0-16."""
    if not (0 <= value <= PSPI_MAX and value == int(value)):
        raise Unusable("bad number", f"{name} is {value:g}; allowed are whole numbers, 0 to {PSPI_MAX}")
    return int(value)


def parse_single(text: str) -> float:
    """A file with one number in it."""
    words = text.split()
    if len(words) != 1:
        raise Unusable("bad number", f"the file holds {len(words)} words; it must hold one number")
    return number(words[0])


def parse_landmarks(text: str) -> np.ndarray:
    """66 rows `x y` -> (66, 2), float32."""
    words = text.split()
    if len(words) != 2 * NUM_AAM_LANDMARKS or any(len(line.split()) not in (0, 2) for line in text.splitlines()):
        raise Unusable("bad number", f"the file holds {len(words)} numbers; it must hold {NUM_AAM_LANDMARKS} rows x y")
    try:
        points = np.array([*map(plain_number, words)], dtype=np.float32).reshape(-1, 2)
    except ValueError:
        raise Unusable("bad number", f"the file holds {_not_a_number(words)!r}, which is not a number") from None
    if not np.isfinite(points).all():
        raise Unusable("bad number", "the file holds a number that is not finite")
    return points


def _not_a_number(words: list[str]) -> str:
    """The first word that is none."""
    for word in words:
        try:
            plain_number(word)
        except ValueError:
            return word[:40]
    return ""
