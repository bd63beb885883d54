"""Textures baked from portraits whose truth is known: our own renders in another light stand in for diffusion samples.

    python -m benchmarks.baking [--portraits cycles] [--people 8] [--out FOLDER]

- `front`: PSNR (dB) of the frontal re-render, under the light that was found, against the portrait; inside the visible
  face: skin and lips of the face, VISIBLE_MM away from hair, eyes, clothes and outline.
- `light`: degrees between the brightest light that was found and the true one.
- `albedo`: mean absolute error of the logarithm of the skin's albedo at its plain vertices, all channels.
- `seconds`: CPU seconds of one bake, after the first.
- `--judge` (needs the environment of `benchmarks.judges`): how MediaPipe reads all expressions of these people, baked
  and procedural: faces found, rise of the proxy PSPI above the person's neutral, and its correlation with PSPI.
`--portraits`: "raster" or "cycles" (docs/cycles.md). `--out`: where sheets of portrait, re-render, difference x 4, and
views at -35, 0 and 35 degrees of a neutral and a pain expression are written.
"""

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image
from scipy import ndimage

from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.appearance.base import Look
from generation.appearance.places.light import Light, towards, white
from generation.baking.bake import Baked, bake, texels_for
from generation.baking.camera import portrait_camera
from generation.baking.masks import places_of_person, scalp_of_person
from generation.baking.unlit import Sitter
from generation.catalogue import open_renderer
from generation.diffusion.depth_hint import depth_hint
from generation.geometry.camera import Camera
from generation.geometry.visibility import interpolate
from generation.photoreal.backgrounds import around_face
from generation.pipeline import FrameMaker, Person
from generation.plan import Plan, ViewPlan
from generation.render.base import HeadPose, RenderedView
from generation.streams import stream

from .judges.client import Judges, Picture, proxy_pspi

VISIBLE_MM = 3.0
LAMPS = (
    (35, 30, 5200),
    (-50, 35, 3400),
    (20, 50, 6500),
    (-65, 15, 7000),
    (5, 25, 5200),
    (60, 40, 4300),
    (-30, 55, 3000),
)
"""Yaw, pitch and kelvin of the key lights of the portraits, in turn."""
SIDES = (-35.0, 0.0, 35.0)
VIEW_FOV, VIEW_FRAMING = 24.0, 0.85
PORTRAIT, FRAME = 512, 512
JUDGED = 320


def lamp(k: int) -> Light:
    """The light of the k-th portrait: one lamp, a weak fill and rim, an even room."""
    yaw, pitch, kelvin = LAMPS[k % len(LAMPS)]
    directions = np.stack([towards(yaw, pitch), towards(-yaw, 10), towards(-140, 30)])
    colours = np.stack([1.1 * white(kelvin), 0.25 * white(6500), 0.3 * white(6500)])
    return Light.plain(directions, colours, 0.35 * white(6200), 0.22 * white(5000))


def neutral(renderer, person: Person, look: Look, camera: Camera, seed: int) -> RenderedView:
    pose = HeadPose(person.shape.control, person.shape.eyes, (0.0, 0.0))
    posed = renderer.pose(person.plan, look, pose, seed)
    return renderer.render(posed, look, camera, stream(seed, "benchmark.baking", person.plan.identity_id))


def visible_face(maker: FrameMaker, portrait: RenderedView, again: RenderedView, camera: Camera) -> np.ndarray:
    """(S, S) bool: the face where both pictures show skin or lips well inside."""
    topology = maker.head.topology
    skin = [SEGMENTS.index(name) for name in ("skin", "lips")]
    face = interpolate(again.ids, again.weights, topology.triangles, np.ascontiguousarray(topology.masks["face"]))
    inside = np.isin(portrait.segments, skin) & np.isin(again.segments, skin)
    return (ndimage.distance_transform_edt(inside) * camera.pixel_mm > VISIBLE_MM) & (face > 0.5)


def measure(
    maker: FrameMaker, painter, plan: Plan, k: int, lamps: int, out: Path | None
) -> tuple[dict, Baked, Person, RenderedView]:
    """One person: the numbers, the baked looks, who it is and the portrait."""
    seed, renderer = maker.spec.seed, maker.renderer
    person = maker.person(plan[k])
    camera, light = portrait_camera(PORTRAIT), lamp(lamps)
    scene = replace(person.look.scene, light=light, panorama=np.full_like(person.look.scene.panorama, 0.25))
    portrait = neutral(painter, person, replace(person.look, scene=scene), camera, seed)
    places = places_of_person(maker.head.topology, person.plan, seed)
    start = time.process_time()
    sitter = Sitter(person.plan, person.shape, person.look, places, seed)
    baked = bake(sitter, [(portrait.rgb, camera)], renderer, texels_for(PORTRAIT))
    seconds = time.process_time() - start
    again = neutral(renderer, person, replace(baked.portrait_look, hair=None), camera, seed)
    face = visible_face(maker, portrait, again, camera)
    error = (again.rgb.astype(float) - portrait.rgb)[face]
    found = baked.portrait_look.scene.light
    brightest = found.direction[int(np.argmax(found.colour.mean(axis=1)))]
    plain = places.plain > 0.5
    off = np.log(baked.look.skin.albedo[plain]) - np.log(person.look.skin.albedo[plain])
    who = f"{person.plan.age} {person.plan.ethnicity} {person.plan.gender}"
    row = {
        "person": who,
        "front": 10 * np.log10(255**2 / np.mean(error**2)),
        "light": float(np.degrees(np.arccos(np.clip(brightest @ light.direction[0], -1, 1)))),
        "albedo": float(np.abs(off).mean()),
        "seconds": seconds,
    }
    if out is not None:
        difference = np.clip(128 + 4 * (again.rgb.astype(float) - portrait.rgb), 0, 255).astype(np.uint8)
        Image.fromarray(np.concatenate([portrait.rgb, again.rgb, difference], axis=1)).save(out / f"{k:02d}_front.png")
        Image.fromarray(views(maker, baked.look, person)).save(out / f"{k:02d}_views.png")
    return row, baked, person, portrait


