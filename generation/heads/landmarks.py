"""The 68 iBUG landmarks of the MakeHuman head, as render vertices.

Their places were read off the canonical face (millimetres, origin between the eyes), on the subject's right half and
the midline; the left half mirrors them. The jaw line is a fixed line on the mesh, not the silhouette of each view.
"""

import numpy as np

JAW = ((-71, -2, -48), (-70, -20, -50), (-68, -38, -47), (-63, -55, -41), (-55, -72, -32), (-44, -87, -22),
       (-31, -98, -9), (-16, -105, 3), (0, -108, 9))  # fmt: skip
BROW = ((-55, 11), (-47, 17), (-37, 20), (-26, 19), (-14, 15))
BRIDGE = ((0, 0), (0, -13), (0, -25), (0, -36))
NOSE_BASE = ((-13, -44), (-7, -46), (0, -48))
EYE = ((-43.5, 0), (-37, 4.4), (-27.5, 4.0), (-18.5, -1.0), (-27.5, -4.2), (-37, -4.2))
OUTER_LIP = ((-25.5, -67.5), (-17, -61), (-7, -57.5), (0, -59), (0, -80), (-9, -79), (-17, -76))
INNER_LIP = ((-23, -67.4), (-9, -66.4), (0, -66.8), (0, -68.4), (-9, -68.4))

FRONT_PREFERENCE = 0.12
"""How many millimetres across the face a millimetre towards the camera is worth: picks the outer of two layers."""


def find_landmarks(reference: np.ndarray, skin_triangles: np.ndarray) -> np.ndarray:
    """(68,) int32 indices into `reference` (V, 3), in iBUG order: from the subject's right (image left)."""
    candidates = np.unique(skin_triangles)
    points = reference[candidates]

    def mirrored(half: tuple) -> list[tuple]:
        return [(-x, *rest) for x, *rest in half]

    def nearest(place: tuple) -> int:
        distance = np.linalg.norm(points[:, : len(place)] - place, axis=1)
        if len(place) == 2:
            distance = distance - FRONT_PREFERENCE * points[:, 2]
        return int(candidates[np.argmin(distance)])

    left_eye = mirrored(EYE)
    upper, lower = OUTER_LIP[:4], OUTER_LIP[4:]
    places = [
        *JAW, *mirrored(JAW[:-1])[::-1],
        *BROW, *mirrored(BROW)[::-1],
        *BRIDGE, *NOSE_BASE, *mirrored(NOSE_BASE[:-1])[::-1],
        *EYE, left_eye[3], left_eye[2], left_eye[1], left_eye[0], left_eye[5], left_eye[4],
        *upper, *mirrored(upper[:-1])[::-1], *mirrored(lower[1:])[::-1], *lower,
        *INNER_LIP[:3], *mirrored(INNER_LIP[:2])[::-1], *mirrored(INNER_LIP[4:]), *INNER_LIP[3:],
    ]  # fmt: skip
    return np.array([nearest(place) for place in places], np.int32)
