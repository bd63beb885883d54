"""People of the MakeHuman head (CC0) as training data: another topology, and faces of both sexes, all ages and three
ancestries, where ICT-FaceKit has one sculptor's.

Nobody has sculpted ICT-FaceKit's expressions on them. What is known of them comes from ICT-FaceKit's mean face by way of
the 68 landmarks: a thin-plate spline puts MakeHuman's canonical face onto it, and the skin moves as the nearest point
of the mean face does. That is wrong where surfaces lie on one another, so nothing is said of lip slits, mouth bag, eye
sockets and nostrils; there the network has only what it learned on ICT-FaceKit. (Training on the expressions of
`rigs.blendshapes` instead would make a rig that does on this head what that one does already.)
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from dataset_script.spec import Spec

from ...geometry.mesh import vertex_normals
from ...heads.makehuman import ASSET, load
from ...plan import Plan
from .copies import nearest_weights
from .ict import IctFaces

SLIT_MM = 5.0
"""Nothing is known within this distance of the line between the lips."""
FAR_MM, FACING = 8.0, 0.5
"""A point of the mean face farther off, or whose normal has a cosine below, does not correspond."""
GONE_MM = 15.0
"""What lies as far from ICT-FaceKit's head (the crown, the shoulders) as this moves 1 / e as much, and beyond not at all.
"""
INNER_LIPS = slice(60, 68)


@dataclass(frozen=True)
class MakeHumanFaces:
    """The same as `ict.IctFaces`, of N control vertices of the skin.

    Attributes:
        mean: (N, 3) the canonical face.
        triangles: (T, 3) int64.
        channels: (21, N, 3) transferred displacements of each of `channels.CHANNELS`.
        sure: (N,) bool, whether channels say anything there.
        closed, open: (N, 3) the canonical face with closed eyes and with an open jaw, by MakeHuman's own shapes.
    """

    mean: np.ndarray
    triangles: np.ndarray
    channels: np.ndarray
    sure: np.ndarray
    closed: np.ndarray
    open: np.ndarray

    def person(self, number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """(N, 3) neutral face of person `number`, of any age, gender and ancestry, and (21, N, 3) their channels."""
        plan = _people()[number % len(_people())]
        control = load().shape(replace(plan, identity_id=number), seed).control
        return control[skin_mesh()[0]].astype(np.float64), self.channels


def transferred(source: IctFaces) -> MakeHumanFaces:
    """The MakeHuman head with what the skin of `source` (the region "head") does."""
    head, (skin, triangles) = load(), skin_mesh()
    mean, topology = head.canonical[skin].astype(np.float64), head.topology
    marks = topology.reference[topology.landmarks].astype(np.float64)
    target = source.landmarks(source.mean)
    warped = mean + RBFInterpolator(marks, target - marks, kernel="thin_plate_spline")(mean)
    weights = nearest_weights(warped, source.mean, source.triangles)
    foot = weights @ source.mean
    distance = np.linalg.norm(foot - warped, axis=1)
    facing = np.einsum("nc,nc->n", _normals(warped, triangles), weights @ _normals(source.mean, source.triangles))
    gone = distance > FAR_MM
    near = (distance < FAR_MM) & (facing > FACING)
    hidden = np.zeros(len(mean), bool)
    for part in topology.eyeballs:
        ball = topology.reference[part].astype(np.float64)
        hidden |= np.linalg.norm(mean - ball.mean(axis=0), axis=1) < np.ptp(ball[:, 0]) / 2
    slit = cKDTree(target[INNER_LIPS]).query(warped)[0] < SLIT_MM
    fade = np.exp(-((distance / GONE_MM) ** 2))[:, None]
    moved = np.stack([weights @ channel for channel in source.channels]) * fade
    sure = (near | gone) & ~hidden & ~slit & ~_in_mouth(skin)
    closed = mean + head.targets("fu/eyeBlinkLeft")[skin] + head.targets("fu/eyeBlinkRight")[skin]
    return MakeHumanFaces(mean, triangles, moved, sure, closed, mean + head.targets("fu/jawOpen")[skin])


@functools.cache
def skin_mesh() -> tuple[np.ndarray, np.ndarray]:
    """(N,) control vertices of the head that are skin, ascending, and (T, 3) triangles in their numbering."""
    with np.load(ASSET) as asset:
        quads = asset["quads"][asset["quad_part"] == list(asset["part_names"]).index("skin")].astype(np.int64)
    used, corners = np.unique(np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]), return_inverse=True)
    return used, corners.reshape(-1, 3)


@functools.cache
def _people() -> Plan:
    return Plan(Spec(preset="balanced"))


def _in_mouth(skin: np.ndarray) -> np.ndarray:
    with np.load(ASSET) as asset:
        return asset["masks"][skin, list(asset["mask_names"]).index("mouth")] > 0


def _normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    return vertex_normals(vertices, triangles).astype(np.float64)
