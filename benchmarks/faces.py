"""Are the faces within the picture, visible, and different from one another?

    python -m benchmarks.faces [--identities 500] [--size 96] [--out docs/people.png]

- framing, over the frontal and side views of every identity, neutral and one pain expression: frames where the face
  box touches the border, an inner landmark (17-67) lies outside, hair covers an eye or the nose, or more
  than a third of the inner landmarks is hidden by the head itself. All four should be 0. Measured at `--size`; what is
  found there is measured again at 512 px, and counted if it is still so.
- distance, between the neutral faces of all pairs of identities: mean distance of the face's vertices after a
  similarity alignment, in mm. To judge it: the same measure between the left-right mirror images of one person's
  faces, and what AU9 = 5 does to a face. Identities nearer than their own mirror image would be doubles.
- people.png: skin tone (ITA), face shape (first two principal components) and hair, by ethnicity.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from dataset_script.spec import Spec
from dataset_script.vocabulary import ETHNICITIES, SEGMENTS
from generation.pipeline import FrameMaker
from generation.plan import Plan

INNER = slice(17, 68)
FEATURES = [37, 38, 40, 41, 43, 44, 46, 47, 27, 28, 29, 30]  # eyes and nose; a moustache may touch the lips
HIDDEN_SHARE = 1 / 3
CLOSE = 512
"""Pixels at which a frame with a problem is measured again."""


def framing_problems(maker: FrameMaker, plan, person, expression_id: int, view_id: int) -> list[str]:
    """What is wrong with one frame."""
    import io

    from PIL import Image

    expression, view = plan.expressions[expression_id], plan.views[view_id]
    frame = maker._frame(person, expression, view, maker._pose(person, expression))
    size = maker.spec.size
    left, top, right, bottom = frame.row["face_box"]
    points = np.array(frame.row["landmarks"])
    segments = np.asarray(Image.open(io.BytesIO(frame.geometry["segments"]["bytes"])))
    problems = []
    if left <= 1 or top <= 1 or right >= size - 1 or bottom >= size - 1:
        problems.append("cropped")
    inner = points[INNER]
    if (inner < 2).any() or (inner > size - 2).any():
        return [*problems, "landmark outside"]
    visible = np.array(frame.geometry["landmarks_visible"])
    column, row = np.floor(points[FEATURES]).astype(int).T
    if ((segments[row, column] == SEGMENTS.index("hair")) & visible[FEATURES]).any():
        problems.append("hair over the face")
    if (~visible[INNER]).mean() > HIDDEN_SHARE:
        problems.append("facing away")
    return problems


def aligned(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`points` (V, 3) after the similarity that brings them nearest to `target`."""
    a, b = points - points.mean(axis=0), target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(a.T @ b)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    return (s * sign).sum() / (a**2).sum() * a @ (u * sign) @ vt


