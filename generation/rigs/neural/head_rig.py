"""The neural rig for the pipeline: heads of the MakeHuman topology, with teeth, tongue, lashes and lid contact.

The network sees the skin alone. Upper teeth and eyeballs stay with the skull. Lower teeth and tongue move with the jaw,
by the rigid motion nearest to that of the chin, under the units that open it. Lashes move with their lid.
"""

import functools
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES, check_aus, check_extra_aus

from ...heads.base import Head, HeadShape
from ...heads.makehuman import ASSET
from ..base import check_asymmetry, left_half, parting_left
from ..lid_contact import LidContact
from ..lip_contact import LipContact
from .channels import CHANNELS, UNITS, gates
from .makehuman import skin_mesh
from .rig import NeuralRig

SHIPPED_WEIGHTS = Path(__file__).parent / "weights" / "rig.safetensors"
CHIN = (7, 8, 9)
"""Landmarks of the chin. Skin within CHIN_MM of their middle is the chin."""
CHIN_MM = 16.0
JAW_UNITS: tuple[str, ...] = ("AU26", "AU27")
EYE_GAIN = {"AU6": 1.3, "AU7": 1.3}
"""ICT-FaceKit's shapes of these units are smaller than those that FACS coders rated as full on this head."""
JAW_PARTS, LASH_PARTS = ("lower_teeth", "tongue"), "lashes"
NEIGHBOURS = 4
"""How many of the nearest skin vertices move a lash."""


class NeuralHeadRig:
    """The neural rig on heads of the MakeHuman topology, a `rigs.base.Rig`."""

    name = "neural"

    def __init__(self, head: Head, rig: NeuralRig) -> None:
        self._rig, self._lids, self._lips = rig, LidContact(head), LipContact(head)
        self._skin, self._triangles = skin_mesh()
        self._left = left_half(head.canonical.astype(np.float64))
        parts = _parts()
        self._jaw = np.unique(np.concatenate([parts[name] for name in JAW_PARTS]))
        self._lashes = np.unique(np.concatenate([part for name, part in parts.items() if name.endswith(LASH_PARTS)]))
        skin = head.canonical[self._skin]
        distance, self._roots = cKDTree(skin).query(head.canonical[self._lashes], k=NEIGHBOURS)
        weight = 1 / np.maximum(distance, 1e-3)
        self._root_share = weight / weight.sum(axis=1, keepdims=True)
        chin = head.topology.reference[head.topology.landmarks[list(CHIN)]].mean(axis=0)
        self._chin = np.flatnonzero(np.linalg.norm(skin - chin, axis=1) < CHIN_MM)
        self._bound: tuple[bytes, np.ndarray] | None = None

    def pose(self, shape: HeadShape, au: np.ndarray, extra_au: dict[str, float], asymmetry: float = 0.0) -> np.ndarray:
        check_asymmetry(asymmetry)
        au, extra = check_aus(au), check_extra_aus(extra_au)
        extra["AU25"] = parting_left(dict(zip(AU_NAMES, au.tolist(), strict=True)) | extra)
        shares = gates(au, np.array([extra[name] for name in EXTRA_AU_NAMES]))
        if not shares.any():
            return shape.control
        closing = np.where(np.array(CHANNELS) == "AU43", shares, 0.0)
        channels = self._bind(shape.control)
        moved = np.tensordot(shares - closing, channels, axes=1) * (1 + asymmetry * self._left)
        moved += np.tensordot(closing, channels, axes=1)
        posed = self._lips.resolve((shape.control + moved).astype(np.float32), shape)
        return self._lids.resolve(posed, shape, float(au[AU_NAMES.index("AU43")]))

    def _bind(self, control: np.ndarray) -> np.ndarray:
        """Channels (21, W, 3) mm of all control vertices (W, 3), kept until another person comes."""
        key = control.tobytes()
        if self._bound is None or self._bound[0] != key:
            self._bound = (key, self._channels_of(control.astype(np.float64)))
        return self._bound[1]

    def _channels_of(self, control: np.ndarray) -> np.ndarray:
        # The lids of this head have a contact step of their own, on the eyeball.
        skin = self._rig.bind(control[self._skin], self._triangles, seal=False)
        gain = np.array([EYE_GAIN.get(channel.split("x")[0], 1.0) for channel in CHANNELS])[:, None, None]
        channels = np.zeros((len(CHANNELS), *control.shape))
        channels[:, self._skin] = gain * skin.channels
        channels[:, self._lashes] = np.einsum("nk,cnkd->cnd", self._root_share, channels[:, self._skin][:, self._roots])
        for unit in JAW_UNITS:
            k = UNITS.index(unit)
            channels[k, self._jaw] = moved_rigidly(
                skin.neutral[self._chin], skin.channels[k, self._chin], control[self._jaw]
            )
        return channels


def moved_rigidly(points: np.ndarray, moved: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(M, 3) displacements of `others` (M, 3) under the rigid motion nearest to that of `points` (N, 3) by `moved`."""
    centre, goal = points.mean(axis=0), (points + moved).mean(axis=0)
    turn, _ = Rotation.align_vectors(points + moved - goal, points - centre)
    return turn.apply(others - centre) + goal - others


def _parts() -> dict[str, np.ndarray]:
    """Control vertices of every part of the head."""
    with np.load(ASSET) as asset:
        names = [str(name) for name in asset["part_names"]]
        return {name: np.unique(asset["quads"][asset["quad_part"] == k]) for k, name in enumerate(names)}


@functools.cache
def shipped() -> NeuralRig:
    """The rig of the weights that come with the package."""
    return NeuralRig.load(SHIPPED_WEIGHTS)


@functools.cache
def load(head: Head) -> NeuralHeadRig:
    """The rig of a head, built once a process."""
    return NeuralHeadRig(head, shipped())
