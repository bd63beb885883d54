"""Where lids and lips touch, and what keeps closed lids closed while other units move them.

ICT-FaceKit's shapes add up linearly; with the eye closed, every unit that lifts the lower lid or lowers the upper one
drives the lids through each other (up to 4 mm). The corrections here take away, for each unit, the difference between
the movements of the two lids: both go along by the mean, and what touches at AU43 keeps touching.
"""

import numpy as np
from scipy.spatial import cKDTree

from dataset_script.errors import InvalidInput

TOUCH_MM, APART_MM = 1.0, 3.0
"""Two points touch where they are nearer than the first in one pose and farther apart than the second in another."""
REACH_MM, NEIGHBOURS = 3.0, 8
"""Corrections fade out over this distance from the touching points, on their own lid. A vertex takes the mean of those
at this many touching points."""


def contacts(touching: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """(K, 2) pairs of vertices that are in contact in the pose `touching` (N, 3) and apart in `apart`, sorted.

    The first of a pair is the upper one in the pose `apart`. Each vertex is paired with its nearest partner only.
    """
    near = cKDTree(touching).query_pairs(TOUCH_MM, output_type="ndarray").astype(np.int64)
    near = near[np.linalg.norm(apart[near[:, 0]] - apart[near[:, 1]], axis=1) > APART_MM]
    both = np.concatenate([near, near[:, ::-1]])
    distance = np.linalg.norm(touching[both[:, 0]] - touching[both[:, 1]], axis=1)
    order = np.lexsort((both[:, 1], distance, both[:, 0]))
    both = both[order]
    _, first = np.unique(both[:, 0], return_index=True)
    both = both[first]
    upper_first = apart[both[:, 0], 1] >= apart[both[:, 1], 1]
    return np.unique(np.where(upper_first[:, None], both, both[:, ::-1]), axis=0)


def lid_corrections(neutral: np.ndarray, closing: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Offsets (U, N, 3) that, added to `units` (U, N, 3) on closed eyes, let the two lids move as one.

    Args:
        neutral: (N, 3) mm, eyes open.
        closing: (N, 3) the offsets that close them.

    Raises:
        InvalidInput: `closing` does not close them: too few points touch.
    """
    pairs = contacts(neutral + closing, neutral)
    if len(pairs) < NEIGHBOURS:
        raise InvalidInput(f"closing brings {len(pairs)} pairs of points together; allowed is {NEIGHBOURS} and more")
    corrections = np.zeros_like(units)
    difference = units[:, pairs[:, 0]] - units[:, pairs[:, 1]]  # (U, K, 3), upper less lower
    for side, sign in ((0, -0.5), (1, 0.5)):
        rim = pairs[:, side]
        other = cKDTree(neutral[pairs[:, 1 - side]])
        distance, nearest = cKDTree(neutral[rim]).query(neutral, k=NEIGHBOURS)
        own = distance[:, 0] < other.query(neutral)[0]  # the other lid has its own share
        weight = np.exp(-((distance - distance[:, :1]) ** 2)) + 1e-9
        weight /= weight.sum(axis=1, keepdims=True)
        fade = own * np.exp(-((distance[:, 0] / REACH_MM) ** 2))
        fade[fade < 1e-3] = 0
        spread = np.einsum("nk,unkc->unc", weight, difference[:, nearest])
        corrections += sign * fade[:, None] * spread
    return corrections
