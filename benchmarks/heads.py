"""Heads from files: how near wrapped heads come to the meshes they were made from, how long it takes, and a picture.

    python -m benchmarks.heads --ict ict_facekit.npz --out docs/heads.jpg

People of ICT-FaceKit from its pack (wrapped by its own landmarks), the same people as mesh files (wrapped without
landmarks), and a MakeHuman person on another mesh as a file. Distances are to the nearest point, in mm: "there" from
the refined wrap to the mesh in the face region, "back" from what a camera sees of the mesh, frontal and at 35 degrees,
to the wrap.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import igl
import numpy as np
from PIL import Image

from dataset_script.facs import AU_NAMES
from dataset_script.spec import Spec
from generation.distributions import Ancestry
from generation.geometry.camera import Camera
from generation.geometry.visibility import rasterize
from generation.heads import ict, own
from generation.heads.base import SKIN, Head, HeadShape
from generation.heads.wrapping.template import template
from generation.heads.wrapping.wrapped_head import WrappedHead
from generation.pipeline import FrameMaker
from generation.plan import ExpressionPlan, Plan, ViewPlan
from generation.rigs.neural.ict import load_ict

from .rig_picture import grey

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from other_heads import remeshed, with_parts, write_obj

PEOPLE, CELL = 20, 256
PAIN = ExpressionPlan(1, (4, 4, 4, 4, 4, 0), 12, {})
NEUTRAL = ExpressionPlan(0, (0,) * len(AU_NAMES), 0, {})
SQUEEZED = ExpressionPlan(2, (5, 5, 5, 4, 4, 1), 15, {})
SHOWN = ((3, 4), (9, 13))
"""Numbers of the two ICT people in the picture, and the planned persons whose looks they get."""
OWN_LOOK = 3
"""The planned person whose look the head from a file gets."""


def distances(head: Head, shape: HeadShape, skin: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances there and back, in mm, of a head and the mesh `skin` (N, 3) with its origin between the eyes."""
    t = head.topology
    fine = head.vertices(shape.control, shape.eyes).astype(np.float64)
    used, own_triangles = np.unique(t.triangles[t.part == SKIN], return_inverse=True)
    face = (t.masks["face"] > 0.99) & (t.masks["mouth"] < 0.01) & np.isin(np.arange(len(fine)), used)
    there, _, _ = igl.point_mesh_squared_distance(fine[face], skin, triangles)
    seen = np.unique(np.concatenate([_seen(skin, triangles, yaw) for yaw in (-35, 0, 35)]))
    seen = seen[(skin[seen, 2] > -20) & (skin[seen, 1] > -100) & (skin[seen, 1] < 60)]
    back, _, _ = igl.point_mesh_squared_distance(skin[seen], fine[used], own_triangles.reshape(-1, 3))
    return np.sqrt(there), np.sqrt(back)


def in_frame_of_wrap(
    head: WrappedHead, shape: HeadShape, weights: np.ndarray, mean: np.ndarray, skin: np.ndarray
) -> np.ndarray:
    """A person's `skin` (N, 3) shifted to where the wrap is; `mean` (N, 3) is the mesh that was wrapped, in mm."""
    found = head.wrap.nearest
    corners = mean[head.other.triangles[found.triangle]]
    to_head = np.median(found.point - np.einsum("sc,scd->sd", found.barycentric, corners), axis=0)
    middle = np.median(head.skin(weights) - shape.control[template().skin], axis=0)
    return skin + to_head - middle


def _seen(vertices: np.ndarray, triangles: np.ndarray, yaw: float) -> np.ndarray:
    camera = Camera.from_plan(ViewPlan(0, yaw, 0, 0, 24, 1.0), 700)
    ids, _, _ = rasterize(camera.project(vertices), triangles.astype(np.int32), 1, 700, True)
    return np.unique(triangles[ids[ids >= 0]])


def report(name: str, pairs: list[tuple[np.ndarray, np.ndarray]], seconds: float) -> None:
    """Prints one line of the table."""
    there, back = (np.concatenate(side) for side in zip(*pairs, strict=True))
    numbers = [f"{f(side):.2f}" for side in (there, back) for f in (np.mean, lambda s: np.percentile(s, 95))]
    print(f"| {name} | {len(pairs)} | {' | '.join(numbers)} | {seconds:.0f} |", flush=True)


