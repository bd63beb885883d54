"""The picture of docs/augmentation.md: each part at its limit on one face, and twenty draws of "strong".

python -m benchmarks.augmentation_picture --out docs/augmentation.jpg
"""

import argparse
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.pipeline import FrameMaker
from generation.plan import Plan
from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.augmentation.camera import (
    MAX_BLUR,
    MAX_KERNEL,
    MAX_MOTION,
    MAX_READ_NOISE,
    MAX_SHOT_NOISE,
    MAX_SHRINK,
    QUALITY,
    Camera,
)
from modeling_vitpain.frames.augmentation.colour import (
    MAX_BRIGHTNESS,
    MAX_CONTRAST,
    MAX_CURVE,
    MAX_GAMMA,
    MAX_HUE,
    MAX_LIGHT,
    MAX_TEMPERATURE,
    SATURATION,
    Colour,
)
from modeling_vitpain.frames.augmentation.geometry import (
    MAX_ASPECT,
    MAX_CORNER,
    MAX_ROTATION,
    MAX_SHIFT,
    ZOOM,
    Geometry,
)
from modeling_vitpain.frames.augmentation.scene import Scene
from modeling_vitpain.frames.augmentation.sets import WideVariation, drawn_variation
from modeling_vitpain.frames.images import Normaliser, face_in_view

SIZE = 224
COLUMNS = 5
DRAWS = 20
PEOPLE = 8
STILL = Geometry((0.0, 0.0), 1.0, False)


def only(
    geometry: Geometry = STILL,
    colour: Colour | None = None,
    camera: Camera | None = None,
    background: bool = False,
    occluders: bool = False,
) -> WideVariation:
    """A variation with one part and nothing else."""
    colour, camera = colour or Colour(), camera or Camera()
    return WideVariation(geometry, colour, camera, None, background, occluders, 0.0 if colour.light else None, 7)


def parts() -> dict[str, WideVariation]:
    """Each part at its limit."""
    kernel = np.random.default_rng(3).normal(0, MAX_KERNEL, 9)
    curve = MAX_CURVE * np.array([[1, 1, -1, -1, -1], [-1, 1, 1, 1, 1], [1, -1, -1, 1, 1]])
    corners = tuple((x * MAX_CORNER, y * MAX_CORNER) for x, y in ((1, 1), (-1, -1), (1, 1), (-1, -1)))
    return {
        "as it is": only(),
        "background": only(background=True),
        "occluders": only(occluders=True),
        "light of another frame": only(colour=Colour(light=MAX_LIGHT)),
        "brightness": only(colour=Colour(brightness=MAX_BRIGHTNESS * 255)),
        "contrast, up": only(colour=Colour(contrast=MAX_CONTRAST)),
        "contrast, down": only(colour=Colour(contrast=1 / MAX_CONTRAST)),
        "gamma": only(colour=Colour(gamma=1 / MAX_GAMMA)),
        "saturation, up": only(colour=Colour(saturation=SATURATION[1])),
        "saturation, down": only(colour=Colour(saturation=SATURATION[0])),
        "grey": only(colour=Colour(saturation=0.0)),
        "hue": only(colour=Colour(hue=MAX_HUE)),
        "temperature": only(colour=Colour(temperature=-MAX_TEMPERATURE)),
        "colour table": only(colour=Colour(curve=curve)),
        "random convolution": only(camera=Camera(kernel=tuple((kernel - kernel.mean()).tolist()))),
        "blur": only(camera=Camera(blur=MAX_BLUR)),
        "motion blur": only(camera=Camera(motion=(MAX_MOTION, 0.0))),
        "down and up": only(camera=Camera(shrink=MAX_SHRINK)),
        "noise": only(camera=Camera(read_noise=MAX_READ_NOISE, shot_noise=MAX_SHOT_NOISE)),
        "JPEG": only(camera=Camera(quality=QUALITY[0])),
        "shift": only(Geometry((MAX_SHIFT, MAX_SHIFT), 1.0, False)),
        "scale": only(Geometry((0.0, 0.0), ZOOM[1], False)),
        "rotation": only(Geometry((0.0, 0.0), 1.0, False, rotation=MAX_ROTATION)),
        "aspect": only(Geometry((0.0, 0.0), 1.0, True, aspect=MAX_ASPECT)),
        "perspective": only(Geometry((0.0, 0.0), 1.0, False, corners=corners)),
    }


def faces() -> list[tuple[np.ndarray, Scene]]:
    """The strongest expression of some people, as a model with a face crop of 1.1 sees it."""
    spec = Spec(identities=24, preset="balanced", size=256, seed=2, geometry=True)
    maker, plan = FrameMaker(spec), Plan(spec)
    processor = ViTPainImageProcessor(size={"height": SIZE, "width": SIZE}, face_crop=1.1)
    cut = Normaliser(processor)
    found = []
    for k, person in enumerate(list(plan)[: 3 * PEOPLE : 3]):
        expression = max(person.expressions, key=lambda e: e.pspi)
        frame = maker.make_frame(person, expression.expression_id, k % 3)
        box = frame.row["face_box"]
        segments = np.asarray(opened(frame.geometry["segments"]))
        shown = Image.fromarray(np.where(segments == SEGMENTS.index("background"), 0, 255).astype(np.uint8))
        scene = Scene(face_in_view(None, box, processor), cut.resize(shown, box)[..., 0].copy())
        found.append((cut.resize(opened(frame.row["image"]), box), scene))
    return found


def opened(cell: dict) -> Image.Image:
    """The picture of a cell of a row."""
    return Image.open(io.BytesIO(cell["bytes"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    seen = faces()
    pixels, scene = seen[0]
    other = next(face for face, _ in seen[1:])
    cells = [(name, v.apply(pixels, Scene(scene.face, scene.foreground, other))) for name, v in parts().items()]
    for k in range(DRAWS):
        pixels, scene = seen[k % PEOPLE]
        variation = drawn_variation("strong", np.random.default_rng([2, 0, k, 0]))
        other = seen[int((variation.partner or 0) * PEOPLE)][0]
        cells.append(("", variation.apply(pixels, Scene(scene.face, scene.foreground, other))))
    sheet = Image.new("RGB", (COLUMNS * SIZE, -(-len(cells) // COLUMNS) * SIZE))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for k, (name, shown) in enumerate(cells):
        x, y = k % COLUMNS * SIZE, k // COLUMNS * SIZE
        sheet.paste(Image.fromarray(shown), (x, y))
        pen.text((x + 5, y + 3), name, (255, 255, 255), font, stroke_width=2, stroke_fill=(0, 0, 0))
    sheet.save(args.out, quality=82, optimize=True)


if __name__ == "__main__":
    main()
