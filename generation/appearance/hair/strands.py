"""Head hair as strands: a few hundred guides are combed and fall, thousands of hairs follow them in locks.

The scalp is a region of the canonical face. Guides start on it, follow a comb field, fall under gravity and slide over
head, neck and shoulders (`guides.py`). Every hair follows the mean of the guides nearest to its root and, towards its
tip, the nearest one alone, so that hairs gather in locks. Expressions hardly move the scalp: hair belongs to the
identity.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...heads.base import SKIN
from ...plan import IdentityPlan
from ...populations import BY_GENDER
from ...streams import stream
from .guides import BareHead, Body, Parting, Roots, grow_guides
from .knots import grow_tail
from .styles import GREY, STYLES, Style, tailored

FRINGE_LAYER = 0.4
"""How thick a fringe is, relative to the rest of the hair."""
FACE_HALF_WIDTH, FACE_TOP, FACE_BOTTOM = 52.0, 30.0, -80.0
"""Eyes, brows and nose lie in here (mm); no hair does."""
LOCK_WIDTH = 0.4
"""How wide a fully gathered lock stays, relative to its width at the scalp."""
BABY_HAIR = 0.35
"""Length of the hairs at the very edge of the scalp relative to the others."""
MIXED, COILS_MIXED = 7.0, 80.0
"""How many hairs a strand stands for where grey ones mix in. Coils cross all over: a single white one would glare."""
DENSER = 1.5
"""How much denser hair grows at the front, where all of its gaps show skin."""
COMBED = 0.65
"""How much less the hairs at the front gather in locks, and bend in waves, before they leave the forehead."""


@dataclass(frozen=True)
class Hair:
    """Strands of one person.

    Attributes:
        style: one of `STYLES`.
        points: (S, P, 3) float32 world mm; tint: (S, 3) float32 linear.
        buried: (S,) float32, depth in the hair, 0 at its surface to 1 on the scalp.
        middle: (3,) float32 world mm, of the head.
        shine: strength of the highlight, 0-1; tip: share of the strands that reach their ends.
    """

    style: str
    points: np.ndarray
    tint: np.ndarray
    buried: np.ndarray
    middle: np.ndarray
    shine: float
    width: np.ndarray


def grow_hair(
    plan: IdentityPlan, head: BareHead, scalp: np.ndarray, style_name: str, colour: np.ndarray, grey: float, seed: int
) -> Hair | None:
    """Strands of `style_name` where `scalp` (V,) 0-1 has hair; None for a bald head.

    `colour` (3,) linear; `grey` 0-1, share of grey hairs.
    """
    if style_name == "bald":
        return None
    rng = stream(seed, "look.hair", plan.identity_id)
    style = tailored(STYLES[style_name], rng)
    body = Body(head)
    roots = take_root(head, scalp, style.strands, rng, DENSER * (style.comb in ("part", "crown")))
    leaders = roots.some(rng.permutation(style.strands)[: style.locks])
    gender = BY_GENDER[plan.gender]
    part = float(rng.choice([-1, 1]) * rng.uniform(*gender.parting_mm))
    parting = Parting(part, rng.random() < gender.fringe and style.comb == "part")
    guides = grow_guides(style, leaders, body, parting, rng)
    points, lock, buried = follow(style, roots, leaders, guides, body, parting, rng)
    if style.cut is not None:
        points = body.over_ears(points)
    tint = dye(roots, lock, colour, grey, rng, COILS_MIXED if style.comb == "out" else MIXED)
    kept = ~in_face(points)
    points, buried, tint = points[kept], buried[kept], tint[kept]
    if style.tail:
        tail, tail_buried = grow_tail(style.tail, guides[:, -1].mean(axis=0), body, style.points, rng)
        points, buried = np.concatenate([points, tail]), np.concatenate([buried, tail_buried])
        tint = np.concatenate([tint, tint[rng.integers(0, len(tint), len(tail))]])
    shuffled = rng.permutation(len(points))  # shadows take every so manieth strand
    return Hair(
        style=style_name,
        points=points[shuffled].astype(np.float32),
        tint=tint[shuffled].astype(np.float32),
        buried=buried[shuffled].astype(np.float32),
        middle=body.middle.astype(np.float32),
        shine=style.shine,
        width=np.full(len(points), 0.28, np.float32),
    )


def in_face(points: np.ndarray) -> np.ndarray:
    """Which strands (S, P, 3) would cross eyes or brows in spite of the comb: a few in a thousand, (S,) bool."""
    x, y, z = np.moveaxis(points, -1, 0)
    return ((np.abs(x) < FACE_HALF_WIDTH) & (y < FACE_TOP) & (y > FACE_BOTTOM) & (z > 0)).any(axis=1)


def at_front(place: np.ndarray) -> np.ndarray:
    """How far to the front of the scalp canonical mm (S, 3) lie, (S,) 0-1."""
    return np.clip((place[:, 2] + 45) / 40, 0, 1)


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


@dataclass(frozen=True)
class Locks:
    """The guides that each of S hairs follows: the three `near` (S, 3) its root, nearest first, by their `weight`."""

    near: np.ndarray
    weight: np.ndarray


def gather_locks(style: Style, roots: Roots, leaders: Roots, parting: Parting) -> Locks:
    """The guides with roots `leaders` that are nearest to each hair."""
    apart = np.array([1.0, 1.0, 1.0, 200.0 * (style.comb == "part")])  # no lock holds hairs of both sides of a parting

    def key(r: Roots) -> np.ndarray:
        return np.column_stack([r.place, r.zone(parting)]) * apart

    distance, near = cKDTree(key(leaders)).query(key(roots), k=3)
    weight = 1 / (distance + 2.0) ** 2
    return Locks(near, weight / weight.sum(axis=1, keepdims=True))


def follow(
    style: Style, roots: Roots, leaders: Roots, guides: np.ndarray, body: Body, parting: Parting,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Hairs (S, P, 3) that follow `guides` (G, P, 3), the guide of each (S,) and how deep each lies (S,)."""
    locks = gather_locks(style, roots, leaders, parting)
    lock = locks.near[:, 0]
    share = np.linspace(0, 1, style.points)
    hairs = along_guides(style, roots, guides, locks, rng)
    # the hair is a layer: some lie on the skin, some on top
    buried = style.clump * rng.random(len(guides))[lock] + (1 - style.clump) * rng.random(len(hairs))
    outward = body.outward(hairs)
    layer = style.layer * np.where(roots.zone(parting) == 3, FRINGE_LAYER, 1.0)
    hairs += (layer * (1 - buried))[:, None, None] * np.minimum(1, 3 * share)[:, None] * outward
    length = np.linalg.norm(np.diff(hairs, axis=1), axis=2).sum(axis=1)
    hairs += disorder(style, length, rng)
    if style.curl:
        bend = 1 - COMBED * at_front(roots.place)[:, None] * (1 - share)
        turned = share * (length / np.quantile(length, 0.8))[:, None]
        hairs += bend[..., None] * curls(style, turned, lock, leaders, outward, rng)
    return hairs, lock, buried


