"""ICT-FaceKit (Li et al. 2020, MIT) as training data: identities and action units with exact vertices.

The pack is read by `heads.ict_pack`. Everything here is in millimetres, with the origin between the eyes, and resized
so that the eyes of the mean face are as far apart as those of the MakeHuman head.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...heads.ict_pack import LANDMARKS, MM_PER_CM, MODE_LIMIT, IctSkin, read_skin
from ...streams import stream
from .channels import CORRECTED, UNITS
from .contacts import lid_corrections

EXPRESSIONS: dict[str, dict[str, float]] = {
    "AU4": {"browDown": 1.0},
    "AU6": {"cheekRaiser": 1.0},  # cheekSquint carries a shift of the whole head
    "AU7": {"eyeSquint": 1.0},
    "AU9": {"noseSneer": 1.0},
    "AU10": {"mouthUpperUp": 1.0},
    "AU43": {"eyeBlink": 1.0},
    "AU1": {"browInnerUp": 1.0},
    "AU2": {"browOuterUp": 1.0},
    "AU12": {"mouthSmile": 1.0},
    "AU20": {"mouthStretch": 1.0},
    "AU25": {"mouthLowerDown": 0.6, "mouthUpperUp": 0.3},
    "AU26": {"jawOpen": 0.35},
    "AU27": {"jawOpen": 1.0},
}
"""ICT shapes of each unit at full intensity, left and right together; chosen by looking at renders."""


HELD_OUT_FROM = 1_000_000
"""Identities of this number and above are never trained on."""


@dataclass(frozen=True)
class IctFaces:
    """The skin of ICT-FaceKit: N vertices, T triangles, M identity modes; float64 mm.

    Attributes:
        mean: (N, 3) mean face.
        triangles: (T, 3) int64.
        identity: (M, N, 3) offsets of one standard deviation.
        channels: (21, N, 3) offsets of each of `channels.CHANNELS` at full share; the same for everyone.
    """

    mean: np.ndarray
    triangles: np.ndarray
    identity: np.ndarray
    channels: np.ndarray

    @property
    def closed(self) -> np.ndarray:
        """(N, 3) the mean face with its eyes closed."""
        return self.mean + self.channels[UNITS.index("AU43")]

    @property
    def open(self) -> np.ndarray:
        """(N, 3) the mean face with its jaw wide open."""
        return self.mean + self.channels[UNITS.index("AU27")]

    @property
    def sure(self) -> np.ndarray:
        """(N,) bool, whether channels are known: everywhere."""
        return np.ones(len(self.mean), bool)

    def person(self, number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """(N, 3) neutral face of person `number` and (21, N, 3) their channels."""
        return self.neutral(number, seed), self.channels

    def neutral(self, number: int, seed: int = 0) -> np.ndarray:
        """(N, 3) neutral face of person `number`; the standard deviation of every mode is 1, cut at 2.5."""
        rng = stream(seed, "rig.identity", number)
        weights = np.clip(rng.standard_normal(len(self.identity)), -MODE_LIMIT, MODE_LIMIT)
        return self.mean + np.tensordot(weights, self.identity, axes=1)

    def landmarks(self, neutral: np.ndarray) -> np.ndarray:
        """(68, 3) iBUG landmarks of a face (N, 3)."""
        return neutral[list(LANDMARKS)]


def load_ict(path: Path, region: str = "head") -> IctFaces:
    """Reads the pack with its expressions. Raises as `heads.ict_pack.read_skin`."""
    skin = read_skin(path, region)
    units = _unit_offsets(skin) * MM_PER_CM * skin.resize
    corrected = units[[UNITS.index(unit) for unit in CORRECTED]]
    channels = np.concatenate([units, lid_corrections(skin.mean, units[UNITS.index("AU43")], corrected)])
    return IctFaces(skin.mean, skin.triangles, skin.identity, channels)


def _unit_offsets(skin: IctSkin) -> np.ndarray:
    """(13, N, 3) centimetres, not resized."""
    row = {name: k for k, name in enumerate(skin.expression_names)}
    offsets = np.zeros((len(UNITS), len(skin.mean), 3))
    for k, unit in enumerate(UNITS):
        for shape, weight in EXPRESSIONS[unit].items():
            for name in (name for name in (shape, f"{shape}_L", f"{shape}_R") if name in row):
                offsets[k] += weight * skin.expressions[row[name]].astype(np.float64)
    return offsets
