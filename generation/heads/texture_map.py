"""Where each point of the head lies in a texture: one chart without seams on the face, cut along the back of the head.

Made once, when the asset is built; the render mesh refines it linearly.
"""

import numpy as np

from ..geometry.mesh import triangulate
from ..geometry.unwrap import cut_open, flatten, rims

NOWHERE = -1.0
"""Both coordinates of corners that lie in no texture."""
LOWEST_MM, WIDEST_MM = -190.0, 110.0
"""Canonical height of the base of the neck, and half the width of what is textured."""
CUT_BEHIND_MM, CROWN_MM = -110.0, 90.0
IN_A_SOCKET_MM = 0.8
"""Skin nearer than this to the eyeball is inside its socket."""
RIM, ROUNDNESS = 0.495, 5
"""Half the side of the square, and how square its rim is: a straight side would flatten the triangles along it."""


def texture_map(points: np.ndarray, quads: np.ndarray, mouth: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """Places (Q, 4, 2) in 0-1 of the corners of the skin's control `quads` (Q, 4), x to the right and y up; `NOWHERE`
    off the head.

    `points`: (W, 3) canonical control vertices, mm; `mouth`: (W,) 0-1, inside of it; `eyes`: (2, 4) centre and radius.
    """
    head = (points[quads][..., 1].min(axis=1) > LOWEST_MM) & (np.abs(points[quads][..., 0]).max(axis=1) < WIDEST_MM)
    path = _back_line(points, quads[head])
    triangles, copies = cut_open(triangulate(quads[head]), path, len(points))
    of_vertex = np.concatenate([np.arange(len(points)), copies])
    used, flat = np.unique(triangles, return_inverse=True)
    triangles, of_vertex = flat.reshape(-1, 3), of_vertex[used]
    (rim,) = rims(triangles)
    rim = np.roll(rim, -int(np.flatnonzero(of_vertex[rim] == path[0])[0]))
    places = flatten(
        points[of_vertex],
        triangles,
        rim,
        _around(points[of_vertex[rim]], len(path) - 1),
        _wanted(points, mouth, eyes)[of_vertex],
    )
    uv = np.full((len(quads), 4, 2), NOWHERE, np.float32)
    halves = places[triangles].reshape(-1, 2, 3, 2)  # `triangulate` makes 0 1 2 and 0 2 3 of a quad
    uv[head] = np.concatenate([halves[:, 0], halves[:, 1, 2:]], axis=1)
    return uv


def refined(uv: np.ndarray) -> np.ndarray:
    """Places (8 Q, 3, 2) float32 of the corners of the render triangles of quads with places `uv` (Q, 4, 2)."""
    edges = 0.5 * (uv + np.roll(uv, -1, axis=1))
    middle = np.broadcast_to(uv.mean(axis=1, keepdims=True), uv.shape)
    children = np.stack([uv, edges, middle, np.roll(edges, 1, axis=1)], axis=2).reshape(-1, 4, 2)
    return children[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 2).astype(np.float32)


def _back_line(points: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Vertices along the middle of the back of the head, from the crown down to the rim."""
    edges = {tuple(edge) for edge in np.stack([quads, np.roll(quads, 1, axis=1)], axis=2).reshape(-1, 2).tolist()}
    x, y, z = points.T
    behind = (z < CUT_BEHIND_MM) | ((y > CROWN_MM) & (z < -50))
    middle = np.intersect1d(np.flatnonzero((np.abs(x) < 0.01) & behind), quads)
    path = [int(middle[np.argmax(z[middle])])]
    while following := [v for v in middle.tolist() if {(path[-1], v), (v, path[-1])} & edges and v not in path]:
        path.append(min(following, key=lambda v: z[v]))
    return np.array(path)


def _around(rim: np.ndarray, cut: int) -> np.ndarray:
    """Places (R, 2) of the rim's points (R, 3), counter-clockwise from the middle of the top: the first `cut` steps are
    one side of the cut, the last the other; the neck comes in the middle."""
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(np.append(rim, rim[:1], axis=0), axis=0), axis=1)))
    marks = [0, length[cut], length[len(rim) - cut], length[-1]]
    turn = np.interp(length[:-1], marks, [0, 3 / 8, 5 / 8, 1])  # three of eight half sides, two, three
    corners = np.array([(0.0, 1.0), (-1, 1), (-1, -1), (1, -1), (1, 1), (0, 1)])
    at = np.array([0, 1, 3, 5, 7, 8]) / 8
    square = np.stack([np.interp(turn, at, corners[:, k]) for k in (0, 1)], axis=1)
    direction = square / np.linalg.norm(square, axis=1, keepdims=True)
    reach = (np.abs(direction) ** ROUNDNESS).sum(axis=1, keepdims=True) ** (-1 / ROUNDNESS)
    return 0.5 + RIM * reach * direction


def _wanted(points: np.ndarray, mouth: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """How large each vertex (W,) shall appear: most in the face and around eyes and lips, little where nobody looks."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    front = np.clip((z + 60) / 50, 0, 1)

    def spot(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return front * np.exp(-0.5 * (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2))

    wanted = 0.45 + 1.7 * spot(0, -35, 58, 60) + 0.5 * spot(31, 0, 17, 13) + 0.3 * spot(0, -60, 30, 30)
    wanted *= (1 - 0.85 * mouth) * (1 - 0.5 * np.clip((-40 - z) / 40, 0, 1))
    for eye in eyes:
        wanted[np.linalg.norm(points - eye[:3], axis=1) - eye[3] < IN_A_SOCKET_MM] *= 0.25
    return wanted
