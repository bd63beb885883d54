"""In what people of one group differ, beside adults who were measured.

    python -m benchmarks.spread [--people 240] [--sheet docs/people_sheet.jpg]

Neutral heads alone. Prints a Markdown table: mean of distances between landmarks, their standard
deviation among people of one ethnicity and gender, and that of the adults of MEASURED; then, in mm, the mean distance
of the faces' vertices between two people after a similarity alignment, over all pairs and to the nearest other person.
`--sheet` renders the first 24 of 48 balanced people, one view each, neutral.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.spec import Spec
from evaluation.markdown import table
from generation.heads import makehuman
from generation.pipeline import FrameMaker
from generation.plan import Plan

from .faces import aligned

DISTANCES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "face, width": ((0,), (16,)),
    "jaw, width": ((4,), (12,)),
    "face, height (nose root to chin)": ((27,), (8,)),
    "lower face, height (nose to chin)": ((33,), (8,)),
    "eyes, inner corners": ((39,), (42,)),
    "eyes, outer corners": ((36,), (45,)),
    "lids of an open eye": ((43, 44), (46, 47)),
    "nose, width": ((31,), (35,)),
    "nose, height": ((27,), (33,)),
    "mouth, width": ((48,), (54,)),
    "upper lip, red": ((51,), (62,)),
    "lower lip, red": ((66,), (57,)),
}
"""Name -> landmarks (iBUG 68) of both ends; the middle of several."""
MEASURED: dict[str, str] = {
    "face, width": "3.5 to 4.6",
    "jaw, width": "2.9 to 5.9",
    "face, height (nose root to chin)": "3.6 to 5.4",
    "lower face, height (nose to chin)": "3.6 to 4.8",
    "eyes, inner corners": "1.4 to 1.9",
    "eyes, outer corners": "3.5 to 4.9",
    "nose, width": "3.7 to 3.8",
    "nose, height": "1.9 to 3.1",
    "mouth, width": "3.3 to 4.0",
    "upper lip, red": "0.9 to 1.3",
    "lower lip, red": "0.9 to 1.0",
}
"""Standard deviations (mm) of men and women in table 9 of doi:10.1186/s40902-019-0191-7. Their landmarks are those of
anthropometry, ours those of iBUG: sizes differ by where the ends lie, and spreads less so."""
SHOWN, COLUMNS, TILE = 24, 8, 200
"""People of the sheet, how many in a row, and pixels of each."""
EVERY = 8
"""Vertices of the face that are left out between two that are compared."""


def within(values: np.ndarray, group: np.ndarray) -> float:
    """Standard deviation of values (N,) around the mean of their own group (N,)."""
    names, index = np.unique(group, return_inverse=True)
    means = np.bincount(index, values) / np.bincount(index)
    return float(np.sqrt(((values - means[index]) ** 2).sum() / (len(values) - len(names))))


def pair_distances(shapes: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean distance (mm) of the vertices of two of N faces (N, V, 3), over pairs; and of each to the nearest (N,)."""
    total, nearest = 0.0, np.empty(len(shapes))
    for i, shape in enumerate(shapes):
        distance = np.linalg.norm(shapes - shape, axis=2).mean(axis=1)
        total += distance.sum()
        distance[i] = np.inf
        nearest[i] = distance.min()
    return total / (len(shapes) * (len(shapes) - 1)), nearest


def sheet() -> Image.Image:
    """SHOWN people, neutral, from the front."""
    spec = Spec(identities=48, preset="balanced", size=320)
    plan, maker = Plan(spec), FrameMaker(spec)
    picture = Image.new("RGB", (COLUMNS * TILE, SHOWN // COLUMNS * TILE))
    for k in range(SHOWN):
        person = maker.person(plan[k])
        rgb = maker.picture(person, plan[k].expressions[0], plan[k].views[0])[0].rgb
        tile = Image.fromarray(rgb).crop((32, 24, 288, 280)).resize((TILE, TILE), Image.Resampling.LANCZOS)
        picture.paste(tile, (k % COLUMNS * TILE, k // COLUMNS * TILE))
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=240, metavar="N")
    parser.add_argument("--sheet", type=Path, metavar="JPEG")
    args = parser.parse_args()
    if args.sheet is not None:
        sheet().save(args.sheet, quality=85)
    head, plan = makehuman.load(), Plan(Spec(identities=max(args.people, 24), preset="balanced"))
    topology = head.topology
    face = np.flatnonzero(topology.masks["face"] > 0.5)[::EVERY]
    points, pupils, shapes, group = [], [], [], []
    for k in range(args.people):
        shape = head.shape(plan[k], plan.spec.seed)
        vertices = head.vertices(shape.control, shape.eyes).astype(float)
        points.append(vertices[topology.landmarks])
        pupils.append(np.linalg.norm(shape.eyes[0, :3] - shape.eyes[1, :3]))
        shapes.append(aligned(vertices[face], topology.reference[face].astype(float)))
        group.append(f"{plan[k].ethnicity} {plan[k].gender}")
    shown, group = np.array(points), np.array(group)
    sizes = {
        name: np.linalg.norm(shown[:, list(a)].mean(axis=1) - shown[:, list(b)].mean(axis=1), axis=1)
        for name, (a, b) in DISTANCES.items()
    } | {"pupils": np.array(pupils)}
    rows = [
        [name, f"{size.mean():.1f}", f"{within(size, group):.1f}", MEASURED.get(name, "–")]
        for name, size in sizes.items()
    ]
    print(table(["distance (mm)", "mean", "standard deviation in a group", "adults measured"], rows))
    mean, nearest = pair_distances(np.array(shapes))
    print(f"\nTwo people: {mean:.2f} mm apart on average; nearest other: median {np.median(nearest):.2f}, ", end="")
    print(f"lowest {nearest.min():.2f}")


if __name__ == "__main__":
    main()
