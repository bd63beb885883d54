"""Soft thresholds."""

import numpy as np


def smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 at `low`, 1 at `high`, smooth between and beyond; `high` may be the smaller one."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
