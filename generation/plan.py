"""Who is in the dataset, which action units they show and which cameras see them. Pure: no pixels.

- Demographics: `paper` takes each marginal of the paper's Table 1 (exact at 2,500 identities, by largest remainder at
  other counts). The table has no joint distribution, so the three attributes are permuted independently.
  `balanced` fills the 24 cells age x ethnicity x gender evenly, and so that every marginal is even too.
- Age is uniform over the whole years 18-45 (young) and 65-90 (elderly).
- Pain: each identity gets 10 different levels out of PSPI 1-16, in random order. Every level has the same probability
  at every expression, so PSPI is uniform over the dataset, and no identity repeats a level. The action units are then
  uniform over all integer combinations that have this PSPI (of the 6^5 x 2 = 15,552 there are).
- Companions: other units that come with pain (AU25 and AU26 above all) join some pain expressions, more often the
  stronger the pain. They are recorded in `extra_au` and do not count. Left and right differ by up to 15 %, the gaze
  wanders and the head moves by a few degrees; `Spec.head_motion` scales that motion, and with 0 there is none.
- Views belong to the identity: the same three cameras see all its expressions, so that the neutral frame of a view
  and its pain frames differ in nothing but the face and the motion of the head.
- Splits are by identity, 1747 : 497 : 256.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_script.facs import AU_MAX, EXTRA_AU_NAMES, PSPI_MAX, pspi
from dataset_script.spec import Spec
from dataset_script.vocabulary import (
    AGE_GROUPS,
    ETHNICITIES,
    EXPRESSIONS_PER_IDENTITY,
    GENDERS,
    SPLIT_RATIO,
    SPLITS,
    VIEWS_PER_EXPRESSION,
)

from .populations import AGE_RANGES, COMPANIONS
from .streams import stream

PAPER_COUNTS: dict[str, tuple[int, ...]] = {
    "age_group": (1563, 937),
    "ethnicity": (646, 460, 469, 82, 585, 258),
    "gender": (1723, 777),
}
"""Table 1, in the order of the label vocabularies."""

MAX_PITCH, MAX_ROLL, MAX_FRONTAL_YAW = 8.0, 4.0, 4.0
SIDE_YAW = (18.0, 42.0)
FOV = (20.0, 34.0)
FRAMING = (0.92, 1.10)

MAX_ASYMMETRY = 0.15
GAZE_SPREAD = (4.0, 2.5)
"""Standard deviation of the gaze in yaw and pitch, degrees; at most three times that."""
HEAD_SPREAD = (1.6, 1.4, 1.0)
"""Standard deviation of the head's motion away from its neutral pose in yaw, pitch and roll, degrees; at most two and a
half times that."""


@dataclass(frozen=True)
class ViewPlan:
    """A camera. Angles in degrees.

    Attributes:
        yaw: positive when the subject turns to their own left: the nose points to image right.
        pitch: positive when the subject looks up.
        roll: positive when the head tilts clockwise in the image.
        fov: horizontal field of view.
        framing: camera distance relative to the one that frames the head normally.
    """

    view_id: int
    yaw: float
    pitch: float
    roll: float
    fov: float
    framing: float


@dataclass(frozen=True)
class ExpressionPlan:
    """How a face moves.

    Attributes:
        au, pspi: intensities of the six units in C1 order, and their PSPI.
        extra_au: intensities of the units that are not counted, 0-5.
        asymmetry: -0.15 to 0.15; above 0 the left half of the face moves more, and the right half less, by this share.
        gaze: degrees that the eyes turn away from where the person looks: to their left, and up.
        head_motion: yaw, pitch and roll in degrees, signed as in `ViewPlan`, added to those of every view.
    """

    expression_id: int
    au: tuple[int, ...]
    pspi: int
    extra_au: dict[str, float]
    asymmetry: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    head_motion: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class IdentityPlan:
    """One person: who they are, their 11 expressions (0 is neutral) and their 3 views (0 is frontal)."""

    identity_id: int
    split: str
    age_group: str
    age: int
    ethnicity: str
    gender: str
    expressions: tuple[ExpressionPlan, ...]
    views: tuple[ViewPlan, ...]


@dataclass(frozen=True)
class Chunk:
    """The identities of one shard: number `index` of the `count` shards of `split`."""

    split: str
    index: int
    count: int
    identities: tuple[int, ...]


class Plan(Sequence[IdentityPlan]):
    """The plan of a dataset: `len(plan)` identities, `plan[i]` made when it is asked for."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        counts = largest_remainder(spec.identities, SPLIT_RATIO)
        if spec.identities >= len(SPLITS):  # tiny datasets keep every split
            while 0 in counts:
                counts[int(np.argmax(counts))] -= 1
                counts[counts.index(0)] += 1
        self._split = _permuted(spec, "plan.split", counts)
        if spec.preset == "paper":
            self._age, self._ethnicity, self._gender = (
                _permuted(spec, f"plan.{name}", largest_remainder(spec.identities, weights))
                for name, weights in PAPER_COUNTS.items()
            )
        else:
            self._age, self._ethnicity, self._gender = _balanced_cells(spec)

    def __len__(self) -> int:
        return self.spec.identities

    def __getitem__(self, identity_id: int) -> IdentityPlan:  # type: ignore[override]  # no slices
        if not 0 <= identity_id < len(self):
            raise IndexError(f"identity {identity_id} is not among the {len(self)} planned")
        seed = self.spec.seed
        age_group = AGE_GROUPS[self._age[identity_id]]
        ethnicity, gender = ETHNICITIES[self._ethnicity[identity_id]], GENDERS[self._gender[identity_id]]
        low, high = AGE_RANGES[age_group]
        age = int(stream(seed, "plan.years", identity_id).integers(low, high, endpoint=True))
        return IdentityPlan(
            identity_id=identity_id,
            split=self.split_of(identity_id),
            age_group=age_group,
            age=age,
            ethnicity=ethnicity,
            gender=gender,
            expressions=_expressions(self.spec, identity_id),
            views=tuple(_view(seed, identity_id, view_id) for view_id in range(VIEWS_PER_EXPRESSION)),
        )

    def split_of(self, identity_id: int) -> str:
        """The split of an identity, without planning the rest of it."""
        return SPLITS[self._split[identity_id]]

    def chunks(self) -> list[Chunk]:
        """The shards: each split's identities in order, `spec.identities_per_shard` at a time."""
        per_shard = self.spec.identities_per_shard
        chunks = []
        for k, split in enumerate(SPLITS):
            members = np.flatnonzero(self._split == k).tolist()
            parts = [tuple(members[i : i + per_shard]) for i in range(0, len(members), per_shard)]
            chunks += [Chunk(split, index, len(parts), part) for index, part in enumerate(parts)]
        return chunks


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Shares `total` in the ratio `weights` with whole numbers (Hamilton's method; ties go to the first)."""
    whole = sum(weights)
    counts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    for k in sorted(range(len(weights)), key=lambda k: -remainders[k])[: total - sum(counts)]:
        counts[k] += 1
    return counts


@functools.cache
def combinations_by_pspi() -> tuple[np.ndarray, ...]:
    """For each PSPI 0-16 every AU vector that has it, `(n, 6)` int, C1 order, lexicographic."""
    grid = np.stack(np.meshgrid(*(np.arange(top + 1) for top in AU_MAX), indexing="ij"), axis=-1)
    vectors = grid.reshape(-1, len(AU_MAX))
    levels = pspi(vectors)
    return tuple(vectors[levels == level] for level in range(PSPI_MAX + 1))


def _permuted(spec: Spec, stage: str, counts: Sequence[int]) -> np.ndarray:
    """Label k `counts[k]` times, in seeded random order."""
    return stream(spec.seed, stage, None).permutation(np.repeat(np.arange(len(counts)), counts))


def _balanced_cells(spec: Spec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Age, ethnicity and gender labels `(N,)`: every cell, and every marginal, within one of its peers.

    The cells are dealt out in rounds of 24. Within a round (age, gender) runs 00, 11, 01, 10 and the ethnicity runs
    cyclically, one step further on in the second half (4 and 6 share a factor, without that step half of the cells
    would come twice). So after any number of cells each label of each attribute has come equally often, give or take
    one. Seeded relabelling decides who gets the extra one, a seeded permutation which identity gets which cell.
    """
    rng = stream(spec.seed, "plan.balanced", None)
    ages, genders, ethnicities = rng.permutation(2), rng.permutation(2), rng.permutation(len(ETHNICITIES))
    k = rng.permutation(spec.identities) % 24
    age = ages[k % 2]
    gender = genders[np.array([0, 1, 1, 0])[k % 4]]
    ethnicity = ethnicities[(k + k // 12) % 6]
    return age, ethnicity, gender


def _expressions(spec: Spec, identity_id: int) -> tuple[ExpressionPlan, ...]:
    seed = spec.seed
    levels = stream(seed, "plan.pspi", identity_id).permutation(np.arange(1, PSPI_MAX + 1))
    plans = []
    for expression_id in range(EXPRESSIONS_PER_IDENTITY):
        level = 0 if expression_id == 0 else int(levels[expression_id - 1])
        choices = combinations_by_pspi()[level]  # level 0 has exactly one: all zero
        au = choices[stream(seed, "plan.au", identity_id, expression_id).integers(len(choices))]
        manner = _manner(seed, identity_id, expression_id, level)
        motion = _head_motion(spec, identity_id, expression_id) if level else (0.0, 0.0, 0.0)
        plans.append(ExpressionPlan(expression_id, tuple(au.tolist()), level, *manner, motion))
    return tuple(plans)


def _manner(
    seed: int, identity_id: int, expression_id: int, level: int
) -> tuple[dict[str, float], float, tuple[float, float]]:
    """Companions, asymmetry and gaze of an expression; the neutral one has none."""
    extra_au = dict.fromkeys(EXTRA_AU_NAMES, 0.0)
    if level == 0:
        return extra_au, 0.0, (0.0, 0.0)
    rng = stream(seed, "plan.manner", identity_id, expression_id)
    for name, companion in COMPANIONS.items():
        present = rng.random() < companion.probability * (1 + 2 * level / PSPI_MAX) / 3
        intensity = rng.integers(1, companion.highest, endpoint=True)
        extra_au[name] = float(intensity) if present else 0.0
    asymmetry = float(rng.uniform(-MAX_ASYMMETRY, MAX_ASYMMETRY))
    gaze = np.clip(rng.standard_normal(2), -3, 3) * GAZE_SPREAD
    return extra_au, asymmetry, (float(gaze[0]), float(gaze[1]))


def _head_motion(spec: Spec, identity_id: int, expression_id: int) -> tuple[float, float, float]:
    rng = stream(spec.seed, "plan.head_motion", identity_id, expression_id)
    motion = spec.head_motion * np.clip(rng.standard_normal(3), -2.5, 2.5) * HEAD_SPREAD
    return tuple(motion.tolist())


def _view(seed: int, identity_id: int, view_id: int) -> ViewPlan:
    rng = stream(seed, "plan.view", identity_id, view=view_id)
    if view_id == 0:
        yaw = rng.uniform(-MAX_FRONTAL_YAW, MAX_FRONTAL_YAW)
    else:
        side = 1 if (identity_id + view_id) % 2 else -1  # view 1 of even identities turns left, of odd ones right
        yaw = side * rng.uniform(*SIDE_YAW)
    return ViewPlan(
        view_id=view_id,
        yaw=float(yaw),
        pitch=float(rng.uniform(-MAX_PITCH, MAX_PITCH)),
        roll=float(rng.uniform(-MAX_ROLL, MAX_ROLL)),
        fov=float(rng.uniform(*FOV)),
        framing=float(rng.uniform(*FRAMING)),
    )
