"""The default head: MakeHuman's base mesh and morph targets (CC0), shaped by age, gender and ancestry.

MakeHuman has three ancestry axes. Black, East Asian and White people are drawn near one axis each; Latino, South Asian
and Middle Eastern are mixtures of them (`populations.py`). These are crude proxies of face shape, not models of
populations.
"""

import functools
from pathlib import Path

import numpy as np
from scipy import sparse

from ..geometry.mesh import catmull_clark, triangulate, uv_sphere
from ..plan import IdentityPlan
from ..populations import BY_GENDER, FACE_YEARS, Ageing, Everyone, draw_ancestry
from ..streams import stream
from .base import EYE, SKIN, TEETH, TONGUE, HeadShape, Topology
from .landmarks import find_landmarks
from .makehuman_axes import asymmetric, draw_asymmetry, draw_local, local_axes
from .target_file import Targets
from .texture_map import NOWHERE, refined

ASSET = Path(__file__).parent / "assets" / "makehuman_head.npz"
EXPRESSIONS = ASSET.with_name("ict_expressions.npz")
"""Expressions of ICT-FaceKit (MIT) for this head, made by `wrapping/build_expressions.py`."""

INNER_UPPER_LIP, INNER_LOWER_LIP = (61, 62, 63), (67, 66, 65)
CLOSED_LIPS_MM, LIP_LINE = 0.9, -67.3
"""Distance of those landmarks when lips touch, and the height of their line on the canonical face."""
CLOSING_STEPS = 2
"""Each leaves some of the gap, where the lips do not lie on that line."""

FAT_AXES: dict[str, float] = {"head-fat": 0.55, "cheek-volume": 0.6, "neck-double": 0.7}
"""Axes that grow with body weight besides its own shapes, and by how much from the thinnest to the heaviest."""


class MakeHumanHead:
    """The MakeHuman head, a `heads.base.Head`."""

    name = "makehuman"

    def __init__(self) -> None:
        self.base = self
        with np.load(ASSET) as asset:
            self.canonical = asset["vertices"]
            quads, quad_part = asset["quads"], asset["quad_part"]
            part_names = [str(n) for n in asset["part_names"]]
            shapes = Targets(asset)
            uv = asset["uv"]
            masks = {str(n): asset["masks"][:, k] / 255.0 for k, n in enumerate(asset["mask_names"])}
        self._targets = shapes
        parts = {name: np.unique(quads[quad_part == k]) for k, name in enumerate(part_names)}
        self.skin_control = np.isin(np.arange(len(self.canonical)), parts["skin"])
        self.eye_control = [parts["left_eye"], parts["right_eye"]]
        self._axes, self._asymmetric = local_axes(shapes.names), asymmetric(shapes.names)
        self.topology = self._build_topology(quads, quad_part, part_names, masks, uv)

    def shape(self, plan: IdentityPlan, seed: int) -> HeadShape:
        """Base + macro targets (linear hats over age, muscle, weight) + local axes, recentred between the eyes."""
        rng = stream(seed, "head.shape", plan.identity_id)
        ancestry, gender = draw_ancestry(plan.ethnicity, rng), BY_GENDER[plan.gender]
        male = np.clip(rng.normal(*Everyone.own_sex.value), 0.8, 1.0)
        male = male if plan.gender == "man" else 1 - male
        old = FACE_YEARS.share(plan.age) * float(np.clip(rng.normal(*Everyone.own_ageing.value), 0.6, 1.3))
        old = min(old, 1.0)
        strength, ageing = 1 + gender.face_axes_gain * old, gender.sagging * old
        muscle, weight = rng.uniform(0.2, 0.8), float(np.clip(rng.normal(0.52, 0.21), 0.1, 1.0))
        weights = macro_weights(ancestry, male, ageing, muscle, weight)
        centres = {axis: strength * w for axis, w in gender.face_axes.items()}
        for axis, gain in FAT_AXES.items():
            centres[axis] = centres.get(axis, 0.0) + gain * (weight - 0.5)
        weights |= draw_local(self._axes, centres, rng)
        weights |= draw_asymmetry(self._asymmetric, rng)
        weights["local/head-age-incr"] = weights.get("local/head-age-incr", 0.0) + Ageing.head_age.value * ageing

        control = self.canonical.copy()
        for name, w in weights.items():
            control += np.float32(w) * self.targets(name)
        control -= np.concatenate([control[side] for side in self.eye_control]).mean(axis=0)
        for _ in range(CLOSING_STEPS):
            control = self._close_lips(control)
        return HeadShape(
            control=control,
            eyes=np.stack([fit_sphere(control[side]) for side in self.eye_control]),
            ancestry=ancestry,
            parameters={name: float(w) for name, w in weights.items() if w},
        )

    def targets(self, name: str) -> np.ndarray:
        shapes = carried_expressions() if name.startswith("ict/") else self._targets
        return shapes.offsets(name, len(self.canonical))

    def vertices(self, control: np.ndarray, eyes: np.ndarray) -> np.ndarray:
        balls = [eye[:3] + eye[3] * self._ball for eye in eyes]
        return np.concatenate([self.topology.refine @ control, *balls]).astype(np.float32)

    def _close_lips(self, control: np.ndarray) -> np.ndarray:
        """Moves both lips to the middle, fading out around them: mixed shapes leave them 1 or 2 mm apart or crossed."""
        inner = self.topology.refine[self.topology.landmarks[list(INNER_UPPER_LIP + INNER_LOWER_LIP)]] @ control
        x, y, z = self.canonical.T
        columns = self.topology.reference[self.topology.landmarks[list(INNER_UPPER_LIP)], 0]
        gap = np.interp(x, columns, inner[:3, 1] - inner[3:, 1] - CLOSED_LIPS_MM)
        near = np.exp(-((x / 22) ** 4) - ((y - LIP_LINE) / 8) ** 2) * self.skin_control * (z > 0)
        closed = control.copy()
        closed[:, 1] -= (0.5 * gap * np.sign(y - LIP_LINE) * near).astype(np.float32)
        return closed

    def _build_topology(
        self,
        quads: np.ndarray,
        quad_part: np.ndarray,
        part_names: list[str],
        masks: dict[str, np.ndarray],
        uv: np.ndarray,
    ) -> Topology:
        """The render mesh of control quads (Q, 4), with the part of each (Q,), the masks (W,) of their vertices and the
        places `uv` (Q', 4, 2) of the first quads, the skin's, in a texture."""
        solid = [part_names.index(n) for n in ("skin", "upper_teeth", "lower_teeth", "tongue")]
        kept = np.isin(quad_part, solid)
        refine, fine = catmull_clark(quads[kept], len(self.canonical))
        refine = undo_shrinking(refine)
        code = np.array([SKIN, EYE, EYE, TEETH, TEETH, TONGUE] + [0] * 4)[quad_part[kept]]
        ball, ball_triangles = uv_sphere()
        self._ball = ball.astype(np.float32)
        first = refine.shape[0]
        triangles = np.concatenate([triangulate(fine), first + ball_triangles, first + len(ball) + ball_triangles])
        part = np.concatenate([np.repeat(code, 8), np.full(2 * len(ball_triangles), EYE)]).astype(np.uint8)
        eyes = np.stack([fit_sphere(self.canonical[side]) for side in self.eye_control])
        reference = np.concatenate([refine @ self.canonical, *(eye[:3] + eye[3] * ball for eye in eyes)]).astype(
            np.float32
        )
        fine_masks = {
            name: np.concatenate([refine @ mask, np.zeros(2 * len(ball))]).clip(0, 1).astype(np.float32)
            for name, mask in masks.items()
        }
        lashes = tuple(
            lash_rim(self.canonical, quads[quad_part == part_names.index(f"{side}_{lid}_lashes")], eye)
            for side, eye in zip(("left", "right"), eyes, strict=True)
            for lid in ("upper", "lower")
        )
        landmarks = find_landmarks(reference, triangles[part == SKIN])
        return Topology(
            refine=refine,
            triangles=triangles.astype(np.int32),
            part=part,
            reference=reference,
            masks=fine_masks,
            landmarks=landmarks,
            lashes=lashes,
            uv=np.concatenate([refined(uv), np.full((len(triangles) - 8 * len(uv), 3, 2), NOWHERE, np.float32)]),
        )


