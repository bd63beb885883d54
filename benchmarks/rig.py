"""The neural rig beside deformation transfer and the blendshapes, on people and meshes that it has not seen.

    python -m benchmarks.rig --data ict_facekit.npz [--weights rig.safetensors] [--identities 6] [--combinations 500]

Truth is ICT-FaceKit's own expression of the same person, in millimetres of the head frame (0.963 of ICT's own).
Deformation transfer moves ICT's mean face onto the person by the 68 landmarks, which it gets exactly. "still" is the
error of a rig that does nothing. On a MakeHuman head the truth is not known: there the rigs are measured by what must
hold for any. Times are CPU seconds of this process; run it on an idle machine. Prints one JSON object a line.
"""

import argparse
import json
import os
import platform
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES
from dataset_script.spec import Spec
from generation.heads import makehuman
from generation.plan import Plan
from generation.rigs.blendshapes import BlendshapeRig
from generation.rigs.deformation_transfer import DeformationTransfer, SourceFace
from generation.rigs.neural.channels import UNIT_MAX, UNITS
from generation.rigs.neural.data import FaceMaker, MeshVariant, random_codes
from generation.rigs.neural.head_rig import SHIPPED_WEIGHTS, NeuralHeadRig
from generation.rigs.neural.ict import HELD_OUT_FROM
from generation.rigs.neural.makehuman import skin_mesh
from generation.rigs.neural.model import still
from generation.rigs.neural.operators import mesh_operators
from generation.rigs.neural.poisson import PoissonSolver
from generation.rigs.neural.rig import BoundFace, NeuralRig, landmarks_by_wrapping

from .render import seconds
from .rig_measures import Folds, Slits, bend, closed_codes, errors

MESHES = {
    "same topology": MeshVariant(),
    "new topology": MeshVariant("head", "remeshed", 8000, 1000),
    "mouth and eye sockets": MeshVariant("sockets", "remeshed", 8000, 1001),
    "5,000 vertices": MeshVariant("head", "remeshed", 5000, 1002),
}
COMBINATIONS = -1000
"""Number by which the random expressions are drawn; training uses those from 0 on and a few just below."""
UNSEEN_SEED = 1_000_003
"""Of the MakeHuman people; training draws those of seed 0."""


def speed(vertices: np.ndarray, faces: np.ndarray, rig: NeuralRig) -> dict[str, float]:
    """One-off costs of a head, and expressions a second: posed, and through the Poisson solve in batches of 50."""
    solver = PoissonSolver(vertices, faces)
    deltas = torch.randn(50, len(faces), 3, 3, generator=torch.Generator().manual_seed(0))
    bound = rig.bind(vertices, faces)
    au = np.random.default_rng(0).uniform(0, 1, (50, 6))
    return {
        "vertices": len(vertices),
        "operators_s": seconds(lambda: mesh_operators(vertices, faces, 128), 2),
        "factor_s": seconds(lambda: PoissonSolver(vertices, faces), 2),
        "bind_s": seconds(lambda: rig.bind(vertices, faces), 1),
        "solved_per_s": 50 / seconds(lambda: solver.displacements(deltas), 3),
        "posed_per_s": 50 / seconds(lambda: bound.pose(au), 3),
    }


