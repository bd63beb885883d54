"""ICT-FaceKit (Li et al. 2020, MIT) as training data: identities and action units with exact vertices.

The pack is not part of this repository. It is one npz with the arrays of the ICT-FaceKit release, in centimetres:
`V` (26719, 3) mean face, `F` (26384, 4) quads (-1 last: a triangle), `I` (100, 26719, 3) identity and `E`
(57, 26719, 3) expression offsets, `ex` (57,) names of the expressions. Everything here is in millimetres, origin
between the eyes, scaled so that the eyes of the mean face are as far apart as those of the MakeHuman head.
"""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed

from ...streams import stream
from .channels import CORRECTED, UNITS
from .checks import check_surface
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

REGIONS = {"head": 11248, "mouth": 13294, "sockets": 14062}
"""The skin is the first so many vertices: face, scalp and neck; with the mouth's inside; with the eye sockets too."""
LEFT_EYE, RIGHT_EYE = slice(21451, 23021), slice(23021, 24591)
EYE_DISTANCE_MM = 61.55
"""Distance of the eyeballs' centres on the canonical MakeHuman face."""

LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360,
    1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841,
    5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
)  # fmt: skip
"""iBUG order, as ICT-FaceKit publishes them; the subject's right side first, as in `heads.landmarks`."""

MODES = 40
"""Identity modes that are drawn; the others move no vertex by more than a tenth of a millimetre."""
MODE_LIMIT = 2.5
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
    """Reads the pack.

    Raises:
        InvalidInput: no such region.
        WorkFailed: the pack is missing, is not the pack, or is damaged; says how to make it.
    """
    if region not in REGIONS:
        raise InvalidInput(f"region is {region!r}; allowed are {', '.join(REGIONS)}")
    pack = _read_pack(Path(path))
    scale = 10.0
    mean, identity = pack["V"] * scale, pack["I"][:MODES].astype(np.float64) * scale
    eyes = np.stack([mean[LEFT_EYE].mean(axis=0), mean[RIGHT_EYE].mean(axis=0)])
    resize = EYE_DISTANCE_MM / np.linalg.norm(eyes[0] - eyes[1])
    centre = np.r_[LEFT_EYE, RIGHT_EYE]
    mean, identity = (field - field[..., centre, :].mean(axis=-2, keepdims=True) for field in (mean, identity))
    size, quads = REGIONS[region], pack["F"].astype(np.int64)
    quads = quads[(quads < size).all(axis=1)]
    triangles = np.concatenate([quads[:, :3], quads[quads[:, 3] >= 0][:, [0, 2, 3]]])
    mean, triangles = check_surface(mean[:size] * resize, triangles)
    units = _unit_offsets(pack, size) * scale * resize
    corrected = units[[UNITS.index(unit) for unit in CORRECTED]]
    channels = np.concatenate([units, lid_corrections(mean, units[UNITS.index("AU43")], corrected)])
    return IctFaces(mean, triangles, identity[:, :size] * resize, channels)


def _read_pack(path: Path) -> dict[str, np.ndarray]:
    advice = "make it from a checkout of ICT-FaceKit (MIT), as the top of generation/rigs/neural/ict.py describes"
    if not path.is_file():
        raise WorkFailed(f"data is {path}, which does not exist; {advice}")
    try:
        with np.load(path, allow_pickle=False) as stored:
            pack = {name: stored[name] for name in ("V", "F", "I", "E", "ex")}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise WorkFailed(f"data is {path}, which is not an ICT-FaceKit pack ({error}); {advice}") from error
    if pack["V"].shape != (26719, 3) or len(pack["I"]) < MODES or len(pack["E"]) != len(pack["ex"]):
        raise WorkFailed(f"data is {path}, whose arrays have other shapes than ICT-FaceKit's; {advice}")
    pack["V"] = pack["V"].astype(np.float64)
    return pack


def _unit_offsets(pack: dict[str, np.ndarray], size: int) -> np.ndarray:
    """(13, size, 3) centimetres."""
    row = {str(name): k for k, name in enumerate(pack["ex"])}
    offsets = np.zeros((len(UNITS), size, 3))
    for k, unit in enumerate(UNITS):
        for shape, weight in EXPRESSIONS[unit].items():
            for name in (name for name in (shape, f"{shape}_L", f"{shape}_R") if name in row):
                offsets[k] += weight * pack["E"][row[name], :size].astype(np.float64)
    return offsets
