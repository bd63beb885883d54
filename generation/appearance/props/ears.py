"""What is worn in or on ears: earrings and hearing aids."""

import numpy as np

from .base import Finish, Worn
from .fitting import Wearer
from .shapes import ball, joined, mirrored, prop, smooth_path, tube

LOBE = ((75.5, -39.0, -66.5),)
DOWN = np.array([0.0, 3.0, 0.0])
GOLD, SILVER, PEARL = (0.80, 0.60, 0.28), (0.75, 0.75, 0.76), (0.72, 0.68, 0.62)
STONES = ((0.55, 0.58, 0.60), (0.02, 0.08, 0.30), (0.30, 0.01, 0.03), (0.02, 0.16, 0.08), (0.01, 0.01, 0.01))
AIDS = ((0.42, 0.28, 0.20), (0.55, 0.55, 0.56), (0.16, 0.16, 0.17), (0.68, 0.58, 0.48), (0.10, 0.06, 0.04))
BEHIND_EAR = ((70.5, 10.0, -76.0), (70.0, 8.0, -88.0), (68.0, -4.0, -98.0), (65.0, -17.0, -101.0))
INTO_EAR = (
    (70.5, 10.0, -76.0),
    (71.0, 9.0, -70.0),
    (72.5, 4.0, -62.5),
    (72.5, -8.0, -60.5),
    (72.5, -18.0, -63.0),
    (69.0, -20.5, -68.5),
)


def make_earrings(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A pair of studs, hoops or drops."""
    kind = ("stud", "hoop", "drop")[rng.choice(3, p=(0.5, 0.3, 0.2))]
    metal = np.array(GOLD if rng.random() < 0.6 else SILVER)
    size = rng.uniform(0.8, 1.25)
    bright = Finish(0.2, 1.0, 1.0)
    if kind == "stud" and rng.random() < 0.6:
        stone = PEARL if rng.random() < 0.45 else STONES[rng.integers(len(STONES))]
        metal, bright = np.array(stone), Finish(0.12, 1.2)
    shapes = []
    for side in (1.0, -1.0):
        lobe = wearer.anchored(mirrored(LOBE, side))
        at, normal = lobe.place[0], lobe.normal[0]
        if kind == "stud":
            shapes.append(ball(at + 0.9 * size * normal, 2.3 * size))
        elif kind == "hoop":
            radius = 8.5 * size**2
            turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
            ring = np.stack([0.12 * side * np.sin(turn), np.cos(turn), np.sin(turn)], axis=1)
            centre = at + np.array([side * 1.2, 2.0 - radius, 0.0])
            shapes.append(tube(centre + radius * ring, (0.75, 0.75), True, 8, (side, 0.0, 0.001)))
        else:
            hook = np.array([at + 0.5 * normal, at + 1.6 * normal - DOWN, at + np.array([side * 1.6, -9 * size, 0])])
            shapes.append(tube(smooth_path(hook, 1.0), (0.45, 0.45), False, 6))
            shapes.append(ball(hook[-1] + [0, -3.5 * size, 0], (2.6 * size, 4.2 * size, 2.6 * size)))
    shape = joined(*shapes)
    return Worn((prop("earrings", shape, metal, bright, wearer.carried(shape.points, 4.0)),))


def make_hearing_aids(wearer: Wearer, rng: np.random.Generator) -> Worn:
    """A shell behind the ear, and a thin tube that bends over the ear and into it; most have one in each ear."""
    sides = (1.0, -1.0) if rng.random() < 0.7 else (float(rng.choice([-1, 1])),)
    shells, tubes = [], []
    for side in sides:
        path = smooth_path(wearer.laid(mirrored(BEHIND_EAR, side), 4.2), 2.0)
        share = np.linspace(0, 1, len(path))
        wide = np.interp(share, (0, 0.15, 0.5, 0.92, 1), (1.6, 3.0, 3.8, 3.8, 2.2))
        shells.append(tube(path, np.stack([wide, wide], axis=1), False, 12, (side, 0.3, 0.0)))
        into = smooth_path(wearer.laid(mirrored(INTO_EAR, side), 1.2), 1.5)
        tubes.append(tube(into, (0.75, 0.75), False, 6))
        tubes.append(ball(into[-1], 3.0))
    colour = AIDS[rng.integers(len(AIDS))]
    clear = prop("hearing_aid", joined(*tubes), (0.62, 0.60, 0.56), Finish(0.15, 1.0, 0.0, 0.6))
    return Worn((prop("hearing_aid", joined(*shells), colour, Finish(0.3, 0.9)), clear))
