"""Painted regions put into a picture whose other pixels stay as they are."""

import numpy as np
from scipy import ndimage

EDGE = 1 / 64  # of the picture's side: how far from the kept pixels the painted ones are still matched to them


def composite(picture: np.ndarray, painted: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`picture` with the pixels of `mask` taken from `painted`, without a seam.

    A pipeline repaints the whole picture, and what should be kept comes back a little off. How far off, along the edge
    of the mask, is taken off the painted side, and less with distance; the kept side is not touched.

    Args:
        picture, painted: (S, S, 3) uint8. mask: (S, S) bool, True where painted.

    Returns:
        (S, S, 3) uint8, equal to `picture` byte for byte outside `mask`.
    """
    reach = max(2.0, EDGE * len(picture))
    kept = (~mask).astype(np.float64)
    difference = (picture.astype(np.float64) - painted) * kept[..., None]
    weight = ndimage.gaussian_filter(kept, reach / 2)
    near = ndimage.gaussian_filter(difference, (reach / 2, reach / 2, 0)) / np.maximum(weight, 1e-6)[..., None]
    distance = ndimage.distance_transform_edt(mask) if not mask.all() else np.full(mask.shape, np.inf)
    matched = painted + near * np.clip(1 - distance / (reach + 1), 0, 1)[..., None]
    result = picture.copy()
    result[mask] = np.clip(np.rint(matched[mask]), 0, 255).astype(np.uint8)
    return result


def mixed(picture: np.ndarray, painted: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """`keep` of `picture` and the rest of `painted`: (S, S, 3) uint8 each, `keep` (S, S) in 0-1.

    Where `keep` is 1, the result is `picture` byte for byte.
    """
    share = keep.astype(np.float64)[..., None]
    return np.rint(picture * share + painted * (1 - share)).astype(np.uint8)
