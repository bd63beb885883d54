"""People of the MakeHuman head (CC0) as training data: another mesh, both genders, all ages and three ancestries.

ICT-FaceKit's expressions do not exist for them. They are transferred from its mean face: a thin-plate spline of the 68
landmarks moves MakeHuman's canonical face onto it, and the skin moves as the nearest point of the mean face does. That
is wrong where surfaces lie on one another, so lip slits, mouth bag, eye sockets and nostrils have no truth; the network
knows them from ICT-FaceKit alone. (Trained on the expressions of `rigs.blendshapes`, it would only repeat that rig.)
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
"""There is no truth within this distance of the line between the lips."""
FAR_MM, FACING = 8.0, 0.5
"""A point of the mean face corresponds if it is nearer than this and the cosine of the two normals is above this."""
GONE_MM = 15.0
"""Movements fade with the distance from ICT-FaceKit's head (at the shoulders), to 1 / e at this one."""
INNER_LIPS = slice(60, 68)


@dataclass(frozen=True)
class MakeHumanFaces:
    """The skin of the MakeHuman head with the expressions of ICT-FaceKit: N control vertices.

    Attributes:
        mean: (N, 3) the canonical face.
        triangles: (T, 3) int64.
        channels: (21, N, 3) transferred displacements of each of `channels.CHANNELS`.
        sure: (N,) bool, whether the channels are known there.
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
    """The MakeHuman head with the channels of `source`, the region "head" of ICT-FaceKit."""
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
