"""The neural rig beside deformation transfer, on people and topologies that neither has seen.

    python -m benchmarks.rig --data ict_facekit.npz --weights rig.safetensors [--identities 6] [--combinations 40]

Truth is ICT-FaceKit's own expression of the same person, in millimetres of the head frame (0.963 of ICT's own).
Deformation transfer moves ICT's mean face onto the person by the 68 landmarks, which it gets exactly. "still" is the
error of a rig that does nothing. Times are CPU seconds of this process; run it on an idle machine, OMP_NUM_THREADS=1.
"""

import argparse
import json
import os
import platform
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from generation.rigs.deformation_transfer import DeformationTransfer, SourceFace
from generation.rigs.neural.channels import CHANNELS, UNITS
from generation.rigs.neural.channels import gates as shares
from generation.rigs.neural.data import FaceMaker, Topology, TrainingFace, random_codes
from generation.rigs.neural.ict import HELD_OUT_FROM
from generation.rigs.neural.operators import mesh_operators
from generation.rigs.neural.poisson import PoissonSolver
from generation.rigs.neural.rig import NeuralRig

from .render import seconds

TOPOLOGIES = {
    "same topology": Topology(),
    "new topology": Topology("head", "remeshed", 8000, 1000),
    "mouth and eye sockets": Topology("sockets", "remeshed", 8000, 1001),
}
COMBINATIONS = -1000
"""Names the random expressions; training never draws a negative number of them."""
MOVES_MM = 0.1
"""A vertex that moves by less in the truth should not move."""


def errors(face: TrainingFace, channels: torch.Tensor, gates: torch.Tensor) -> dict[str, float]:
    """Measures of predicted channels (21, V, 3) under gates (B, 21)."""
    truth = torch.einsum("bc,cvd->bvd", gates, face.truth)
    moved = torch.einsum("bc,cvd->bvd", gates, channels)
    error, length = (moved - truth).norm(dim=2), truth.norm(dim=2)
    quiet = length < MOVES_MM
    return {
        "mean_mm": float(error.mean()),
        "p95_mm": float(np.quantile(error.numpy(), 0.95)),
        "still_mean_mm": float(length.mean()),
        "leak_mm": float(moved.norm(dim=2)[quiet].mean()),
    }


def lid_errors(face: TrainingFace, channels: torch.Tensor, lids: int, gates: torch.Tensor) -> np.ndarray:
    """(B, lids) mm: how far the two lids are from where they touch, beyond what they are in the truth."""
    columns = channels.permute(1, 0, 2).flatten(1)
    between = (face.rims @ columns).unflatten(1, (-1, 3)).transpose(0, 1)
    return torch.einsum("bc,ckd->bkd", gates, between - face.rim_truth)[:, :lids].norm(dim=2).numpy()


def turned_over(face: TrainingFace, channels: torch.Tensor, gates: torch.Tensor) -> float:
    """Triangles an expression whose normal turns by more than a right angle, on average."""
    neutral, corners = face.mesh.solver.vertices.float(), face.mesh.faces

    def normals(vertices: torch.Tensor) -> torch.Tensor:
        a, b, c = vertices[corners].unbind(dim=1)
        return torch.linalg.cross(b - a, c - a)

    before = normals(neutral)
    counts = [
        (normals(neutral + torch.einsum("c,cvd->vd", row, channels)) * before).sum(1).lt(0).sum() for row in gates
    ]
    return float(torch.stack(counts).float().mean())


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


def measure(maker: FaceMaker, rig: NeuralRig, topology: Topology, identities: int, combinations: int) -> dict:
    """Means over unseen people of every measure, for the two rigs."""
    faces, copy = maker.region(topology.region), maker.copy(topology)
    source = SourceFace(faces.mean, faces.triangles, faces.channels, faces.landmarks(faces.mean))
    transfer = DeformationTransfer(source)
    codes = random_codes(0, COMBINATIONS, combinations)
    closed = codes.copy()
    closed[0], closed[:, UNITS.index("AU43")] = 0, 1  # first AU43 alone, then with all others
    gates, shut = (torch.from_numpy(shares(c[:, :6], c[:, 6:])).float() for c in (codes, closed))
    lids = maker.lid_count(topology.region)
    rows: dict[str, list[dict]] = {"neural": [], "transfer": []}
    for number in range(HELD_OUT_FROM, HELD_OUT_FROM + identities):
        face, neutral = maker.face(number, topology), faces.neutral(number)
        landmarks = faces.landmarks(neutral)
        bound = {
            "neural": rig.bind(copy.of(neutral), copy.triangles),
            "transfer": transfer.bind(copy.of(neutral), copy.triangles, landmarks),
        }
        for name, found in bound.items():
            channels = torch.from_numpy(found.channels).float()
            lid = lid_errors(face, channels, lids, shut)
            row = errors(face, channels, gates)
            row |= {"lid_AU43_max_mm": float(lid[0].max()), "lid_all_p95_mm": float(np.quantile(lid, 0.95))}
            row["turned_over"] = turned_over(face, channels, gates)
            row["turned_over_in_truth"] = turned_over(face, face.truth, gates)
            for k, unit in enumerate(UNITS):
                one = errors(face, channels, torch.eye(len(CHANNELS))[[k]])
                row |= {f"{unit}_mean_mm": one["mean_mm"], f"{unit}_still_mm": one["still_mean_mm"]}
            rows[name].append(row)
    return {
        name: {key: round(float(np.mean([r[key] for r in found])), 4) for key in found[0]}
        for name, found in rows.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--identities", type=int, default=6)
    parser.add_argument("--combinations", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rig = NeuralRig.load(options.weights)
    maker = FaceMaker(options.data, 0, rig.network.config, None)
    original = maker.region("head")
    print(json.dumps({"machine": platform.processor() or platform.machine(), "torch": torch.__version__}))
    print(json.dumps({"speed": speed(original.neutral(HELD_OUT_FROM), original.triangles, rig)}))
    for name, topology in TOPOLOGIES.items():
        for rig_name, row in measure(maker, rig, topology, options.identities, options.combinations).items():
            print(json.dumps({"on": name, "rig": rig_name, **row}), flush=True)


if __name__ == "__main__":
    main()
