"""Head hair as strands grown on the scalp, a dozen numbers a style.

The scalp is a region of the canonical face. Strands start on it, follow a comb field, fall under gravity and stay
outside an ellipsoid fitted to the cranium. Expressions hardly move the scalp, so the hair belongs to the identity.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..heads import SKIN, Topology
from ..plan import IdentityPlan
from ..streams import stream

POINTS = 14
"""Points of a strand."""

FACE_TOP, FACE_BACK, FACE_HALF_WIDTH = 66.0, -35.0, 70.0
"""Falling hair keeps out of the face: below this height, in front of this depth, within this half width (mm)."""

HAIRLINE_Z = (-170.0, -122.0, -100.0, -93.0, -88.0, -60.0, -53.0, -44.0, -37.0, -16.0, 4.0, 16.0, 40.0)
HAIRLINE_Y = (-70.0, -66.0, -40.0, -4.0, 10.0, 12.0, -6.0, -2.0, 30.0, 50.0, 64.0, 71.0, 74.0)
"""The hairline of the canonical head seen from the side (mm): nape, behind and above the ear, sideburn, temple, front."""

COLOURS: dict[str, tuple[float, float, float]] = {
    "black": (0.012, 0.010, 0.009),
    "dark_brown": (0.030, 0.018, 0.011),
    "brown": (0.072, 0.038, 0.019),
    "light_brown": (0.150, 0.085, 0.043),
    "blond": (0.330, 0.215, 0.105),
    "red": (0.210, 0.066, 0.021),
}
COLOUR_FREQUENCY: dict[str, tuple[float, ...]] = {
    "white": (0.06, 0.22, 0.28, 0.20, 0.18, 0.06),
    "middle_eastern": (0.50, 0.38, 0.10, 0.02, 0.0, 0.0),
    "latino": (0.48, 0.38, 0.12, 0.02, 0.0, 0.0),
    "south_asian": (0.74, 0.24, 0.02, 0.0, 0.0, 0.0),
    "black": (0.86, 0.13, 0.01, 0.0, 0.0, 0.0),
    "east_asian": (0.82, 0.16, 0.02, 0.0, 0.0, 0.0),
}
GREY = np.array([0.42, 0.41, 0.39])


@dataclass(frozen=True)
class Style:
    """How hair grows. Millimetres.

    Attributes:
        length, spread: mean length and its relative spread; strands: how many.
        comb: "crown" (away from the whorl), "back", "part" (to both sides of a parting), "out" (along the normal).
        lift: how far it stands off; gravity: how fast it turns down; curl: radius of its coils; turns: coils a strand.
        pull: the same, backwards; sides: length at the nape relative to the top.
        layer: thickness of the hair over the scalp; mess: how much strands differ in direction.
    """

    length: float
    strands: int
    comb: str
    spread: float = 0.25
    lift: float = 0.5
    gravity: float = 0.0
    pull: float = 0.0
    sides: float = 1.0
    curl: float = 0.0
    turns: float = 0.0
    layer: float = 6.0
    mess: float = 0.07


STYLES: dict[str, Style] = {
    "buzz": Style(5, 9000, "crown", lift=1.2, layer=2),
    "short": Style(24, 13000, "crown", lift=0.50, gravity=0.12, layer=7, sides=0.35),
    "swept": Style(52, 13000, "back", lift=0.30, gravity=0.16, pull=0.50, layer=8, sides=0.22),
    "parted": Style(58, 13000, "part", lift=0.30, gravity=0.40, pull=0.08, layer=8, sides=0.25),
    "coils": Style(20, 15000, "out", lift=1.2, curl=3.4, turns=2.5, layer=12),
    "afro": Style(38, 20000, "out", lift=1.2, curl=5.0, turns=3.0, layer=26, spread=0.12),
    "bob": Style(150, 14000, "part", lift=0.25, gravity=0.9, layer=9, spread=0.06),
    "long": Style(235, 14000, "part", lift=0.25, gravity=1.1, layer=10, spread=0.10),
    "wavy": Style(205, 14000, "part", lift=0.30, gravity=1.0, curl=3.5, turns=2.5, layer=12, spread=0.12),
    "tied": Style(80, 13000, "back", lift=0.10, gravity=0.12, pull=0.65, layer=4, spread=0.1),
}


@dataclass(frozen=True)
class Hair:
    """Strands of one person: points (S, P, 3) world mm, tint (S, 3) linear, depth in the hair (S,) 0-1; middle (3,)."""

    style: str
    colour: np.ndarray
    points: np.ndarray
    tint: np.ndarray
    buried: np.ndarray
    middle: np.ndarray
    shine: float


def hair_colour(plan: IdentityPlan, seed: int) -> tuple[np.ndarray, float]:
    """Linear colour (3,) and the share of grey hairs, 0-1."""
    rng = stream(seed, "look.hair_colour", plan.identity_id)
    name = list(COLOURS)[rng.choice(len(COLOURS), p=COLOUR_FREQUENCY[plan.ethnicity])]
    grey = float(np.clip((plan.age - rng.normal(56, 9)) / 22, 0, 1))
    return np.array(COLOURS[name]) * np.exp(rng.normal(0, 0.15)), grey


def choose_style(plan: IdentityPlan, seed: int) -> tuple[str, float]:
    """Style name ("bald" for none) and how far the front hairline recedes (mm)."""
    rng = stream(seed, "look.hair_style", plan.identity_id)
    coily = {"black": 0.85, "latino": 0.08, "middle_eastern": 0.05, "south_asian": 0.03}.get(plan.ethnicity, 0.02)
    man = plan.gender == "man"
    recede = max(0.0, rng.normal(0.30 * (plan.age - 30), 7)) if man else max(0.0, rng.normal(0, 3))
    if rng.random() < coily:
        names, p = (("bald", "buzz", "coils", "afro"), (0.16, 0.46, 0.28, 0.10) if man else (0.02, 0.14, 0.36, 0.48))
    elif man:
        bald = 0.06 + 0.18 * (plan.age > 60)
        names, p = ("bald", "buzz", "short", "swept", "parted"), (bald, 0.2, 0.34, 0.2, 0.26 - bald)
    else:
        names, p = ("short", "parted", "bob", "long", "wavy", "tied"), (
            (0.24, 0.12, 0.24, 0.08, 0.14, 0.18) if plan.age > 60 else (0.06, 0.04, 0.20, 0.28, 0.20, 0.22)
        )  # fmt: skip
    style = str(names[rng.choice(len(names), p=p)])
    return style, float(min(recede, 40.0 if man else 6.0))


def scalp_mask(topology: Topology, recede: float) -> np.ndarray:
    """Where hair grows on the canonical head, (V,) 0-1. `recede` (mm) raises the front hairline."""
    x, y, z = topology.reference.T
    front = np.clip((z + 50) / 40, 0, 1)
    temples = np.exp(-0.5 * ((np.abs(x) - 42) / 16) ** 2)
    line = np.interp(z, HAIRLINE_Z, HAIRLINE_Y) + front * recede * (0.55 + 0.75 * temples)
    grown = np.clip((y - line) / 7 + 0.5, 0, 1) * (1 - np.clip(2 * topology.masks["ears"], 0, 1))
    return (grown * (z < 34)).astype(np.float32)


def grow_hair(
    plan: IdentityPlan, topology: Topology, vertices: np.ndarray, normals: np.ndarray,
    scalp: np.ndarray, style_name: str, colour: np.ndarray, grey: float, seed: int,
) -> Hair | None:  # fmt: skip
    """Strands of `style_name` on the neutral head `vertices` (V, 3); None for a bald one."""
    if style_name == "bald":
        return None
    style = STYLES[style_name]
    rng = stream(seed, "look.hair", plan.identity_id)
    skin = topology.triangles[topology.part == SKIN]
    density = scalp[skin].mean(axis=1)
    corners = vertices[skin]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = rng.choice(len(skin), style.strands, p=density * area / (density * area).sum())
    weights = rng.dirichlet((1, 1, 1), style.strands)
    root = np.einsum("sc,scd->sd", weights, vertices[skin[chosen]])
    normal = np.einsum("sc,scd->sd", weights, normals[skin[chosen]])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    place = np.einsum("sc,scd->sd", weights, topology.reference[skin[chosen]])

    on_scalp = scalp > 0.9
    middle, radii = fit_ellipsoid(vertices[on_scalp])
    radii = 1.03 * radii  # the cranium is not quite an ellipsoid: keep hair out of where it bulges
    comb = comb_field(style.comb, place, normal, part=float(rng.choice([-1, 1]) * rng.uniform(0, 28)))
    direction = style.lift * normal + comb + style.mess * rng.standard_normal(root.shape)
    length = style.length * np.exp(style.spread * rng.standard_normal(len(root)))
    length = length * np.interp(place[:, 1], (-30, 60), (style.sides, 1.0))
    depth_in_hair = rng.random(len(root))
    gravity = style.gravity * rng.uniform(0.8, 1.2, len(root))
    points = _grow(
        root, direction / np.linalg.norm(direction, axis=1, keepdims=True), length, gravity, style.pull, style.comb == "part",
        style.layer * (1 - depth_in_hair), style.curl, style.turns, rng.uniform(0, 2 * np.pi, len(root)), middle, radii,
    )  # fmt: skip
    if style.comb in ("part", "back"):  # a few strands would still lie across the forehead
        x, y, z = points.transpose(2, 0, 1)
        line = np.interp(z, HAIRLINE_Z, HAIRLINE_Y)
        kept = ~((y < line - 2) & (z > -12) & (np.abs(x) < 62)).any(axis=1)
        points, depth_in_hair, root = points[kept], depth_in_hair[kept], root[kept]
    tone = np.exp(0.22 * rng.standard_normal(len(root)))[:, None]
    is_grey = (rng.random(len(root)) < grey)[:, None] * rng.uniform(0.7, 1.0, (len(root), 1))
    tint = (colour * tone) * (1 - is_grey) + GREY * (0.75 + 0.25 * tone) * is_grey
    return Hair(
        style_name, colour, points.astype(np.float32), tint.astype(np.float32), depth_in_hair.astype(np.float32),
        middle.astype(np.float32), shine=0.25 if style.curl else 0.6,
    )  # fmt: skip


def fit_ellipsoid(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middle (3,) and radii (3,) of the axis-aligned ellipsoid nearest to `points` (P, 3) in algebraic distance."""
    system = np.concatenate([points**2, points], axis=1).astype(np.float64)
    a = np.linalg.lstsq(system, np.ones(len(points)), rcond=None)[0]
    middle = -a[3:] / (2 * a[:3])
    return middle, np.sqrt((1 + (a[:3] * middle**2).sum()) / a[:3])


