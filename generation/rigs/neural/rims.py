"""The rims of the eyelids on any head, found from its landmarks and its shape.

The rim of the upper lid is the lowest line of the skin above the slit, that of the lower lid the highest below it,
whether the mesh ends there or goes on into the socket.
"""

import numpy as np
from scipy import sparse

from dataset_script.errors import InvalidInput

from ...geometry.solvers import factorise
from .channels import CHANNELS, CORRECTED, UNITS
from .operators import face_gradients

EYES: tuple[tuple[int, int, tuple[int, int], tuple[int, int]], ...] = (
    (36, 39, (37, 38), (41, 40)),
    (42, 45, (43, 44), (47, 46)),
)
"""Landmarks of each eye: the corner at the smaller x, the other corner, upper rim, lower rim, by x."""
STATIONS, ENDS = 25, 0.08
"""Columns in which the rims are looked for, and the share of the slit's width that is left out at either end."""
DEEP_MM = 3.5
"""Skin this far behind the line of the landmarks is in the socket, not on the rim."""
FEWEST = 4
"""Points that a rim has at least."""
SEALED_MM, HOLD = 8.0, 1e4
"""How far a seal reaches from the rims, and the weight of their distances, relative to moving nothing else."""
LEFT_MM = 6.0
"""Points that a rig leaves farther than this from the other rim are not moved onto it: the skin would be torn."""


def find_rims(
    landmarks: np.ndarray, vertices: np.ndarray, faces: np.ndarray
) -> list[tuple[sparse.csr_matrix, sparse.csr_matrix]]:
    """Points of the upper and the lower rim of the right and the left eye of a neutral face, as weights (N, V), by x.

    Args:
        landmarks: (68, 3) iBUG order, mm, within a millimetre or two.
        vertices, faces: (V, 3) mm and (F, 3).

    Raises:
        InvalidInput: fewer than four points on a rim.
    """
    rims = []
    for first, last, above, below in EYES:
        lines = [landmarks[[first, *rim, last]] for rim in (above, below)]
        start, end = landmarks[first, 0], landmarks[last, 0]
        dense = _edge_points((landmarks[first] + landmarks[last]) / 2, 0.75 * (end - start), vertices, faces)
        points = dense @ vertices
        columns = start + (end - start) * np.linspace(ENDS, 1 - ENDS, STATIONS)
        half = (columns[1] - columns[0]) / 2
        middle_y, middle_z = (
            np.mean([np.interp(points[:, 0], line[:, 0], line[:, k]) for line in lines], axis=0) for k in (1, 2)
        )
        front = points[:, 2] > middle_z - DEEP_MM
        found = []
        for sign in (1, -1):
            side = np.flatnonzero(front & (sign * (points[:, 1] - middle_y) > 0))
            x, height = points[side, 0], sign * points[side, 1]
            inside = [within for at in columns if (within := np.abs(x - at) < half).any()]
            rim = np.unique(np.array([side[within][np.argmin(height[within])] for within in inside], int))
            found.append(dense[rim[np.argsort(points[rim, 0], kind="stable")]])
        if (least := min(rim.shape[0] for rim in found)) < FEWEST:
            raise InvalidInput(f"vertices: {least} points are on the rim of a lid; allowed is {FEWEST} and more")
        rims.append((found[0], found[1]))
    return rims


def _edge_points(centre: np.ndarray, radius: float, vertices: np.ndarray, faces: np.ndarray) -> sparse.csr_matrix:
    """(P, V) weights of points along all edges near a place, a fifth of an edge apart, as vertices may be few."""
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    edges = edges[(np.linalg.norm(vertices[edges] - centre, axis=2) < radius).all(axis=1)]
    share = np.tile(np.linspace(0, 1, 6), len(edges))
    ends = np.repeat(edges, 6, axis=0)
    rows = np.repeat(np.arange(len(share)), 2)
    weights = np.stack([1 - share, share], axis=1).ravel()
    return sparse.csr_matrix((weights, (rows, ends.ravel())), shape=(len(share), len(vertices)))


def sealed(
    vertices: np.ndarray,
    faces: np.ndarray,
    channels: np.ndarray,
    rims: list[tuple[sparse.csr_matrix, sparse.csr_matrix]],
) -> np.ndarray:
    """Channels (21, V, 3) under which the lids of a neutral face meet at AU43 = 1, and stay together with other units.

    The change is the smallest smooth one: for each channel the u that moves every point of a rim onto the line of the
    other rim with the least integral of |s laplacian(u)|^2 + |u / s|^2, s = 8 mm.

    Args:
        vertices, faces: (V, 3) mm and (F, 3).
        rims: as `find_rims` gives them.
    """
    closed = vertices + channels[UNITS.index("AU43")]
    between = sparse.vstack(
        [rows for upper, lower in rims for rows in (_off_line(upper, lower, closed), _off_line(lower, upper, closed))]
    ).tocsr()
    missing = -(between @ closed)
    reached = np.linalg.norm(missing, axis=1) < LEFT_MM
    between, missing = between[reached], missing[reached]
    changed = [CHANNELS.index("AU43"), *(CHANNELS.index(f"{unit}xAU43") for unit in CORRECTED)]
    wanted = [missing]
    for unit, k in zip(CORRECTED, changed[1:], strict=True):
        wanted.append(-(between @ (channels[UNITS.index(unit)] + channels[k])))
    gradient, area = face_gradients(vertices, faces)
    mass = np.bincount(faces.ravel(), np.repeat(area / 3, 3), len(vertices))
    laplacian = gradient.T @ sparse.diags(np.repeat(area, 3)) @ gradient
    energy = SEALED_MM**2 * laplacian @ sparse.diags(1 / mass) @ laplacian + sparse.diags(mass / SEALED_MM**2)
    factor = factorise(energy + HOLD * between.T @ between)
    right = np.ascontiguousarray(HOLD * (between.T @ np.concatenate(wanted, axis=1)))
    change = np.zeros_like(right)
    factor.solve(right, change)
    result = channels.copy()
    result[changed] += change.reshape(len(vertices), len(changed), 3).transpose(1, 0, 2)
    return result


def _off_line(points: sparse.csr_matrix, line: sparse.csr_matrix, closed: np.ndarray) -> sparse.csr_matrix:
    """(N, V) each of `points` minus the point at the same x of the polyline through the points `line`.

    On a face `closed` (V, 3) with closed eyes; points without such a partner are left out.
    """
    line = line[np.argsort((line @ closed)[:, 0], kind="stable")]
    x, at = (line @ closed)[:, 0], (points @ closed)[:, 0]
    inside = (at >= x[0]) & (at <= x[-1])
    points, at = points[inside], at[inside]
    after = np.clip(np.searchsorted(x, at), 1, len(x) - 1)
    share = np.clip((at - x[after - 1]) / np.maximum(x[after] - x[after - 1], 1e-9), 0, 1)
    return points - sparse.diags(1 - share) @ line[after - 1] - sparse.diags(share) @ line[after]
