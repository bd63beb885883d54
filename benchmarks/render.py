"""CPU seconds a frame, and the rasteriser beside what a user would pick instead, on the same mesh and size in one run.

    python -m benchmarks.render [--size 512] [--people 6]

- `frame`: everything, rendering, heatmap and encoding, averaged over whole identities (33 frames each).
- `one view`: picture and annotations of a posed expression of one person with hair, without encoding.
- `visibility`: triangle, depth and weights at every pixel centre: ours, and a vectorised pure-torch rasteriser
  (bounding boxes in chunks, scatter-min on depth), the usual stand-in for pytorch3d's.
- pyrender, if it is installed with a working EGL or OSMesa: one colour pass with three lights, no shadows, no hair.
CPU seconds of this process; run it on an idle machine. The torch rasteriser must agree with ours, or the run fails.
"""

import argparse
import json
import os
import platform
import time
from itertools import pairwise

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from dataset_script.spec import Spec
from generation.geometry.camera import Camera
from generation.geometry.visibility import rasterize
from generation.pipeline import FrameMaker
from generation.plan import Plan

LARGEST_BOX = 64


def seconds(call, repeats: int) -> float:
    """CPU seconds a call, the best of `repeats`."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def torch_rasterize(points, triangles, size: int):
    """Depth (S, S) and triangle (S, S) by pure torch: candidates of all triangles at once, nearest by scatter."""
    import torch

    p = torch.from_numpy(points)[torch.from_numpy(triangles.astype(np.int64))]  # (T, 3, 3)
    (x, y, z) = p.unbind(-1)
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    low = torch.stack([x.amin(1), y.amin(1)], 1).sub(0.5).ceil().clamp(min=0).long()
    high = torch.stack([x.amax(1), y.amax(1)], 1).sub(0.5).floor().clamp(max=size - 1).long()
    extent = (high - low + 1).clamp(min=0)
    keep = (area < 0) & (extent.prod(1) > 0)
    index = keep.nonzero()[:, 0]
    order = extent[index].amax(1).argsort()
    index = index[order]
    depth = torch.full((size * size,), torch.inf)
    ids = torch.full((size * size,), -1, dtype=torch.long)
    longest = extent[index].amax(1)
    for smaller, box in pairwise((0, 4, 8, 16, LARGEST_BOX)):
        chosen = index[(longest > smaller) & (longest <= box)]
        step = torch.arange(box)
        for part in chosen.split(max(1, 4_000_000 // (box * box))):
            px = (low[part, 0, None, None] + step[None, None, :]).expand(-1, box, -1)
            py = (low[part, 1, None, None] + step[None, :, None]).expand(-1, -1, box)
            cx, cy = px + 0.5, py + 0.5
            a = [v[part, :, None, None] for v in (x, y, z)]
            inverse = 1 / area[part, None, None]
            w0 = ((a[0][:, 1] - cx) * (a[1][:, 2] - cy) - (a[0][:, 2] - cx) * (a[1][:, 1] - cy)) * inverse
            w1 = ((a[0][:, 2] - cx) * (a[1][:, 0] - cy) - (a[0][:, 0] - cx) * (a[1][:, 2] - cy)) * inverse
            w2 = 1 - w0 - w1
            inside = (w0 >= 0) & (w1 >= 0) & (w2 >= 0) & (px < size) & (py < size)
            near = 1 / (w0 / a[2][:, 0] + w1 / a[2][:, 1] + w2 / a[2][:, 2])
            pixel, near = (py * size + px)[inside], near[inside]
            owner = part[:, None, None].expand_as(inside)[inside]
            depth.scatter_reduce_(0, pixel, near, "amin")
            mine = near == depth[pixel]
            ids[pixel[mine]] = owner[mine]
    return ids.reshape(size, size).numpy(), depth.reshape(size, size).numpy()


def pyrender_frame(vertices, triangles, camera: Camera):
    """A function that draws one colour pass, or None where pyrender cannot be used."""
    try:
        os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
        import pyrender
        import trimesh
    except ImportError:
        return None
    scene = pyrender.Scene(ambient_light=[0.3] * 3)
    scene.add(pyrender.Mesh.from_trimesh(trimesh.Trimesh(vertices, triangles, process=False)))
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = camera.rotation.T, camera.position
    scene.add(
        pyrender.IntrinsicsCamera(camera.focal, camera.focal, camera.size / 2, camera.size / 2, 10, 5000), pose=pose
    )
    for _ in range(3):
        scene.add(pyrender.DirectionalLight(intensity=2.0), pose=pose)
    renderer = pyrender.OffscreenRenderer(camera.size, camera.size)
    return lambda: renderer.render(scene)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--people", type=int, default=6)
    args = parser.parse_args()
    spec = Spec(identities=max(args.people, 24), preset="balanced", size=args.size)
    plan, maker = Plan(spec), FrameMaker(spec)
    maker.make_frame(plan[0], 1, 1)  # compiles

    start = time.process_time()
    frames = sum(1 for i in range(args.people) for _ in maker.make_identity(plan[i]))
    per_frame = (time.process_time() - start) / frames

    person = maker.person(plan[0])
    expression, view = plan[0].expressions[5], plan[0].views[1]
    posed = maker._pose(person, expression)
    maker._render(person, expression, view, posed, args.size)
    picture = seconds(lambda: maker._render(person, expression, view, posed, args.size), 5)
    camera = Camera.from_plan(plan[0].views[1], args.size)
    points, triangles = camera.project(person.neutral.astype(float)), maker.head.topology.triangles
    ids, depth, _ = rasterize(points, triangles, 1, args.size, True)
    torch_ids, torch_depth = torch_rasterize(points, triangles, args.size)
    if (ids != torch_ids).mean() > 2e-3 or not np.allclose(depth, torch_depth, rtol=1e-3):
        raise SystemExit(f"the torch rasteriser disagrees at {(ids != torch_ids).sum()} pixels")
    ours = seconds(lambda: rasterize(points, triangles, 1, args.size, True), 9)
    theirs = seconds(lambda: torch_rasterize(points, triangles, args.size), 5)
    result = {
        "size": args.size,
        "people": args.people,
        "frames": frames,
        "triangles": len(triangles),
        "frame_cpu_s": round(per_frame, 4),
        "hours_82500_frames_2_cores": round(per_frame * 82500 / 2 / 3600, 2),
        "one_view_cpu_s": round(picture, 4),
        "visibility_cpu_s": round(ours, 5),
        "torch_visibility_cpu_s": round(theirs, 4),
        "torch_over_ours": round(theirs / ours, 1),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
    }
    draw = pyrender_frame(person.neutral, triangles, camera)
    if draw is None:
        result["pyrender"] = "not installed"
    else:
        draw()
        result["pyrender_cpu_s"] = round(seconds(draw, 5), 4)
        result["pyrender_over_one_view"] = round(result["pyrender_cpu_s"] / picture, 2)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
