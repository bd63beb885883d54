"""Hairs follow guides: the mean of those around their roots and, towards their tips, that of their lock alone.

A lock is what follows one guide. Within it hairs gather in wisps, a few of them fly, and all end where they like.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from .guides import Body, Parting, Roots
from .styles import Style

FRINGE_LAYER = 0.4
FRINGE_UNEVEN = 0.13
"""How thick a fringe is, relative to the rest of the hair, and how much sooner than cut its hairs end, as a share."""
PARTED, PARTING_MM = 0.25, 45.0
"""How thick hair is at a parting, relative to the rest, and over how many mm beside it about as thick as that."""
LOCK_WIDTH = 0.4
"""How wide a fully gathered lock stays, relative to its width at the scalp."""
WISP_HAIRS, WISP_WIDTH, WISPY = 9, 0.35, 0.75
"""How many hairs a wisp has on average, how wide it is at its end, and how many of its hairs reach that, 0-1."""
FLYING, FAR = 0.025, 3.0
"""Share of the hairs that fly, and how much further than others they stray."""
FLYING_WIDTH, EDGE_WIDTH = 0.55, 0.4
"""Width of hairs that fly, and of those at the edge of the scalp, relative to others."""
BABY_HAIR = 0.3
"""Length of the hairs at the very edge of the scalp relative to the others."""
COMBED = 0.65
"""How much less the hairs at the front gather in locks, and bend in waves, before they leave the forehead."""
NEAR_ROOT = 1.35
"""Points of long hair are nearer to each other at the root, where it turns over the head."""
ROPE_TWIST, ROPE_ROOT = 0.25, 0.09
"""Turns that a rope of hair makes in a centimetre, and share of its length on which it gathers from the scalp."""


@dataclass(frozen=True)
class Locks:
    """The guides that each of S hairs follows: the three `near` (S, 3) its root, nearest first, by their `weight`."""

    near: np.ndarray
    weight: np.ndarray


class Grown(NamedTuple):
    """Hairs (S).

    Attributes:
        points: (S, P, 3) world mm; lock: (S,) number of the guide.
        buried: (S,) depth in the hair, 0-1; width: (S,) relative to that of most.
    """

    points: np.ndarray
    lock: np.ndarray
    buried: np.ndarray
    width: np.ndarray


def at_front(place: np.ndarray) -> np.ndarray:
    """How far to the front of the scalp canonical mm (S, 3) lie, (S,) 0-1."""
    return np.clip((place[:, 2] + 45) / 40, 0, 1)


def root_key(style: Style, parting: Parting, roots: Roots) -> np.ndarray:
    """Places (S, 4) of roots whose distances say what hangs together: nothing does across a parting."""
    return np.column_stack([roots.place, 200.0 * (style.comb == "part") * roots.zone(parting)])


def gather_locks(style: Style, roots: Roots, leaders: Roots, parting: Parting) -> Locks:
    """The guides with roots `leaders` that are nearest to each hair."""
    distance, near = cKDTree(root_key(style, parting, leaders)).query(root_key(style, parting, roots), k=3)
    weight = 1 / (distance + 2.0) ** 2
    return Locks(near, weight / weight.sum(axis=1, keepdims=True))


def follow(
    style: Style, roots: Roots, leaders: Roots, guides: np.ndarray, body: Body, parting: Parting,
    rng: np.random.Generator,
) -> Grown:  # fmt: skip
    """Hairs that follow `guides` (G, P', 3)."""
    locks = gather_locks(style, roots, leaders, parting)
    lock, count = locks.near[:, 0], len(roots.at)
    flying = rng.random(count) < FLYING * (not style.tail)
    reach = ends(style, roots, roots.zone(parting) == 3, rng)
    share = np.linspace(0, 1, style.points) ** (NEAR_ROOT if style.cut else 1.0)
    width = np.exp(0.2 * rng.standard_normal(count)) * np.where(flying, FLYING_WIDTH, 1.0)
    width *= EDGE_WIDTH + (1 - EDGE_WIDTH) * np.clip(roots.density / 0.8, 0, 1)
    # the hair is a layer: some lie on the skin, some on top
    buried = style.clump * rng.random(len(guides))[lock] + (1 - style.clump) * rng.random(count)
    layer = style.layer * np.where(roots.zone(parting) == 3, FRINGE_LAYER, 1.0) * (1 - buried)
    if style.comb == "part":  # at a parting the scalp shows and nothing stands up
        layer *= np.clip(PARTED + np.abs(roots.place[:, 0] - parting.at) / PARTING_MM, 0, 1)
    if style.rope:
        hairs, buried = in_ropes(style, roots, guides[lock], share, rng)
        outward = body.outward(hairs)
        hairs += layer[:, None, None] * np.minimum(1, 3 * share)[:, None] * outward
        return Grown(hairs, lock, buried, width)
    hairs = along_guides(style, roots, guides, locks, reach[:, None] * share, rng)
    outward = body.outward(hairs)
    hairs += layer[:, None, None] * np.minimum(1, 3 * share)[:, None] * outward
    if style.clump and not style.tail:
        hairs += wisps(root_key(style, parting, roots), hairs, share, flying, rng)
    length = np.linalg.norm(np.diff(hairs, axis=1), axis=2).sum(axis=1)
    hairs += disorder(style, length, share, flying, rng)
    if style.curl:
        bend = 1 - COMBED * at_front(roots.place)[:, None] * (1 - share)
        turned = share * (length / np.quantile(length, 0.8))[:, None]
        hairs += bend[..., None] * curls(style, turned, lock, leaders, outward, rng)
    return Grown(hairs, lock, buried, width)


def ends(style: Style, roots: Roots, bangs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share (S,) of the guide at which each hair ends: no two alike, least of all in a fringe, where `bangs` (S,) is
    true, and hairs at the edge of the scalp are short."""
    spread = np.where(bangs, FRINGE_UNEVEN, 0.05 if style.tail else style.uneven if style.cut else style.spread)
    reach = np.exp(-spread * np.abs(rng.standard_normal(len(roots.at))))
    if not style.tail:
        edge = np.clip(roots.density / 0.7, 0, 1)
        baby = BABY_HAIR + 0.4 * at_front(roots.place) * (style.comb == "part")
        reach *= baby + (1 - baby) * edge
    return reach


def on_guides(guides: np.ndarray, number: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Places (S, P, 3) at the shares (S, P) of the guides (G, P', 3) with the given `number` (S,)."""
    at = share * (guides.shape[1] - 1)
    low = np.minimum(at.astype(int), guides.shape[1] - 2)
    between = (at - low)[..., None]
    return guides[number[:, None], low] * (1 - between) + guides[number[:, None], low + 1] * between


def along_guides(
    style: Style, roots: Roots, guides: np.ndarray, locks: Locks, share: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Hairs (S, P, 3), at `share` (S, P) of their guides, on the mean way of these, and towards their tips on that of
    the nearest alone."""
    lock, front = locks.near[:, 0], at_front(roots.place)
    away = guides - guides[:, :1]
    path = np.zeros((*share.shape, 3))
    for k in reversed(range(3)):
        own = on_guides(away, locks.near[:, k], share)
        path += locks.weight[:, k, None, None] * own
    offset = roots.at - guides[lock, 0]
    together = share**2 if style.tail else style.clump * share**1.4 * (3 - 2 * share**0.7)
    together = together[..., None] * rng.uniform(0.6, 1.0, (len(lock), 1, 1))
    together *= (1 - COMBED * front)[:, None, None]
    centre = guides[lock, :1] + own + LOCK_WIDTH * offset[:, None]
    return (1 - together) * (roots.at[:, None] + path) + together * centre


def in_ropes(
    style: Style, roots: Roots, ways: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hairs (S, P, 3) twisted into ropes around their guides `ways` (S, P', 3), and how deep in them they lie (S,)."""
    count = len(ways)
    every = np.broadcast_to(share, (count, len(share)))
    path = on_guides(ways, np.arange(count), every)
    tangent = np.gradient(path, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-6)
    across = np.cross(tangent, [0.3, 0.2, 1.0])
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-6)
    other = np.cross(tangent, across)
    length = np.linalg.norm(np.diff(ways, axis=1), axis=2).sum(axis=1, keepdims=True)
    radius, angle = np.sqrt(rng.random((count, 1))), rng.uniform(0, 2 * np.pi, (count, 1))
    turned = angle + 2 * np.pi * ROPE_TWIST * length / 10 * share
    size = style.rope * radius * (1 + 0.14 * np.sin(length * share / 3.0)) * (1 - 0.35 * share**4)
    offset = (size * np.cos(turned))[..., None] * across + (size * np.sin(turned))[..., None] * other
    gathered = np.clip(share / ROPE_ROOT, 0, 1)[:, None]
    loose = roots.at[:, None] + path - path[:, :1]
    return (1 - gathered) * loose + gathered * (path + offset), 0.8 * (1 - radius[:, 0])


def wisps(
    key: np.ndarray, hairs: np.ndarray, share: np.ndarray, flying: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Offsets (S, P, 3) that bring hairs (S, P, 3) with roots `key` (S, 4) together, from a wisp's leader outwards."""
    leaders = rng.choice(len(hairs), max(len(hairs) // WISP_HAIRS, 1), replace=False)
    leader = leaders[cKDTree(key[leaders]).query(key)[1]]
    most = np.where(flying, 0.0, (1 - WISP_WIDTH) * np.where(rng.random(len(hairs)) < WISPY, 1.0, 0.3))
    together = most[:, None] * share**1.2 * rng.uniform(0.6, 1.0, len(hairs))[:, None]
    return together[..., None] * (hairs[leader] - hairs)


def disorder(
    style: Style, length: np.ndarray, share: np.ndarray, flying: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Offsets (S, P, 3) mm by which hairs of `length` (S,) mm stray from their locks, those that are `flying` far, each
    on a bend of its own."""
    count = len(length)
    if style.tail:  # held at both ends
        stray = style.mess * length[:, None] * np.sin(np.pi * share)
        return stray[..., None] * rng.standard_normal((count, 1, 3))
    wild = 0.4 * style.mess * np.minimum(length, 90.0) * np.where(flying, FAR, 1.0)
    drift, bend = rng.standard_normal((2, count, 1, 3))
    curve = np.sin(np.pi * share * rng.uniform(0.7, 1.6, (count, 1)))
    return (wild[:, None] * share)[..., None] * drift + 0.6 * (wild[:, None] * curve)[..., None] * bend


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
