"""Rebuilds `assets/ict_expressions.npz`: expressions of ICT-FaceKit (MIT), carried over to the default head once.

    python -m generation.heads.wrapping.build_expressions ict_facekit.npz

The default head is wrapped around ICT-FaceKit's mean face with both mouths open, so that lips lie apart and each finds
its own. Where skin corresponds it moves as ICT-FaceKit's does, in millimetres after both have been brought to the same
distance of the eyes; between (in the mouth, the sockets) it moves smoothly with what is around. Left and right are
averaged. Needs the extra `neural` (sparse solvers); whoever uses the head needs neither the extra nor the pack. The
output is deterministic and its checksum is in `assets/SHA256SUMS`.
"""

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from ...geometry.solvers import factorise
from ...geometry.steps import smoothstep
from ...geometry.surface import Surface
from ...geometry.threads import one_thread
from ..ict_pack import LANDMARKS, MM_PER_CM, IctSkin, read_skin
from ..lids import LASHES_ON
from ..makehuman import EXPRESSIONS
from ..target_file import packed, write_sums
from .template import Template, template
from .wrap import wrap

PACK_SHA256 = "152d8a7d6e20fcc25fe94c9e50ebb572ed199852fd4f63cbd689fe091ea91dcd"
SHAPES = (
    "browDown",
    "browInnerUp",
    "browOuterUp",
    "cheekRaiser",
    "eyeSquint",
    "noseSneer",
    "mouthUpperUp",
    "mouthLowerDown",
    "mouthSmile",
    "mouthStretch",
)
"""Names in the pack, left and right together; the jaw and the eyelids move by MakeHuman's own shapes."""
AROUND = {"eyeSquint": ((31.0, -2.0), (1.3, 1.0), (17.0, 28.0)), "browDown": ((26.0, 17.0), (1.6, 1.0), (17.0, 30.0))}
"""Shapes that are kept to a place: centre (|x|, y), stretch along x and y, and where they begin and end to fade (mm):
a tight lid without the cheek, a lowered brow without the forehead and the nose."""
OPEN = 0.35
"""How far both jaws are open while one is wrapped around the other, as a share of "jawOpen"."""
SMOOTH_MM = 3.0
"""The length over which the skin is smooth between the points that correspond."""
EAR_WEIGHT, STAY = 0.3, 1e-5
BACK_MM = (-80.0, -40.0)
"""From here on, and up to here (z), skin moves: the back of the head, the neck behind the ears and the bust do not."""
NECK_MM = (-135.0, -110.0)
"""From here on, and up to here (y), it moves: not below the chin, where collars are."""
SMALLEST_MM = 0.03
"""Movements are that much shorter, and none where they are shorter than that."""


def carry_over(pack: Path) -> dict[str, np.ndarray]:
    """Name in the asset -> offsets (W, 3) mm of every control vertex. Raises as `ict_pack.read_skin`."""
    source, target = read_skin(pack, "mouth"), template()
    opened = target.head.canonical + OPEN * target.head.targets("fu/jawOpen")
    pose = source.mean + OPEN * _both_sides(source, "jawOpen")
    found = wrap(
        replace(target, points=opened[target.skin].astype(np.float64)),
        Surface(pose, source.triangles),
        pose[list(LANDMARKS)],
    )
    corners, shares = source.triangles[found.nearest.triangle], found.nearest.barycentric
    weight = target.area * found.weight * (1 - (1 - EAR_WEIGHT) * target.ears)
    moved = [np.einsum("sc,scd->sd", shares, _both_sides(source, name)[corners]) for name in SHAPES]
    skin = _smooth(target, np.stack(moved), weight)
    return {f"ict/{name}": _finished(target, name, offsets) for name, offsets in zip(SHAPES, skin, strict=True)}


@one_thread
def _smooth(target: Template, moved: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(K, S, 3) `moved` where its `weight` (S,) mm^2 is, and the smoothest continuation elsewhere."""
    system = SMOOTH_MM**4 * target.bending + sparse.diags(weight + STAY * target.area)
    right = np.ascontiguousarray((weight[:, None] * moved).transpose(1, 0, 2).reshape(len(weight), -1))
    solved = np.zeros_like(right)
    factorise(system).solve(right, solved)
    return solved.reshape(len(weight), len(moved), 3).transpose(1, 0, 2)


def _finished(target: Template, name: str, skin: np.ndarray) -> np.ndarray:
    """Offsets (W, 3) of all control vertices from those of the `skin` (S, 3): symmetric, still at the back and neck."""
    canonical = target.head.canonical.astype(np.float64)
    if name in AROUND:
        centre, stretch, fade = AROUND[name]
        x, y, _ = target.points.T
        away = (np.stack([np.abs(x), y], axis=1) - centre) / stretch
        skin = skin * smoothstep(fade[1], fade[0], np.linalg.norm(away, axis=1))[:, None]
    offsets = np.zeros_like(canonical)
    _, y, z = target.points.T
    offsets[target.skin] = skin * (smoothstep(*BACK_MM, z) * smoothstep(*NECK_MM, y))[:, None]
    mirror = (-1, 1, 1)
    _, opposite = cKDTree(canonical).query(canonical * mirror)
    offsets = (offsets + offsets[opposite] * mirror) / 2
    length = np.linalg.norm(offsets, axis=1, keepdims=True)
    offsets *= np.clip(1 - SMALLEST_MM / np.maximum(length, 1e-9), 0, 1)
    for eye in target.lids:
        offsets[eye.lashes] = eye.columns @ offsets[eye.loops[LASHES_ON]]
    return offsets


def _both_sides(source: IctSkin, name: str) -> np.ndarray:
    """(N, 3) mm offsets of an expression of the pack; of left and right together where it has both."""
    offsets = np.zeros_like(source.mean)
    for k, stored in enumerate(source.expression_names):
        if stored in (name, f"{name}_L", f"{name}_R"):
            offsets += source.expressions[k] * (MM_PER_CM * source.resize)
    return offsets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack", type=Path, help="ICT-FaceKit as one file, see generation/heads/ict_pack.py")
    pack = parser.parse_args().pack
    if hashlib.sha256(pack.read_bytes()).hexdigest() != PACK_SHA256:
        raise SystemExit(f"{pack} is not the pack that the asset was made from (sha256 {PACK_SHA256})")
    np.savez_compressed(EXPRESSIONS, **packed(carry_over(pack)))
    digest = write_sums(EXPRESSIONS.parent)[EXPRESSIONS.name]
    print(f"{EXPRESSIONS}: {EXPRESSIONS.stat().st_size / 1e6:.2f} MB, sha256 {digest}")


if __name__ == "__main__":
    main()