def against_truth(maker: FaceMaker, rig: NeuralRig, variant: MeshVariant, people: int, codes: np.ndarray) -> dict:
    """Rig -> measure -> mean over people who are in no training."""
    faces, original, copy = maker.region(variant.region), maker.region("head"), maker.copy(variant)
    transfer = DeformationTransfer(
        SourceFace(original.mean, original.triangles, original.channels, original.landmarks(original.mean))
    )
    closed = closed_codes(codes[:40])
    alone = np.diag(np.array(UNIT_MAX, float))
    rows: dict[str, list[dict[str, float]]] = {"truth": [], "neural": [], "transfer": []}
    for number in range(HELD_OUT_FROM, HELD_OUT_FROM + people):
        neutral, channels = faces.person(number)
        vertices, landmarks = copy.of(neutral), faces.landmarks(neutral)
        bound = {
            "truth": BoundFace(vertices, copy.of(channels)),
            "neural": rig.bind(vertices, copy.triangles),
            "transfer": transfer.bind(vertices, copy.triangles, landmarks),
        }
        folds = Folds(vertices, copy.triangles)
        slits = Slits(landmarks, vertices, copy.triangles)
        for name, face in bound.items():
            heights = np.stack([slits(pose) for pose in face.pose(*closed)])
            turned = [folds(face.pose(au, extra)) for au, extra in zip(codes[:, :6], codes[:, 6:], strict=True)]
            row = errors(face, bound["truth"], codes[:60])
            row |= {"gap_AU43_mm": max(heights[0].max(), 0), "overlap_AU43_mm": max(-heights[0].min(), 0)}
            row |= {"gap_all_mm": max(heights.max(), 0), "overlap_all_mm": max(-heights.min(), 0)}
            row |= {"turned_over": np.mean(turned), "expressions_without": np.mean(np.equal(turned, 0))}
            row["bend_mm"] = bend(face, codes[:2])
            for k, unit in enumerate(UNITS):
                row[f"{unit}_mean_mm"] = errors(face, bound["truth"], alone[k][None])["mean_mm"]
            rows[name].append(row)
        off = np.linalg.norm(landmarks_by_wrapping(vertices, copy.triangles) - landmarks, axis=1)
        rows["neural"][-1] |= {"landmarks_mean_mm": off.mean(), "landmarks_p95_mm": np.quantile(off, 0.95)}
    return {name: means(found) for name, found in rows.items()}


def on_makehuman(rig: NeuralRig, people: int, codes: np.ndarray) -> dict:
    """Rig -> measure -> mean over MakeHuman people: folds, and how far the skull and the shoulders go."""
    head, (skin, triangles) = makehuman.load(), skin_mesh()
    rigs = {"blendshapes": BlendshapeRig(head), "neural": NeuralHeadRig(head, rig)}
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in rigs}
    plan = Plan(Spec(identities=max(people, 24), preset="balanced", seed=UNSEEN_SEED))
    for number in range(people):
        shape = head.shape(plan[number], UNSEEN_SEED)
        neutral = shape.control[skin].astype(np.float64)
        folds, anchored = Folds(neutral, triangles), (still(neutral) == 1) | (neutral[:, 1] < -170)
        for name, found in rigs.items():
            poses = [
                found.pose(shape, code[: len(AU_NAMES)], dict(zip(EXTRA_AU_NAMES, code[len(AU_NAMES) :], strict=True)))
                for code in codes
            ]
            turned = [folds(pose[skin].astype(np.float64)) for pose in poses]
            drift = [np.linalg.norm(pose[skin] - neutral, axis=1)[anchored].max() for pose in poses]
            rows[name].append(
                {"turned_over": np.mean(turned), "expressions_without": np.mean(np.equal(turned, 0))}
                | {"drift_mean_mm": np.mean(drift), "drift_max_mm": max(drift)}
            )
    return {name: means(found) for name, found in rows.items()}


def means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--identities", type=int, default=6)
    parser.add_argument("--combinations", type=int, default=500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rig = NeuralRig.load(options.weights)
    maker = FaceMaker(options.data, 0, rig.network.config, None)
    original = maker.region("head")
    codes = random_codes(0, COMBINATIONS, options.combinations)
    print(json.dumps({"machine": platform.processor() or platform.machine(), "torch": torch.__version__}))
    print(json.dumps({"speed": speed(original.neutral(HELD_OUT_FROM), original.triangles, rig)}), flush=True)
    for name, variant in MESHES.items():
        for found, row in against_truth(maker, rig, variant, options.identities, codes).items():
            print(json.dumps({"on": name, "rig": found, **row}), flush=True)
    for found, row in on_makehuman(rig, options.identities, codes[:50]).items():
        print(json.dumps({"on": "makehuman", "rig": found, **row}), flush=True)


if __name__ == "__main__":
    main()
