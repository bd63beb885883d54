"""Hair under what is worn: pressed down, tucked away, or not seen at all."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ...geometry.surface import unit
from ..brows import FaceStrands
from ..hair.strands import Hair

UNDER_MM = 1.0
"""How far under the inside of a band hair lies."""
RISE = 0.8
"""How fast hair rises again beside a band: mm off the head for each mm away from it."""
PRESSED_WITHIN_MM = 45.0
SHORT_MM = 45.0
"""Hair longer than this is tucked under a cap from wherever it grows."""
BESIDE_MM = 9.0
"""Hair that grows nearer than this to the inside of a cap is under it: its points lie some millimetres apart."""
COVERED_MM = 7.0
"""Hairs of a face whose roots lie nearer than this under a dressing are not seen."""


def pressed(hair: Hair, inside: np.ndarray) -> Hair:
    """Hair held down by something with the `inside` points (N, 3)."""
    points = hair.points.reshape(-1, 3).astype(float)
    tree = cKDTree(inside)
    for _ in range(2):  # what comes nearer may come under another part of it
        distance, near = tree.query(points, distance_upper_bound=PRESSED_WITHIN_MM)
        found = np.isfinite(distance)
        outward = unit(inside[near[found]] - hair.middle)
        apart = points[found] - inside[near[found]]
        height = (apart * outward).sum(axis=1)
        beside = np.linalg.norm(apart - height[:, None] * outward, axis=1)
        allowed = -UNDER_MM + RISE * np.maximum(beside - 3.5, 0)
        points[found] -= np.maximum(height - allowed, 0)[:, None] * outward
    return replace(hair, points=points.reshape(hair.points.shape).astype(np.float32))


def tucked(hair: Hair, inside: np.ndarray) -> Hair | None:
    """Hair that a cap or a scarf with the `inside` points (N, 3) leaves to be seen: what is short, beside it."""
    roots = hair.points[:, 0].astype(float)
    away, near = cKDTree(inside).query(roots)
    outward = unit(inside[near] - hair.middle)
    apart = inside[near] - roots
    height = (apart * outward).sum(axis=1)
    beside = np.sqrt(np.maximum(away**2 - height**2, 0))
    length = np.linalg.norm(np.diff(hair.points, axis=1), axis=2).sum(axis=1)
    kept = (beside > BESIDE_MM) & ((height > 0) | (beside > 3 * BESIDE_MM)) & (length < SHORT_MM)
    if not kept.any():
        return None
    left = replace(
        hair, points=hair.points[kept], tint=hair.tint[kept], buried=hair.buried[kept], width=hair.width[kept]
    )
    return pressed(left, inside)


def uncovered(strands: FaceStrands | None, vertices: np.ndarray, over: np.ndarray) -> FaceStrands | None:
    """Brows or a beard without the hairs that grow under points (N, 3) of what is stuck on the skin."""
    if strands is None or len(over) == 0:
        return strands
    roots = np.einsum("nc,ncd->nd", strands.weights, vertices[strands.corners])[:: strands.points_each]
    kept = cKDTree(over).query(roots, distance_upper_bound=COVERED_MM)[0] > COVERED_MM * 0.5
    each = np.repeat(kept, strands.points_each)
    return replace(
        strands, corners=strands.corners[each], weights=strands.weights[each], lift=strands.lift[each],
        tint=strands.tint[kept], width=strands.width[kept], hang=None if strands.hang is None else strands.hang[each],
    )  # fmt: skip
