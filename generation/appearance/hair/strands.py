"""Head hair as strands: a few hundred guides are combed and fall, thousands of hairs follow them in locks.

The scalp is a region of the canonical face. Guides start on it, follow a comb field, fall under gravity and slide over
head, neck and shoulders (`guides.py`). Hairs follow the guides nearest to their roots (`locks.py`). Expressions hardly
move the scalp: hair belongs to the identity.
"""

from dataclasses import dataclass

import numpy as np

from ...heads.base import SKIN
from ...plan import IdentityPlan
from ...populations import BY_GENDER
from ...streams import stream
from .guides import UPRIGHT, BareHead, Body, Parting, Roots, grow_guides
from .knots import grow_tail
from .locks import at_front, follow
from .styles import GREY, STYLES, HairPaint, tailored

FACE_HALF_WIDTH, FACE_TOP, FACE_BOTTOM = 52.0, 30.0, -80.0
"""Eyes, brows and nose lie in here (mm); no hair does."""
MIXED, COILS_MIXED = 7.0, 80.0
"""How many hairs a strand stands for where grey ones mix in. Coils cross all over: a single white one would glare."""
DENSER = 1.5
"""How much denser hair grows at the front, where all of its gaps show skin."""
INTO_PILLOW_MM = 6.0
"""How far hair sinks into a pillow."""
SHORTEST = 0.3
"""Hairs of which an ear leaves less than this share are not there."""


@dataclass(frozen=True)
class Hair:
    """Strands of one person.

    Attributes:
        style: one of `STYLES`.
        points: (S, P, 3) float32 world mm; tint: (S, 3) float32 linear.
        buried: (S,) float32, depth in the hair, 0 at its surface to 1 on the scalp.
        middle: (3,) float32 world mm, of the head.
        width: (S,) float32 mm, at the root; a strand stands for several hairs.
        shine: strength of the highlights, 0-1.
    """

    style: str
    points: np.ndarray
    tint: np.ndarray
    buried: np.ndarray
    width: np.ndarray
    middle: np.ndarray
    shine: float


def grow_hair(
    plan: IdentityPlan, head: BareHead, scalp: np.ndarray, style_name: str, paint: HairPaint, seed: int,
    up: tuple[float, float, float] = (0.0, 1.0, 0.0),
) -> Hair | None:  # fmt: skip
    """Strands of `style_name` where `scalp` (V,) 0-1 has hair; None for a bald head.

    `up`: unit vector against gravity in the axes of the head. Hair of a head that lies falls onto its pillow.
    """
    if style_name == "bald":
        return None
    rng, against = stream(seed, "look.hair", plan.identity_id), np.array(up, float)
    style = tailored(STYLES[style_name], rng)
    body = Body(head)
    roots = take_root(head, scalp, style.strands, rng, DENSER * (style.comb in ("part", "crown")))
    leaders = roots.some(rng.permutation(style.strands)[: style.locks])
    gender = BY_GENDER[plan.gender]
    part = float(rng.choice([-1, 1]) * rng.uniform(*gender.parting_mm))
    parting = Parting(part, rng.random() < gender.fringe and style.comb == "part" and not style.rope)
    guides = grow_guides(style, leaders, body, parting, rng, against)
    points, lock, buried, width = follow(style, roots, leaders, guides, body, parting, rng)
    if style.cut is not None and against[1] > UPRIGHT:
        points = body.over_ears(points)
    elif style.cut is None:
        points, left = body.up_to_ears(points)
        width = np.where(left < SHORTEST, 0.0, width)
    tint = dye(roots, lock, paint.colour, paint.grey, rng, COILS_MIXED if style.comb == "out" else MIXED)
    kept = ~in_face(points) & (width > 0)
    points, buried, tint, width = points[kept], buried[kept], tint[kept], width[kept]
    if style.tail:
        tail, tail_buried = grow_tail(style.tail, guides[:, -1].mean(axis=0), body, style.points, rng, against)
        points, buried = np.concatenate([points, tail]), np.concatenate([buried, tail_buried])
        tint = np.concatenate([tint, tint[rng.integers(0, len(tint), len(tail))]])
        width = np.concatenate([width, np.ones(len(tail))])
    if against[1] <= UPRIGHT:
        points += np.maximum(body.floor(against) - INTO_PILLOW_MM - points @ against, 0)[..., None] * against
    shuffled = rng.permutation(len(points))  # shadows and small pictures take the first of them
    return Hair(
        style=style_name,
        points=points[shuffled].astype(np.float32),
        tint=tint[shuffled].astype(np.float32),
        buried=buried[shuffled].astype(np.float32),
        width=(style.width * width[shuffled]).astype(np.float32),
        middle=body.middle.astype(np.float32),
        shine=style.shine,
    )


def in_face(points: np.ndarray) -> np.ndarray:
    """Which strands (S, P, 3) would cross eyes or brows in spite of the comb: a few in a thousand, (S,) bool."""
    x, y, z = np.moveaxis(points, -1, 0)
    return ((np.abs(x) < FACE_HALF_WIDTH) & (y < FACE_TOP) & (y > FACE_BOTTOM) & (z > 0)).any(axis=1)


def take_root(head: BareHead, scalp: np.ndarray, count: int, rng: np.random.Generator, denser: float = 0.0) -> Roots:
    """`count` roots, dense where `scalp` (V,) is 1, and `denser` by that share at the front."""
    topology, vertices, normals = head
    skin = topology.triangles[topology.part == SKIN]
    density = scalp[skin].mean(axis=1)
    corners = vertices[skin]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    density = density * area * (1 + denser * at_front(topology.reference[skin].mean(axis=1)))
    chosen = skin[rng.choice(len(skin), count, p=density / density.sum())]
    weights = rng.dirichlet((1, 1, 1), count)

    def at(values: np.ndarray) -> np.ndarray:
        return np.einsum("sc,sc...->s...", weights, values[chosen].astype(np.float64))

    normal = at(normals)
    return Roots(
        at(vertices), normal / np.linalg.norm(normal, axis=1, keepdims=True), at(topology.reference), at(scalp)
    )


def dye(
    roots: Roots, lock: np.ndarray, colour: np.ndarray, grey: float, rng: np.random.Generator, mixed: float = MIXED
) -> np.ndarray:
    """Linear tint (S, 3): every strand stands for about `mixed` hairs, some of them grey, at the temples first."""
    x, y, z = roots.place.T
    temples = np.clip((np.abs(x) - 45) / 20, 0, 1) * np.clip((70 - y) / 25, 0, 1) * np.clip((z + 90) / 30, 0, 1)
    share = np.full(len(x), grey) ** (1.25 - 0.8 * temples)
    white = rng.beta(mixed * share + 0.02, mixed * (1 - share) + 0.02)[:, None]
    tone = np.exp(0.16 * rng.standard_normal(len(x)) + 0.16 * rng.standard_normal(len(roots.at))[lock])[:, None]
    return colour * tone * (1 - white) + GREY * (0.7 + 0.3 * tone) * white