def row(head: WrappedHead, skin: np.ndarray, triangles: np.ndarray, shape: HeadShape, look: int) -> list[Image.Image]:
    """Pictures of a head: mesh, wrap, neutral, pain, pain from the side."""
    t = head.topology
    fine = head.vertices(shape.control, shape.eyes).astype(np.float64)
    panels = [grey(skin, triangles, CELL), grey(fine, t.triangles[t.part == SKIN], CELL)]
    spec = Spec(identities=48, preset="balanced", size=2 * CELL)
    maker = FrameMaker(spec)
    maker.head = _OneShape(head, shape)
    person = maker.person(Plan(spec)[look])
    for expression, yaw in ((NEUTRAL, 0), (PAIN, 0), (SQUEEZED, 30)):
        picture, _ = maker.picture(person, expression, ViewPlan(0, yaw, 0, 0, 24, 0.85))
        panels.append(Image.fromarray(picture.rgb).resize((CELL, CELL), Image.Resampling.LANCZOS))
    return [panel.convert("RGB") for panel in panels]


class _OneShape:
    """A head whose people all have one shape."""

    def __init__(self, head: WrappedHead, shape: HeadShape) -> None:
        self._head, self._shape = head, shape

    def __getattr__(self, name: str):
        return getattr(self._head, name)

    def shape(self, plan, seed: int) -> HeadShape:
        return self._shape


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ict", type=Path, required=True, help="the ICT-FaceKit pack")
    parser.add_argument("--out", type=Path, help="where to put the picture: .jpg or .png")
    args = parser.parse_args()
    faces, rows = load_ict(args.ict), []
    print("| head | people | there, mean | 95 % | back, mean | 95 % | seconds to wrap |\n|---|---|---|---|---|---|---|")

    start = time.perf_counter()
    head = ict.load(args.ict)
    seconds, pairs = time.perf_counter() - start, []
    weights = np.random.default_rng(0).standard_normal((PEOPLE, len(faces.identity))).clip(-2.5, 2.5)
    for k, drawn in enumerate(weights):
        shape = HeadShape(*head.person(drawn), Ancestry(african=0.2, asian=0.3, caucasian=0.5)._asdict(), {})
        skin = faces.mean + np.tensordot(drawn, faces.identity, axes=1)
        skin = in_frame_of_wrap(head, shape, drawn, faces.mean, skin)
        pairs.append(distances(head, shape, skin, faces.triangles))
        if k in SHOWN[0]:
            rows.append(row(head, skin, faces.triangles, shape, SHOWN[1][SHOWN[0].index(k)]))
    report("ICT-FaceKit, its landmarks", pairs, seconds)

    with tempfile.TemporaryDirectory() as folder:
        pairs, seconds = [], 0.0
        for drawn in weights[:4]:
            skin = faces.mean + np.tensordot(drawn, faces.identity, axes=1)
            pairs.append(_as_file(Path(folder), skin, faces.triangles, skin, faces.triangles)[:2])
            seconds += pairs[-1][1] / 4
        report("the same people as mesh files", [pair for pair, _ in pairs], seconds)
        mesh = remeshed(6000)
        pair, seconds, head, shape, skin = _as_file(Path(folder), *with_parts(mesh), mesh.vertices, mesh.triangles)
        report("a remeshed MakeHuman person as a file", [pair], seconds)
        rows.append(row(head, skin, mesh.triangles, shape, OWN_LOOK))
    if args.out is not None:
        sheet = Image.new("RGB", (CELL * len(rows[0]), CELL * len(rows)), "white")
        for j, panels in enumerate(rows):
            for i, panel in enumerate(panels):
                sheet.paste(panel, (i * CELL, j * CELL))
        sheet.save(args.out, quality=88)


def _as_file(folder: Path, vertices: np.ndarray, triangles: np.ndarray, skin: np.ndarray, skin_triangles: np.ndarray):
    """Distances, seconds to wrap, the head, its shape and its skin in the head frame, of a mesh file in metres."""
    path = write_obj(folder / "head.obj", vertices / 1000 + (0, 1.6, 0), triangles)
    start = time.perf_counter()
    head = own.load(path)
    seconds = time.perf_counter() - start
    shape = head.shape(Plan(Spec(identities=1, size=64))[0], 0)
    skin = in_frame_of_wrap(head, shape, np.zeros(0), skin, skin)
    return distances(head, shape, skin, skin_triangles), seconds, head, shape, skin


if __name__ == "__main__":
    main()