def ita(albedo: np.ndarray) -> float:
    """Individual typology angle in degrees of a linear sRGB colour: above 55 very light, below -30 dark."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ albedo
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return float(np.degrees(np.arctan2(116 * f[1] - 16 - 50, 200 * (f[1] - f[2]))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--identities", type=int, default=500)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    spec = Spec(identities=args.identities, preset="balanced", size=args.size, geometry=True)
    plan, maker = Plan(spec), FrameMaker(spec)
    close = FrameMaker(dataclasses.replace(spec, size=CLOSE))  # a small picture's pixel holds an eye and hair behind it
    face = maker.head.topology.masks["face"] > 0.5
    reference = maker.head.topology.reference[face]
    cheek = np.flatnonzero(face & (np.abs(np.abs(maker.head.topology.reference[:, 0]) - 38) < 8))

    found: dict[str, list[str]] = {}
    shapes, mirrored, tones, styles, frames = [], [], [], [], 0
    for i in range(args.identities):
        person = maker.person(plan[i])
        for view_id in range(3):
            for expression_id in (0, 1 + (i + view_id) % 10):
                frames += 1
                if framing_problems(maker, plan[i], person, expression_id, view_id):
                    for problem in framing_problems(close, plan[i], close.person(plan[i]), expression_id, view_id):
                        found.setdefault(problem, []).append(f"{i:05d}-{expression_id:02d}-{view_id}")
        shape = aligned(person.neutral[face].astype(float), reference)
        shapes.append(shape)
        mirrored.append(mirror_distance(shape, reference))
        tones.append(ita(person.look.skin.albedo[cheek].mean(axis=0)))
        styles.append(person.look.hair.style if person.look.hair else "bald")

    flat = np.array(shapes)
    nearest = np.full(len(flat), np.inf)
    for i in range(len(flat)):
        distance = np.linalg.norm(flat - flat[i], axis=2).mean(axis=1)
        distance[i] = np.inf
        nearest[i] = distance.min()
    posed = maker.rig.pose(person.shape, np.array([0, 0, 0, 5, 0, 0.0]), {})
    moved = np.linalg.norm((maker.head.vertices(posed, person.shape.eyes) - person.neutral)[face], axis=1).mean()
    ethnicity = [person.ethnicity for person in plan]
    result = {
        "frames": frames,
        "problems": {problem: len(where) for problem, where in found.items()},
        "examples": {problem: where[:5] for problem, where in found.items()},
        "nearest_identity_mm": percentiles(nearest, {"min": 0, "5%": 5, "median": 50}),
        "own_mirror_image_mm": percentiles(mirrored, {"median": 50, "95%": 95}),
        "au9_at_5_moves_mm": round(float(moved), 3),
        "ita_degrees": {
            e: percentiles(np.array(tones)[np.array(ethnicity) == e], {"5%": 5, "median": 50, "95%": 95})
            for e in ETHNICITIES
        },
    }
    print(json.dumps(result, indent=1))
    if args.out:
        plot(args.out, ethnicity, tones, flat.reshape(len(flat), -1), styles)


def percentiles(values: list[float] | np.ndarray, wanted: dict[str, float]) -> dict[str, float]:
    """Name -> that percentile of `values`, to three decimals."""
    return {name: round(float(np.percentile(values, q)), 3) for name, q in wanted.items()}


def mirror_distance(shape: np.ndarray, reference: np.ndarray) -> float:
    """Mean distance (mm) between a face and its mirror image; vertices are paired on the canonical face."""
    from scipy.spatial import cKDTree

    partner = cKDTree(reference).query(reference * [-1, 1, 1])[1]
    return float(
        np.linalg.norm(aligned(shape[partner] * [-1, 1, 1], shape) - (shape - shape.mean(axis=0)), axis=1).mean()
    )


def plot(out: Path, ethnicity: list[str], tones: list[float], shapes: np.ndarray, styles: list[str]) -> None:
    """Three panels by ethnicity. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    label = np.array(ethnicity)
    _, _, axes = np.linalg.svd(shapes - shapes.mean(axis=0), full_matrices=False)
    place = (shapes - shapes.mean(axis=0)) @ axes[:2].T
    names = sorted(set(styles))
    figure, (tone, shape, hair) = pyplot.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
    tone.boxplot(
        [np.array(tones)[label == e] for e in ETHNICITIES], tick_labels=[e.replace("_", "\n") for e in ETHNICITIES]
    )
    tone.set(title="skin tone", ylabel="individual typology angle, degrees")
    for e in ETHNICITIES:
        shape.scatter(*place[label == e].T, s=10, label=e.replace("_", " "))
    shape.set(title="face shape", xlabel="first principal component", ylabel="second")
    shape.legend(fontsize=8)
    bottom = np.zeros(len(ETHNICITIES))
    for name in names:
        share = np.array([np.mean(np.array(styles)[label == e] == name) for e in ETHNICITIES])
        hair.bar([e.replace("_", "\n") for e in ETHNICITIES], share, bottom=bottom, label=name)
        bottom += share
    hair.set(title="hair", ylabel="share")
    hair.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(out, dpi=90)


if __name__ == "__main__":
    main()
