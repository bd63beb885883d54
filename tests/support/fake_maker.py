"""A maker that is cheap and keeps the contract: real small pictures, each a pure function of spec and key.

Run as a program it generates a dataset with it: `python fake_maker.py OUT SPEC_JSON WORKERS [RAY_ADDRESS]`.
"""

import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from glb_files import glb_of
from PIL import Image
from placements import seen

from dataset_script.dense_landmarks import NUM_DENSE_LANDMARKS
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.spec import Spec
from dataset_script.vocabulary import NUM_LANDMARKS
from generation.frame import Frame
from generation.labels import frame_key, planned_row
from generation.plan import IdentityPlan
from generation.prompts import prompt_of
from generation.run.generate import generate
from generation.run.local import Local
from generation.streams import occasion_stream

PARTS = {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}], "nodes": [{"mesh": 0}]}
CORNERS = [np.eye(3, dtype="<f4"), np.arange(3, dtype="<u2")]


class FakeMaker:
    """Blocks of colour instead of faces."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        for expression in plan.expressions:
            for view in plan.views:
                yield self.make_frame(plan, expression.expression_id, view.view_id)

    def make_frame(self, plan: IdentityPlan, expression_id: int, view_id: int) -> Frame:
        spec, expression, view = self.spec, plan.expressions[expression_id], plan.views[view_id]
        rng = occasion_stream(spec.seed, "fake", plan, expression_id, view_id)
        heat = rng.integers(1, 255, (8, 8)) if expression_id else np.zeros((8, 8))
        planned = planned_row(spec, plan, prompt_of(plan, spec.seed), expression, view)
        row = planned | {
            "image": self._picture(rng.integers(0, 255, (8, 8, 3)), "JPEG"),
            "heatmap": self._picture(heat, "PNG"),
            **self._points("landmarks", NUM_LANDMARKS, planned["camera"], rng),
            "face_box": [4.0 + expression_id, 4.0, spec.size - 4.0, spec.size - 4.0 - view_id],
            "occluders": [],
            "hidden_aus": [],
        }
        if not spec.geometry or plan.occasion:
            return Frame(row)
        geometry = {
            **frame_key(plan, expression, view),
            "depth": self._picture(rng.integers(0, 60_000, (8, 8), dtype=np.uint16), "PNG"),
            "normals": self._picture(rng.integers(0, 256, (8, 8, 3)), "PNG"),
            "landmarks_visible": rng.integers(0, 2, NUM_LANDMARKS).astype(bool).tolist(),
            "segments": self._picture(rng.integers(0, 10, (8, 8)), "PNG"),
            "au_heatmaps": {name: self._picture(heat, "PNG") for name in AU_NAMES},
            "uv": {axis: self._picture(np.full((8, 8), 7, np.uint16), "PNG") for axis in "uv"},
            **self._points("dense_landmarks", NUM_DENSE_LANDMARKS, planned["camera"], rng),
            "dense_landmarks_visible": [True] * NUM_DENSE_LANDMARKS,
            "camera": planned["camera"],
            "head_pose": planned["head_pose"],
            "mesh_parameters": "{}",
            "mesh": glb_of(PARTS, [{}, {}], CORNERS) if spec.mesh else None,
        }
        return Frame(row, geometry)

    def _points(self, name: str, count: int, camera: dict, rng: np.random.Generator) -> dict:
        """Landmarks in the room and in the picture."""
        points = rng.uniform(-80, 80, (count, 3))
        return {name: seen(camera, points).tolist(), f"{name}_3d": points.tolist()}

    def _picture(self, blocks: np.ndarray, form: str) -> dict:
        blocks = blocks if blocks.dtype == np.uint16 else blocks.astype(np.uint8)
        picture = Image.fromarray(blocks).resize((self.spec.size, self.spec.size), Image.Resampling.NEAREST)
        buffer = io.BytesIO()
        picture.save(buffer, form)
        return {"bytes": buffer.getvalue(), "path": None}


class SlowMaker(FakeMaker):
    """Leaves time to be killed."""

    def make_frame(self, *args) -> Frame:
        time.sleep(0.001)
        return super().make_frame(*args)


class CompilingMaker(SlowMaker):
    """Compiles a kernel before its first frame."""

    def __init__(self, spec: Spec) -> None:
        import numba

        super().__init__(spec)
        numba.njit(lambda values: np.sort(values).cumsum())(np.ones(3))


class OutOfMemoryMaker(FakeMaker):
    """Its process is killed while it makes identity 5, as the system does when memory runs out."""

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        if plan.identity_id == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().make_identity(plan)


class DyingOnceMaker(FakeMaker):
    """Its process is killed while it makes identity 5, unless the file `mark` is there, which it leaves behind."""

    def __init__(self, spec: Spec, mark: Path) -> None:
        super().__init__(spec)
        self.mark = mark

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        if plan.identity_id == 5 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().make_identity(plan)


class BrokenMaker(FakeMaker):
    """Has a bug that shows at identity 5."""

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        if plan.identity_id == 5:
            raise ZeroDivisionError("a bug")
        return super().make_identity(plan)


def main(out: str, spec: str, workers: str, ray_address: str | None = None) -> None:
    executor = Local(int(workers))
    if ray_address:
        from generation.run.on_ray import Ray

        executor = Ray(ray_address, int(workers))
    try:
        generate(out, Spec.from_json(spec), executor, maker_factory=SlowMaker)
    except (InvalidInput, WorkFailed) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
