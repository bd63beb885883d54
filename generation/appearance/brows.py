"""Brows, beards and lashes: strands tied to the face, so that they move with every expression."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..geometry.visibility import rasterize
from ..heads.base import SKIN, Topology
from ..plan import IdentityPlan
from ..populations import BROW_YEARS, BY_GENDER, LASH_YEARS, Ageing
from ..streams import stream

BROW_X = (9.5, 13.0, 19.0, 27.0, 36.0, 44.0, 52.0)
BROW_Y = (15.8, 16.8, 17.9, 18.7, 19.0, 17.6, 14.0)
BROW_HALF_WIDTH = (3.0, 3.9, 4.2, 3.8, 3.1, 2.3, 1.1)
"""The middle line of the left brow on the canonical face and half its height, mm."""

APART_MM = 2.4
"""Standard deviation of how much further out the inner end of a brow begins."""

BEARD_HAIRS, BEARD_POINTS, BEARD_MM, TUFT_HAIRS = 8000, 5, 0.24, 8
"""How many there are, points of each, their width at the root, and how many make a tuft."""
MOUSTACHE_MM, ABOVE_LIP = 3.5, -64.0

LASHES_FROM, OFF_THE_ARC_MM = 0.12, 0.9
"""Share of the lid, at either end, without lashes; and how far below the arc through its ends a lash rim may dip."""

_MAP_SIDE, _MAP_MM = 512, 0.25
_FAR = 1e5  # puts the canonical face so far away that perspective vanishes


@dataclass(frozen=True)
class FaceStrands:
    """Strands whose points ride on triangles: corner vertices (N, 3), weights (N, 3), lift off the skin (N,) mm;
    S strands of a linear `tint` (S, 3) and a `width` (S,) mm at the root, float32.

    `hang` (N, 3) world mm: where points are beside that, for hair that lies down, bends or is longer than it is stiff.
    """

    corners: np.ndarray
    weights: np.ndarray
    lift: np.ndarray
    points_each: int
    tint: np.ndarray
    width: np.ndarray
    hang: np.ndarray | None = None

    def place(self, vertices: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """World points (S, P, 3) float32 on posed `vertices` (V, 3) with `normals`."""
        on_skin = np.einsum("nc,ncd->nd", self.weights, vertices[self.corners])
        outward = np.einsum("nc,ncd->nd", self.weights, normals[self.corners])
        points = on_skin + self.lift[:, None] * outward
        if self.hang is not None:
            points += self.hang
        return points.reshape(-1, self.points_each, 3).astype(np.float32)


class FrontMap:
    """Which triangle of the canonical face lies at (x, y), seen from the front."""

    def __init__(self, topology: Topology) -> None:
        self.triangles = topology.triangles[topology.part == SKIN]
        points = topology.reference.copy()
        points[:, 0] = points[:, 0] / _MAP_MM + _MAP_SIDE / 2
        points[:, 1] = _MAP_SIDE / 2 - points[:, 1] / _MAP_MM
        points[:, 2] = _FAR - points[:, 2]
        self.ids, _, self.weights = rasterize(points, self.triangles, 1, _MAP_SIDE, True)

    def at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Corner vertices (N, 3) and weights (N, 3) of places (N,) within 64 mm of the middle of the eyes."""
        column = np.clip((x / _MAP_MM + _MAP_SIDE / 2).astype(int), 0, _MAP_SIDE - 1)
        row = np.clip((_MAP_SIDE / 2 - y / _MAP_MM).astype(int), 0, _MAP_SIDE - 1)
        ids = self.ids[row, column]
        w = self.weights[row, column]
        return self.triangles[ids], np.concatenate([w, 1 - w.sum(axis=1, keepdims=True)], axis=1)