def macro_weights(
    ancestry: dict[str, float], male: float, old: float, muscle: float, weight: float
) -> dict[str, float]:
    """Weights of MakeHuman's macro targets: products of hat functions, as MakeHuman itself combines them.

    `male`, `old` in 0-1 (old 0 is 25 years, 1 is 90); `muscle`, `weight` in 0-1 with the average at 0.5.
    """
    sexes, ages = {"female": 1 - male, "male": male}, {"young": 1 - old, "old": old}
    muscles, sizes = _hat(muscle, "muscle"), _hat(weight, "weight")
    weights = {}
    for sex, a in sexes.items():
        for age, b in ages.items():
            for name, c in ancestry.items():
                weights[f"macro/{name}-{sex}-{age}"] = a * b * c
            for m, d in muscles.items():
                for s, e in sizes.items():
                    weights[f"macro/universal-{sex}-{age}-{m}-{s}"] = a * b * d * e
    return {name: w for name, w in weights.items() if w > 0}


def _hat(value: float, name: str) -> dict[str, float]:
    far = abs(value - 0.5) * 2
    return {f"average{name}": 1 - far, f"{'max' if value > 0.5 else 'min'}{name}": far}


def undo_shrinking(refine: sparse.csr_matrix) -> sparse.csr_matrix:
    """`refine` (V', W) with the control vertices, its first rows, moved back to where they were, to first order.

    Catmull-Clark pulls convex rims inwards, which opens closed lips by 2 mm; this is one step of its inverse.
    """
    w = refine.shape[1]
    return (refine @ (2 * sparse.identity(w) - refine[:w])).tocsr()


def fit_sphere(points: np.ndarray) -> np.ndarray:
    """Least-squares sphere through `points` (P, 3): centre x, y, z and radius."""
    system = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1).astype(np.float64)
    solution = np.linalg.lstsq(system, (points.astype(np.float64) ** 2).sum(axis=1), rcond=None)[0]
    return np.append(solution[:3], np.sqrt(solution[3] + solution[:3] @ solution[:3]))


def lash_rim(vertices: np.ndarray, quads: np.ndarray, eye: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Control vertices at the roots and at the tips of a lash strip, both ordered along the lid."""
    edges = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    rim = np.unique(unique[count == 1])
    distance = np.linalg.norm(vertices[rim] - eye[:3], axis=1)
    columns = np.round(vertices[rim, 0], 1)
    order = rim[np.argsort(columns, kind="stable")]
    near = distance < np.median(distance)
    near_set = set(rim[near].tolist())
    roots = np.array([v for v in order if int(v) in near_set])
    tips = np.array([v for v in order if int(v) not in near_set])
    return roots, tips


@functools.cache
def carried_expressions() -> Targets:
    """The shapes of EXPRESSIONS, read once a process, when the first is asked for."""
    with np.load(EXPRESSIONS) as asset:
        return Targets(asset)


@functools.cache
def load() -> MakeHumanHead:
    """The head, read once a process."""
    return MakeHumanHead()
