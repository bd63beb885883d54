"""Polygons as triangles."""

from collections.abc import Sequence
from itertools import pairwise


def fan(corners: Sequence[int]) -> list[tuple[int, int, int]]:
    """The triangles of a polygon of 3 or more corners.

    Some programs write a triangle as a quad with one corner twice: corners equal to their neighbour, or the last to the
    first, count once. What then has fewer than three is a triangle with a corner twice, so that it can be counted.
    """
    if len(set(corners)) < len(corners):
        kept = [corner for corner, after in zip(corners, [*corners[1:], corners[0]], strict=True) if corner != after]
        if len(kept) < 3:
            return [(corners[0], corners[-1], corners[-1])]
        corners = kept
    return [(corners[0], b, c) for b, c in pairwise(corners[1:])]
