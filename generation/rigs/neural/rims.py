"""The rims of the eyelids on any head: what the eye sees of them, from the landmarks and the geometry.

The rim of the upper lid is the lowest line of the skin above the slit, that of the lower lid the highest below it,
whether the mesh ends there or goes on into the socket.
"""

import numpy as np
from scipy import sparse

from dataset_script.errors import InvalidInput

from .channels import CHANNELS, CORRECTED, UNITS
from .operators import face_gradients, factorise

EYES: tuple[tuple[int, int, tuple[int, int], tuple[int, int]], ...] = (
    (36, 39, (37, 38), (41, 40)),
    (42, 45, (43, 44), (47, 46)),
)
"""Landmarks of each eye: the corner at the smaller x, the other corner, upper rim, lower rim, by x."""
STATIONS, ENDS = 25, 0.08
"""Columns in which the rims are looked for, from this share of the slit's width to as much before its end."""
DEEP_MM = 3.5
"""Skin this far behind the line of the landmarks is the socket's, not the rim."""
FEWEST = 4
SEALED_MM, HOLD = 3.0, 1e3
"""How far a seal reaches from the rims, and how much more it weighs that they meet than that nothing else moves."""
LEFT_MM = 6.0
"""Rims that a rig leaves farther apart than this are not drawn together: the skin would tear."""


def lid_rims(landmarks: np.ndarray, vertices: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Vertices of the upper and of the lower rim of the right and the left eye of a neutral face, by x.

    Args:
        landmarks: (68, 3) iBUG order, mm, within a millimetre or two.
        vertices: (V, 3) mm.

    Raises:
        InvalidInput: fewer than four vertices on a rim.
    """
    rims = []
    for first, last, above, below in EYES:
        lines = [landmarks[[first, *rim, last]] for rim in (above, below)]
        start, end = landmarks[first, 0], landmarks[last, 0]
        columns = start + (end - start) * np.linspace(ENDS, 1 - ENDS, STATIONS)
        half = (columns[1] - columns[0]) * 0.75
        middle_y, middle_z = (
            np.mean([np.interp(vertices[:, 0], line[:, 0], line[:, k]) for line in lines], axis=0) for k in (1, 2)
        )
        near = (np.abs(vertices[:, 1] - middle_y) < 0.5 * (end - start)) & (vertices[:, 2] > middle_z - DEEP_MM)
        found = []
        for sign in (1, -1):
            side = np.flatnonzero(near & (sign * (vertices[:, 1] - middle_y) > 0))
            x, height = vertices[side, 0], sign * vertices[side, 1]
            columns_with = [within for at in columns if (within := np.abs(x - at) < half).any()]
            rim = np.unique([side[within][np.argmin(height[within])] for within in columns_with])
            found.append(rim[np.argsort(vertices[rim, 0], kind="stable")])
        if min(map(len, found)) < FEWEST:
            raise InvalidInput(
                f"vertices: {min(map(len, found))} of them are on the rim of a lid; allowed is {FEWEST} and more"
            )
        rims.append((found[0], found[1]))
    return rims


def sealed(
    vertices: np.ndarray, faces: np.ndarray, channels: np.ndarray, rims: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Channels (21, V, 3) under which the lids of a neutral face meet at AU43 = 1, and stay together with other units.

    The smallest smooth change that does: per channel the u with the least integral of |grad u|^2 + |u / 3 mm|^2 under
    the condition that every vertex of a rim comes onto the line of the other rim.

    Args:
        vertices, faces: (V, 3) mm and (F, 3).
        rims: see `lid_rims`.
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
    energy = gradient.T @ sparse.diags(np.repeat(area, 3)) @ gradient + sparse.diags(mass / SEALED_MM**2)
    factor = factorise(energy + HOLD * between.T @ between)
    right = np.ascontiguousarray(HOLD * (between.T @ np.concatenate(wanted, axis=1)))
    change = np.zeros_like(right)
    factor.solve(right, change)
    result = channels.copy()
    result[changed] += change.reshape(len(vertices), len(changed), 3).transpose(1, 0, 2)
    return result


def _off_line(points: np.ndarray, line: np.ndarray, closed: np.ndarray) -> sparse.csr_matrix:
    """(N, V) each of the vertices `points` less the point of the polyline through the vertices `line` at the same x,
    for those that have one, on a face (V, 3) with closed eyes."""
    order = line[np.argsort(closed[line, 0], kind="stable")]
    x, at = closed[order, 0], closed[points, 0]
    inside = (at >= x[0]) & (at <= x[-1])
    points, at = points[inside], at[inside]
    after = np.clip(np.searchsorted(x, at), 1, len(x) - 1)
    share = (at - x[after - 1]) / np.maximum(x[after] - x[after - 1], 1e-9)
    row = np.arange(len(points))
    entries = np.concatenate([np.ones(len(points)), share - 1, -share])
    columns = np.concatenate([points, order[after - 1], order[after]])
    return sparse.csr_matrix((entries, (np.tile(row, 3), columns)), shape=(len(points), len(closed)))
