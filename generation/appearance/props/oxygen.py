"""Nasal cannula and oxygen mask."""

import numpy as np
from scipy import sparse

from ...geometry.surface import unit
from .base import Finish, Worn
from .fitting import Wearer
from .shapes import Shape, ball, grid_triangles, joined, mirrored, outward, prop, smooth_path, tube

VINYL = Finish(roughness=0.25, specular=1.0, opacity=0.62)
SHELL = Finish(roughness=0.18, specular=1.2, opacity=0.15)
FIRM = Finish(roughness=0.3, specular=0.8)
TUBE_COLOURS = ((0.70, 0.74, 0.70), (0.55, 0.70, 0.60), (0.62, 0.72, 0.74))
MASK_COLOURS = ((0.62, 0.72, 0.68), (0.50, 0.68, 0.56), (0.70, 0.72, 0.72))
CANNULA = (
    (11, -50, 33), (20, -46.5, 27), (30, -39.5, 20), (40, -32, 12), (49, -24.5, 2), (57, -17, -10), (63, -9, -28),
    (67.5, 0, -46), (71, 7, -60), (73, 8, -70), (74, 3, -84), (71, -12, -92), (66, -36, -86), (60, -60, -66),
    (50, -88, -52), (36, -112, -42),
)  # fmt: skip
"""Where its tube lies on the left half of the canonical face: from the nose over the cheek and the ear to the neck."""
RIM = (
    (0, -4, 30), (9, -8, 26), (17, -18, 20), (25, -31, 19), (32, -46, 16), (35, -62, 13), (33, -78, 10), (27, -92, 8),
    (15, -101, 9), (0, -104, 12),
)  # fmt: skip
"""Where a mask touches the left half of the canonical face, from the root of the nose to under the lips."""
STRAP = (
    (35, -50, 14), (46, -43, 5), (57, -33, -10), (64, -20, -32), (68, -4, -52), (72, 11, -66), (72, 15, -90),
    (60, 14, -126), (36, 12, -152), (0, 11, -164),
)  # fmt: skip