def comb_field(comb: str, place: np.ndarray, normal: np.ndarray, part: float) -> np.ndarray:
    """Unit directions (S, 3) along the scalp at `place` (S, 3), canonical mm; `part` is where the parting is."""
    x, y, z = place.T
    if comb == "crown":
        flow = place - [8.0, 118.0, -95.0]
        flow[:, 2] += 25 * np.clip((z + 20) / 30, 0, 1)
    elif comb == "back":
        flow = np.stack([0.2 * x, 0.25 * (60 - y), -60 + 0 * z], axis=1)
    elif comb == "part":
        side = np.where(x > part, 1.0, -1.0)
        flow = np.stack([side * 60, -8 + 0 * y, -28 - 60 * np.clip((z + 25) / 35, 0, 1)], axis=1)
    else:
        flow = place - [0.0, 25.0, -65.0]
    tangent = flow - (flow * normal).sum(axis=1, keepdims=True) * normal * (comb != "out")
    return tangent / np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)


@njit(cache=True)
def _grow(root, direction, length, gravity, pull, combed, layer, curl, turns, phase, middle, radii):
    """Integrates strands: falls, stays `layer` mm outside the cranium ellipsoid, then coils around its path."""
    count = root.shape[0]
    points = np.zeros((count, POINTS, 3))
    for s in range(count):
        step = length[s] / (POINTS - 1)
        px, py, pz = root[s]
        dx, dy, dz = direction[s]
        for p in range(POINTS):
            share = p / (POINTS - 1)
            angle = phase[s] + 2 * np.pi * turns * share
            swing = curl * min(1.0, 3 * share)
            points[s, p, 0] = px + swing * np.cos(angle)
            points[s, p, 1] = py + 0.6 * swing * np.sin(angle)
            points[s, p, 2] = pz + swing * np.sin(angle)
            if p > 0:
                dy -= gravity[s] * step / 12
                dz -= pull * step / 12
            n = 1 / np.sqrt(dx * dx + dy * dy + dz * dz)
            dx, dy, dz = dx * n, dy * n, dz * n
            px, py, pz = px + dx * step, py + dy * step, pz + dz * step
            # hair falls beside the face, not over it
            if combed and py < FACE_TOP and pz > FACE_BACK and abs(px) < FACE_HALF_WIDTH:
                px += (1.0 if root[s, 0] > 0 else -1.0) * 0.7 * (FACE_HALF_WIDTH - abs(px))
                pz -= 0.25 * (pz - FACE_BACK)
            # the shell thickens from the root to its full layer
            shell = layer[s] * min(1.0, 0.3 + 2.5 * share)
            ex, ey, ez = (
                (px - middle[0]) / (radii[0] + shell),
                (py - middle[1]) / (radii[1] + shell),
                (pz - middle[2]) / (radii[2] + shell),
            )
            r = np.sqrt(ex * ex + ey * ey + ez * ez)
            if r < 1 and py > middle[1] - 30:
                px, py, pz = (
                    middle[0] + (px - middle[0]) / r,
                    middle[1] + (py - middle[1]) / r,
                    middle[2] + (pz - middle[2]) / r,
                )
                gx, gy, gz = ex / (radii[0] + shell), ey / (radii[1] + shell), ez / (radii[2] + shell)
                n = 1 / np.sqrt(gx * gx + gy * gy + gz * gz)
                gx, gy, gz = gx * n, gy * n, gz * n
                inward = dx * gx + dy * gy + dz * gz
                if inward < 0:
                    dx, dy, dz = dx - inward * gx, dy - inward * gy, dz - inward * gz
    return points