def along_guides(style: Style, roots: Roots, guides: np.ndarray, locks: Locks, rng: np.random.Generator) -> np.ndarray:
    """Hairs (S, P, 3) on the mean way of their guides, and towards their tips on that of the nearest alone."""
    count, points = len(roots.at), style.points
    lock, front = locks.near[:, 0], at_front(roots.place)
    # hairs of a lock end at different points of it; those at the edge of the scalp are short
    edge = np.clip(roots.density / 0.6, 0, 1)
    reach = np.exp((0.06 if style.cut or style.tail else style.spread) * -np.abs(rng.standard_normal(count)))
    if not style.tail:
        baby = BABY_HAIR + 0.5 * front * (style.comb == "part")
        reach *= baby + (1 - baby) * edge
    share = np.linspace(0, 1, points)
    at = reach[:, None] * share * (points - 1)
    low = np.minimum(at.astype(int), points - 2)
    between = (at - low)[..., None]

    path = np.zeros((count, points, 3))
    away = guides - guides[:, :1]
    for k in reversed(range(3)):
        guide = locks.near[:, k, None]
        own = away[guide, low] * (1 - between) + away[guide, low + 1] * between
        path += locks.weight[:, k, None, None] * own
    offset = roots.at - guides[lock, 0]
    together = share**2 if style.tail else style.clump * share**1.4 * (3 - 2 * share**0.7)
    together = together[None, :, None] * rng.uniform(0.75, 1.0, (count, 1, 1))
    together *= (1 - COMBED * front)[:, None, None]
    centre = guides[lock, :1] + own + LOCK_WIDTH * offset[:, None]
    return (1 - together) * (roots.at[:, None] + path) + together * centre


def disorder(style: Style, length: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Offsets (S, P, 3) mm by which hairs of `length` (S,) mm stray from their locks, a few of them far."""
    count, share = len(length), np.linspace(0, 1, style.points)
    if style.tail:  # held at both ends
        stray = style.mess * length[:, None] * np.sin(np.pi * share)
        return stray[..., None] * rng.standard_normal((count, 1, 3))
    wild = 0.4 * style.mess * np.minimum(length, 90.0) * np.where(rng.random(count) < 0.02, 2.5, 1.0)
    return (wild[:, None] * share)[..., None] * rng.standard_normal((count, 1, 3))


def curls(
    style: Style, share: np.ndarray, lock: np.ndarray, leaders: Roots, outward: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Offsets (S, P, 3) mm of coils or waves; the hairs of a lock curl together, more or less."""
    locks = len(leaders.at)
    if style.flat:  # waves run on from lock to lock
        phase = leaders.place @ (0.05 * rng.standard_normal(3)) + 0.7 * rng.standard_normal(locks)
    else:
        phase = rng.uniform(0, 2 * np.pi, locks)
    phase = phase[lock] + (0.35 if style.clump else 9.0) * rng.standard_normal(len(lock))
    turns = style.turns * np.exp(0.15 * rng.standard_normal(locks)[lock] + 0.05 * rng.standard_normal(len(lock)))
    radius = style.curl * np.exp(0.25 * rng.standard_normal(locks)[lock])[:, None] * np.minimum(1, 4 * share)
    angle = phase[:, None] + 2 * np.pi * turns[:, None] * share
    across, out = radius * np.cos(angle), (0.35 if style.flat else 1.0) * radius * np.sin(angle)
    around = np.maximum(np.hypot(outward[..., 0], outward[..., 2]), 1e-3)
    side_x, side_z = -outward[..., 2] / around, outward[..., 0] / around
    if style.comb == "out":  # coils around a hair that stands: the second direction across it
        second = np.stack(
            [-outward[..., 1] * side_z, outward[..., 2] * side_x - outward[..., 0] * side_z, outward[..., 1] * side_x],
            2,
        )
        second = second / np.maximum(np.linalg.norm(second, axis=2, keepdims=True), 1e-3)
    else:
        second = outward
    offset = out[..., None] * second
    offset[..., 0] += across * side_x
    offset[..., 2] += across * side_z
    if style.comb != "out" and not style.flat:
        offset[..., 1] += 0.4 * out
    return offset


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
