"""The ICT-FaceKit pack (Li et al. 2020, MIT) on the disk: its arrays, regions and landmarks.

The pack is not part of this repository. It is one npz with the arrays of the ICT-FaceKit release, in centimetres:
`V` (26719, 3) mean face, `F` (26384, 4) quads (-1 last: a triangle), `I` (100, 26719, 3) identity and `E`
(57, 26719, 3) expression offsets, `ex` (57,) names of the expressions.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_script.array_files import DAMAGED_ARRAYS, read_arrays
from dataset_script.errors import InvalidInput, WorkFailed

from ..geometry.checks import check_surface

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


MM_PER_CM = 10.0
_MOST_BYTES = 1 << 28
"""That its arrays may take; those of the release take 101 MB as float64."""


@dataclass(frozen=True)
class IctSkin:
    """A region of the skin: N vertices, T triangles, M identity modes; float64 mm in the head frame.

    Attributes:
        mean: (N, 3) mean face, origin between the eyes, as far apart as those of the MakeHuman head.
        triangles: (T, 3) int64.
        identity: (M, N, 3) offsets of one standard deviation.
        eyes: (2, K, 3) vertices of the left and right eyeball of the mean face; eye_modes: (M, 2, 3) how each mode of
            identity moves their centres.
        expressions: (E, N, 3) centimetres, as they are stored, and expression_names: the E names.
        resize: what brings the pack, once in millimetres, to the size of `mean`.
    """

    mean: np.ndarray
    triangles: np.ndarray
    identity: np.ndarray
    eyes: np.ndarray
    eye_modes: np.ndarray
    expressions: np.ndarray
    expression_names: tuple[str, ...]
    resize: float

    @property
    def landmarks(self) -> np.ndarray:
        """(68, 3) iBUG landmarks of the mean face."""
        return self.mean[list(LANDMARKS)]


def read_skin(path: Path, region: str = "head") -> IctSkin:
    """Reads the pack.

    Raises:
        InvalidInput: no such region.
        WorkFailed: the pack is missing, is not the pack, or is damaged; says how to make it.
    """
    if region not in REGIONS:
        raise InvalidInput(f"region is {region!r}; allowed are {', '.join(REGIONS)}")
    pack = _read_pack(Path(path))
    mean, identity = pack["V"] * MM_PER_CM, pack["I"][:MODES].astype(np.float64) * MM_PER_CM
    sides = (LEFT_EYE, RIGHT_EYE)
    eyes = np.stack([mean[side].mean(axis=0) for side in sides])
    resize = EYE_DISTANCE_MM / np.linalg.norm(eyes[0] - eyes[1])
    both = np.r_[LEFT_EYE, RIGHT_EYE]
    mean, identity = (field - field[..., both, :].mean(axis=-2, keepdims=True) for field in (mean, identity))
    size, quads = REGIONS[region], pack["F"].astype(np.int64)
    quads = quads[(quads < size).all(axis=1)]
    triangles = np.concatenate([quads[:, :3], quads[quads[:, 3] >= 0][:, [0, 2, 3]]])
    skin, triangles = check_surface(mean[:size] * resize, triangles)
    return IctSkin(
        mean=skin,
        triangles=triangles,
        identity=identity[:, :size] * resize,
        eyes=np.stack([mean[side] for side in sides]) * resize,
        eye_modes=np.stack([identity[:, side].mean(axis=1) for side in sides], axis=1) * resize,
        expressions=pack["E"][:, :size],
        expression_names=tuple(map(str, pack["ex"])),
        resize=resize,
    )


def _read_pack(path: Path) -> dict[str, np.ndarray]:
    """The arrays of the pack as they are stored, `V` as float64."""
    advice = "make it from a checkout of ICT-FaceKit (MIT), as the top of generation/heads/ict_pack.py describes"
    if not path.is_file():
        raise WorkFailed(f"data is {path}, which does not exist; {advice}")
    try:
        pack = read_arrays(path, _MOST_BYTES, ("V", "F", "I", "E", "ex"))
    except DAMAGED_ARRAYS as error:
        raise WorkFailed(f"data is {path}, which is not an ICT-FaceKit pack ({error}); {advice}") from error
    if pack["V"].shape != (26719, 3) or len(pack["I"]) < MODES or len(pack["E"]) != len(pack["ex"]):
        raise WorkFailed(f"data is {path}, whose arrays have other shapes than ICT-FaceKit's; {advice}")
    pack["V"] = pack["V"].astype(np.float64)
    return pack