def views(maker: FrameMaker, look: Look, person: Person) -> np.ndarray:
    """The neutral and the strongest expression from three sides."""
    strongest = max(person.plan.expressions, key=lambda e: e.pspi)
    rows = []
    for expression in (person.plan.expressions[0], strongest):
        dressed = replace(person, look=look)
        cameras = [ViewPlan(0, yaw, 0.0, 0.0, VIEW_FOV, VIEW_FRAMING) for yaw in SIDES]
        rows.append([maker.picture(dressed, replace(expression, head_motion=(0, 0, 0)), v)[0].rgb for v in cameras])
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def stages(maker: FrameMaker, portrait: RenderedView, baked: Baked, person: Person) -> np.ndarray:
    """Depth, portrait, texture and how far it hides the paint; re-render, what is filled in a frame, and two views."""
    seed, renderer = maker.spec.seed, maker.renderer
    camera = portrait_camera(PORTRAIT)
    depth = neutral(renderer, person, replace(baked.look, hair=None), camera, seed).depth
    texels = baked.look.texture.at(camera.pixel_mm)
    shown = np.where(texels[..., 3:] > 0, texels[..., :3] / np.maximum(texels[..., 3:], 1e-3), 0) ** (1 / 2.2)
    again = neutral(renderer, person, baked.portrait_look, camera, seed)
    topology = maker.head.topology
    filled = around_face(again, topology, scalp_of_person(topology, person.plan, seed))
    seen = views(maker, baked.look, person)
    side = FRAME
    panels = [
        255 * depth_hint(depth, PORTRAIT), portrait.rgb, 255 * shown, 255 * texels[..., 3],
        again.rgb, 255 * filled, seen[:side, :side], seen[side:, 2 * side :],
    ]  # fmt: skip
    small = [Image.fromarray(np.clip(p, 0, 255).astype(np.uint8)).convert("RGB").resize((320, 320)) for p in panels]
    return np.concatenate([np.concatenate([np.asarray(p) for p in small[k : k + 4]], axis=1) for k in (0, 4)])


def judged(maker: FrameMaker, judges: Judges, people: list[Person]) -> dict[str, float]:
    """How MediaPipe reads all expressions of people, frontal."""
    rises, levels, found, asked = [], [], 0, 0
    for person in people:
        scores = []
        for expression in person.plan.expressions:
            seen = judges.read(Picture.of(maker.picture(person, expression, person.plan.views[0])[0].rgb)).scores
            scores.append(None if seen is None else proxy_pspi(seen))
            asked, found = asked + 1, found + (scores[-1] is not None)
        if scores[0] is None:
            continue
        for expression, score in zip(person.plan.expressions[1:], scores[1:], strict=True):
            if score is not None:
                rises.append(score - scores[0])
                levels.append(expression.pspi)
    above = float(np.mean(np.array(rises) > 0))
    return {
        "found": found / asked,
        "above_neutral": above,
        "rise": float(np.mean(rises)),
        "correlation": float(np.corrcoef(rises, levels)[0, 1]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portraits", choices=("raster", "cycles"), default="raster")
    parser.add_argument("--people", type=int, default=8, metavar="N")
    parser.add_argument("--judge", action="store_true", help="also ask MediaPipe, see benchmarks.judges")
    parser.add_argument("--out", type=Path, metavar="FOLDER")
    parser.add_argument("--picture", type=Path, metavar="JPEG", help="the stages of the last person, for the docs")
    args = parser.parse_args()
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
    spec = Spec(identities=24, preset="balanced", size=FRAME, seed=5)
    maker, plan = FrameMaker(spec), Plan(spec)
    painter = open_renderer(replace(spec, renderer=args.portraits), maker.head)
    # one of each ethnicity first, so that a few people are of all of them
    order = sorted(range(len(plan)), key=lambda k: sum(plan[j].ethnicity == plan[k].ethnicity for j in range(k)))
    rows, baked_people, people = [], [], []
    for n, k in enumerate(order[: args.people]):
        row, baked, person, portrait = measure(maker, painter, plan, k, n, args.out)
        rows.append(row)
        people.append(person)
        baked_people.append(replace(person, look=baked.look))
        print(json.dumps({name: round(v, 3) if isinstance(v, float) else v for name, v in row.items()}), flush=True)
    if args.picture is not None:
        Image.fromarray(stages(maker, portrait, baked, person)).save(args.picture, quality=88)
    fronts = [row["front"] for row in rows]
    result = {
        "portraits": args.portraits,
        "people": len(rows),
        "front_mean_db": float(np.mean(fronts)),
        "front_lowest_db": float(min(fronts)),
        "light_degrees": float(np.median([row["light"] for row in rows])),
        "albedo": float(np.mean([row["albedo"] for row in rows])),
        "seconds": float(np.median([row["seconds"] for row in rows[1:]] or [rows[0]["seconds"]])),
    }
    if args.judge:
        small = FrameMaker(replace(spec, size=JUDGED))
        judges = Judges()
        result |= {f"baked_{name}": value for name, value in judged(small, judges, baked_people).items()}
        result |= {f"procedural_{name}": value for name, value in judged(small, judges, people).items()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
