"""A picture of the light: one face under eight surroundings, and close-ups of what they change.

    python -m benchmarks.light_picture [--size 512] [--out docs/light.jpg]

Rows one and two: the same face, its lamps dimmed to `LAMPS`, in surroundings of the same colour and mean strength with
their brightest side `TURN` degrees to the subject's left. Then pairs of close-ups: an eye, lips, and dark skin at
AU4 = 4, left in empty surroundings that light the face as brightly from above and below, right in those of the person;
and an ear without and with a lamp behind it.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image, ImageDraw

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES, pspi
from dataset_script.spec import Spec
from generation.appearance.places.environments import coloured, environment_maps
from generation.appearance.places.light import Light, towards
from generation.geometry.camera import Camera
from generation.pipeline import FrameMaker, Person
from generation.plan import ExpressionPlan, Plan
from generation.streams import stream

SHOWN = ("apartment", "studio", "lobby", "warehouse", "forest", "sky", "sunset", "night")
LAMPS, TURN = 0.15, 65.0
SKY, GROUND = np.full(3, 0.9), np.full(3, 0.5)
FACE, DARK, EAR = 9, 21, 5
"""Who is shown, of 48 balanced people."""
PARTS = {
    "eye": slice(36, 42),
    "nose": slice(27, 36),
    "lips": slice(48, 68),
    "brows": slice(17, 28),
    "face": slice(0, 68),
}
"""Landmarks around which close-ups are cut."""


def picture(maker: FrameMaker, person: Person, light: Light, au: tuple[float, ...]) -> np.ndarray:
    """(S, S, 3) uint8 of a person under another light, frontal."""
    look = replace(person.look, scene=replace(person.look.scene, light=light))
    expression = ExpressionPlan(1, au, int(pspi(au)), dict.fromkeys(EXTRA_AU_NAMES, 0.0))
    posed = maker._pose(replace(person, look=look), expression)
    camera = Camera.from_plan(person.plan.views[0], maker.spec.size)
    return maker.renderer.render(posed, look, camera, stream(0, "benchmark.light", person.plan.identity_id)).rgb


def close_up(maker: FrameMaker, person: Person, rgb: np.ndarray, around: np.ndarray, side: int) -> Image.Image:
    """The square of a frontal picture around neutral render vertices, enlarged to `side` pixels."""
    camera = Camera.from_plan(person.plan.views[0], maker.spec.size)
    seen = camera.project(person.neutral[around].astype(float))[:, :2]
    low, high = seen.min(axis=0), seen.max(axis=0)
    (x, y), reach = (low + high) / 2, 0.62 * (high - low).max()
    box = tuple(int(v) for v in (x - reach, y - reach, x + reach, y + reach))
    return Image.fromarray(rgb).crop(box).resize((side, side), Image.Resampling.BICUBIC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--out", type=Path, default=Path("docs/light.jpg"))
    args = parser.parse_args()
    maker = FrameMaker(Spec(identities=48, preset="balanced", size=args.size))
    plan, neutral = Plan(maker.spec), (0,) * len(AU_NAMES)
    face, dark, bald = (maker.person(plan[who]) for who in (FACE, DARK, EAR))
    side = args.size // 2
    sheet = Image.new("RGB", (4 * side, 2 * side + 2 * side))
    own = face.look.scene.light
    for k, name in enumerate(SHOWN):
        light = Light.of(own.direction, LAMPS * own.colour, coloured(environment_maps(name), SKY, GROUND), TURN)
        points = maker.head.topology.landmarks[PARTS["face"]]
        tile = close_up(maker, face, picture(maker, face, light, neutral), points, side)
        ImageDraw.Draw(tile).text((6, 4), name, fill="white")
        sheet.paste(tile, (k % 4 * side, k // 4 * side))

    tiles = []
    for person, part, au in ((face, "eye", neutral), (dark, "lips", neutral), (dark, "brows", (4, 0, 0, 0, 0, 0))):
        own = person.look.scene.light
        around = Light.plain(own.direction, own.colour, own.ambient([0, 1, 0]), own.ambient([0, -1, 0]))
        points = maker.head.topology.landmarks[PARTS[part]]
        tiles += [close_up(maker, person, picture(maker, person, light, au), points, side) for light in (around, own)]
    ear = np.flatnonzero((maker.head.topology.masks["ears"] > 0.5) & (maker.head.topology.reference[:, 0] < 0))
    own = bald.look.scene.light
    behind = np.stack([*own.direction[:2], towards(-150, 20)])
    for strength in (0.0, 2.5):
        light = own._replace(direction=np.float32(behind), colour=np.float32([*own.colour[:2], [strength] * 3]))
        tiles.append(close_up(maker, bald, picture(maker, bald, light, neutral), ear, side))
    for k, tile in enumerate(tiles):
        sheet.paste(tile, (k % 4 * side, 2 * side + k // 4 * side))
    sheet.save(args.out, quality=88)


if __name__ == "__main__":
    main()
