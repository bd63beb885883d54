"""Depth in millimetres as the grey picture that depth ControlNets were trained on."""

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput

FLOOR = 0.3  # brightness of the farthest surface: the outline must stand out from a background of 0
NEAR, FAR = 1.0, 99.0  # percentiles of depth that get brightness 1 and FLOOR: a stray vertex must not set the scale


def depth_hint(depth: np.ndarray, size: int) -> np.ndarray:
    """The depth map as a ControlNet sees it: nearer is brighter, as the depth estimators it was trained on draw it.

    Those (DPT, MiDaS) draw inverse depth up to a scale and a shift. So 1 / depth is mapped linearly: the 1st percentile
    of the depths that are there to 1, the 99th to 0.3, clipped between; where nothing is, the background, is 0.
    A flat surface is 1 everywhere.

    Args:
        depth: (S, S) distance along the viewing axis, mm, inf where nothing is.
        size: side of the result, pixels.

    Returns:
        (size, size) float32 in 0-1.

    Raises:
        InvalidInput: it is not square, not finite and positive where something is, or empty.
    """
    depth = np.asarray(depth, dtype=np.float64)
    there = ~np.isposinf(depth)
    if depth.ndim != 2 or depth.shape[0] != depth.shape[1] or not there.any() or not (depth[there] > 0).all():
        raise InvalidInput(
            f"depth has shape {depth.shape} and {int(there.sum())} surface pixels; allowed is (S, S) with some "
            "positive depth in mm, inf where nothing is, no nan"
        )
    near, far = 1 / np.percentile(depth[there], (NEAR, FAR))
    slope = (1 - FLOOR) / (near - far) if near > far else 0.0
    hint = np.zeros(depth.shape, np.float32)
    hint[there] = np.clip(1 - slope * (near - 1 / depth[there]), FLOOR, 1)
    if hint.shape != (size, size):
        resized = Image.fromarray(hint).resize((size, size), Image.Resampling.BILINEAR)
        hint = np.clip(np.asarray(resized, dtype=np.float32), 0, 1)
    return hint
