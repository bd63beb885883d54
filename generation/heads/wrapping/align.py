"""From a mesh in its own units to the head frame, and whether it is a head with open lids and lips.

Meshes must be upright: y up, z to the front, x to the person's left. Their scale and place are found by landmarks where
there are any, else by closest points from the canonical face, tried in each of the usual units.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from dataset_script.errors import InvalidInput

from ...geometry.similarity import Similarity, fit_similarity
from .face_fit import ALIKE_MM, FAR_MM, MOST_DEGREES, UNITS_MM, best_fit
from .landmark_files import MIRRORED
from .template import Template
from .turns import right_turn
from .wrap import GROUPS, Wrap

SNAP = 0.15
"""A scale within this share of a unit is that unit: heads keep their true size."""
INSIDE_OUT = "the mesh is inside out: its triangles must run counter-clockwise as seen from outside"
FACES_BACK = 0.5
"""Cosine between the back and what an open surface faces, from which on it counts as inside out."""
WRAPPED_MM = 2.0
"""Greatest mean distance of the face from the mesh once it is wrapped."""
SKULL_SHARE = 0.5
"""Least share of the skull that must have a counterpart."""
LID_DETOUR_MM, LIP_DETOUR_MM = 7.0, 14.0
"""Open lids, or lips: the way over the skin from one to the other is longer than the straight one by this or more."""
LIDS, BESIDE_MM = {"right": ((37, 38), (41, 40)), "left": ((43, 44), (47, 46))}, 4.0
"""Landmarks of the lids, and how far above and below them the way begins and ends: small meshes are coarse there."""
LIPS = ((51,), (57,))
DETOUR_REACH_MM = 60.0


def to_head_by_landmarks(template: Template, landmarks: np.ndarray) -> Similarity:
    """The map from the mesh's units to the head frame in which its `landmarks` (68, 3) lie on the canonical ones.

    Raises:
        InvalidInput: the landmarks are not those of a face, their sides are swapped, or the mesh is not upright.
    """
    inner = slice(GROUPS["nose"][0].start, None)  # jaw and brows of two models rarely are the same lines
    wanted = (template.landmark_rows @ template.points)[inner]
    found = fit_similarity(landmarks[inner], wanted)
    off = np.linalg.norm(found(landmarks[inner]) - wanted, axis=1).mean()
    if off < 2 * ALIKE_MM and found.degrees <= MOST_DEGREES:
        return _upright(found)
    swapped = landmarks[MIRRORED][inner]
    other = fit_similarity(swapped, wanted)
    if np.linalg.norm(other(swapped) - wanted, axis=1).mean() < min(off, 2 * ALIKE_MM) and other.degrees < MOST_DEGREES:
        raise InvalidInput(
            "--head-landmarks has left and right swapped: the order is that of iBUG, point 0 is at the person's right "
            "ear, which is left in a picture of the front"
        )
    if not off < 2 * ALIKE_MM:
        raise InvalidInput(
            f"--head-landmarks lie {off:.1f} mm beside those of a face, on average; allowed is "
            f"{2 * ALIKE_MM:g} (68 points in iBUG order, from the person's right)"
        )
    raise InvalidInput(
        f"the head is turned by {found.degrees:.0f} degrees, as --head-landmarks lie; it must be upright: y up, z to "
        "the front"
    )


def to_head_by_shape(template: Template, vertices: np.ndarray, triangles: np.ndarray) -> Similarity:
    """The map from the units of a skin (N, 3) with triangles (T, 3) to the head frame, found by closest points.

    Raises:
        InvalidInput: it resembles a face in none of the units and sizes, or it is not upright.
    """
    off, found = best_fit(template, vertices, triangles)
    turn = right_turn(template, vertices, triangles, off)
    cure = f"; {turn} would fit: turn it so" if turn else ""
    if found is None or off > ALIKE_MM:
        how_far = (
            "nowhere near a face" if found is None else f"{off:.1f} mm away from one on average (allowed {ALIKE_MM:g})"
        )
        raise InvalidInput(f"the mesh is not a head: it is {how_far}; it must be upright: y up, z to the front{cure}")
    if turn:
        raise InvalidInput(f"the head is not upright: y must be up, z to the front{cure}")
    return _upright(found)


def runs_outwards(vertices: np.ndarray, triangles: np.ndarray) -> bool:
    """Whether triangles (T, 3) over an upright skin (N, 3) run counter-clockwise as seen from outside; True in doubt.

    The volume between an open surface and a point depends on the point. Where its sign is the same for all points of
    the bounding box, it decides. Else, as for a mask with shoulders, triangles that mostly face the back are the wrong
    way round.
    """
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    corners = vertices[triangles] - (low + high) / 2
    volume = np.linalg.det(corners).sum() / 6
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).sum(axis=0) / 2
    if abs(volume) > np.abs(facing) @ (high - low) / 6:
        return bool(volume > 0)
    return bool(facing[2] >= -FACES_BACK * np.linalg.norm(facing))


def check_outwards(vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Raises InvalidInput where triangles run clockwise as seen from outside."""
    if not runs_outwards(vertices, triangles):
        raise InvalidInput(INSIDE_OUT)


