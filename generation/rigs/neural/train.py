"""Trains the neural rig on ICT-FaceKit.

    python -m generation.rigs.neural.train --data ict_facekit.npz --out DIR [--config cpu|full] [--seed 0] [--steps N]

`DIR` gets `rig.safetensors`, `training.json` (options, hardware, errors on held-out faces) and `log.jsonl`. Run again
with the same options after an interruption, it goes on from the last checkpoint and ends with the same weights.
"""

import argparse
import io
import json
import math
import platform
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import locked, write_atomically

from ...heads.ict_pack import REGIONS
from ...streams import stream
from .data import MAKEHUMAN, FaceMaker, MeshVariant, TrainingFace, TrainingSet, random_gates
from .ict import HELD_OUT_FROM
from .losses import LossWeights, losses, total
from .model import NetworkConfig, NeuralRigNetwork
from .rig import NeuralRig

CHECKPOINT, LOG, RECORD, WEIGHTS = "checkpoint.pt", "log.jsonl", "training.json", "rig.safetensors"
HELD_OUT_VARIANT = 1000
"""Remeshed copies with this number and above are never trained on."""
LOG_EVERY, WARM_UP = 50, 100


@dataclass(frozen=True)
class Recipe:
    """What decides the weights of a run, with its seed: on the same platform and versions they are the same again.

    Attributes:
        network: sizes of the network.
        identities: how many different faces are seen.
        topologies: the meshes that these are on, in turn.
        steps, rate: one face a step; the learning rate falls from `rate` to a hundredth of it along a cosine.
        expressions, singles: how many random combinations and single channels a step has.
        checkpoint_every: steps between checkpoints.
        held_out: how many unseen faces are measured at the end, on each of the meshes `measured`.
    """

    network: NetworkConfig
    identities: int
    topologies: tuple[MeshVariant, ...]
    steps: int
    rate: float
    expressions: int = 6
    singles: int = 6
    checkpoint_every: int = 200
    held_out: int = 8
    measured: tuple[MeshVariant, ...] = ()
    weights: LossWeights = field(default_factory=LossWeights)


def _variants(size: int, remeshed: int) -> tuple[MeshVariant, ...]:
    """Meshes of about `size` vertices.

    Of every region of ICT-FaceKit one decimated and `remeshed` remeshed copies, dense at eyes and mouth; a remeshed
    copy that is not dense; the MakeHuman head itself, twice, and `remeshed` dense copies of it.
    """
    copies = [MeshVariant(region, "decimated", size, dense=True) for region in REGIONS]
    copies += [MeshVariant(region, "remeshed", size, n, dense=True) for n in range(remeshed) for region in REGIONS]
    copies += [MeshVariant("head", "remeshed", size, remeshed), MeshVariant(MAKEHUMAN), MeshVariant(MAKEHUMAN)]
    copies += [MeshVariant(MAKEHUMAN, "remeshed", 2 * size, n, dense=True) for n in range(remeshed)]
    return tuple(copies)


RECIPES = {
    "cpu": Recipe(
        network=NetworkConfig(width=96, blocks=3, eigenvectors=96, identity=24, decoder_width=192, decoder_layers=3),
        identities=210,
        topologies=(MeshVariant(), *_variants(2600, 2)),
        steps=7_500,
        rate=2e-3,
        measured=(
            MeshVariant(),
            MeshVariant("head", "remeshed", 3000, HELD_OUT_VARIANT),
            MeshVariant("sockets", "remeshed", 3000, HELD_OUT_VARIANT),
            MeshVariant(MAKEHUMAN),
        ),
    ),
    "full": Recipe(
        network=NetworkConfig(),
        identities=300,  # all stay in memory, about 70 MB each
        topologies=(
            *(MeshVariant(region) for region in REGIONS),
            *_variants(3000, 3),
            *_variants(6000, 3),
        ),
        steps=60_000,
        rate=1e-3,
        checkpoint_every=1000,
        held_out=20,
        measured=(
            MeshVariant(),
            MeshVariant("sockets"),
            MeshVariant("head", "remeshed", 8000, HELD_OUT_VARIANT),
            MeshVariant(MAKEHUMAN),
        ),
    ),
}
"""Sizes of a run: `cpu` ends within hours on two cores, `full` is meant for a GPU."""


