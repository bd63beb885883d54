"""The MakeHuman head (CC0) as training data: its people and the blendshape rig's expressions of them.

A second family beside ICT-FaceKit: another topology, with ears, mouth bag, eye sockets and shoulders, people of two
sexes, all ages and three ancestries, and the shapes and sculpted offsets of `rigs.blendshapes`. Everything is in
millimetres in the head frame; vertices are the control vertices of the skin.
"""

import functools
from dataclasses import replace

import numpy as np
from scipy.interpolate import RBFInterpolator

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES

from ...heads import HEADS, HeadShape
from ...heads.makehuman import ANCESTRY_AXES, ASSET
from ...plan import Plan
from ...spec import Spec
from ..blendshapes import BlendshapeRig
from .channels import CHANNELS, CORRECTED, UNITS, gates


class MakeHumanFaces:
    """The same as `ict.IctFaces`, of N skin vertices; every person has channels of their own.

    Attributes:
        mean: (N, 3) the canonical face.
        triangles: (T, 3) int64.
        channels: (21, N, 3) of the canonical face.
        places: (N, 3) where each vertex lies on ICT-FaceKit's mean face: the canonical face warped by the landmarks.
        skin: (N,) which control vertices of the head these are.
    """

    def __init__(self, template_landmarks: np.ndarray) -> None:
        """`template_landmarks`: (68, 3) mm of ICT-FaceKit's mean face."""
        self._plan = Plan(Spec(preset="balanced"))
        self._head = HEADS["makehuman"]()
        self._rig = BlendshapeRig(self._head)
        self.skin, self.triangles = skin_mesh()
        self.mean = self._head.canonical[self.skin].astype(np.float64)
        canonical = HeadShape(
            self._head.canonical,
            eyes_of_canonical(),
            dict.fromkeys(ANCESTRY_AXES, 1 / len(ANCESTRY_AXES)),
            {},
        )
        self.channels = self._channels(canonical)
        topology = self._head.topology
        marks = topology.reference[topology.landmarks].astype(np.float64)
        warp = RBFInterpolator(marks, template_landmarks - marks, kernel="thin_plate_spline")
        self.places = self.mean + warp(self.mean)

    def person(self, number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """(N, 3) neutral face and (21, N, 3) channels of person `number`, of any age, gender and ancestry."""
        plan = self._plan[number % len(self._plan)]
        shape = self._head.shape(replace(plan, identity_id=number), seed)
        return shape.control[self.skin].astype(np.float64), self._channels(shape)

    def _channels(self, shape: HeadShape) -> np.ndarray:
        return blendshape_channels(self._rig, shape)[:, self.skin]


def blendshape_channels(rig: BlendshapeRig, shape: HeadShape) -> np.ndarray:
    """(21, W, 3) float64 mm: the channels that give what the blendshape rig does with each unit at its top, alone and,
    for those with a correction, together with closed eyes."""

    def offset(**levels: float) -> np.ndarray:
        au = np.array([levels.get(name, 0.0) for name in AU_NAMES])
        extra = {name: levels.get(name, 0.0) for name in EXTRA_AU_NAMES}
        return rig.pose(shape, au, extra).astype(np.float64) - shape.control

    channels = np.zeros((len(CHANNELS), *shape.control.shape))
    for k, unit in enumerate(UNITS):
        channels[k] = offset(**{unit: 1.0 if unit == "AU43" else 5.0})
    for k, unit in enumerate(CORRECTED, len(UNITS)):
        both = np.array([1.0 if name == "AU43" else 5.0 * (name == unit) for name in UNITS])
        share = gates(both[: len(AU_NAMES)], both[len(AU_NAMES) :])
        rest = np.tensordot(share[: len(UNITS)], channels[: len(UNITS)], axes=1)
        channels[k] = (offset(AU43=1.0, **{unit: 5.0}) - rest) / share[k]
    return channels


@functools.cache
def skin_mesh() -> tuple[np.ndarray, np.ndarray]:
    """(N,) control vertices of the head that are skin, ascending, and (T, 3) triangles in their numbering."""
    with np.load(ASSET) as asset:
        quads = asset["quads"][asset["quad_part"] == list(asset["part_names"]).index("skin")].astype(np.int64)
    used, corners = np.unique(np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]), return_inverse=True)
    return used, corners.reshape(-1, 3)


def eyes_of_canonical() -> np.ndarray:
    """(2, 4) centre and radius of the eyeballs of the canonical head."""
    topology = HEADS["makehuman"]().topology
    balls = [topology.reference[part].astype(np.float64) for part in topology.eyeballs]
    centres = [ball.mean(axis=0) for ball in balls]
    radii = [np.linalg.norm(ball - centre, axis=1).mean() for ball, centre in zip(balls, centres, strict=True)]
    return np.column_stack([centres, radii])