def check_slits(vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray) -> None:
    """Lids and lips must be open along their slits, by a hole or a fold; vertices (N, 3) and landmarks (68, 3) in mm.

    Where they are open, the way over the skin from one lip to the other leads around the corner or through the mouth.

    Raises:
        InvalidInput: they are fused; names every slit that is.
    """
    edges = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    graph = sparse.coo_matrix((length, edges.T), shape=(len(vertices),) * 2).tocsr()
    places = [
        (f"the {side} eye has no slit between the lids", *lids, BESIDE_MM, LID_DETOUR_MM) for side, lids in LIDS.items()
    ]
    fused = []
    for what, upper, lower, beside, allowed in [
        *places,
        ("the mouth has no slit between the lips", *LIPS, 0.0, LIP_DETOUR_MM),
    ]:
        off = np.array([0, beside, 0])
        above, below = landmarks[list(upper)].mean(axis=0) + off, landmarks[list(lower)].mean(axis=0) - off
        detour = _detour(vertices, graph, above, below)
        if detour < allowed:
            fused.append(
                f"{what} (the way over the skin is {detour:.1f} mm longer than the straight one, "
                f"allowed is {allowed:g} or more); cut the mesh open there"
            )
    if fused:
        raise InvalidInput("; ".join(fused))


def check_fit(template: Template, found: Wrap) -> None:
    """A wrap must lie on a face, with a skull behind it.

    Raises:
        InvalidInput: it does not; or the mesh is a mask without a skull.
    """
    off = np.minimum(found.nearest.distance[template.face], FAR_MM).mean()
    if off > WRAPPED_MM:
        raise InvalidInput(
            f"the mesh is not a head: after all fitting it is {off:.1f} mm away from a face (allowed {WRAPPED_MM:g})"
        )
    _, y, z = template.points.T
    skull = (template.shown > 0.5) & (template.ears < 0.5) & (y > -10) & (z < -70)
    share = (found.weight[skull] > 0.05).mean()
    if share < SKULL_SHARE:
        raise InvalidInput(
            f"the mesh is a mask: it has {100 * share:.0f} % of a skull, allowed is {100 * SKULL_SHARE:.0f} % or more: "
            "scan the head from behind too, or join a back of the head to it, at the size of a head"
        )


def _upright(found: Similarity) -> Similarity:
    """`found` without its turn, which is as much the shape of the face as its pose, and with the scale of a usual unit
    where it is near one. The middle of the eyes stays at the origin."""
    scale = next((s for s in UNITS_MM.values() if abs(found.scale / s - 1) < SNAP), found.scale)
    middle = -found.rotation.T @ found.shift / found.scale
    return Similarity(scale, np.eye(3), -scale * middle)


def _detour(vertices: np.ndarray, graph: sparse.csr_matrix, start: np.ndarray, end: np.ndarray) -> float:
    """Millimetres by which the way along the edges is longer than the straight one, between the nearest vertices."""
    first, last = (int(np.linalg.norm(vertices - point, axis=1).argmin()) for point in (start, end))
    way = dijkstra(graph, directed=False, indices=first, limit=DETOUR_REACH_MM)[last]
    return min(float(way), DETOUR_REACH_MM) - float(np.linalg.norm(vertices[first] - vertices[last]))
