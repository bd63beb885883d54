"""Action units, their ranges and PSPI. The only place that defines them.

Every array of action units in Pain3D has the order of `AU_NAMES`. Intensities follow FACS: 0 absent, 1-5 for the
letters A-E; AU43 (eyes closed) is 0 or 1.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .errors import InvalidInput

AU_NAMES: tuple[str, ...] = ("AU4", "AU6", "AU7", "AU9", "AU10", "AU43")
AU_MAX: tuple[int, ...] = (5, 5, 5, 5, 5, 1)
AU_DESCRIPTIONS: dict[str, str] = {
    "AU4": "brow lowerer",
    "AU6": "cheek raiser",
    "AU7": "lid tightener",
    "AU9": "nose wrinkler",
    "AU10": "upper lip raiser",
    "AU43": "eyes closed",
    "AU1": "inner brow raiser",
    "AU2": "outer brow raiser",
    "AU12": "lip corner puller",
    "AU20": "lip stretcher",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU27": "mouth stretch",
}
EXTRA_AU_NAMES: tuple[str, ...] = ("AU1", "AU2", "AU12", "AU20", "AU25", "AU26", "AU27")
"""Units that may accompany pain. They are recorded (0-5) and never counted in PSPI."""
ALL_AU_NAMES: tuple[str, ...] = AU_NAMES + EXTRA_AU_NAMES
EXTRA_AU_MAX = 5
"""Highest intensity of each of them."""

PARTS_LIPS = ("AU9", "AU10")
"""Units that raise the upper lip off the lower one: at each level as far as AU25 of that level parts them."""

PSPI_MAX = 16
PSPI_CLASSES = PSPI_MAX + 1
PAIN_THRESHOLDS = (1, 2, 3)
"""PSPI from which a frame counts as pain: the field reports detection at each."""


def check_aus(au: Sequence[float] | np.ndarray) -> np.ndarray:
    """Returns `au` as float64 `(..., 6)` in C1 order.

    Raises:
        InvalidInput: a wrong length, a value that is not finite, or one out of range; the message names the unit.
    """
    values = np.asarray(au, dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] != len(AU_NAMES):
        raise InvalidInput(
            f"au has shape {values.shape}; the last axis must hold {len(AU_NAMES)}: {', '.join(AU_NAMES)}"
        )
    good = (values >= 0) & (values <= AU_MAX)  # not NaN either
    if good.all():
        return values
    k = int(np.argmin(good.reshape(-1, len(AU_NAMES)).all(axis=0)))
    raise InvalidInput(f"{AU_NAMES[k]} is {values[..., k][~good[..., k]].flat[0]:g}; allowed is 0 to {AU_MAX[k]}")


def check_extra_aus(extra: Mapping[str, float]) -> dict[str, float]:
    """Returns all of `EXTRA_AU_NAMES` with their intensity (0-5), absent ones 0. Raises InvalidInput."""
    for name, value in extra.items():
        if name not in EXTRA_AU_NAMES:
            raise InvalidInput(f"extra_au names {name!r}; allowed are {', '.join(EXTRA_AU_NAMES)}")
        if not 0 <= float(value) <= EXTRA_AU_MAX:
            raise InvalidInput(f"{name} is {value}; allowed is 0 to {EXTRA_AU_MAX}")
    return {name: float(extra.get(name, 0.0)) for name in EXTRA_AU_NAMES}


def with_parted_lips(au: Sequence[float] | np.ndarray, extra: Mapping[str, float]) -> dict[str, float]:
    """`extra` with AU25 at least as high as AU9 and AU10 of `au` (6,): what raises the upper lip parts the lips, and
    FACS codes lips that are parted as AU25, whatever parts them. Raises InvalidInput."""
    levels = dict(zip(AU_NAMES, check_aus(au).tolist(), strict=True))
    checked = check_extra_aus(extra)
    return checked | {"AU25": max(checked["AU25"], *(levels[name] for name in PARTS_LIPS))}


def pspi(au: Sequence[float] | np.ndarray) -> np.ndarray:
    """Prkachin and Solomon Pain Intensity, 0-16, of `au` `(..., 6)` -> `(...)`.

    Equation 1 of the paper (Prkachin & Solomon 2008): AU4 + max(AU6, AU7) + max(AU9, AU10) + AU43.
    """
    v = check_aus(au)
    return v[..., 0] + np.maximum(v[..., 1], v[..., 2]) + np.maximum(v[..., 3], v[..., 4]) + v[..., 5]
