"""Fits a texture to a portrait by gradients through pytorch3d: the picture of docs/pytorch3d.md.

    python -m benchmarks.texture_fit [--size 256] [--steps 150] [--out docs/pytorch3d.jpg]

The portrait is an 8-bit picture by the default renderer; known are the mesh, the camera and the light. Wanted is the
albedo of every vertex of the refined mesh, from one brown for all. Hair, brows and lashes are left out of the fit and
drawn again over it. PSNR: of the mesh beside the portrait, on the fitted pixels.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.appearance.base import Look
from generation.geometry.camera import Camera
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.render.develop import TONE_STEPS, TONE_TOP, look_exposure, tone_table
from generation.render.pytorch3d.renderer import Pytorch3dRenderer, visible_triangles
from generation.render.pytorch3d.shading import VertexFinish, light_tensors, rasterized, shaded, textured_mesh
from generation.render.raster.renderer import Posed

PERSON, SIDE = 3, 1  # of the identities; of the views
GAP, TITLE = 4, 24  # pixels
FITTED = [SEGMENTS.index(name) for name in ("skin", "lips", "eyes", "teeth", "mouth", "clothes")]
START = (0.35, 0.22, 0.16)
SMOOTH = 2.0
"""Weight of the squared difference between neighbouring vertices."""


def developed(linear: torch.Tensor, exposure: float) -> torch.Tensor:
    """sRGB 0-1 of linear light by the tone curve of `render.develop`, differentiable."""
    table = torch.from_numpy(tone_table()) / 255
    place = (linear * (exposure * TONE_STEPS)).clamp(0, TONE_TOP * TONE_STEPS)
    low = place.detach().long()
    return table[low] + (place - low) * (table[low + 1] - table[low])


def fit(
    portrait: np.ndarray,
    wanted: np.ndarray,
    renderer: Pytorch3dRenderer,
    posed: Posed,
    look: Look,
    camera: Camera,
    steps: int,
) -> tuple[np.ndarray, float]:
    """Albedo (V, 3) of the refined mesh with which a posed head looks like `portrait` (S, S, 3) uint8 where `wanted`
    (S, S), and the PSNR there in dB."""
    vertices = renderer.painted(posed, look)
    position, _, *finish = (torch.from_numpy(values) for values in vertices)
    faces = torch.from_numpy(visible_triangles(vertices, renderer.mesh.triangles, camera)).long()
    seen = rasterized(textured_mesh(position, faces, torch.zeros_like(position)), camera)
    light, exposure = light_tensors(look.scene.light), look_exposure(look)
    target, mask = torch.from_numpy(portrait) / 255, torch.from_numpy(wanted) & (seen.pix_to_face[0, ..., 0] >= 0)
    towards = torch.nn.functional.normalize(torch.tensor(camera.position).float() - position, dim=1)
    facing = (towards * finish[0]).sum(1, keepdim=True).clamp(min=0).expand(-1, 3)
    weight = textured_mesh(position, faces, facing).sample_textures(seen)[0, ..., 0, 0][mask].square()[:, None]
    everywhere = torch.from_numpy(renderer.mesh.triangles).long()
    edges = torch.cat([everywhere[:, [0, 1]], everywhere[:, [1, 2]], everywhere[:, [2, 0]]])
    colour = torch.logit(torch.tensor(START)).expand(len(position), 3).clone().requires_grad_()
    optimiser = torch.optim.Adam([colour], 0.1)
    for _ in range(steps):
        albedo = torch.sigmoid(colour)
        drawn = shaded(textured_mesh(position, faces, albedo), seen, light, camera, VertexFinish(*finish))
        error = (developed(drawn[..., :3], exposure) - target)[mask].square()
        uneven = (albedo[edges[:, 0]] - albedo[edges[:, 1]]).square().mean()
        optimiser.zero_grad()
        ((weight * error).mean() + SMOOTH * uneven).backward()
        optimiser.step()
    return torch.sigmoid(colour).detach().numpy(), float(-10 * torch.log10(error.detach().mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="pixels (%(default)s)")
    parser.add_argument("--steps", type=int, default=150, help="of Adam (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs/pytorch3d.jpg"), metavar="PICTURE")
    args = parser.parse_args()
    spec = Spec(identities=24, preset="balanced", size=args.size)
    maker, plan = FrameMaker(spec), Plan(spec)[PERSON]
    look, raster, pytorch3d = maker.person(plan).look, maker.renderer, Pytorch3dRenderer(maker.renderer, "cpu")
    front, side = (Camera.from_plan(plan.views[view], args.size) for view in (0, SIDE))
    strongest = max(plan.expressions, key=lambda expression: expression.pspi)
    neutral, pain = (maker._pose(maker.person(plan), expression) for expression in (plan.expressions[0], strongest))
    shots = ((neutral, front), (neutral, side), (pain, side))
    rows = {
        renderer.name: [renderer.render(posed, look, camera, grain()) for posed, camera in shots]
        for renderer in (raster, pytorch3d)
    }
    portrait = rows["raster"][0]
    start = time.process_time()
    wanted = np.isin(portrait.segments, FITTED)
    albedo, psnr = fit(portrait.rgb, wanted, pytorch3d, neutral, look, front, args.steps)
    taken = time.process_time() - start
    fitted = [
        pytorch3d.picture(pytorch3d.painted(posed, look)._replace(albedo=albedo), posed, look, camera, grain())
        for posed, camera in shots
    ]
    titles = ("raster; the first is the portrait", "pytorch3d", "pytorch3d, texture fitted to the portrait")
    pictures = [*([frame.rgb for frame in frames] for frames in rows.values()), fitted]
    draw(dict(zip(titles, pictures, strict=True)), args.size).save(args.out, quality=85)
    print(json.dumps({"steps": args.steps, "psnr_db": round(psnr, 1), "cpu_s": round(taken, 1)}))


def grain() -> np.random.Generator:
    """Of the sensor noise, the same in every picture."""
    return np.random.default_rng(0)


def draw(rows: dict[str, list[np.ndarray]], size: int) -> Image.Image:
    """Rows of pictures (S, S, 3) under their titles."""
    columns = max(map(len, rows.values()))
    sheet = Image.new("RGB", (columns * (size + GAP) - GAP, len(rows) * (size + TITLE)), "white")
    text = ImageDraw.Draw(sheet)
    for k, (title, pictures) in enumerate(rows.items()):
        text.text((3, k * (size + TITLE) + 4), title, "black", ImageFont.load_default(13))
        for column, rgb in enumerate(pictures):
            sheet.paste(Image.fromarray(rgb), (column * (size + GAP), k * (size + TITLE) + TITLE))
    return sheet


if __name__ == "__main__":
    main()
