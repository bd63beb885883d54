"""Training faces: identities on many meshes, with exact displacements, drawn by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES

from ...heads.ict_pack import REGIONS
from ...streams import stream
from .channels import CHANNELS, UNIT_MAX, UNITS, gates
from .contacts import contacts
from .copies import Copy, make_copy
from .ict import HELD_OUT_FROM, IctFaces, load_ict
from .makehuman import MakeHumanFaces, transferred
from .model import NetworkConfig, RigMesh
from .operators import mesh_operators, torch_sparse

OPEN_MOUTH = 0.5
"""Share of the wide-open jaw at which copies are made, so that no point of one lip is tied to the other."""
RIM_REACH_MM, RIM_WEIGHT = 8.0, 4.0
"""Errors near lids and lips count up to this much more."""
SIZE_SPREAD, TURN_SPREAD_DEG, SHIFT_SPREAD_MM = 0.04, 1.5, 1.5
"""Standard deviations of the logarithm of a head's size, and of its rotation about and translation along each axis, as
they remain where another head is aligned with the head frame.
"""
MAGNIFIED: tuple[tuple[float, float], ...] = ((1.5, 18.0), (1.0, 24.0))
"""Most and reach (mm) of the magnification around each eye, and around the mouth, on which dense copies are made."""
MAKEHUMAN = "makehuman"
ACTIVE, EXTRA_ACTIVE = 0.5, 0.2
"""Probability that a unit of C1, or an extra one, takes part in a random expression."""


@dataclass(frozen=True)
class MeshVariant:
    """A mesh that a face can be on.

    Attributes:
        region: of ICT-FaceKit, see `ict.REGIONS`, or "makehuman".
        kind: how it was made, see `copies.make_copy`.
        size: about its number of vertices if the region is "head"; other regions have more, in proportion.
        number: which of many remeshed copies.
        dense: whether more of its vertices are at the eyes and the mouth.
    """

    region: str = "head"
    kind: str = "original"
    size: int = 0
    number: int = 0
    dense: bool = False


@dataclass(frozen=True)
class TrainingFace:
    """One identity on one mesh.

    Attributes:
        mesh: input of the network, V vertices.
        truth: (21, V, 3) float32 mm, displacements of every channel.
        jacobians: (21, F, 3, 3) float32 of them.
        weights: (V,) float32, area times importance, mean 1; 0 where the truth is not known.
        rims: (K, V) sparse, difference between the two sides at K places where closed lids or resting lips touch;
            K is 0 where that is not known.
        rim_truth: (21, K, 3) mm, that difference on the original, which a coarse copy may not resolve.
    """

    mesh: RigMesh
    truth: torch.Tensor
    jacobians: torch.Tensor
    weights: torch.Tensor
    rims: torch.Tensor
    rim_truth: torch.Tensor


class FaceMaker:
    """Makes training faces from the ICT pack and the MakeHuman head.

    A face is a pure function of identity, mesh variant and seed.
    """

    def __init__(self, data: Path, seed: int, network: NetworkConfig, cache: Path | None, device: str = "cpu") -> None:
        """`network`: sizes that the meshes must fit; `cache`: directory for the operators, or None."""
        self._data, self._seed, self._network, self._cache, self._device = data, seed, network, cache, device
        self._regions: dict[str, IctFaces | MakeHumanFaces] = {}
        self._copies: dict[MeshVariant, Copy] = {}
        self._rims: dict[MeshVariant, tuple[sparse.csr_matrix, sparse.csr_matrix]] = {}

    def region(self, name: str) -> IctFaces | MakeHumanFaces:
        """The faces of a region of ICT-FaceKit, or of the MakeHuman head."""
        if name not in self._regions:
            makehuman = name == MAKEHUMAN
            self._regions[name] = transferred(self.region("head")) if makehuman else load_ict(self._data, name)
        return self._regions[name]

    def copy(self, variant: MeshVariant) -> Copy:
        """The map from the vertices of the variant's region to those of the variant."""
        if variant not in self._copies:
            pose = self._open_pose(variant.region)
            triangles = self.region(variant.region).triangles
            if variant.dense:
                pose = self._magnified(variant.region, pose)
            size = variant.size * len(pose) // REGIONS["head"]
            self._copies[variant] = make_copy(variant.kind, pose, triangles, size, variant.number, self._seed)
        return self._copies[variant]

    def rims(self, variant: MeshVariant) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """(K, V) weights of the points of the upper and of the lower rims that touch, see `TrainingFace.rims`."""
        if variant not in self._rims:
            pairs, pose = self._known_touching(variant.region), self._open_pose(variant.region)
            copy = self.copy(variant)
            self._rims[variant] = tuple(copy.locate(pose, pose[pairs[:, side]]) for side in (0, 1))
        return self._rims[variant]

    def lid_count(self, region: str) -> int:
        """How many of the pairs of touching vertices are on lids; they come first, those on lips after them."""
        return len(self._closing_lids(region))

    def face(self, identity: int, variant: MeshVariant) -> TrainingFace:
        """The face of an identity on a mesh; identities for training are turned, shifted and resized a little."""
        faces, copy = self.region(variant.region), self.copy(variant)
        pose, shift = np.eye(3), np.zeros(3)
        if identity < HELD_OUT_FROM:
            rng = stream(self._seed, "rig.pose", identity)
            turn = Rotation.from_euler("xyz", TURN_SPREAD_DEG * rng.standard_normal(3), degrees=True)
            pose = np.exp(SIZE_SPREAD * rng.standard_normal()) * turn.as_matrix()
            shift = SHIFT_SPREAD_MM * rng.standard_normal(3)
        neutral, channels = faces.person(identity, self._seed)
        neutral, channels = neutral @ pose.T + shift, channels @ pose.T
        upper, lower = self._known_touching(variant.region).T
        rim_truth = channels[:, upper] - channels[:, lower]
        above, below = self.rims(variant)
        neutral, channels = copy.of(neutral), copy.of(channels)
        operators = mesh_operators(neutral, copy.triangles, self._network.eigenvectors, self._cache)
        mesh = RigMesh(operators, self._network.screen_mm, self._device)
        truth = torch.from_numpy(channels).to(self._device)
        importance = self._importance(variant.region)
        known = copy.of(faces.sure[:, None].astype(np.float64))[:, 0] > 0.99
        weights = operators.mass * copy.of(importance[:, None])[:, 0] * known
        return TrainingFace(
            mesh,
            truth.to(torch.float32),
            mesh.solver.jacobians(truth).to(torch.float32),
            torch.from_numpy(weights / weights.mean()).to(self._device, torch.float32),
            torch_sparse(above - below, torch.float32, self._device),
            torch.from_numpy(rim_truth).to(self._device, torch.float32),
        )

    def _open_pose(self, region: str) -> np.ndarray:
        """(N, 3) the mean face with lids and lips apart."""
        faces = self.region(region)
        return (1 - OPEN_MOUTH) * faces.mean + OPEN_MOUTH * faces.open

    def _magnified(self, region: str, pose: np.ndarray) -> np.ndarray:
        """`pose` (N, 3) with eyes and mouth magnified, so that a simplification keeps more vertices there."""
        faces, lids = self.region(region), self.lid_count(region)
        touching = faces.mean[self._touching(region)].mean(axis=1)
        left, mouth = touching[:lids, 0] > 0, touching[lids:]
        centres = touching[:lids][left].mean(axis=0), touching[:lids][~left].mean(axis=0), mouth.mean(axis=0)
        magnified = pose.copy()
        for centre, (most, reach) in zip(centres, (MAGNIFIED[0], *MAGNIFIED), strict=True):
            away = faces.mean - centre
            share = most * np.exp(-0.5 * (away**2).sum(axis=1) / reach**2)
            magnified += share[:, None] * away
        return magnified

    def _touching(self, region: str) -> np.ndarray:
        """(K, 2) vertices of the original that touch, lids at AU43 and lips at rest, upper first."""
        faces = self.region(region)
        return np.concatenate([self._closing_lids(region), contacts(faces.mean, faces.open)])

    def _known_touching(self, region: str) -> np.ndarray:
        """(K, 2) those pairs of `_touching` whose true movements are known."""
        pairs = self._touching(region)
        return pairs[self.region(region).sure[pairs].all(axis=1)]

    def _closing_lids(self, region: str) -> np.ndarray:
        faces = self.region(region)
        return contacts(faces.closed, faces.mean)

    def _importance(self, region: str) -> np.ndarray:
        """(N,) weight of each vertex of the original, 1 and more: more near lids and lips."""
        mean = self.region(region).mean
        distance, _ = cKDTree(mean[np.unique(self._touching(region))]).query(mean)
        return 1 + RIM_WEIGHT * np.exp(-((distance / RIM_REACH_MM) ** 2))


