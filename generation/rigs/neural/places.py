"""Points of a face by name.

The network says of every vertex of a face where it would lie on the mean face of ICT-FaceKit (its place). So a point that
is known there, such as a landmark, is known on every face.
"""

import igl
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from dataset_script.errors import InvalidInput

from .copies import nearest_weights

ASTRAY_MM = 6.0
"""A face on which the place of a landmark is this far from every place of its surface is not one."""
ROUND_MM = 10.0
"""The way over the skin from one rim of a slit to the other is longer than the straight line by at least this."""
RIMS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "mouth": ((51,), (57,)),
    "right eye": ((37, 38), (41, 40)),
    "left eye": ((43, 44), (47, 46)),
}
"""Landmarks whose mean is the middle of the upper and of the lower side of each slit."""


def locate(points: np.ndarray, places: np.ndarray, faces: np.ndarray) -> sparse.csr_matrix:
    """(P, V) weights of the vertices of a face at given points (P, 3) of the mean face.

    Args:
        places: (V, 3) of the vertices, faces: (F, 3).

    Raises:
        InvalidInput: some point is on no part of the face; it is not one.
    """
    squared, _, _ = igl.point_mesh_squared_distance(points, places, faces)
    worst = int(np.argmax(squared))
    if squared[worst] > ASTRAY_MM**2:
        raise InvalidInput(
            f"vertices: not a head, or not in the head frame: the nearest to point {worst} of {len(points)} of a face "
            f"is {squared[worst] ** 0.5:.1f} mm off; allowed is {ASTRAY_MM:g} mm"
        )
    return nearest_weights(points, places, faces)


def check_slits(landmarks: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> None:
    """Checks that the mouth and both eyes of a neutral face (V, 3) are slits, so that they can open and close.

    `landmarks` (68, 3) lie on it.

    Raises:
        InvalidInput: names the one that is grown together.
    """
    graph, tree = _edge_graph(vertices, faces), cKDTree(vertices)
    for name, rims in RIMS.items():
        upper, lower = (tree.query(landmarks[list(rim)].mean(axis=0))[1] for rim in rims)
        way = dijkstra(graph, directed=False, indices=upper)[lower]
        if way - np.linalg.norm(vertices[upper] - vertices[lower]) < ROUND_MM:
            raise InvalidInput(
                f"vertices: the {name} is no slit: its two rims are one skin; allowed is a mesh on which they can part"
            )


def _edge_graph(vertices: np.ndarray, faces: np.ndarray) -> sparse.csr_matrix:
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    return sparse.csr_matrix((length, (edges[:, 0], edges[:, 1])), shape=(len(vertices), len(vertices)))
