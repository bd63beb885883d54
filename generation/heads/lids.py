"""Anatomy of the eyelids: the loops of control vertices around the slit of an eye, found on a head."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from .base import Head

SEAM_OFF_THE_BALL_MM = -0.4
"""The seam of the lids is at most this far from the surface of the eyeball (canonical face): inside of it."""
LOOPS, COLUMNS = 12, 28
"""Loops of control vertices around the slit of an eye, and control vertices of each."""
SEAM, MARGIN = 2, slice(3, 7)
"""Which loops are the seam and the margin of the lids. Two lie behind the seam, the last five on the skin."""
LASHES_ON, COLUMN_LINE = 4, 2
"""The loop whose motion lashes share, and its number among the lines of `Eye.surface`, which include the edges between
the loops of the margin."""
AROUND_MM = 14.0
"""Skin within this distance of the eyeball may touch it in some pose."""


@dataclass(frozen=True)
class Eye:
    """The lids of one eye: loops of control vertices around the slit, from the socket outwards; columns cross the lids.

    Attributes:
        loops: (12, 28) control vertices.
        upper, lower: columns of each lid from the smaller to the larger x; both begin and end with the corners.
        lid: (28,) 1 for columns of the upper lid, -1 for the lower one, 0 for the corners.
        surface: (28 M, W) operator from control vertices to M refined points of the margin in each column; the
            column of a point is that of the loop `LASHES_ON`.
        around: other control vertices of the skin in front of the ball.
        lashes: control vertices of the lashes, (N,); columns: (N, 28) share of each column in the motion of a lash.
    """

    loops: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    lid: np.ndarray
    surface: sparse.csr_matrix
    around: np.ndarray
    lashes: np.ndarray
    columns: np.ndarray


def control_edges(head: Head) -> sparse.csr_matrix:
    """(W, W) int: the render vertex that refinement put on the edge between two control vertices; 0 where none is.

    Of the render vertices that are not control vertices, those on an edge touch its two ends, those in a quad its
    four corners.
    """
    refine, triangles = head.topology.refine, head.topology.triangles
    made, w = refine.shape
    sides = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    sides = np.unique(sides[(sides[:, 0] < w) & (sides[:, 1] >= w) & (sides[:, 1] < made)], axis=0)
    sides = sides[np.lexsort(sides.T)]
    middle, first, count = np.unique(sides[:, 1], return_index=True, return_counts=True)
    first, middle = first[count == 2], middle[count == 2]
    half = sparse.csr_matrix((middle, (sides[first, 0], sides[first + 1, 0])), shape=(w, w))
    return (half + half.T).tocsr()


def find_lids(head: Head, edges: sparse.csr_matrix, side: int) -> Eye:
    """The lids of the left (0) or right (1) eye, found on the canonical face."""
    points = head.canonical
    ball = head.topology.reference[head.topology.eyeballs[side]]
    centre = ball.mean(axis=0)
    radius = np.linalg.norm(ball - centre, axis=1).mean()
    rims = head.topology.lashes[2 * side : 2 * side + 2]
    roots = points[np.concatenate([roots for roots, _ in rims])]
    inside = np.linalg.norm(points - centre, axis=1) < radius + SEAM_OFF_THE_BALL_MM
    seam = np.flatnonzero(inside & head.skin_control & (points[:, 2] > centre[2]))

    def beside(loop: np.ndarray, taken: list[np.ndarray]) -> list[np.ndarray]:
        known = np.concatenate(taken)
        return [np.setdiff1d(edges[v].indices, known) for v in loop]

    def to_roots(vertices: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points[vertices][:, None] - roots, axis=2).min(axis=1)

    pairs = [both[np.argsort(to_roots(both))] for both in beside(seam, [seam])]
    outwards, inwards = [seam, np.array([p[0] for p in pairs])], [seam, np.array([p[-1] for p in pairs])]
    for loops, count in ((outwards, LOOPS - SEAM), (inwards, SEAM + 1)):
        while len(loops) < count:
            loops.append(np.array([found[0] for found in beside(loops[-1], loops)]))
    loops = np.stack([*inwards[:0:-1], *outwards])
    upper, lower = _split(points[loops[LASHES_ON]])
    columns = np.concatenate([
        _shares(points[rims[k][0]], points[rims[k][end]], points[loops[LASHES_ON]], lid)
        for k, lid in enumerate((upper, lower)) for end in (0, 1)
    ])  # fmt: skip
    near = np.linalg.norm(points - centre, axis=1) < radius + AROUND_MM
    around = np.setdiff1d(np.flatnonzero(near & head.skin_control & (points[:, 2] > centre[2] + 5)), loops)
    margin = loops[MARGIN]
    lines = [margin[0]]
    for inner, outer in pairwise(margin):
        lines += [np.asarray(edges[inner, outer]).ravel(), outer]
    surface = head.topology.refine[np.concatenate(lines)].astype(np.float32)
    lid = np.zeros(COLUMNS, np.int8)
    lid[upper[1:-1]], lid[lower[1:-1]] = 1, -1
    return Eye(
        loops, upper, lower, lid, surface, around, np.concatenate([ends for rim in rims for ends in rim]), columns
    )


def _split(loop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the upper and of the lower lid, by x, from a `loop` (28, 3); the corners belong to both."""
    x, y, _ = loop.T
    order = np.argsort(x)
    first, last = order[0], order[-1]
    chord = y[first] + (x[order] - x[first]) / (x[last] - x[first]) * (y[last] - y[first])
    above = y[order] > chord
    above[[0, -1]] = True
    below = ~above
    below[[0, -1]] = True
    return order[above], order[below]


def _shares(roots: np.ndarray, ends: np.ndarray, loop: np.ndarray, lid: np.ndarray) -> np.ndarray:
    """(N, 28) share of each column of `lid` in the motion of lash `ends` (N, 3), each with the root nearest to it."""
    nearest = np.linalg.norm(ends[:, None] - roots, axis=2).argmin(axis=1)
    basis = np.eye(COLUMNS, dtype=np.float32)
    along = roots[nearest, 0]
    return np.stack([np.interp(along, loop[lid, 0], basis[lid, c]) for c in range(COLUMNS)], axis=1).astype(np.float32)