class Run:
    """A training run in a directory."""

    def __init__(self, data: Path, out: Path, recipe: Recipe, seed: int = 0, device: str = "cpu") -> None:
        """Starts a run in the directory `out`, or goes on with the one that is there.

        Raises:
            InvalidInput: `out` holds another run.
            WorkFailed: the data or a checkpoint cannot be read.
        """
        self._out, self._recipe, self._seed, self._device = out, recipe, seed, device
        out.mkdir(parents=True, exist_ok=True)
        self._maker = FaceMaker(data, seed, recipe.network, out / "operators", device)
        self._faces = TrainingSet(self._maker, recipe.topologies, recipe.identities)
        torch.manual_seed(seed)
        self.network = NeuralRigNetwork(recipe.network).to(device)
        self._optimiser = torch.optim.AdamW(self.network.parameters(), recipe.rate, weight_decay=1e-4)
        self.step, self._log, self._seconds = 0, [], 0.0
        if not self._resume():
            self.network.fit_scale(self._faces[0].jacobians, self._faces[0].truth)

    def train(self, until: int | None = None) -> None:
        """Takes steps up to `until`, or the recipe's last."""
        started = time.monotonic() - self._seconds
        last = self._recipe.steps if until is None else min(until, self._recipe.steps)
        while self.step < last:
            terms = self._take_step()
            self.step += 1
            self._seconds = time.monotonic() - started
            if self.step % LOG_EVERY == 0 or self.step == last:
                self._log.append({"step": self.step, "seconds": round(self._seconds, 1), **terms})
                print(json.dumps(self._log[-1]), flush=True)
            if self.step % self._recipe.checkpoint_every == 0 or self.step == last:
                self._save_checkpoint()

    def finish(self) -> dict:
        """Measures the held-out faces, writes weights and record, and returns the record."""
        NeuralRig(self.network.cpu()).save(self._out / WEIGHTS)
        self.network.to(self._device)
        record = {
            "recipe": asdict(self._recipe),
            "seed": self._seed,
            "steps": self.step,
            "seconds": round(self._seconds, 1),
            "parameters": sum(p.numel() for p in self.network.parameters()),
            "held_out": [asdict(t) | self._measure(t) for t in self._recipe.measured],
            "hardware": {"device": self._device, "machine": platform.machine(), "threads": torch.get_num_threads()},
            "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        }
        write_atomically(self._out / RECORD, (json.dumps(record, indent=1) + "\n").encode())
        return record

    def _take_step(self) -> dict[str, float]:
        recipe = self._recipe
        for group in self._optimiser.param_groups:
            group["lr"] = recipe.rate * _schedule(self.step, recipe.steps)
        number = int(stream(self._seed, "rig.order", self.step).integers(len(self._faces)))
        face = self._faces[number]
        gates = self._gates(random_gates(self._seed, self.step, recipe.expressions, recipe.singles))
        predicted = self.network(face.mesh, gates)
        terms = losses(face, gates, predicted.deltas, predicted.displacements(face.mesh))
        loss = total(terms, recipe.weights)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0, error_if_nonfinite=True)
        self._optimiser.step()
        return {name: round(float(term.detach()), 6) for name, term in {"loss": loss, **terms}.items()}

    def _measure(self, variant: MeshVariant) -> dict[str, float]:
        """Vertex errors in mm on unseen faces under 20 random combinations each; `still`: if nothing moved."""
        errors, distances = [], []
        for k in range(self._recipe.held_out):
            face = self._maker.face(HELD_OUT_FROM + k, variant)
            error, distance = vertex_errors(self.network, face, self._gates(random_gates(self._seed, -1 - k, 20, 0)))
            errors.append(error.flatten())
            distances.append(distance.flatten())
        error, distance = torch.cat(errors).numpy(), torch.cat(distances).numpy()
        return {
            "mean_mm": round(float(error.mean()), 4),
            "p95_mm": round(float(np.quantile(error, 0.95)), 4),
            "still_mean_mm": round(float(distance.mean()), 4),
            "still_p95_mm": round(float(np.quantile(distance, 0.95)), 4),
        }

    def _gates(self, gates: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(gates).to(self._device, torch.float32)

    def _identity(self) -> str:
        return json.dumps({"recipe": asdict(self._recipe), "seed": self._seed}, sort_keys=True)

    def _save_checkpoint(self) -> None:
        content = io.BytesIO()
        torch.save(
            {
                "run": self._identity(),
                "step": self.step,
                "seconds": self._seconds,
                "network": self.network.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "log": json.dumps(self._log),
            },
            content,
        )
        write_atomically(self._out / CHECKPOINT, content.getvalue())
        lines = "".join(json.dumps(line) + "\n" for line in self._log)
        write_atomically(self._out / LOG, lines.encode())

    def _resume(self) -> bool:
        """Whether there was a checkpoint to go on from."""
        file = self._out / CHECKPOINT
        if not file.is_file():
            return False
        try:
            stored = torch.load(file, map_location=self._device, weights_only=True)
        except (OSError, RuntimeError, EOFError) as error:
            raise WorkFailed(f"checkpoint {file} cannot be read ({error}); delete it to start again") from error
        if stored["run"] != self._identity():
            raise InvalidInput(f"out is {self._out}, which holds a run of another recipe or seed; choose another")
        self.network.load_state_dict(stored["network"])
        self._optimiser.load_state_dict(stored["optimiser"])
        self.step, self._seconds, self._log = stored["step"], stored["seconds"], json.loads(stored["log"])
        return True


def vertex_errors(
    network: NeuralRigNetwork, face: TrainingFace, gates: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, V) mm: distance of the predicted from the true vertices, and of the neutral from the true ones."""
    with torch.no_grad():
        moved = network(face.mesh, gates).displacements(face.mesh)
        truth = torch.einsum("bc,cvd->bvd", gates, face.truth)
        return (moved - truth).norm(dim=2).cpu(), truth.norm(dim=2).cpu()


def _schedule(step: int, steps: int) -> float:
    """Share of the full rate: a linear start, then a cosine down to a hundredth."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m generation.rigs.neural.train", description="Train the neural rig.")
    parser.add_argument("--data", type=Path, required=True, help="the ICT-FaceKit pack, ict_facekit.npz")
    parser.add_argument("--out", type=Path, required=True, help="directory of the run")
    parser.add_argument("--config", choices=sorted(RECIPES), default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="instead of the configuration's")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    recipe = RECIPES[options.config]
    try:
        if options.steps is not None:
            if options.steps < 1:
                raise InvalidInput(f"steps is {options.steps}; allowed is 1 and more")
            recipe = replace(recipe, steps=options.steps)
        options.out.mkdir(parents=True, exist_ok=True)
        with locked(options.out):
            run = Run(options.data, options.out, recipe, options.seed, options.device)
            run.train()
            print(json.dumps(run.finish()["held_out"]))
    except InvalidInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except WorkFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
