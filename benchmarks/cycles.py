"""The rasteriser beside Cycles: the picture of docs/cycles.md, and seconds a frame.

    OMP_NUM_THREADS=2 python -m benchmarks.cycles [--size 256] [--out docs/cycles.jpg]

Needs the environment that docs/cycles.md installs. CPU seconds: of this process for the rasteriser, of Blender, its
start included, for Cycles; and its wall seconds on OMP_NUM_THREADS threads. Run it on an idle machine.
"""

import argparse
import json
import os
import platform
import resource
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.render.cycles.renderer import CyclesRenderer

PEOPLE = ((12, 2), (3, 1), (19, 0))
"""Who, and the view of their strongest pain; the neutral face is seen from the front."""
GAP, TITLE = 4, 24  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256, help="pixels (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs/cycles.jpg"), metavar="PICTURE")
    args = parser.parse_args()
    spec = Spec(identities=24, preset="balanced", size=args.size)
    maker, plan = FrameMaker(spec), Plan(spec)
    renderers = (maker.renderer, CyclesRenderer(maker.renderer))
    panels, raster_cpu, cycles_wall = [], [], []
    for identity, side in PEOPLE:
        person = maker.person(plan[identity])
        strongest = max(person.plan.expressions, key=lambda expression: expression.pspi)
        for expression, view in ((person.plan.expressions[0], 0), (strongest, side)):
            for renderer in renderers:
                maker.renderer = renderer
                wall, cpu = time.perf_counter(), time.process_time()
                picture, _ = maker.picture(person, expression, person.plan.views[view])
                panels.append((renderer.name, expression, picture.rgb))
                if renderer.name == "raster":
                    raster_cpu.append(time.process_time() - cpu)
                else:
                    cycles_wall.append(time.perf_counter() - wall)
    draw(panels, args.size).save(args.out, quality=88)
    renderers[1].close()
    blender = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        "size": args.size,
        "raster_cpu_s": round(float(np.median(raster_cpu)), 2),  # the first one compiles
        "cycles_cpu_s": round((blender.ru_utime + blender.ru_stime) / len(cycles_wall), 1),
        "cycles_wall_s": round(float(np.mean(cycles_wall)), 1),
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "machine": platform.machine(),
    }
    print(json.dumps(result))


def draw(panels: list, size: int) -> Image.Image:
    """Panels (renderer, expression, rgb), four a row, under their captions."""
    rows = -(-len(panels) // 4)
    sheet = Image.new("RGB", (4 * size + 3 * GAP, rows * (size + TITLE)), "white")
    text = ImageDraw.Draw(sheet)
    for k, (name, expression, rgb) in enumerate(panels):
        x, y = k % 4 * (size + GAP), k // 4 * (size + TITLE)
        text.text((x + 3, y + 4), f"{name}, PSPI {expression.pspi}", "black", ImageFont.load_default(13))
        sheet.paste(Image.fromarray(rgb), (x, y + TITLE))
    return sheet


if __name__ == "__main__":
    main()