@dataclass(frozen=True)
class BrowLine:
    """Course of one person's brows: middle and half height (7,) mm at BROW_X, and 0-1 how dense they are."""

    middle: np.ndarray
    half: np.ndarray
    density: float

    def cover(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """How far (V,) 0-1 canonical points lie in a brow."""
        ax = np.abs(x)
        half = np.interp(ax, BROW_X, self.half)
        off = (y - np.interp(ax, BROW_X, self.middle) - 0.8) / (half + 0.4)
        inside = np.exp(-(off**4)) * np.clip((ax - 9.0) / 9, 0, 1) * np.clip((52 - ax) / 14, 0, 1)
        return self.density * inside * (z > -30)


def brow_line(plan: IdentityPlan, seed: int) -> BrowLine:
    """Arch, slope, thickness and density, spread widely within a gender; age thins the brows, the tail first."""
    rng = stream(seed, "look.brow_line", plan.identity_id)
    gender, old = BY_GENDER[plan.gender], BROW_YEARS.share(plan.age)
    x = np.array(BROW_X)
    arch, tilt, drop = rng.normal(*gender.brow_arch_mm), rng.normal(0, 0.030), rng.normal(0, 1.2)
    middle = np.array(BROW_Y) + drop + arch * np.exp(-(((x - 36) / 11) ** 2)) + tilt * (x - 30)
    thick = np.clip(rng.normal(*gender.brow_thickness), 0.5, 1.6) * (1 - Ageing.brow_height_lost.value * old)
    tail_lost = Ageing.brow_tail_lost.value * old + rng.uniform(0, 0.25)
    apart = rng.normal(0, APART_MM) * np.clip((36 - x) / 26, 0, 1)
    half = np.interp(x - apart, x, BROW_HALF_WIDTH, left=0.5) * thick * (1 - tail_lost * np.clip((x - 36) / 16, 0, 1))
    density = np.clip(rng.normal(*gender.brow_density), 0.3, 1.15) * (1 - Ageing.brow_hairs_lost.value * old)
    return BrowLine(middle, half, float(density))


def grow_brows(plan: IdentityPlan, front: FrontMap, colour: np.ndarray, grey: float, seed: int) -> FaceStrands:
    """Brow hairs: upward at the inner end, flat along the body, where those of both rims meet, then downward."""
    rng = stream(seed, "look.brows", plan.identity_id)
    line = brow_line(plan, seed)
    old = BROW_YEARS.share(plan.age)
    count = int(900 * line.density * (line.half.mean() / 3.0) ** 0.7)
    grid = np.linspace(BROW_X[0], BROW_X[-1], 200)
    room = np.cumsum(np.interp(grid, BROW_X, line.half) * np.interp(grid, (10, 17, 38, 52), (0.6, 1.0, 0.9, 0.25)))
    x = np.interp(rng.random((2, count)), room / room[-1], grid)  # as many hairs as there is skin for
    x = np.sort(x, axis=1).reshape(-1)
    side = np.repeat([1.0, -1.0], count)
    offset = np.clip(rng.normal(-0.1, 0.55, len(x)), -1.15, 1)
    y = np.interp(x, BROW_X, line.middle) + np.interp(x, BROW_X, line.half) * offset
    slope = np.arctan(np.interp(x, BROW_X, np.gradient(line.middle, BROW_X)))
    lean = np.interp(x, (10, 15, 22, 34, 52), (1.05, 0.75, 0.42, 0.16, 0.0)) - 0.30 * offset * np.clip(
        x / 20 - 0.5, 0, 1
    )
    angle = slope + lean + rng.normal(0, 0.11 + Ageing.brow_disorder.value * old, len(x))
    length = np.interp(x, (10, 18, 34, 52), (4.4, 6.0, 5.8, 2.8)) * rng.uniform(0.6, 1.15, len(x))
    length = length * (0.85 + Ageing.brow_longer.value * old)
    steps = np.array([0.0, 0.5, 1.0])
    curl = np.array([0.0, 0.0, -0.06])  # tips bend back down
    px = (x[:, None] + np.cos(angle)[:, None] * length[:, None] * steps) * side[:, None]
    py = y[:, None] + length[:, None] * (np.sin(angle)[:, None] * steps + curl)
    corners, weights = front.at(px.ravel(), py.ravel())
    lift = np.tile([0.05, 0.5, 0.2], len(x))
    light = np.exp(0.40 * rng.standard_normal(len(x)))[:, None]
    is_grey = (rng.random(len(x)) < 0.75 * grey)[:, None]
    own = np.exp(stream(seed, "look.brow_colour", plan.identity_id).normal(-0.1, 0.4))  # plucked, dyed, or just so
    tint = np.where(is_grey, np.array([0.17, 0.16, 0.15]) * light, own * colour * light)
    width = 0.17 * np.exp(0.25 * rng.standard_normal(len(x)))
    return FaceStrands(corners, weights.astype(np.float32), lift, 3, tint.astype(np.float32), width.astype(np.float32))


def beard_area(topology: Topology) -> np.ndarray:
    """Where a beard grows on the canonical face, (V,) 0-1: moustache, chin, cheeks below a line, under the jaw."""
    x, y, z = topology.reference.T
    ax = np.abs(x)
    cheek_line = np.interp(ax, (20, 40, 60, 72), (-62, -62, -50, -20))
    jaw = np.clip((cheek_line - y) / 7, 0, 1) * np.clip((y + 128) / 16, 0, 1)
    moustache = np.clip((26 - ax) / 8, 0, 1) * np.clip((-47 - y) / 4, 0, 1) * np.clip((y + 72) / 5, 0, 1)
    grown = np.maximum(jaw, moustache) * np.clip((z + 70) / 20, 0, 1)
    return (grown * (1 - np.clip(3 * topology.masks["lips"] + 3 * topology.masks["mouth"], 0, 1))).astype(np.float32)


def grow_beard(
    plan: IdentityPlan, topology: Topology, density: float, length: float, colour: np.ndarray, grey: float, seed: int
) -> FaceStrands | None:
    """Beard hairs of `length` mm, `density` 0-1; None where there is nothing to see."""
    if density * length < 0.5:
        return None
    rng = stream(seed, "look.beard", plan.identity_id)
    triangles = topology.triangles[topology.part == SKIN]
    corners = topology.reference[triangles].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chance = area * beard_area(topology)[triangles].mean(axis=1)
    count = int(BEARD_HAIRS * density)
    chosen = triangles[rng.choice(len(triangles), count, p=chance / chance.sum())]
    weights = rng.dirichlet((1, 1, 1), count)
    root = np.einsum("sc,scd->sd", weights, topology.reference[chosen].astype(np.float64))
    grown = np.clip(np.einsum("sc,sc->s", weights, beard_area(topology)[chosen]) / 0.8, 0, 1)
    each = length * np.exp(0.3 * rng.standard_normal(count)) * (0.3 + 0.7 * grown)  # shorter towards its edge
    above_lip = root[:, 1] > ABOVE_LIP
    each = np.where(above_lip, np.minimum(each, MOUSTACHE_MM), each)  # lips must stay in sight: AU10 moves them
    lift, hang = bend_beard(root, each, above_lip, rng)
    light = np.exp(0.25 * rng.standard_normal(count))[:, None]
    is_grey = (rng.random(count) < min(1.2 * grey, 1.0))[:, None]
    tint = np.where(is_grey, 0.36 * light, 0.9 * colour * light).astype(np.float32)
    width = BEARD_MM * np.exp(0.25 * rng.standard_normal(count)) * (0.5 + 0.5 * grown)
    corners, weights = (np.repeat(values, BEARD_POINTS, axis=0) for values in (chosen, weights.astype(np.float32)))
    return FaceStrands(corners, weights, lift, BEARD_POINTS, tint, width.astype(np.float32), hang)


def bend_beard(
    root: np.ndarray, length: np.ndarray, above_lip: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """How far off the skin (N,) mm, and how far beside their roots (N, 3) mm, the points of beard hairs are, which grow
    at `root` (S, 3) on the canonical face, are `length` (S,) mm long, lie down, and meet in tufts."""
    count = len(root)
    share = np.linspace(0, 1, BEARD_POINTS)
    leaders = rng.choice(count, max(count // TUFT_HAIRS, 1), replace=False)
    leader = leaders[cKDTree(root[leaders]).query(root)[1]]
    aside = 0.25 * np.clip(root[:, 0] / 30, -1, 1) + np.where(above_lip, 0.5 * np.sign(root[:, 0]), 0.0)
    way = np.column_stack([aside + 0.22 * rng.standard_normal(count), -0.85 + 0.15 * rng.standard_normal(count)])
    way += 0.6 * (way[leader] - way)
    swing = 0.16 * rng.standard_normal((count, 2))[:, :, None] * np.sin(np.pi * share * rng.uniform(0.8, 1.8))
    flat = length[:, None, None] * (way[:, :, None] * share**1.3 + swing)
    tuft = (np.clip(length / 9.0, 0, 0.65))[:, None, None] * share**1.2
    flat = flat + tuft * (root[leader, :2] - root[:, :2])[:, :, None]
    hang = np.zeros((count, BEARD_POINTS, 3))
    hang[:, :, :2] = np.swapaxes(flat, 1, 2)
    raised = rng.uniform(0.22, 0.42, count)[:, None] * np.minimum(length, 12.0)[:, None]
    lift = raised * np.sin(0.5 * np.pi * np.minimum(1.6 * share, 1.0))
    return lift.ravel(), hang.reshape(-1, 3)


def lash_strands(
    plan: IdentityPlan, topology: Topology, control: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lashes on posed control vertices (W, 3): points (S, P, 3) float32 world mm, and tint (S, 3)."""
    rng = stream(seed, "look.lashes", plan.identity_id)
    full = 1 - Ageing.lashes_lost.value * LASH_YEARS.share(plan.age)
    strands = []
    for k, rims in enumerate(topology.lashes):
        upper = k % 2 == 0
        roots, tips = (control[_arc(topology.reference, rim, 1 if upper else -1)] for rim in rims)
        count = int((76 if upper else 34) * full)
        at = LASHES_FROM + (1 - 2 * LASHES_FROM) * (np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)) / count
        base, end = _along(roots, at), _along(tips, at + rng.normal(0, 0.008, count))
        middling = np.sin(np.pi * at)[:, None] ** 0.5  # they are shorter towards the corners
        reach = rng.uniform(0.75, 1.0, count)[:, None] * (0.5 + 0.5 * middling) * (1.0 if upper else 0.7)
        end = base + (end - base) * reach
        middle = 0.5 * (base + end) + np.array([0, -0.9 if upper else 0.5, 0.4]) * reach
        strands.append(np.stack([base, middle, end], axis=1))
    points = np.concatenate(strands).astype(np.float32)
    return points, np.full((len(points), 3), 0.012, np.float32)


def _arc(reference: np.ndarray, rim: np.ndarray, up: int) -> np.ndarray:
    """Those of the vertices `rim` (M,) of a lash strip, from the nose outwards, that lie on its arc, which curves
    upwards (`up` 1) or downwards (-1) on the canonical face. Its short ends turn back: lashes on them would clump."""
    order = rim[np.argsort(np.abs(reference[rim, 0]), kind="stable")]
    x, y = np.abs(reference[order, 0]).astype(np.float64), up * reference[order, 1].astype(np.float64)
    hull: list[int] = []
    for i in range(len(order)):
        while len(hull) > 1 and (y[hull[-1]] - y[hull[-2]]) * (x[i] - x[hull[-2]]) <= (y[i] - y[hull[-2]]) * (
            x[hull[-1]] - x[hull[-2]]
        ):
            hull.pop()
        hull.append(i)
    return order[y > np.interp(x, x[hull], y[hull]) - OFF_THE_ARC_MM]


def _along(line: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Points (N, 3) at arc-length shares `at` (N,) of a polyline (M, 3)."""
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return np.stack([np.interp(np.clip(at, 0, 1) * arc[-1], arc, line[:, c]) for c in range(3)], axis=1)
