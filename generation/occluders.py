"""What covers a face in a picture, measured on its pixels, and which action units are hidden by it.

A pixel counts as covered where a prop hides the face, or veils it as an oxygen mask does (`appearance.props.base`), and
on the forehead also where hair of the head falls over it. Lenses of glasses cover nothing, their frames do. A unit is
hidden where more than half of its region is covered, of what of that region would be seen without: the region is the
skin where the heat of the unit alone, at its highest intensity, is at least half of its maximum on this person. Labels
of hidden units stay what they are.
"""

import numpy as np

from dataset_script.facs import AU_NAMES
from dataset_script.vocabulary import SEGMENTS

from .heads.base import SKIN, Topology
from .render.base import RenderedView

COVERS = 0.01
"""Least share of the face's pixels that something must cover to be named."""
HIDDEN = 0.5
"""A unit is hidden where more than this share of its region is covered."""
HOT = 0.5
"""Share of the highest heat from which on skin belongs to the region of a unit."""
FOREHEAD_MM, HALF_WIDTH_MM = (12.0, 46.0), 46.0
"""Canonical heights between which, and how far from the middle, hair over the face falls from the head: it neither
grows there nor is it a beard."""
HAIR = SEGMENTS.index("hair")


def unit_regions(heat: list[np.ndarray], topology: Topology) -> np.ndarray:
    """Which triangles (T,) uint8 belong to the region of each unit: bit k is set in that of the unit k.

    `heat`: of each unit alone, (V,) mm.
    """
    bits = np.zeros(len(topology.triangles), np.uint8)
    for k, of_unit in enumerate(heat):
        bits |= (of_unit[topology.triangles].mean(axis=1) >= HOT * of_unit.max()).astype(np.uint8) << k
    return bits


def face_triangles(topology: Topology) -> tuple[np.ndarray, np.ndarray]:
    """Which triangles (T,) bool are of the face, and which of those of its forehead."""
    corners = topology.triangles
    face = (topology.masks["face"][corners].mean(axis=1) > 0.5) | (topology.part != SKIN)
    x, y, z = topology.reference[corners].mean(axis=1).T
    low, high = FOREHEAD_MM
    return face, face & (y > low) & (y < high) & (np.abs(x) < HALF_WIDTH_MM) & (z > 0)


def occluders_of(picture: RenderedView, face: np.ndarray, forehead: np.ndarray) -> list[str]:
    """What covers at least `COVERS` of the face in a picture, what covers most first.

    `face`, `forehead`: of `face_triangles`.
    """
    behind = picture.ids if picture.covering is None else picture.covering.behind
    seen = np.where(behind >= 0, face[behind], False)
    count = max(int(seen.sum()), 1)
    shares = {"hair": _hair(picture, behind, forehead).sum() / count}
    if picture.covering is not None:
        which = picture.covering.covered_by[seen]
        for k, name in enumerate(picture.covering.names):
            shares[name] = shares.get(name, 0.0) + (which == k).sum() / count
    named = [name for name, share in shares.items() if share >= COVERS]
    return sorted(named, key=lambda name: -shares[name])


def hidden_units(picture: RenderedView, regions: np.ndarray, forehead: np.ndarray) -> list[str]:
    """The units of which more than `HIDDEN` of the region is covered in a picture, in the order of `AU_NAMES`.

    `regions`: of `unit_regions`; `forehead`: of `face_triangles`.
    """
    if picture.covering is None:
        return []
    behind = picture.covering.behind
    covered = (picture.covering.covered_by >= 0) | _hair(picture, behind, forehead)
    seen = behind >= 0
    of_pixel, over = regions[behind[seen]], covered[seen]
    hidden = []
    for k, name in enumerate(AU_NAMES):
        region = of_pixel >> k & 1 == 1
        if region.any() and over[region].mean() > HIDDEN:
            hidden.append(name)
    return hidden


def _hair(picture: RenderedView, behind: np.ndarray, forehead: np.ndarray) -> np.ndarray:
    """(S, S) bool: hair of the head before the forehead."""
    return (picture.segments == HAIR) & (behind >= 0) & forehead[behind]
