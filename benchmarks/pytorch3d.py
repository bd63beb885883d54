"""The rasteriser beside pytorch3d on the same mesh, camera and size, in one run.

    python -m benchmarks.pytorch3d [--size 256] [--device cuda]

- `visibility`: triangle, depth and weights at every pixel centre of a person's head, by `geometry.visibility` and by
  pytorch3d's `MeshRasterizer`; `pytorch3d` says whether that was its compiled part or what stands in for it here.
- `one view`: picture and annotations of a posed expression, by the two renderers.
Seconds: CPU seconds of this process, of one thread; of pytorch3d on a GPU, wall seconds. Run it on an idle machine. The
two must agree on what is seen, or the run fails.
pytorch3d's compiled part on a CPU tries every triangle at every pixel: at 256 px it takes minutes.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from dataset_script.spec import Spec
from generation.geometry.camera import Camera
from generation.geometry.visibility import rasterize
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.render.pytorch3d import COMPILED
from generation.render.pytorch3d.renderer import Pytorch3dRenderer
from generation.render.pytorch3d.shading import rasterized, textured_mesh

LONG_S = 5.0
"""What takes longer than this is run once."""


def timed(call: Callable[[], Any], device: str, repeats: int) -> tuple[float, Any]:
    """Seconds a call, the best of `repeats`, and what the last one returned."""
    clock, best = time.process_time if device == "cpu" else time.perf_counter, np.inf
    for _ in range(repeats):
        start = clock()
        result = call()
        if device != "cpu":
            torch.cuda.synchronize()
        taken = clock() - start
        best = min(best, taken)
        if taken > LONG_S:
            break
    return best, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="pixels (%(default)s)")
    parser.add_argument("--device", default="cpu", help="of pytorch3d: cpu or cuda (%(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    spec = Spec(identities=24, preset="balanced", size=args.size)
    maker, plan = FrameMaker(spec), Plan(spec)[0]
    person, view, triangles = maker.person(plan), plan.views[1], maker.head.topology.triangles
    camera = Camera.from_plan(view, args.size)
    points = camera.project(person.neutral.astype(float))
    vertices = torch.from_numpy(person.neutral).to(args.device)
    mesh = textured_mesh(vertices, torch.from_numpy(triangles).to(args.device).long(), torch.ones_like(vertices))
    theirs, seen = timed(lambda: rasterized(mesh, camera), args.device, 5)
    ours, (ids, depth, _) = timed(lambda: rasterize(points, triangles, 1, args.size, True), "cpu", 9)
    their_ids, their_depth = (values[0, ..., 0].cpu().numpy() for values in (seen.pix_to_face, seen.zbuf))
    same = ids == their_ids
    if same.mean() < 0.998 or not np.allclose(depth[same & (ids >= 0)], their_depth[same & (ids >= 0)], rtol=1e-4):
        raise SystemExit(f"pytorch3d disagrees at {(~same).sum()} pixels")
    views = {}
    posed = maker._pose(person, plan.expressions[5])
    maker._render(person, plan.expressions[5], view, posed, args.size)  # compiles, as does the next line but one
    drawing = Pytorch3dRenderer(maker.renderer, args.device)
    drawing.painted(posed, person.look)
    for name, renderer in (("ours", maker.renderer), ("theirs", drawing)):
        maker.renderer = renderer
        views[name], _ = timed(
            lambda: maker._render(person, plan.expressions[5], view, posed, args.size), args.device, 4
        )
    result = {
        "size": args.size,
        "triangles": len(triangles),
        "pytorch3d": f"{'compiled' if COMPILED else 'stand-in for the compiled part'}, {args.device}",
        "visibility_s": round(ours, 5),
        "pytorch3d_visibility_s": round(theirs, 4),
        "pytorch3d_over_ours": round(theirs / ours, 1),
        "one_view_s": round(views["ours"], 4),
        "pytorch3d_one_view_s": round(views["theirs"], 3),
        "other_pixels": int((~same).sum()),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