def make_cannula(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A tube under the nose with two prongs, over cheeks and ears, that comes together under the chin."""
    radius = rng.uniform(1.6, 2.0)
    right = wearer.laid(mirrored(CANNULA, -1)[::-1], radius + 0.3)
    left = wearer.laid(mirrored(CANNULA, 1), radius + 0.3)
    under_nose = wearer.laid([(0.0, -52.5, 36.0)], radius + 1.2)
    low = wearer.laid([(0.0, -150.0, -36.0)], radius + 4)[0]
    loop = np.concatenate([right, under_nose, left])
    path = _bridging(wearer, smooth_path(loop, 3.0), radius + 0.3)
    ends = [np.array([end, 0.5 * (end + low) + [0, -6, 4], low]) for end in (loop[0], loop[-1])]
    shapes = [tube(path, (radius, radius), False, 8)]
    for end in ends:
        hanging = wearer.cleared(smooth_path(end, 3.0), radius + 0.3, dressed=True)
        shapes.append(tube(hanging, (radius, radius), False, 8))
    shapes.append(ball(low, (3.2, 7.0, 3.0)))
    down = wearer.cleared(smooth_path(low + np.array([(0, 0, 0), (4, -45, 14), (10, -110, 34)]), 4.0), 3, dressed=True)
    shapes.append(tube(down, (radius, radius), False, 8))
    middle = len(path) // 2
    nostrils = wearer.landmarks[[32, 34]]
    prongs = []
    for nostril in nostrils:
        start = path[middle] + [0.9 * nostril[0] - path[middle, 0], 0, 0]
        end = nostril + np.array([0, -0.3, 0.2])
        prongs.append(tube(smooth_path(np.array([start, 0.5 * (start + end) + [0, 0, 1.6], end]), 1.0), (1.5, 1.5)))
    colour = TUBE_COLOURS[rng.integers(len(TUBE_COLOURS))]
    shape = joined(*shapes, *prongs)
    return Worn((wearer.lying(prop("nasal_cannula", shape, colour, VINYL), 14.0),))


def make_mask(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A clear cone over nose and mouth with a soft rim, a port that a tube comes to, and a strap around the head."""
    half = mirrored(RIM, 1)
    whole = np.concatenate([half, mirrored(RIM, -1)[1:-1][::-1]])
    rim = smooth_path(wearer.laid(whole, 1.6), 3.5, closed=True)
    rim = wearer.cleared(rim, 1.4)
    rim = rim - 0.35 * (rim - 0.5 * (np.roll(rim, 1, 0) + np.roll(rim, -1, 0)))
    colour = np.array(MASK_COLOURS[rng.integers(len(MASK_COLOURS))])
    tip = wearer.landmarks[30]
    mouth = wearer.landmarks[48:68].mean(axis=0)
    apex = 0.5 * (tip + mouth) + [0, -2, rng.uniform(27, 31)]
    shell, follow = _cone(wearer, rim, apex)
    port_from, towards = apex + np.array([0, -9, -6]), unit(np.array([0.0, -0.62, 0.78]))
    port = np.array([port_from, port_from + 16 * towards])
    hose = _hose(wearer, port[1], towards, rng.uniform(-45, 45))
    fixed, leading = tube(port, (9.0, 9.0), False, 20, (1, 0, 0)), tube(hose, (3.4, 3.4), False, 10, (1, 0, 0))
    rim_carrier = wearer.carried(rim, 6.0)
    mean = rim_carrier.mean(axis=0)
    edge = tube(rim, (1.3, 1.6), True, 8, unit(rim - rim.mean(axis=0)))
    lifted, under = _strap(wearer, rng)
    white = (0.78, 0.80, 0.78)
    stiff = joined(fixed, leading)
    # the hose moves with the mask where it comes from it, and lies still on the chest
    moving = np.clip(1.2 - np.linalg.norm(hose - port[1], axis=1) / 90, 0, 1)
    share = np.concatenate([np.ones(len(fixed.points)), np.repeat(moving, 10)])
    parts = (
        prop("oxygen_mask", shell, 0.6 * colour, SHELL, sparse.csr_matrix(follow) @ rim_carrier),
        prop("oxygen_mask", edge, 0.9 * colour, Finish(0.25, 1.0, 0.0, 0.55), _each(rim_carrier, 8)),
        prop("oxygen_mask", stiff, 0.95 * colour, Finish(0.25, 1.0, 0.0, 0.72), _same(mean, share)),
        prop("oxygen_mask", lifted, white, Finish(0.7, 0.3, 0.0, 1.0, 0.02), wearer.carried(lifted.points, 8.0)),
    )
    return Worn(parts, under, "pressed")


def _hose(wearer: Wearer, start: np.ndarray, towards: np.ndarray, aside: float) -> np.ndarray:
    """The path of a hose from the port of a mask down to the chest and over it, out of the picture or under a blanket.
    It hangs in a bend and lies on skin and clothes."""
    chest = wearer.laid([(aside, -178.0, -30.0), (1.6 * aside, -235.0, -14.0)], 5.0)
    far = chest[1] + 3 * (chest[1] - chest[0])
    drop = start + 24 * towards + [0.12 * aside, -22, 0]
    bend = 0.5 * (drop + chest[0]) + [0.1 * aside, 6, 14]
    path = smooth_path(np.array([start - 2 * towards, start + 10 * towards, drop, bend, *chest, far]), 4.0)
    return _bridging(wearer, path, 4.5, 4)


def _bridging(wearer: Wearer, path: np.ndarray, margin: float, held: int = 0) -> np.ndarray:
    """A path (N, 3) outside of skin and clothes from its place `held` on, as a stiff tube lies: it bridges dents."""
    for _ in range(4):
        path[held:] = wearer.cleared(path[held:], margin, dressed=True)
        for _ in range(6):
            path[1:-1] = 0.5 * path[1:-1] + 0.25 * (path[:-2] + path[2:])
    path[held:] = wearer.cleared(path[held:], margin - 0.5, dressed=True)
    return path


def _cone(wearer: Wearer, rim: np.ndarray, apex: np.ndarray) -> tuple[Shape, np.ndarray]:
    """The shell from its rim (N, 3) to a blunt end at `apex`, and how its points follow the rim (P, N)."""
    count, steps = len(rim), np.linspace(0, 1, 12)
    middle = rim.mean(axis=0)
    points, follow = [], []
    own, whole = np.eye(count), np.full((count, count), 1 / count)
    for v in steps:
        inward, ahead = v**1.25, 1 - (1 - v) ** 1.9
        ring = rim + inward * 0.93 * (middle - rim)
        ring[:, 2] += ahead * (apex[2] - rim[:, 2])
        ring[:, 1] += inward * 0.25 * (apex[1] - middle[1])
        points.append(ring)
        follow.append((1 - v) * own + v * whole)
    points[1:] = [wearer.cleared(ring, 2.0) for ring in points[1:]]
    cap = points[-1].mean(axis=0)
    grid = np.concatenate([*points, cap[None]])
    triangles = grid_triangles(len(steps), count, False, True)
    last = (len(steps) - 1) * count
    k = np.arange(count)
    fan = np.stack([last + k, last + (k + 1) % count, np.full(count, len(grid) - 1)], axis=1)
    shape = Shape(grid, np.concatenate([triangles, fan]).astype(np.int32))
    return outward(shape, middle - [0, 0, 30]), np.concatenate([*follow, whole[:1]])


def _strap(wearer: Wearer, rng: np.random.Generator) -> tuple[Shape, np.ndarray]:
    """A flat elastic band from the sides of a mask around the head, above the ears, and its inside (N, 3)."""
    left, right = wearer.laid(mirrored(STRAP, 1), 1.6), wearer.laid(mirrored(STRAP, -1), 1.6)
    path = wearer.cleared(smooth_path(np.concatenate([left, right[:-1][::-1]]), 4.0), 1.4)
    outside = wearer.skin.closest(path).normal
    return tube(path, (0.7, rng.uniform(2.6, 3.4)), False, 8, outside), path - 0.7 * outside


def _each(carrier: sparse.csr_matrix, sides: int) -> sparse.csr_matrix:
    """Weights of the points of a tube with so many `sides` around the points of its path."""
    return carrier[np.repeat(np.arange(carrier.shape[0]), sides)]


def _same(row: np.ndarray, share: np.ndarray) -> sparse.csr_matrix:
    """Weights of points that all follow like one, each by its `share` (P,)."""
    return sparse.csr_matrix(share[:, None]) @ sparse.csr_matrix(np.asarray(row))
