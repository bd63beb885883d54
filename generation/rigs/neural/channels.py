"""The channels that a rig adds up, and the share of each in an expression.

Every action unit is a movement along straight lines. Around closed eyes that is not enough: what lifts the lower lid or
lowers the upper one would drive the lids through each other. Such units have a second movement, the correction, that
grows with the product of the unit and the closed eye.
"""

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES, check_aus, check_extra_aus

from ..lid_contact import LID_GUARD

UNITS: tuple[str, ...] = AU_NAMES + EXTRA_AU_NAMES
"""The units a rig knows, in the order of every array of gates: the six of C1, then the extra ones."""
UNIT_MAX: tuple[int, ...] = AU_MAX + (EXTRA_AU_MAX,) * len(EXTRA_AU_NAMES)
"""Full intensity of each of UNITS."""

CORRECTED: tuple[str, ...] = ("AU4", "AU6", "AU7", "AU9", "AU10", "AU1", "AU2", "AU12")
"""Units that move the lids against each other by more than 0.1 mm: each has a correction while the eyes close."""
CHANNELS: tuple[str, ...] = UNITS + tuple(f"{unit}xAU43" for unit in CORRECTED)
"""A movement for each unit, and one for each correction."""


def gates(au: np.ndarray, extra_au: np.ndarray | None = None) -> np.ndarray:
    """(..., 21) share of each of CHANNELS, 0-1: of the unit, and for a correction of the unit times the closed eye.

    Without AU43 they are linear in the intensities; zero intensities give zero exactly.

    Args:
        au: (..., 6) in C1 order and units.
        extra_au: (..., 7) in the order of EXTRA_AU_NAMES, 0-5; None for none.

    Raises:
        InvalidInput: an intensity out of range.
    """
    au = check_aus(au)
    extra = np.zeros((*au.shape[:-1], len(EXTRA_AU_NAMES))) if extra_au is None else np.asarray(extra_au, np.float64)
    if extra.shape != (*au.shape[:-1], len(EXTRA_AU_NAMES)):
        raise InvalidInput(f"extra_au has shape {extra.shape}; allowed is {(*au.shape[:-1], len(EXTRA_AU_NAMES))}")
    for row in extra.reshape(-1, len(EXTRA_AU_NAMES)):
        check_extra_aus(dict(zip(EXTRA_AU_NAMES, row, strict=True)))
    shares = np.concatenate([au / np.array(AU_MAX), extra / EXTRA_AU_MAX], axis=-1)
    closed = shares[..., UNITS.index("AU43")]
    for unit, taken in LID_GUARD.items():
        shares[..., UNITS.index(unit)] *= 1 - taken * closed
    corrections = shares[..., [UNITS.index(unit) for unit in CORRECTED]] * closed[..., None]
    return np.concatenate([shares, corrections], axis=-1)