class TrainingSet:
    """Faces by number: identity `i` on mesh variant `i` modulo their count. Kept in memory once made."""

    def __init__(self, maker: FaceMaker, variants: Sequence[MeshVariant], identities: int) -> None:
        self._maker, self._variants, self._identities = maker, variants, identities
        self._faces: dict[int, TrainingFace] = {}

    def __len__(self) -> int:
        return self._identities

    def __getitem__(self, number: int) -> TrainingFace:
        if number not in self._faces:
            self._faces[number] = self._maker.face(number, self._variants[number % len(self._variants)])
        return self._faces[number]


def random_codes(seed: int, step: int, count: int) -> np.ndarray:
    """(count, 13) intensities in the order of UNITS: each unit takes part or not; AU43 is anything from 0 to 1."""
    rng = stream(seed, "rig.codes", step)
    active = np.repeat([ACTIVE, EXTRA_ACTIVE], [len(AU_NAMES), len(EXTRA_AU_NAMES)])
    return np.array(UNIT_MAX) * rng.random((count, len(UNITS))) ** 0.7 * (rng.random((count, len(UNITS))) < active)


def random_gates(seed: int, step: int, count: int, singles: int) -> np.ndarray:
    """(count + singles, 21): random expressions, and channels by themselves at full share."""
    codes = random_codes(seed, step, count)
    mixed = gates(codes[:, : len(AU_NAMES)], codes[:, len(AU_NAMES) :])
    chosen = stream(seed, "rig.singles", step).permutation(len(CHANNELS))[:singles]
    return np.concatenate([mixed, np.eye(len(CHANNELS))[chosen]])
