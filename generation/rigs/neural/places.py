"""Points of a face by name.

The network says of every vertex of a face where it would lie on the mean face of ICT-FaceKit (its place). So a point that
is known there, such as a landmark, is known on every face.
"""

import igl
import numpy as np
from scipy import sparse

from dataset_script.errors import InvalidInput

from .copies import nearest_weights

ASTRAY_MM = 6.0
"""A face on which the place of a landmark is this far from every place of its surface is not one."""


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
